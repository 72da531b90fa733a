"""A long random life of a catalogue, compared after each step with a plain dict."""

import random
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

import pytest

from fashion_cli.products.availability import UNAVAILABLE
from fashion_cli.products.catalogue import Catalogue
from fashion_cli.products.records import FoundOffer, FoundPhotograph, FoundProduct
from tests.products.found import later, offer, photograph, product

STEPS = 60
SHOPS = ("Shop", "Mall", "쇼핑몰")
NAMES = ("Denim jacket", "데님 자켓", "Wool coat", "Rain coat 🧥")
SOURCES = ("https://shop.example/", 'naver:"코트"')


@dataclass
class Known:
    """What an item should be."""

    found: FoundProduct
    seen_at: datetime
    first: datetime
    offers: dict[tuple[str, str], FoundOffer] = field(default_factory=dict)
    photographs: dict[str, FoundPhotograph] = field(default_factory=dict)
    history: list[tuple[datetime, str, Decimal]] = field(default_factory=list)
    gone: bool = False


def in_order(first: dict[str, FoundPhotograph], others: dict[str, FoundPhotograph]) -> dict[str, FoundPhotograph]:
    """Photographs, and behind them what others there are."""
    if not first:
        first, others = others, {}
    together = dict(first)
    for each in sorted(others.values(), key=lambda other: (other.position, other.sha256)):
        if each.sha256 not in first:
            last = max(shown.position for shown in together.values())
            together[each.sha256] = replace(each, position=last + 1)
    return together


class Oracle:
    """The catalogue as a dict."""

    def __init__(self) -> None:
        self.items: dict[str, Known] = {}

    def record(self, found: FoundProduct, photographs: list[FoundPhotograph], at: datetime) -> None:
        known = self.items.setdefault(found.item_id, Known(found, at, at))
        told = {each.sha256: each for each in photographs}
        if at >= known.seen_at:
            known.found = found
            self._see(known, list(found.offers), at)
            known.photographs = in_order(told, known.photographs)
        else:
            known.photographs = in_order(known.photographs, told)
        known.first = min(known.first, at)

    def _see(self, known: Known, offers: list[FoundOffer], at: datetime) -> None:
        now = {(each.shop, each.url): each for each in offers}
        for key, each in now.items():
            if known.gone or known.offers.get(key) != each:
                known.history.append((at, each.shop, each.price))
        known.offers, known.seen_at, known.gone = now, at, False

    def mark_gone(self, item_ids: list[str], at: datetime) -> int:
        which = [each for key, each in self.items.items() if key in item_ids and each.seen_at <= at]
        fresh = [each for each in which if not each.gone]
        for each in fresh:
            each.gone = True
        return len(fresh)

    def find(self, word: str) -> list[str]:
        return [
            key
            for key, each in self.items.items()
            if not each.gone and word.casefold() in f"{each.found.name}\n{each.found.brand}".casefold()
        ]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_catalogue_is_a_dict(catalogue: Catalogue, seed: int):
    rng, oracle = random.Random(seed), Oracle()
    for step in range(STEPS):
        at = later(step if rng.random() < 0.8 else step - 10)
        item = f"shop.example:{rng.randrange(8)}"
        offers = [
            offer(str(rng.randrange(4) * 1000), shop, availability=rng.choice(["InStock", "OutOfStock", ""]))
            for shop in rng.sample(SHOPS, rng.randrange(len(SHOPS)))
        ]
        action = rng.choice(["record", "record", "record", "gone"])
        if action == "record":
            pictures = [photograph(rng.randrange(20), place) for place in range(rng.randrange(4))]
            found = product(0, item_id=item, offers=tuple(offers), name=rng.choice(NAMES), source=rng.choice(SOURCES))
            catalogue.record(found, pictures, at)
            oracle.record(found, pictures, at)
        else:
            assert catalogue.mark_gone([item], at) == oracle.mark_gone([item], at)
    compare(catalogue, oracle)


def compare(catalogue: Catalogue, oracle: Oracle) -> None:
    shown = {each.item_id: each for each in catalogue.products()}
    assert list(shown) == list(oracle.items)
    for item_id, known in oracle.items.items():
        each, offers = shown[item_id], list(known.offers.values())
        assert (each.name, each.gone, each.seen_at, each.first_seen_at) == (
            known.found.name,
            known.gone,
            known.seen_at,
            known.first,
        )
        assert sorted((found.shop, found.price) for found in each.offers) == sorted(
            (found.shop, found.price) for found in offers
        )
        buyable = [found for found in offers if found.availability not in UNAVAILABLE]
        assert each.price == min((found.price for found in buyable or offers), default=None)
        assert each.available == (not known.gone and bool(buyable or not offers))
        assert {found.sha256 for found in catalogue.photographs(item_id)} == known.photographs.keys()
        steps = [(found.seen_at, found.shop, found.price) for found in catalogue.prices(item_id)]
        assert sorted(steps) == sorted(known.history)
    for word in ("denim", "COAT", "자켓", "🧥"):
        assert [each.item_id for each in catalogue.find(word)] == oracle.find(word)
    for sha256 in (photograph(number).sha256 for number in range(20)):
        ranked = [
            (known.gone, known.photographs[sha256].position, number, item_id)
            for number, (item_id, known) in enumerate(oracle.items.items())
            if sha256 in known.photographs
        ]
        expected = {sha256: min(ranked)[-1]} if ranked else {}
        assert catalogue.item_ids_by_photograph([sha256]) == expected
        assert {key: each.item_id for key, each in catalogue.by_photographs([sha256]).items()} == expected
