"""`fashion crawl` against a shop that does what real sites do, from the command line to the files and tables."""

import contextlib
import hashlib
import io
import itertools
import json
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fashion_cli.app import main
from fashion_cli.products.catalogue import Catalogue
from fashion_cli.products.records import ShownProduct
from tests.crawling.crawl_server import FIRST_BACKOFF
from tests.shop import traps
from tests.shop.goods import LAYOUTS, Product
from tests.shop.photographs import photograph, seed_of
from tests.shop.server import Reply, Server, Visit
from tests.shop.site import Shop

pytestmark = pytest.mark.usefixtures("quick_crawls")

PRODUCTS = 100
DOCUMENTATION = Path(__file__).parents[2] / "docs" / "crawling.md"
PATIENCE = 60  # seconds until something that was asked for has to be there
ODD_HOST, SHUT_HOST = "127.0.0.2", "127.0.0.3"  # hosts of their own: one that asks for patience slows no other down


@dataclass
class Crawled:
    """What one call left behind."""

    code: int
    report: dict[str, Any]
    said: str
    folder: Path

    @property
    def files(self) -> dict[str, Path]:
        """sha256 that the name says -> photograph."""
        return {each.stem: each for each in (self.folder / "photographs").rglob("*") if each.is_file()}

    def products(self) -> list[ShownProduct]:
        with Catalogue.open(self.folder / "catalogue.sqlite") as catalogue:
            return list(catalogue.products())

    def photographs(self, product: ShownProduct) -> list[str]:
        with Catalogue.open(self.folder / "catalogue.sqlite") as catalogue:
            found = catalogue.photographs(product.item_id)
        return [each.sha256 for each in sorted(found, key=lambda each: each.position)]


def crawl(*arguments: str | Path, folder: Path, delay: str = "0", private: bool = True) -> Crawled:
    """`fashion crawl` in this process, with JSON on stdout."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    options = ["-o", folder, "--delay", delay, "--format", "json", *(["--allow-private"] if private else [])]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["crawl", *(str(each) for each in (*arguments, *options))])
        out.flush()
    printed = out.buffer.getvalue()
    return Crawled(code, json.loads(printed or "{}"), err.getvalue(), folder)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def expected_photographs(product: Product) -> list[str]:
    return [sha256(photograph(seed_of(product.number, view))) for view in range(2)]


def until(holds: Callable[[], Any]) -> Any:
    end = time.monotonic() + PATIENCE
    while not (found := holds()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
    return found


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with Shop(PRODUCTS) as opened:
        yield opened


@pytest.fixture(scope="module")
def odd_shop() -> Iterator[Shop]:
    with Shop(10, odd=True, host=ODD_HOST) as opened:
        yield opened


@pytest.fixture(scope="module")
def whole(shop: Shop, odd_shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    """Both shops in one call: a hundred products, and everything that can go wrong."""
    folder = tmp_path_factory.mktemp("crawl") / "shop"
    limits = ["--timeout", "2.5", "--per-host", "8"]
    return crawl(f"{shop.url}/", f"{odd_shop.url}/", *limits, folder=folder)


def test_every_product_of_every_layout_with_its_price_and_photographs(whole: Crawled, shop: Shop) -> None:
    assert whole.code == 0, whole.said
    shown = {each.url: each for each in whole.products() if each.url.startswith(shop.url)}
    assert set(shown) == {shop.url + each.path for each in shop.products}
    assert {each.layout for each in shop.products} == set(LAYOUTS)
    for product in shop.products:
        found = shown[shop.url + product.path]
        told = (found.name, found.price, found.currency, found.sku)
        assert told == (product.name, Decimal(product.price), "KRW", product.sku), product.layout
        ordered = sorted if product.layout == "rdfa" else list  # RDF has no order
        assert ordered(whole.photographs(found)) == ordered(expected_photographs(product)), product.layout
        assert not found.gone


def test_files_are_named_by_what_is_in_them(whole: Crawled) -> None:
    assert len(whole.files) >= 2 * PRODUCTS
    for name, file in whole.files.items():
        assert name == sha256(file.read_bytes())
        assert file.parent.name == name[:2]
        assert file.suffix in (".jpg", ".png")
    assert not list(whole.folder.rglob("*.partial"))
    assert sorted(each.name for each in whole.folder.iterdir() if each.is_dir()) == ["photographs"]


def test_what_robots_txt_forbids_is_not_asked_for_and_who_asks_is_told(
    whole: Crawled, shop: Shop, odd_shop: Shop
) -> None:
    for each in (shop, odd_shop):
        assert not each.asked(traps.FORBIDDEN)
        assert each.log[0].path == "/robots.txt"
        assert each.counts("/robots.txt")["/robots.txt"] == 1
        agents = {one.agent for one in each.log}
        assert len(agents) == 1
        assert re.fullmatch(r"fashion-cli/\S+ \(\+https?://\S+\)", agents.pop())
        assert {one.method for one in each.log} == {"GET"}


def test_each_address_is_asked_for_once(whole: Crawled, shop: Shop) -> None:
    assert set(shop.counts("/goods/").values()) == {1}
    assert set(shop.counts("/photos/").values()) == {1}
    assert len(shop.asked("/session/")) == 1  # however many numbers its links carry


def test_lists_without_end_come_to_an_end(whole: Crawled, odd_shop: Shop) -> None:
    assert len(odd_shop.asked("/calendar/")) < 50
    assert len(odd_shop.asked("/endless")) < 50


def noted(folder: Path) -> dict[str, str]:
    """Address -> what the crawl wrote down about it, where there is something to say."""
    with contextlib.closing(sqlite3.connect(folder / "crawl.sqlite")) as database:
        return dict(database.execute("select url, reason from visits where reason != ''"))


@dataclass(frozen=True)
class Got:
    """What came of a trap: its product's photographs (-1: no product), and the reason that the crawl wrote down."""

    photographs: int
    reason: str


@pytest.fixture(scope="module")
def shut(tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    """A shop that says to come back in an hour."""
    with Server(traps.answer, SHUT_HOST) as opened:
        return crawl(f"{opened.url}/odd/{traps.ALONE}", folder=tmp_path_factory.mktemp("shut") / "shop")


@pytest.fixture(scope="module")
def got(whole: Crawled, odd_shop: Shop, shut: Crawled) -> dict[str, Got]:
    """Name of a trap -> what came of it."""
    reasons = {
        re.sub(r"^http://[^/]+", "", url): reason for url, reason in (noted(whole.folder) | noted(shut.folder)).items()
    }
    products = {each.name.removeprefix("odd "): each for each in whole.products() if each.name.startswith("odd ")}
    found = {}
    for name, trap in traps.TRAPS.items():
        count = len(whole.photographs(products[name])) if name in products else -1
        places = (f"/odd/{name}", f"/odd/{name}/photo", trap.image)
        found[name] = Got(count, next((reasons[each] for each in places if reasons.get(each)), ""))
    return found


EXPECTED = {
    **dict.fromkeys(traps.TRAPS, 1),
    **dict.fromkeys(("silent", "circle", "to-a-file", "missing", "gone", "shut", "recovering", "ill"), -1),
    **dict.fromkeys(("bomb", "endless", "cut", "noise", "empty", "paper", "page-noai", "meta-noai"), -1),
    **dict.fromkeys(("photo-circle", "photo-missing", "photo-noai", "photo-forbidden", "photo-page", "photo-svg"), 0),
    **dict.fromkeys(("photo-vast", "photo-tiny", "photo-cut", "photo-broken", "photo-empty", "photo-bomb"), 0),
    **dict.fromkeys(("photo-endless", "photo-data"), 0),
}


SILENT = ("empty", "paper", "page-noai", "meta-noai", "photo-data")  # nothing is written down about the one address


@pytest.mark.parametrize("name", traps.TRAPS)
def test_what_each_bad_input_gets(name: str, got: dict[str, Got]) -> None:
    assert got[name].photographs == EXPECTED[name], got[name].reason
    assert bool(got[name].reason) == (EXPECTED[name] < 1 and name not in SILENT), got[name].reason


def test_the_documentation_says_what_each_bad_input_gets(got: dict[str, Got]) -> None:
    written = DOCUMENTATION.read_text("utf-8")
    missing = [row(trap, got[name]) for name, trap in traps.TRAPS.items() if row(trap, got[name]) not in written]
    assert not missing, "\n".join(missing)


def row(trap: traps.Trap, came: Got) -> str:
    """A row of the table in the documentation: what it is, what is kept, what is said."""
    kept = {-1: "nothing", 0: "the product without it", 1: "product and photograph"}[came.photographs]
    said = re.sub(r"127\.0\.0\.\d+(:\d+)?", "shop.example", came.reason) or "—"
    return f"| {trap.what} | {kept} | {said} |"


def test_a_site_that_asks_for_an_hour_is_left_alone(shut: Crawled) -> None:
    assert shut.report["requests"] == 2  # robots.txt, and the page once
    assert shut.report["seconds"] < 60
    assert "--retry-failed" in shut.said


def test_waiting_as_long_as_a_site_asks_for(whole: Crawled, odd_shop: Shop) -> None:
    first, second = odd_shop.asked("/odd/busy")[:2]
    assert (first.status, second.status) == (429, 200)
    assert second.at - first.at >= 1
    assert [each.status for each in odd_shop.asked("/odd/ailing")][:3] == [500, 500, 200]
    assert len(odd_shop.asked("/odd/ill")) == len(odd_shop.asked("/odd/silent")) == 4


def test_copies(whole: Crawled, odd_shop: Shop) -> None:
    """A photograph of two products is one file of both; one that looks the same stands in for the other."""
    products = {each.name: each for each in whole.products() if each.url.startswith(odd_shop.url)}
    twin, other = products["odd twin"], products[Product(7).name]
    assert whole.photographs(twin) == [expected_photographs(Product(7))[0]]
    assert whole.photographs(twin)[0] in whole.photographs(other)
    assert whole.photographs(products["odd look-alike"]) == whole.photographs(products["odd slow"])
    assert whole.report["near_duplicates"] == 1


def test_the_summary_counts_what_is_there(whole: Crawled) -> None:
    assert whole.report["all_photographs"] == len(whole.files)
    assert whole.report["all_products"] == len(whole.products())
    assert sum(whole.report["failed"].values()) == len(whole.report["failures"])
    assert whole.report["left"] == 2  # the next day of the calendar, the next page of the list without end
    assert whole.report["refused"]["the site says noai"] == 3  # two pages, one photograph
    for failure in whole.report["failures"]:
        assert failure["url"] in noted(whole.folder)


def test_another_call_finds_everything_done(whole: Crawled, shop: Shop, odd_shop: Shop) -> None:
    before = len(shop.log), len(odd_shop.log)
    again = crawl(f"{shop.url}/", folder=whole.folder)
    assert again.code == 0
    assert (again.report["all_products"], again.report["pages"]) == (whole.report["all_products"], 0)
    assert len(shop.log) - before[0] <= 1  # robots.txt at most
    assert len(odd_shop.log) == before[1]


def test_a_page_that_failed_is_fetched_with_retry_failed_and_not_without(tmp_path: Path) -> None:
    def site(visit: Visit) -> Reply | None:
        return traps.answer(visit) if visit.path != "/" else Reply(body=b'<a href="/odd/recovering">one page</a>')

    with Server(site) as shop:
        first = crawl(f"{shop.url}/", folder=tmp_path / "shop")
        assert (first.report["failed"], first.report["all_products"]) == ({"HTTP 500": 1}, 0)
        before = len(shop.asked("/odd/"))
        pauses = [later.at - earlier.at for earlier, later in itertools.pairwise(shop.asked("/odd/"))]
        assert all(pause > 0.9 * FIRST_BACKOFF * 2**place for place, pause in enumerate(pauses)), pauses
        assert crawl(folder=tmp_path / "shop").report["failed"] == {}
        assert len(shop.asked("/odd/")) == before
        last = crawl("--retry-failed", folder=tmp_path / "shop")
        assert (last.code, last.report["all_products"], last.report["all_photographs"]) == (0, 1, 1)
        assert [each.status for each in shop.asked("/odd/recovering")] == [500, 500, 500, 500, 200, 200]


def test_an_update_sees_new_prices_and_what_is_gone(tmp_path: Path) -> None:
    with Shop(30) as shop:
        first = crawl(f"{shop.url}/", folder=tmp_path / "shop")
        assert {each.sku: each.price for each in first.products()} == {each.sku: each.price for each in shop.products}
        shop.season = 2
        shop.forget()
        again = crawl("--update", folder=tmp_path / "shop")
        assert again.code == 0
        now = {each.sku: each.price for each in again.products() if not each.gone}
        assert now == {each.sku: each.price for each in shop.products}
        assert again.report["gone"] == 3
        assert not shop.asked("/photos/")  # the photographs are there
        with Catalogue.open(tmp_path / "shop" / "catalogue.sqlite") as catalogue:
            (one,) = (each for each in catalogue.products() if each.sku == "A-0001")
            assert [each.price for each in catalogue.prices(one.item_id)] == [10_100, 15_100]


def test_the_pace_that_robots_txt_asks_for(tmp_path: Path) -> None:
    pace = 0.4
    with Shop(2, crawl_delay=pace) as shop:
        assert crawl(f"{shop.url}/", folder=tmp_path / "shop", delay="0").code == 0
        times = [each.at for each in shop.log]
    assert len(times) > 10
    gaps = [later - earlier for earlier, later in itertools.pairwise(times[1:])]  # robots.txt is before it
    assert min(gaps) > 0.5 * pace  # the log's own moments shift a little
    assert times[-1] - times[1] > 0.95 * pace * len(gaps)


def test_without_allow_private_nothing_on_this_computer_is_asked(tmp_path: Path) -> None:
    with Shop(1) as shop:
        for host in ("127.0.0.1", "localhost"):
            refused = crawl(f"http://{host}:{shop.port}/", folder=tmp_path / "shop", private=False)
            assert refused.code != 0
            assert "--allow-private" in refused.said
        assert shop.log == []
    assert not (tmp_path / "shop" / "photographs").exists()


def descendants(process: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [child, *descendants(child)]
    return found


def alive(processes: list[int]) -> list[int]:
    def runs(process: int) -> bool:
        with contextlib.suppress(OSError):
            return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        return False

    return [each for each in processes if runs(each)]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_crawl_goes_on_where_it_was_ended(how: signal.Signals, tmp_path: Path) -> None:
    with Shop(24) as shop:
        where = [f"{shop.url}/", "-o", str(tmp_path / "shop"), "--allow-private", "--delay", "0.01", "--quiet"]
        command = [sys.executable, "-m", "fashion_cli", "crawl", *where]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as crawling:
            until(lambda: len(shop.asked("/photos/")) > 15)
            others = descendants(crawling.pid)
            crawling.send_signal(how)
            assert crawling.wait(PATIENCE) in (130, -how)
        assert others
        until(lambda: not alive(others))
        before = shop.counts("/photos/") + shop.counts("/goods/")
        assert len(before) < 64
        whole = crawl(f"{shop.url}/", folder=tmp_path / "shop")
        assert whole.code == 0
        assert {each.sku for each in whole.products()} == {each.sku for each in shop.products}
        assert set(whole.files) == {each for product in shop.products for each in expected_photographs(product)}
        twice = [path for path, count in (shop.counts("/photos/") + shop.counts("/goods/")).items() if count > 1]
        assert len(twice) <= 4  # what was under way at that moment: two at once, and what was read and not yet written
