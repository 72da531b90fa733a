"""A crawl's memory in a folder of its own, and what tests do to it."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from fashion_cli.crawling.parse.items import CrawlRequest, ScrapedItem
from fashion_cli.crawling.state.crawled_products import save_item
from fashion_cli.crawling.state.database import CrawlDatabase
from fashion_cli.crawling.state.frontier import Frontier
from fashion_cli.crawling.state.requests import (
    Photo,
    RequestOutcome,
    add_photograph,
    enqueue,
    enqueue_all,
    record_outcome,
)
from fashion_cli.products.records import FoundOffer, FoundProduct

SHOP = "http://shop.example/"
DONE = RequestOutcome("done", http_status=200)
PRODUCT = FoundProduct(
    item_id="shop.example:7",
    name="린넨 셔츠",
    url=f"{SHOP}7",
    shop="shop.example",
    offers=(FoundOffer("shop.example", Decimal("39000.50"), "KRW", f"{SHOP}7", "InStock"),),
    keywords=("a", "b"),
    source=SHOP,
)


def opened(folder: Path) -> CrawlDatabase:
    database = CrawlDatabase.open(folder)
    database.add_source(SHOP)
    return database


def page(path: str, depth: int = 0, host: str = SHOP) -> CrawlRequest:
    return CrawlRequest("page", f"{host}{path}", SHOP, depth)


def frontier(database: CrawlDatabase, **limits: int) -> Frontier:
    return Frontier(database, **{"per_host": 100, "max_pages": 100, "max_depth": 10, **limits})


def taken(waiting: Frontier) -> list[str]:
    found = []
    while (request := waiting.pop()) is not None:
        found.append(request.url.removeprefix(SHOP))
    return found


def settled(
    database: CrawlDatabase, request: CrawlRequest, outcome: RequestOutcome = DONE, links: list[int] | None = None
) -> None:
    with database.connection.begin():
        record_outcome(database, request, outcome, links)


def photo(sha256: str) -> Photo:
    return Photo(sha256 * 64, f"photographs/{sha256 * 2}/{sha256 * 64}.jpg", 200, 300, 9, sha256 * 16, bytes(768), SHOP)


def fetched(database: CrawlDatabase, url: str, sha256: str) -> None:
    """A photograph was fetched from an address."""
    waiting = frontier(database)
    request = next(each for each in iter(waiting.pop, None) if each.url == url)
    with database.connection.begin():
        add_photograph(database, photo(sha256))
        record_outcome(database, request, replace(DONE, sha256=sha256 * 64))


def found(database: CrawlDatabase, product: FoundProduct, path: str, *images: str) -> CrawlRequest:
    """A page was read that shows a product."""
    enqueue_all(database, [page(path)])
    with database.connection.begin():
        (number,) = enqueue(database, [page(path)])
        request = replace(page(path), id=number)
        links = save_item(database, ScrapedItem(product, tuple(f"{SHOP}{each}" for each in images), SHOP), request)
        record_outcome(database, request, DONE, links)
    return request


def another_round(database: CrawlDatabase) -> None:
    database.end_round()
    database.begin_round(update_all=True)
