"""What pages claim about addresses is believed once the other address has shown the same."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fashion_cli.crawling.finalizing import IncrementalRecorder
from fashion_cli.crawling.parse.items import CrawlRequest, ScrapedItem
from fashion_cli.crawling.state.canonicals import (
    drop_duplicates,
    is_shown_elsewhere,
    requeue_aliases,
    resolve_canonicals,
    save_canonical,
)
from fashion_cli.crawling.state.crawled_products import iter_unrecorded, save_item
from fashion_cli.crawling.state.database import FILE, CrawlDatabase
from fashion_cli.crawling.state.requests import RequestOutcome, enqueue
from fashion_cli.products.catalogue import Catalogue
from fashion_cli.products.records import FoundProduct
from tests.crawling.databases import DONE, PRODUCT, SHOP, frontier, opened, page, settled, taken


@pytest.fixture
def database(tmp_path: Path) -> Iterator[CrawlDatabase]:
    with opened(tmp_path) as database:
        yield database


def request(database: CrawlDatabase, path: str) -> CrawlRequest:
    with database.connection.begin():
        (number,) = enqueue(database, [page(path)])
    return replace(page(path), id=number)


def unnumbered(path: str, name: str = "Shirt") -> ScrapedItem:
    product = FoundProduct(f"shop.example:#{path}", name, f"{SHOP}{path}", "shop.example", ())
    return ScrapedItem(product, (), SHOP, has_number=False)


def read(
    database: CrawlDatabase, at: CrawlRequest, *found: ScrapedItem, canonical: str = ""
) -> tuple[ScrapedItem, ...]:
    """A page is read that shows products; those that it keeps."""
    kept = resolve_canonicals(database, found, canonical or at.url, at.url, at)
    with database.connection.begin():
        enqueue(database, [page(each.canonical.removeprefix(SHOP)) for each in kept if each.canonical])
        drop_duplicates(database, (at.url,), kept)
        for each in kept:
            save_item(database, each, at)
    settled(database, at)
    return kept


def names(database: CrawlDatabase) -> list[str]:
    with database.connection.begin():
        return [str(row[0]) for row in database.connection.exec_driver_sql("select item_id from products order by 1")]


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_a_product_gives_way_to_the_page_that_its_page_names(order: tuple[str, str], database: CrawlDatabase) -> None:
    for path in order:
        at = request(database, path)
        read(database, at, unnumbered(path), canonical=f"{SHOP}b")
    assert names(database) == ["shop.example:#b"]


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_it_stays_where_the_other_page_shows_another_product(order: tuple[str, str], database: CrawlDatabase) -> None:
    for path in order:
        read(database, request(database, path), unnumbered(path, f"name of {path}"), canonical=f"{SHOP}b")
    assert names(database) == ["shop.example:#a", "shop.example:#b"]


@pytest.mark.parametrize(
    "outcome", [RequestOutcome("failed", "HTTP 404", "", 404), RequestOutcome("refused", "robots"), DONE]
)
def test_it_stays_where_the_other_page_shows_none(outcome: RequestOutcome, database: CrawlDatabase) -> None:
    (kept,) = read(database, request(database, "a"), unnumbered("a"), canonical=f"{SHOP}b")
    assert kept.canonical == f"{SHOP}b"
    assert [each.product.item_id for each in iter_unrecorded(database)] == []  # until that page was read
    settled(database, request(database, "b"), outcome)
    assert [each.product.item_id for each in iter_unrecorded(database)] == ["shop.example:#a"]
    (again,) = read(database, request(database, "c"), unnumbered("c", "Hat"), canonical=f"{SHOP}b")
    assert again.canonical == ""  # nothing to wait for


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_of_one_number_the_named_page_is_right(order: tuple[str, str], database: CrawlDatabase) -> None:
    for path in order:
        product = replace(PRODUCT, url=f"{SHOP}{path}", brand=path)
        read(database, request(database, path), ScrapedItem(product, (), SHOP), canonical=f"{SHOP}b")
    (one,) = iter_unrecorded(database)
    assert (one.product.url, one.product.brand) == (f"{SHOP}b", "b")


def test_pages_that_name_each_other_keep_one_product(database: CrawlDatabase) -> None:
    for path, other in (("a", "b"), ("b", "a")):
        read(database, request(database, path), unnumbered(path), canonical=f"{SHOP}{other}")
    assert names(database) == ["shop.example:#a"]


def test_a_page_without_products_is_read_after_all_if_the_one_that_it_names_fails(database: CrawlDatabase) -> None:
    at, other = request(database, "list?sort=1"), request(database, "list")
    settled(database, at, replace(DONE, code="alias"))
    settled(database, other, RequestOutcome("failed", "HTTP 500", "", 500))
    with database.connection.begin():
        save_canonical(database, at.id, other.url)
        assert requeue_aliases(database, other) == ["shop.example"]
    assert taken(frontier(database)) == ["list?sort=1"]


def test_a_page_that_shows_what_another_has_shown_leads_nowhere_new(database: CrawlDatabase) -> None:
    first, second = request(database, "7"), request(database, "7?sid=1")
    found = ScrapedItem(PRODUCT, (), SHOP)
    assert not is_shown_elsewhere(database, [found], first)
    read(database, first, found)
    assert not is_shown_elsewhere(database, [found], first)
    assert is_shown_elsewhere(database, [found], second)
    assert not is_shown_elsewhere(database, [replace(found, product=replace(PRODUCT, name="another"))], second)
    assert not is_shown_elsewhere(database, [], second)


def test_the_catalogue_has_products_while_the_crawl_runs(database: CrawlDatabase, tmp_path: Path) -> None:
    location = str(tmp_path / "catalogue.sqlite")
    recorder = IncrementalRecorder(database, location)
    read(database, request(database, "7"), ScrapedItem(PRODUCT, (f"{SHOP}1.jpg",), SHOP))
    assert (recorder.record(), recorder.record()) == (1, 0)
    with Catalogue.open(location) as catalogue:
        assert [(each.item_id, each.price) for each in catalogue.products()] == [
            (PRODUCT.item_id, PRODUCT.offers[0].price)
        ]
    read(database, request(database, "7"), ScrapedItem(replace(PRODUCT, name="new"), (), SHOP))
    assert recorder.record() == 1
    recorder.close()


def test_a_crawl_of_before_opens(tmp_path: Path) -> None:
    with opened(tmp_path):
        pass
    with sqlite3.connect(tmp_path / FILE) as file:
        file.execute("drop table claims")
    with opened(tmp_path) as database:
        read(database, request(database, "a"), unnumbered("a"), canonical=f"{SHOP}b")
        assert names(database) == ["shop.example:#a"]
