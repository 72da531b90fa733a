"""`fashion crawl` called again in the same folder, and what one call does to a small site."""

import gzip
import json
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fashion_cli.app import main
from fashion_cli.crawling.parse.structured_data import read_structured_data
from fashion_cli.products.catalogue import Catalogue
from fashion_cli.products.records import ShownProduct
from tests.shop.photographs import photograph
from tests.shop.server import Reply, Server, Visit

pytestmark = pytest.mark.usefixtures("quick_crawls")

Run = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture
def run(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    def crawl(*arguments: str) -> tuple[int, dict[str, Any], str]:
        options = ["-o", str(tmp_path / "shop"), "--allow-private", "--delay", "0", "--format", "json", "-q"]
        code = main(["crawl", *arguments, *options])
        out, err = capfd.readouterr()
        return code, json.loads(out or "{}"), err

    return crawl


def products(folder: Path) -> list[ShownProduct]:
    with Catalogue.open(folder / "shop" / "catalogue.sqlite") as catalogue:
        return list(catalogue.products())


def product(number: int, price: int, head: str = "", image: str = "") -> bytes:
    values = {
        "@type": "Product",
        "sku": str(number),
        "name": f"product {number}",
        "image": image or f"/photos/{number}.jpg",
        "offers": {"price": price, "priceCurrency": "KRW"},
    }
    text = json.dumps(values)
    return f'<html><head>{head}<script type="application/ld+json">{text}</script></head></html>'.encode()


def links(*places: str) -> bytes:
    return "".join(f'<a href="{place}">{place}</a>' for place in places).encode()


class Tagged:
    """Three products; every page has an `ETag` and says when it did not change."""

    def __init__(self) -> None:
        self.price = {1: 10, 2: 20, 3: 30}

    def __call__(self, visit: Visit) -> Reply | None:
        if visit.path.startswith("/photos/"):
            return Reply(kind="image/jpeg", body=photograph(int(visit.path[8:-4])))
        number = visit.path.removeprefix("/goods/")
        if visit.path == "/":
            tag, body = '"start"', links("/goods/1", "/goods/2", "/goods/3")
        elif number.isdecimal() and int(number) in self.price:
            tag, body = f'"{self.price[int(number)]}"', product(int(number), self.price[int(number)])
        else:
            return None
        if visit.headers.get("if-none-match") == tag:
            return Reply(304, headers=(("ETag", tag),))
        return Reply(body=body, headers=(("ETag", tag),))


def test_an_update_asks_for_what_changed(run: Run, tmp_path: Path) -> None:
    site = Tagged()
    with Server(site) as shop:
        assert run(f"{shop.url}/")[1]["products"] == 3
        site.price = {1: 10, 2: 15}
        shop.forget()
        code, report, _ = run("--update")
        assert (code, report["unchanged"], report["gone"]) == (0, 2, 1)  # the start page and the first product
        assert not shop.asked("/photos/")
        assert {each.path: each.status for each in shop.asked("/goods/")} == {
            "/goods/1": 304,
            "/goods/2": 200,
            "/goods/3": 404,
        }
    shown = {each.name: (each.price, each.gone) for each in products(tmp_path)}
    assert shown == {
        "product 1": (Decimal(10), False),
        "product 2": (Decimal(15), False),
        "product 3": (Decimal(30), True),
    }


def test_a_product_that_nothing_leads_to_is_gone_unless_something_could_not_be_read(run: Run, tmp_path: Path) -> None:
    state = {"start": links("/a", "/b"), "a": 200}

    def site(visit: Visit) -> Reply | None:
        if visit.path == "/":
            return Reply(body=state["start"])  # type: ignore[arg-type]
        if visit.path == "/a":
            return Reply(state["a"], body=links("/c"))  # type: ignore[arg-type]
        if visit.path in ("/b", "/c"):
            return Reply(body=product(ord(visit.path[1]), 10, image="/none.jpg"))
        return None

    with Server(site) as shop:
        run(f"{shop.url}/")
        state["a"] = 410  # the page that leads to /c is gone for good
        assert run("--update")[1]["gone"] == 1
        state["a"] = 200
        run("--update")
        assert not any(each.gone for each in products(tmp_path))
        state |= {"a": 400}
        code, report, err = run("--update")
        assert (code, report["gone"]) == (0, 0)
        assert "count as there" in err


def test_a_site_whose_robots_txt_cannot_be_read_is_left_alone(run: Run) -> None:
    with Server(lambda visit: Reply(503) if visit.path == "/robots.txt" else Reply(body=product(1, 1))) as shop:
        code, report, err = run(f"{shop.url}/")
        assert code == 1
        assert report["failed"] == {"robots": 1}
        assert "robots.txt cannot be read: HTTP 503" in err
        assert set(shop.counts()) == {"/robots.txt"}


def test_strict_tells_of_what_failed(run: Run) -> None:
    with Server(lambda visit: Reply(body=product(1, 1)) if visit.path == "/" else None) as shop:
        assert run(f"{shop.url}/", "--strict")[0] == 3
        assert run(f"{shop.url}/", "--strict")[0] == 0  # nothing was tried
        assert run("--retry-failed")[1]["failed"] == {"HTTP 404": 1}


def test_a_larger_limit_goes_on_where_the_smaller_one_ended(run: Run) -> None:
    def site(visit: Visit) -> Reply | None:
        if visit.path == "/":
            return Reply(body=links(*(f"/goods/{number}" for number in range(10))))
        number = visit.path.removeprefix("/goods/")
        return Reply(body=product(int(number), 5, image="/x.png")) if number.isdecimal() else None

    with Server(site) as shop:
        first = run(f"{shop.url}/", "--max-pages", "4")[1]
        assert (first["all_products"], first["left"]) == (3, 7)
        assert run("--max-pages", "4")[1]["requests"] == 0
        assert run()[1]["all_products"] == 10
        assert set(shop.counts("/goods/").values()) == {1}


def test_pages_that_call_each_other_canonical_are_read_once(run: Run, tmp_path: Path) -> None:
    other = {"/a": "/b", "/b": "/a"}

    def site(visit: Visit) -> Reply | None:
        if visit.path == "/":
            return Reply(body=links("/a", "/b"))
        if visit.path in other:
            return Reply(body=product(1, 5, f'<link rel="canonical" href="{other[visit.path]}">'))
        return Reply(kind="image/jpeg", body=photograph(1)) if visit.path.startswith("/photos/") else None

    with Server(site) as shop:
        report = run(f"{shop.url}/")[1]
        assert (report["products"], report["photographs"]) == (1, 1)
    assert len(products(tmp_path)) == 1


def test_a_redirect_to_another_host_of_the_same_computer_is_another_site(run: Run) -> None:
    with (
        Server(lambda _: Reply(body=product(1, 1))) as other,
        Server(lambda visit: Reply(302, headers=(("Location", f"{other.url}{visit.path}"),))) as shop,
    ):
        code, report, _ = run(f"{shop.url}/")
        assert code == 1
        assert report["refused"] == {"site": 1}
        assert set(other.counts()) <= {"/robots.txt"}


def test_photographs_may_come_from_another_host_whose_robots_txt_counts(run: Run) -> None:
    def photos(visit: Visit) -> Reply:
        if visit.path == "/robots.txt":
            return Reply(kind="text/plain", body=b"User-agent: fashion-cli\nDisallow: /no/\n")
        return Reply(kind="image/jpeg", body=photograph(int(visit.path[-5])))

    with Server(photos, "127.0.0.2") as host:
        pages = {"/": 1, "/2": 2}
        shown = [f"{host.url}/yes/1.jpg", f"{host.url}/no/2.jpg"]
        body = product(1, 1).replace(b'"/photos/1.jpg"', json.dumps(shown).encode())
        with Server(lambda visit: Reply(body=body) if visit.path in pages else None) as shop:
            report = run(f"{shop.url}/")[1]
        assert (report["photographs"], report["refused"]) == (1, {"robots.txt forbids it": 1})
        assert set(host.counts()) == {"/robots.txt", "/yes/1.jpg"}


def test_a_list_of_urls_with_products(run: Run, tmp_path: Path) -> None:
    def site(visit: Visit) -> Reply | None:
        number = visit.path[1:-4]
        return Reply(kind="image/jpeg", body=photograph(int(number))) if number.isdecimal() else None

    with Server(site) as host:
        rows = [f"7,Coat,{host.url}/{place}.jpg,39000원,{host.url}/p/7" for place in (1, 2)]
        (tmp_path / "feed.csv").write_text("\n".join(["id,title,image_link,price,link", *rows]), encoding="utf-8")
        report = run(str(tmp_path / "feed.csv"))[1]
        assert (report["products"], report["photographs"]) == (1, 2)
        assert run(str(tmp_path / "feed.csv"))[1]["requests"] == 0
    (shown,) = products(tmp_path)
    assert (shown.name, shown.price, shown.currency) == ("Coat", Decimal(39000), "KRW")


def test_a_sitemap_is_all_that_is_read(run: Run) -> None:
    def site(visit: Visit) -> Reply | None:
        if visit.path == "/sitemap.xml.gz":
            entries = "".join(f"<url><loc>{visit.base}/{number}</loc></url>" for number in (1, 2))
            return Reply(kind="application/gzip", body=gzip.compress(f"<urlset>{entries}</urlset>".encode()))
        if visit.path in ("/1", "/2"):
            return Reply(body=product(int(visit.path[1]), 5) + links("/3"))
        return Reply(kind="image/jpeg", body=photograph(int(visit.path[8]))) if "photos" in visit.path else None

    with Server(site) as shop:
        report = run(f"{shop.url}/sitemap.xml.gz")[1]
        assert (report["products"], report["photographs"]) == (2, 2)
        assert not shop.asked("/3")


def test_a_second_crawl_in_the_same_folder_is_refused(run: Run, tmp_path: Path) -> None:
    with Server(lambda visit: Reply(body=b"x", wait=60)) as shop:
        where = ["-o", str(tmp_path / "shop"), "--allow-private", "-q"]
        command = [sys.executable, "-m", "fashion_cli", "crawl", f"{shop.url}/", *where]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as first:
            end = time.monotonic() + 60
            while not shop.log and time.monotonic() < end:
                time.sleep(0.02)
            code, _, err = run(f"{shop.url}/")
            first.kill()
    assert code == 1
    assert "another crawl is at work" in err


def test_nothing_to_crawl(run: Run) -> None:
    code, _, err = run()
    assert code == 2
    assert "nothing to crawl" in err


def test_reading_a_page_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """RDFa and JSON-LD name vocabularies and contexts by their addresses; nothing is fetched from there."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something was fetched")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    html = """<html prefix="x: http://127.0.0.1:9/x#" vocab="http://127.0.0.1:9/v" profile="http://127.0.0.1:9/p"><body>
    <script type="application/ld+json">{"@context": "http://127.0.0.1:9/c", "@type": "Product", "name": "a"}</script>
    <div vocab="http://127.0.0.1:9/v/" typeof="Product" resource="http://127.0.0.1:9/r"><p property="name">b</p></div>
    <div typeof="x:Y" property="http://127.0.0.1:9/z" href="http://127.0.0.1:9/h">c</div></body></html>"""
    found = read_structured_data(html, "http://127.0.0.1:9/")
    assert found.json_ld
    assert found.rdfa
    assert not found.notes
