"""Which of several offers counts: the lowest that can be bought. The one rule of crawls, feeds, catalogue and page."""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Protocol, TypeVar


class PricedOffer(Protocol):
    """What is compared of an offer."""

    @property
    def price(self) -> Decimal: ...

    @property
    def currency(self) -> str: ...

    @property
    def available(self) -> bool: ...


Offer = TypeVar("Offer", bound=PricedOffer)


def sort_by_price(offers: Iterable[Offer]) -> tuple[Offer, ...]:
    """Offers that can be bought before others, then by price.

    Prices of two currencies do not compare: those of the currency that most offers are in come first, of two
    currencies with equally many offers those of the one that is named first.
    """
    listed = tuple(offers)
    if len(listed) < 2:
        return listed
    buyable = [offer for offer in listed if offer.available] or listed
    currency = Counter(offer.currency for offer in buyable).most_common(1)[0][0]
    return tuple(
        sorted(listed, key=lambda offer: (not offer.available, offer.currency != currency, offer.currency, offer.price))
    )


def lowest_per_key(offers: Iterable[tuple[str, Offer]]) -> dict[str, Offer]:
    """Of the offers with one key, as of a shop's sizes, the lowest that can be bought."""
    grouped: dict[str, list[Offer]] = {}
    for key, offer in offers:
        grouped.setdefault(key, []).append(offer)
    return {key: sort_by_price(group)[0] for key, group in grouped.items()}
