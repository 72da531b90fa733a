"""Products of a crawl: when they are ready, what several pages say of one, and which are gone."""

from dataclasses import replace
from pathlib import Path

import pytest

from fashion_cli.crawling.state import crawled_products
from fashion_cli.crawling.state.crawled_products import iter_complete
from fashion_cli.crawling.state.photographs import drop_near_duplicates
from fashion_cli.crawling.state.requests import RequestOutcome, add_photograph, enqueue, record_outcome
from tests.crawling.databases import DONE, PRODUCT, SHOP, another_round, fetched, found, opened, page, photo


def test_a_product_is_ready_when_all_its_photographs_are_settled(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        found(database, PRODUCT, "7", "1.jpg", "2.jpg", "1.jpg")
        fetched(database, f"{SHOP}1.jpg", "a")
        drop_near_duplicates(database, 4, all_there=True)
        assert list(iter_complete(database)) == []
        fetched(database, f"{SHOP}2.jpg", "b")
        drop_near_duplicates(database, -1, all_there=True)
        (each,) = iter_complete(database)
        assert each.product == PRODUCT
        assert [(one.sha256[0], one.position, one.url) for one in each.photographs] == [
            ("a", 0, f"{SHOP}1.jpg"),
            ("b", 1, f"{SHOP}2.jpg"),
        ]
        crawled_products.mark_recorded(database, PRODUCT.item_id)
        assert list(iter_complete(database)) == []


def test_in_place_of_a_dropped_photograph_the_kept_one_is_shown_once(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        found(database, PRODUCT, "7", "1.jpg", "2.jpg")
        fetched(database, f"{SHOP}1.jpg", "a")
        with database.connection.begin():
            add_photograph(database, replace(photo("b"), phash="a" * 16))
        fetched(database, f"{SHOP}2.jpg", "b")
        assert drop_near_duplicates(database, 4, all_there=True) == 1
        (each,) = iter_complete(database)
        assert [one.sha256[0] for one in each.photographs] == ["a"]


@pytest.mark.parametrize("order", [("7?colour=blue", "7?colour=red"), ("7?colour=red", "7?colour=blue")])
def test_pages_of_one_product_are_put_together_in_any_order(order: tuple[str, str], tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        for path in order:
            offers = (replace(PRODUCT.offers[0], url=f"{SHOP}{path}"),)
            product = replace(PRODUCT, url=f"{SHOP}{path}", name=path, offers=offers)
            found(database, product, path, f"{path[-3:]}.jpg", "both.jpg")
        for place, name in enumerate(("lue.jpg", "both.jpg", "red.jpg")):
            fetched(database, f"{SHOP}{name}", "abc"[place])
        drop_near_duplicates(database, -1, all_there=True)
        (each,) = iter_complete(database)
        assert each.product.name == "7?colour=blue"
        assert [one.url for one in each.product.offers] == [f"{SHOP}7?colour=blue", f"{SHOP}7?colour=red"]
        assert [one.sha256[0] for one in each.photographs] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("again", "unreached", "gone"),
    [
        (DONE, False, True),  # the page was read, and does not show it any more
        (RequestOutcome("failed", "HTTP 404", "", 404), False, True),
        (RequestOutcome("failed", "HTTP 410", "", 410), False, True),
        (RequestOutcome("failed", "HTTP 500", "", 500), False, False),
        (RequestOutcome("failed", "timeout", "", 0), True, False),
        (None, False, False),  # not come across, but not everything could be read
        (None, True, True),
    ],
)
def test_what_is_gone(again: RequestOutcome | None, unreached: bool, gone: bool, tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        database.begin_round(update_all=False)
        found(database, PRODUCT, "7")
        another_round(database)
        if again is not None:
            with database.connection.begin():
                (number,) = enqueue(database, [page("7")])
                record_outcome(database, replace(page("7"), id=number), again)
        assert crawled_products.find_gone(database, unreached=unreached) == ([PRODUCT.item_id] if gone else [])
        crawled_products.mark_gone(database, [PRODUCT.item_id])
        assert crawled_products.find_gone(database, unreached=unreached) == []
