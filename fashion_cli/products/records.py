"""What a crawl finds and what a reader is shown: plain values, cheap to import, without a database behind them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from fashion_cli.products.availability import is_buyable

Change = Literal["new", "changed", "same"]  # what recording a product did to the catalogue

ITEM_ID = "item_id"  # the column of a feature file that says which product each photograph shows


@dataclass(frozen=True)
class FoundOffer:
    """What one shop asks for a product at the moment when it was seen."""

    shop: str
    price: Decimal  # 0 or more, in `currency`
    currency: str  # ISO 4217: "KRW"
    url: str
    availability: str = ""  # the last part of schema.org's ItemAvailability: "InStock", "OutOfStock"; "" if not told

    @property
    def available(self) -> bool:
        return is_buyable(self.availability)


@dataclass(frozen=True)
class FoundPhotograph:
    """One photograph of a product, as it lies in the crawl's folder."""

    sha256: str  # of the file's bytes, hexadecimal
    path: str  # POSIX, relative to the folder of the crawl
    url: str  # where it was fetched from
    width: int  # pixels
    height: int
    position: int  # 0 is the photograph that the shop shows first


@dataclass(frozen=True)
class FoundProduct:
    """A product as a source describes it."""

    item_id: str  # stable across crawls: "<host of the shop>:<its number of the product>", "naver:<productId>"
    name: str
    url: str
    shop: str
    offers: tuple[FoundOffer, ...]
    keywords: tuple[str, ...] = ()
    brand: str = ""
    description: str = ""
    category: str = ""
    sku: str = ""
    source: str = ""  # what the user typed: "https://shop.example/sitemap.xml", 'naver:"테크웨어"'


@dataclass(frozen=True)
class ShownOffer:
    """The latest that is known of one offer."""

    shop: str
    price: Decimal
    currency: str
    url: str
    availability: str
    seen_at: datetime  # UTC

    @property
    def available(self) -> bool:
        return is_buyable(self.availability)


@dataclass(frozen=True)
class ShownProduct:
    """A product as a reader is shown it, with the lowest of its latest prices."""

    item_id: str
    name: str
    brand: str
    keywords: tuple[str, ...]
    category: str
    shop: str  # of the offer with the lowest price; without an offer, of the product's page
    url: str  # same
    price: Decimal | None  # None: no offer says one
    currency: str  # ISO 4217, "" without a price
    offers: tuple[ShownOffer, ...]  # the latest of each, lowest price first
    available: bool
    gone: bool  # its page was not there any more when it was last looked at
    seen_at: datetime  # UTC
    description: str = ""
    sku: str = ""
    page: str = ""  # the product's own page, whichever offer is the lowest
    first_seen_at: datetime | None = None  # UTC


@dataclass(frozen=True)
class PriceObservation:
    """One step in the history of an offer, which a shop and a link make."""

    shop: str
    price: Decimal
    currency: str
    url: str
    availability: str
    seen_at: datetime  # UTC
    until: datetime | None  # UTC: it was seen changed then, or was not there any more; None: it is still so
