"""Which items a filter by price and availability leaves.

Hits carry the catalogue's word of this moment. The filter looks at a table that is up to `FRESH` seconds older, since
it has to know every product; what the catalogue has changed since then is seen when the hits are looked up.
"""

import time
from dataclasses import dataclass, replace
from decimal import Decimal
from threading import Lock

import numpy as np
import numpy.typing as npt

from fashion_cli.products.catalogue import Catalogue
from fashion_cli.products.price_column import main_currency, price_column
from fashion_cli.products.records import ShownProduct
from fashion_cli.session.open_index import OpenIndex

FRESH = 30.0  # seconds


@dataclass(frozen=True)
class PriceFilter:
    """What a product may cost, and whether it has to be there to buy. Prices of two currencies do not compare.

    Attributes:
        least: None for any.
        most: None for any.
        available: True: only what can be bought; False: only what cannot; None for both.
        currency: In which it is sold, ISO 4217; "" where that has not been settled.
    """

    least: Decimal | None = None
    most: Decimal | None = None
    available: bool | None = None
    currency: str = ""

    def __bool__(self) -> bool:
        return self.has_bounds or self.available is not None or self.currency != ""

    @property
    def has_bounds(self) -> bool:
        """Whether it says a number."""
        return self.least is not None or self.most is not None

    def fits(self, product: ShownProduct | None) -> bool:
        """Whether a product may be shown; what is no product has no price and cannot be bought."""
        if product is None:
            return not self
        if self.available is not None and product.available != self.available:
            return False
        if self.currency and product.currency != self.currency:
            return False
        return not self.has_bounds or (product.price is not None and self._within(product.price))

    def _within(self, price: Decimal) -> bool:
        return (self.least is None or price >= self.least) and (self.most is None or price <= self.most)


class PriceTable:
    """Every product of a catalogue, read again when it is asked for and has grown old. Threads may share it."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._lock = Lock()
        self._read_at = -FRESH
        self._products: list[ShownProduct] = []

    def resolve_currency(self, price_filter: PriceFilter) -> PriceFilter:
        """Resolve a filter's currency: numbers without one are in that which most products are sold in.

        Raises:
            CatalogueError: If the catalogue cannot be read.
        """
        if not price_filter.has_bounds or price_filter.currency:
            return price_filter
        return replace(price_filter, currency=main_currency(self._latest()))

    def column(self, index: OpenIndex) -> list[str]:
        """The lowest price of each row's product, as a filter by the column `price` reads it.

        Raises:
            CatalogueError: If the catalogue cannot be read.
        """
        return price_column(self._latest(), index.item_ids)

    def rows(self, index: OpenIndex, price_filter: PriceFilter) -> npt.NDArray[np.bool_]:
        """(N,) which rows of an index show a product that fits.

        Raises:
            CatalogueError: If the catalogue cannot be read.
        """
        fitting = {product.item_id for product in self._latest() if price_filter.fits(product)}
        return np.array([item in fitting for item in index.item_ids], np.bool_)

    def _latest(self) -> list[ShownProduct]:
        with self._lock:
            if time.monotonic() - self._read_at >= FRESH:
                self._products = list(self._catalogue.products())
                self._read_at = time.monotonic()
            return self._products
