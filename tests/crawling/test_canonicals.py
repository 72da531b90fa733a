"""What pages claim about addresses is believed once the other address has shown the same."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fashion_cli.crawling.finalizing import EarlyRecorder
from fashion_cli.crawling.parse.items import Discovery, Visit
from fashion_cli.crawling.state.canonicals import (
    examine_claims,
    is_shown_elsewhere,
    read_aliases_again,
    remember_claim,
    yield_to,
)
from fashion_cli.crawling.state.crawled_products import found_so_far, note
from fashion_cli.crawling.state.database import FILE, Memory
from fashion_cli.crawling.state.requests import Outcome, enqueue
from fashion_cli.products.catalogue import Catalogue
from fashion_cli.products.records import FoundProduct
from tests.crawling.databases import DONE, PRODUCT, SHOP, frontier, opened, page, settled, taken


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    with opened(tmp_path) as memory:
        yield memory


def visit(memory: Memory, path: str) -> Visit:
    with memory.connection.begin():
        (number,) = enqueue(memory, [page(path)])
    return replace(page(path), id=number)


def unnumbered(path: str, name: str = "Shirt") -> Discovery:
    product = FoundProduct(f"shop.example:#{path}", name, f"{SHOP}{path}", "shop.example", ())
    return Discovery(product, (), SHOP, numbered=False)


def read(memory: Memory, at: Visit, *found: Discovery, canonical: str = "") -> tuple[Discovery, ...]:
    """A page is read that shows products; those that it keeps."""
    examined = examine_claims(memory, found, canonical or at.url, at.url, at)
    with memory.connection.begin():
        enqueue(memory, [page(url.removeprefix(SHOP)) for url in examined.targets])
        yield_to(memory, (at.url,), examined.discoveries)
        for each in examined.discoveries:
            note(memory, each, at)
    settled(memory, at)
    return examined.discoveries


def names(memory: Memory) -> list[str]:
    with memory.connection.begin():
        return [str(row[0]) for row in memory.connection.exec_driver_sql("select item_id from products order by 1")]


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_a_product_gives_way_to_the_page_that_its_page_names(order: tuple[str, str], memory: Memory) -> None:
    for path in order:
        at = visit(memory, path)
        read(memory, at, unnumbered(path), canonical=f"{SHOP}b")
    assert names(memory) == ["shop.example:#b"]


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_it_stays_where_the_other_page_shows_another_product(order: tuple[str, str], memory: Memory) -> None:
    for path in order:
        read(memory, visit(memory, path), unnumbered(path, f"name of {path}"), canonical=f"{SHOP}b")
    assert names(memory) == ["shop.example:#a", "shop.example:#b"]


@pytest.mark.parametrize("outcome", [Outcome("failed", "HTTP 404", "", 404), Outcome("refused", "robots"), DONE])
def test_it_stays_where_the_other_page_shows_none(outcome: Outcome, memory: Memory) -> None:
    (kept,) = read(memory, visit(memory, "a"), unnumbered("a"), canonical=f"{SHOP}b")
    assert kept.claim == f"{SHOP}b"
    assert [each.product.item_id for each in found_so_far(memory)] == []  # until that page was read
    settled(memory, visit(memory, "b"), outcome)
    assert [each.product.item_id for each in found_so_far(memory)] == ["shop.example:#a"]
    (again,) = read(memory, visit(memory, "c"), unnumbered("c", "Hat"), canonical=f"{SHOP}b")
    assert again.claim == ""  # nothing to wait for


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_of_one_number_the_named_page_is_right(order: tuple[str, str], memory: Memory) -> None:
    for path in order:
        product = replace(PRODUCT, url=f"{SHOP}{path}", brand=path)
        read(memory, visit(memory, path), Discovery(product, (), SHOP), canonical=f"{SHOP}b")
    (one,) = found_so_far(memory)
    assert (one.product.url, one.product.brand) == (f"{SHOP}b", "b")


def test_pages_that_name_each_other_keep_one_product(memory: Memory) -> None:
    for path, other in (("a", "b"), ("b", "a")):
        read(memory, visit(memory, path), unnumbered(path), canonical=f"{SHOP}{other}")
    assert names(memory) == ["shop.example:#a"]


def test_a_page_without_products_is_read_after_all_if_the_one_that_it_names_fails(memory: Memory) -> None:
    at, other = visit(memory, "list?sort=1"), visit(memory, "list")
    settled(memory, at, replace(DONE, code="alias"))
    settled(memory, other, Outcome("failed", "HTTP 500", "", 500))
    with memory.connection.begin():
        remember_claim(memory, at.id, other.url)
        assert read_aliases_again(memory, other) == ["shop.example"]
    assert taken(frontier(memory)) == ["list?sort=1"]


def test_a_page_that_shows_what_another_has_shown_leads_nowhere_new(memory: Memory) -> None:
    first, second = visit(memory, "7"), visit(memory, "7?sid=1")
    found = Discovery(PRODUCT, (), SHOP)
    assert not is_shown_elsewhere(memory, [found], first)
    read(memory, first, found)
    assert not is_shown_elsewhere(memory, [found], first)
    assert is_shown_elsewhere(memory, [found], second)
    assert not is_shown_elsewhere(memory, [replace(found, product=replace(PRODUCT, name="another"))], second)
    assert not is_shown_elsewhere(memory, [], second)


def test_the_catalogue_has_products_while_the_crawl_runs(memory: Memory, tmp_path: Path) -> None:
    location = str(tmp_path / "catalogue.sqlite")
    recorder = EarlyRecorder(memory, location)
    read(memory, visit(memory, "7"), Discovery(PRODUCT, (f"{SHOP}1.jpg",), SHOP))
    assert (recorder.record(), recorder.record()) == (1, 0)
    with Catalogue.open(location) as catalogue:
        assert [(each.item_id, each.price) for each in catalogue.products()] == [
            (PRODUCT.item_id, PRODUCT.offers[0].price)
        ]
    read(memory, visit(memory, "7"), Discovery(replace(PRODUCT, name="new"), (), SHOP))
    assert recorder.record() == 1
    recorder.close()


def test_a_crawl_of_before_opens(tmp_path: Path) -> None:
    with opened(tmp_path):
        pass
    with sqlite3.connect(tmp_path / FILE) as file:
        file.execute("drop table claims")
    with opened(tmp_path) as memory:
        read(memory, visit(memory, "a"), unnumbered("a"), canonical=f"{SHOP}b")
        assert names(memory) == ["shop.example:#a"]
