"""A crawl's memory in a folder of its own, and what tests do to it."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from fashion_cli.crawling.parse.items import Discovery, Visit
from fashion_cli.crawling.state.crawled_products import note
from fashion_cli.crawling.state.database import Memory
from fashion_cli.crawling.state.frontier import Frontier
from fashion_cli.crawling.state.requests import Outcome, Photo, add, enqueue, keep_photograph, settle
from fashion_cli.products.records import FoundOffer, FoundProduct

SHOP = "http://shop.example/"
DONE = Outcome("done", http_status=200)
PRODUCT = FoundProduct(
    item_id="shop.example:7",
    name="린넨 셔츠",
    url=f"{SHOP}7",
    shop="shop.example",
    offers=(FoundOffer("shop.example", Decimal("39000.50"), "KRW", f"{SHOP}7", "InStock"),),
    keywords=("a", "b"),
    source=SHOP,
)


def opened(folder: Path) -> Memory:
    memory = Memory.open(folder)
    memory.remember_source(SHOP)
    return memory


def page(path: str, depth: int = 0, host: str = SHOP) -> Visit:
    return Visit("page", f"{host}{path}", SHOP, depth)


def frontier(memory: Memory, **limits: int) -> Frontier:
    return Frontier(memory, **{"per_host": 100, "max_pages": 100, "max_depth": 10, **limits})


def taken(waiting: Frontier) -> list[str]:
    found = []
    while (visit := waiting.take()) is not None:
        found.append(visit.url.removeprefix(SHOP))
    return found


def settled(memory: Memory, visit: Visit, outcome: Outcome = DONE, links: list[int] | None = None) -> None:
    with memory.connection.begin():
        settle(memory, visit, outcome, links)


def photo(sha256: str) -> Photo:
    return Photo(sha256 * 64, f"photographs/{sha256 * 2}/{sha256 * 64}.jpg", 200, 300, 9, sha256 * 16, bytes(768), SHOP)


def fetched(memory: Memory, url: str, sha256: str) -> None:
    """A photograph was fetched from an address."""
    waiting = frontier(memory)
    visit = next(each for each in iter(waiting.take, None) if each.url == url)
    with memory.connection.begin():
        keep_photograph(memory, photo(sha256))
        settle(memory, visit, replace(DONE, sha256=sha256 * 64))


def found(memory: Memory, product: FoundProduct, path: str, *images: str) -> Visit:
    """A page was read that shows a product."""
    add(memory, [page(path)])
    with memory.connection.begin():
        (number,) = enqueue(memory, [page(path)])
        visit = replace(page(path), id=number)
        links = note(memory, Discovery(product, tuple(f"{SHOP}{each}" for each in images), SHOP), visit)
        settle(memory, visit, DONE, links)
    return visit


def another_round(memory: Memory) -> None:
    memory.end_round()
    memory.begin_round(update_all=True)
