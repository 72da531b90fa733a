"""What must not stop a crawl, and what must: impossible products, full disks, slow pages, sites that are shut."""

import json
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fashion_cli.app import main
from fashion_cli.crawling.finalizing import finalize
from fashion_cli.crawling.job import CrawlConfig
from fashion_cli.crawling.parse.items import CrawlRequest, ScrapedItem
from fashion_cli.crawling.parse.product_pages import HtmlPage, read_products
from fashion_cli.crawling.parse.structured_data import read_structured_data
from fashion_cli.crawling.parse.urls import absolute_url
from fashion_cli.crawling.state import crawled_products
from fashion_cli.crawling.state.crawled_products import save_item
from fashion_cli.crawling.state.database import CrawlDatabase
from fashion_cli.crawling.state.frontier import Frontier
from fashion_cli.crawling.state.requests import RequestOutcome, enqueue, enqueue_all, record_outcome
from fashion_cli.crawling.stats import MAX_NOTES, CrawlStats
from fashion_cli.products.catalogue import Catalogue
from fashion_cli.products.records import FoundOffer, FoundProduct
from tests.shop.server import Reply, Server
from tests.shop.server import Visit as Asked

pytestmark = pytest.mark.usefixtures("quick_crawls")

SHOP = "http://shop.example/"
DONE = RequestOutcome("done", http_status=200)


def product(number: int, currency: str = "KRW") -> FoundProduct:
    offer = FoundOffer("shop.example", Decimal(10), currency, f"{SHOP}{number}")
    return FoundProduct(f"shop.example:{number}", f"product {number}", f"{SHOP}{number}", "shop.example", (offer,))


def opened(folder: Path) -> CrawlDatabase:
    database = CrawlDatabase.open(folder)
    database.add_source(SHOP)
    database.begin_round(update_all=False)
    return database


def test_an_impossible_product_is_named_once_and_the_others_are_recorded(tmp_path: Path) -> None:
    config = CrawlConfig((SHOP,), str(tmp_path))
    with opened(tmp_path) as database:
        with database.connection.begin():
            for each in (product(1), product(2, currency="won?"), product(3)):
                save_item(database, ScrapedItem(each, (), SHOP), None)
        stats = CrawlStats()
        finalize(config, database, stats, complete=True, progress=lambda *_: None)
        assert stats.failed == {"impossible product": 1}
        (trouble,) = stats.failures
        assert trouble.url == f"{SHOP}2"
        assert "'won?' is no currency" in trouble.reason
        again = CrawlStats()
        finalize(config, database, again, complete=True, progress=lambda *_: None)
        assert not again.failed
    with Catalogue.open(tmp_path / "catalogue.sqlite") as catalogue:
        assert [each.item_id for each in catalogue.products()] == ["shop.example:1", "shop.example:3"]


@pytest.mark.parametrize("kilobytes", [pytest.param(200, marks=pytest.mark.campaign), 400])
def test_a_full_disk_ends_the_crawl_and_the_next_call_goes_on(
    kilobytes: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A limit on the size of files is as good as a full disk to the crawl's memory."""

    def site(asked: Asked) -> Reply | None:
        number = int(asked.path[1:]) if asked.path[1:].isdecimal() else 0
        here = f"<a href='/{number + 1}'>next</a>" if number < 30 else ""
        many = "".join(f'<a href="/{number}/{"long" * 200}/{each}.html" rel="next"></a>' for each in range(20))
        return Reply(body=(here + many).encode()) if asked.path.count("/") == 1 and asked.path[1:5] != "robo" else None

    with Server(site) as shop:
        where = ["-o", str(tmp_path / "shop"), "--allow-private", "--delay", "0", "--max-pages", "30", "-q"]
        arguments = ["crawl", f"{shop.url}/", *where]
        command = [sys.executable, "-m", "fashion_cli", *arguments]
        limited = ["bash", "-c", f'ulimit -f {kilobytes}; exec "$@"', "bash", *command]
        stopped = subprocess.run(limited, capture_output=True, text=True, timeout=60, check=False)
        assert stopped.returncode == 1, stopped.stderr
        assert "cannot be written" in stopped.stderr or "full" in stopped.stderr
        assert "Traceback" not in stopped.stderr
        assert max(shop.counts().values()) <= 4  # nothing is asked for again and again
        code, told = main(arguments), capfd.readouterr().err
        assert (code, told.count("Traceback")) == (0, 0), told


def test_pages_made_to_be_slow_come_to_an_end() -> None:
    """In steps that grow with the square of the text, or double with each node, any of these would take hours."""
    block = '<script type="application/ld+json">{}</script>'
    blanks = block.format("[1," + " " * 1_000_000 + "x]")
    assert read_structured_data(blanks, SHOP).notes
    nodes = [
        {"@id": f"n{i}", "@type": "Product", "a": {"@id": f"n{i + 1}"}, "b": {"@id": f"n{i + 1}"}} for i in range(35)
    ]
    assert len(read_structured_data(block.format(json.dumps(nodes)), SHOP).json_ld) == 35


def page_of(**values: Any) -> HtmlPage:
    text = json.dumps({"@type": "Product", "name": "a", **values})
    return HtmlPage(f'<script type="application/ld+json">{text}</script>', f"{SHOP}{len(text)}", SHOP, SHOP)


def test_letters_that_nothing_can_keep_are_left_out(tmp_path: Path) -> None:
    (found,) = read_products(page_of(name="a\x00b\ud800c", sku="\udfff7")).items
    assert found.product is not None
    assert (found.product.name, found.product.item_id) == ("abc", "shop.example:7")
    with opened(tmp_path) as database, database.connection.begin():
        save_item(database, found, None)


@pytest.mark.parametrize("number", ["N/A", "0", "-", "null"])
def test_what_stands_for_no_number_is_none(number: str) -> None:
    numbers = {
        each.product.item_id
        for name in ("one", "another")
        for each in read_products(page_of(name=name, sku=number)).items
        if each.product
    }
    assert len(numbers) == 2


@pytest.mark.parametrize(
    ("start", "links", "has_failures"),
    [
        (DONE, [1], False),
        (DONE, [], True),  # "we are back soon"
        (RequestOutcome("failed", "HTTP 404", "", 404), None, True),
        (RequestOutcome("failed", "HTTP 500", "", 500), None, True),
        (RequestOutcome("refused", "site", "redirects to another site"), None, True),
        (RequestOutcome("refused", "robots", "robots.txt forbids it"), None, True),
    ],
)
def test_a_site_that_is_shut_has_not_lost_its_products(
    start: RequestOutcome, links: list[int] | None, has_failures: bool, tmp_path: Path
) -> None:
    page = CrawlRequest("page", SHOP, SHOP)
    with opened(tmp_path) as database:
        with database.connection.begin():
            (number,) = enqueue(database, [page])
            record_outcome(database, replace(page, id=number), DONE, [number])
        database.end_round()
        database.begin_round(update_all=True)
        with database.connection.begin():
            enqueue(database, [page])
            record_outcome(database, replace(page, id=number), start, links)
        assert crawled_products.has_failures(database) == has_failures


def test_sitemaps_are_read_until_they_name_enough_pages(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        enqueue_all(database, [CrawlRequest("sitemap", f"{SHOP}{each}.xml", SHOP, 1) for each in range(300)])
        waiting = Frontier(database, per_host=10, max_pages=5, max_depth=9)
        first = waiting.pop()
        assert first is not None
        assert first.kind == "sitemap"
        enqueue_all(database, [CrawlRequest("page", f"{SHOP}{each}", SHOP, 1) for each in range(7)])
        waiting.add_hosts(["shop.example"])
        with database.connection.begin():
            record_outcome(database, first, DONE)
        waiting.release(first)
        taken = [request.kind for _ in range(9) if (request := waiting.pop()) is not None]
        assert taken == ["page"] * 5
        assert waiting.count_pending() == 299 + 7


def test_notes_are_counted_beyond_what_is_listed() -> None:
    stats = CrawlStats()
    for each in range(MAX_NOTES + 7):
        stats.add_note(str(each))
    stats.add_note("0")
    assert stats.list_notes()[0] == "0 (2 times)"
    assert stats.list_notes()[-1] == "and 7 more"
    assert len(stats.notes) == MAX_NOTES


def test_a_password_in_an_address_is_not_kept() -> None:
    assert (
        absolute_url(SHOP, "https://me:secret@images.example:8443/7.jpg?v=1") == "https://images.example:8443/7.jpg?v=1"
    )
    assert absolute_url("https://me:secret@shop.example/a/", "b") == "https://shop.example/a/b"
