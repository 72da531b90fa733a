"""Products of a crawl: when they are ready, what several pages say of one, and which are gone."""

from dataclasses import replace
from pathlib import Path

import pytest

from fashion_cli.crawling.state import crawled_products
from fashion_cli.crawling.state.crawled_products import ready
from fashion_cli.crawling.state.photographs import settle_look_alikes
from fashion_cli.crawling.state.requests import Outcome, enqueue, keep_photograph, settle
from tests.crawling.databases import DONE, PRODUCT, SHOP, another_round, fetched, found, opened, page, photo


def test_a_product_is_ready_when_all_its_photographs_are_settled(tmp_path: Path) -> None:
    with opened(tmp_path) as memory:
        found(memory, PRODUCT, "7", "1.jpg", "2.jpg", "1.jpg")
        fetched(memory, f"{SHOP}1.jpg", "a")
        settle_look_alikes(memory, 4, all_there=True)
        assert list(ready(memory)) == []
        fetched(memory, f"{SHOP}2.jpg", "b")
        settle_look_alikes(memory, -1, all_there=True)
        (each,) = ready(memory)
        assert each.product == PRODUCT
        assert [(one.sha256[0], one.position, one.url) for one in each.photographs] == [
            ("a", 0, f"{SHOP}1.jpg"),
            ("b", 1, f"{SHOP}2.jpg"),
        ]
        crawled_products.recorded(memory, PRODUCT.item_id)
        assert list(ready(memory)) == []


def test_in_place_of_a_dropped_photograph_the_kept_one_is_shown_once(tmp_path: Path) -> None:
    with opened(tmp_path) as memory:
        found(memory, PRODUCT, "7", "1.jpg", "2.jpg")
        fetched(memory, f"{SHOP}1.jpg", "a")
        with memory.connection.begin():
            keep_photograph(memory, replace(photo("b"), phash="a" * 16))
        fetched(memory, f"{SHOP}2.jpg", "b")
        assert settle_look_alikes(memory, 4, all_there=True) == 1
        (each,) = ready(memory)
        assert [one.sha256[0] for one in each.photographs] == ["a"]


@pytest.mark.parametrize("order", [("7?colour=blue", "7?colour=red"), ("7?colour=red", "7?colour=blue")])
def test_pages_of_one_product_are_put_together_in_any_order(order: tuple[str, str], tmp_path: Path) -> None:
    with opened(tmp_path) as memory:
        for path in order:
            offers = (replace(PRODUCT.offers[0], url=f"{SHOP}{path}"),)
            product = replace(PRODUCT, url=f"{SHOP}{path}", name=path, offers=offers)
            found(memory, product, path, f"{path[-3:]}.jpg", "both.jpg")
        for place, name in enumerate(("lue.jpg", "both.jpg", "red.jpg")):
            fetched(memory, f"{SHOP}{name}", "abc"[place])
        settle_look_alikes(memory, -1, all_there=True)
        (each,) = ready(memory)
        assert each.product.name == "7?colour=blue"
        assert [one.url for one in each.product.offers] == [f"{SHOP}7?colour=blue", f"{SHOP}7?colour=red"]
        assert [one.sha256[0] for one in each.photographs] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("again", "unreached", "gone"),
    [
        (DONE, False, True),  # the page was read, and does not show it any more
        (Outcome("failed", "HTTP 404", "", 404), False, True),
        (Outcome("failed", "HTTP 410", "", 410), False, True),
        (Outcome("failed", "HTTP 500", "", 500), False, False),
        (Outcome("failed", "timeout", "", 0), True, False),
        (None, False, False),  # not come across, but not everything could be read
        (None, True, True),
    ],
)
def test_what_is_gone(again: Outcome | None, unreached: bool, gone: bool, tmp_path: Path) -> None:
    with opened(tmp_path) as memory:
        memory.begin_round(update_all=False)
        found(memory, PRODUCT, "7")
        another_round(memory)
        if again is not None:
            with memory.connection.begin():
                (number,) = enqueue(memory, [page("7")])
                settle(memory, replace(page("7"), id=number), again)
        assert crawled_products.gone(memory, unreached=unreached) == ([PRODUCT.item_id] if gone else [])
        crawled_products.mark_gone(memory, [PRODUCT.item_id])
        assert crawled_products.gone(memory, unreached=unreached) == []
