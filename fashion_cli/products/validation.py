"""What a catalogue takes: offers as they are stored, and what cannot be stored at all."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Context, Decimal

from fashion_cli.errors import CatalogueError
from fashion_cli.products.availability import is_buyable, normalize_availability
from fashion_cli.products.column_types import DECIMALS, HIGHEST, plain
from fashion_cli.products.offers import lowest_per_key
from fashion_cli.products.records import FoundOffer, FoundPhotograph
from fashion_cli.products.search_text import to_storable, unique_digest

EXACT_DIGITS = Context(prec=15)  # what SQLite keeps of a price that is no whole number
CURRENCY = re.compile(r"[A-Z]{3}")
SHA256 = re.compile(r"[0-9a-f]{64}")
LONGEST_AVAILABILITY = 64


class InvalidProductError(CatalogueError):
    """A product that no catalogue takes. It says nothing about the catalogue, nor about other products."""


@dataclass(frozen=True)
class ValidOffer:
    """An offer as it is stored, and the digest that it is known by: one per shop and link."""

    digest: str
    shop: str
    url: str
    price: Decimal
    currency: str
    availability: str

    @property
    def available(self) -> bool:
        return is_buyable(self.availability)


def validate_offers(item_id: str, offers: Iterable[FoundOffer]) -> dict[str, ValidOffer]:
    """Offers by digest. Of several with one shop and link, as of sizes, the lowest that can be bought counts.

    Raises:
        InvalidProductError: If a price or a currency cannot be one.
    """
    checked = [_validate_offer(item_id, offer) for offer in offers]
    return lowest_per_key((offer.digest, offer) for offer in checked)


def _validate_offer(item_id: str, offer: FoundOffer) -> ValidOffer:
    shop, url = to_storable(offer.shop), to_storable(offer.url)
    if not CURRENCY.fullmatch(offer.currency):
        raise InvalidProductError(f"{item_id}: {offer.currency!r} is no currency", hint="ISO 4217 has names like KRW")
    availability = normalize_availability(to_storable(offer.availability))
    return ValidOffer(
        unique_digest(shop, url),
        shop,
        url,
        _price(item_id, offer.price),
        offer.currency,
        availability[:LONGEST_AVAILABILITY],
    )


def _price(item_id: str, price: Decimal) -> Decimal:
    if price.is_finite() and 0 <= price < HIGHEST:
        exact = EXACT_DIGITS.plus(price.quantize(Decimal(1).scaleb(-DECIMALS)))
        if exact < HIGHEST:  # it may have been rounded up
            return abs(plain(exact))  # -0 is 0
    raise InvalidProductError(f"{item_id}: {price} is no price", hint=f"prices are numbers from 0 to {HIGHEST:,}")


def require_photographs(item_id: str, photographs: Sequence[FoundPhotograph]) -> None:
    """Make sure that photographs are known by what an index knows them by.

    Raises:
        InvalidProductError: If a sha256 cannot be one.
    """
    for photograph in photographs:
        if not SHA256.fullmatch(photograph.sha256):
            raise InvalidProductError(
                f"{item_id}: {photograph.sha256!r} is no sha256", hint="64 hexadecimal digits, lower case"
            )


def utc(moment: datetime) -> datetime:
    """A moment in UTC.

    Raises:
        ValueError: If it does not say its time zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment}: which time zone?")
    return moment.astimezone(UTC)
