"""What must not stop a crawl, and what must: impossible products, full disks, slow pages, sites that are shut."""

import json
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fashion_cli.crawling.finalizing import end
from fashion_cli.crawling.job import CrawlConfig
from fashion_cli.crawling.parse.items import Discovery, Visit
from fashion_cli.crawling.parse.product_pages import Page, read_products
from fashion_cli.crawling.parse.structured_data import read_structured
from fashion_cli.crawling.parse.urls import address
from fashion_cli.crawling.state import crawled_products
from fashion_cli.crawling.state.crawled_products import note
from fashion_cli.crawling.state.database import Memory
from fashion_cli.crawling.state.frontier import Frontier
from fashion_cli.crawling.state.requests import Outcome, add, enqueue, settle
from fashion_cli.crawling.stats import NOTED, Tally
from fashion_cli.products.catalogue import Catalogue
from fashion_cli.products.records import FoundOffer, FoundProduct
from tests.shop.server import Reply, Server
from tests.shop.server import Visit as Asked

pytestmark = pytest.mark.usefixtures("quick_crawls")

SHOP = "http://shop.example/"
DONE = Outcome("done", http_status=200)


def product(number: int, currency: str = "KRW") -> FoundProduct:
    offer = FoundOffer("shop.example", Decimal(10), currency, f"{SHOP}{number}")
    return FoundProduct(f"shop.example:{number}", f"product {number}", f"{SHOP}{number}", "shop.example", (offer,))


def opened(folder: Path) -> Memory:
    memory = Memory.open(folder)
    memory.remember_source(SHOP)
    memory.begin_round(update_all=False)
    return memory


def test_an_impossible_product_is_named_once_and_the_others_are_recorded(tmp_path: Path) -> None:
    config = CrawlConfig((SHOP,), str(tmp_path))
    with opened(tmp_path) as memory:
        with memory.connection.begin():
            for each in (product(1), product(2, currency="won?"), product(3)):
                note(memory, Discovery(each, (), SHOP), None)
        tally = Tally()
        end(config, memory, tally, complete=True, progress=lambda *_: None)
        assert tally.failed == {"impossible product": 1}
        (trouble,) = tally.failures
        assert trouble.url == f"{SHOP}2"
        assert "'won?' is no currency" in trouble.reason
        again = Tally()
        end(config, memory, again, complete=True, progress=lambda *_: None)
        assert not again.failed
    with Catalogue.open(tmp_path / "catalogue.sqlite") as catalogue:
        assert [each.item_id for each in catalogue.products()] == ["shop.example:1", "shop.example:3"]


@pytest.mark.parametrize("kilobytes", [200, 400])
def test_a_full_disk_ends_the_crawl_and_the_next_call_goes_on(kilobytes: int, tmp_path: Path) -> None:
    """A limit on the size of files is as good as a full disk to the crawl's memory."""

    def site(asked: Asked) -> Reply | None:
        number = int(asked.path[1:]) if asked.path[1:].isdecimal() else 0
        here = f"<a href='/{number + 1}'>next</a>" if number < 30 else ""
        many = "".join(f'<a href="/{number}/{"long" * 200}/{each}.html" rel="next"></a>' for each in range(20))
        return Reply(body=(here + many).encode()) if asked.path.count("/") == 1 and asked.path[1:5] != "robo" else None

    with Server(site) as shop:
        where = ["-o", str(tmp_path / "shop"), "--allow-private", "--delay", "0", "--max-pages", "30", "-q"]
        command = [sys.executable, "-m", "fashion_cli", "crawl", f"{shop.url}/", *where]
        limited = ["bash", "-c", f'ulimit -f {kilobytes}; exec "$@"', "bash", *command]
        stopped = subprocess.run(limited, capture_output=True, text=True, timeout=60, check=False)
        assert stopped.returncode == 1, stopped.stderr
        assert "cannot be written" in stopped.stderr or "full" in stopped.stderr
        assert "Traceback" not in stopped.stderr
        assert max(shop.counts().values()) <= 4  # nothing is asked for again and again
        whole = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert (whole.returncode, whole.stderr.count("Traceback")) == (0, 0), whole.stderr


def test_pages_made_to_be_slow_come_to_an_end() -> None:
    """In steps that grow with the square of the text, or double with each node, any of these would take hours."""
    block = '<script type="application/ld+json">{}</script>'
    blanks = block.format("[1," + " " * 1_000_000 + "x]")
    assert read_structured(blanks, SHOP).notes
    nodes = [
        {"@id": f"n{i}", "@type": "Product", "a": {"@id": f"n{i + 1}"}, "b": {"@id": f"n{i + 1}"}} for i in range(35)
    ]
    assert len(read_structured(block.format(json.dumps(nodes)), SHOP).json_ld) == 35


def page_of(**values: Any) -> Page:
    text = json.dumps({"@type": "Product", "name": "a", **values})
    return Page(f'<script type="application/ld+json">{text}</script>', f"{SHOP}{len(text)}", SHOP, SHOP)


def test_letters_that_nothing_can_keep_are_left_out(tmp_path: Path) -> None:
    (found,) = read_products(page_of(name="a\x00b\ud800c", sku="\udfff7")).discoveries
    assert found.product is not None
    assert (found.product.name, found.product.item_id) == ("abc", "shop.example:7")
    with opened(tmp_path) as memory, memory.connection.begin():
        note(memory, found, None)


@pytest.mark.parametrize("number", ["N/A", "0", "-", "null"])
def test_what_stands_for_no_number_is_none(number: str) -> None:
    numbers = {
        each.product.item_id
        for name in ("one", "another")
        for each in read_products(page_of(name=name, sku=number)).discoveries
        if each.product
    }
    assert len(numbers) == 2


@pytest.mark.parametrize(
    ("start", "links", "troubled"),
    [
        (DONE, [1], False),
        (DONE, [], True),  # "we are back soon"
        (Outcome("failed", "HTTP 404", "", 404), None, True),
        (Outcome("failed", "HTTP 500", "", 500), None, True),
        (Outcome("refused", "site", "redirects to another site"), None, True),
        (Outcome("refused", "robots", "robots.txt forbids it"), None, True),
    ],
)
def test_a_site_that_is_shut_has_not_lost_its_products(
    start: Outcome, links: list[int] | None, troubled: bool, tmp_path: Path
) -> None:
    page = Visit("page", SHOP, SHOP)
    with opened(tmp_path) as memory:
        with memory.connection.begin():
            (number,) = enqueue(memory, [page])
            settle(memory, replace(page, id=number), DONE, [number])
        memory.end_round()
        memory.begin_round(update_all=True)
        with memory.connection.begin():
            enqueue(memory, [page])
            settle(memory, replace(page, id=number), start, links)
        assert crawled_products.troubled(memory) == troubled


def test_sitemaps_are_read_until_they_name_enough_pages(tmp_path: Path) -> None:
    with opened(tmp_path) as memory:
        add(memory, [Visit("sitemap", f"{SHOP}{each}.xml", SHOP, 1) for each in range(300)])
        waiting = Frontier(memory, per_host=10, max_pages=5, max_depth=9)
        first = waiting.take()
        assert first is not None
        assert first.kind == "sitemap"
        add(memory, [Visit("page", f"{SHOP}{each}", SHOP, 1) for each in range(7)])
        waiting.added(["shop.example"])
        with memory.connection.begin():
            settle(memory, first, DONE)
        waiting.release(first)
        taken = [visit.kind for _ in range(9) if (visit := waiting.take()) is not None]
        assert taken == ["page"] * 5
        assert waiting.left() == 299 + 7


def test_notes_are_counted_beyond_what_is_listed() -> None:
    tally = Tally()
    for each in range(NOTED + 7):
        tally.note(str(each))
    tally.note("0")
    assert tally.all_notes()[0] == "0 (2 times)"
    assert tally.all_notes()[-1] == "and 7 more"
    assert len(tally.notes) == NOTED


def test_a_password_in_an_address_is_not_kept() -> None:
    assert address(SHOP, "https://me:secret@images.example:8443/7.jpg?v=1") == "https://images.example:8443/7.jpg?v=1"
    assert address("https://me:secret@shop.example/a/", "b") == "https://shop.example/a/b"
