"""Look into the product catalogue: list, export, price history, newer tables."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fashion_cli.checked_fields import CheckedFields
from fashion_cli.errors import CatalogueError, FeatureFileError, IndexDirectoryError
from fashion_cli.products.locations import CATALOGUE_FILE, default_location
from fashion_cli.products.records import FoundPhotograph, PriceObservation, ShownProduct
from fashion_cli.retrieval.gallery import Gallery, find_index

if TYPE_CHECKING:
    from fashion_cli.products.catalogue import Catalogue


@dataclass(frozen=True)
class ProductsConfig(CheckedFields):
    """Which products.

    Attributes:
        catalog: Where the catalogue is; None for the one here, or the index's.
        words: All have to be in name, brand, keywords or category; "" for any product.
        gone: Only those that are gone, or only those that are not; None for both.
        limit: At most so many; None for all.
    """

    catalog: str | None = None
    words: str = ""
    gone: bool | None = None
    limit: int | None = None


@dataclass(frozen=True)
class UpgradeReport:
    """The versions of a catalogue's tables before and after.

    Attributes:
        catalog: Which, without a password.
        before: Their version.
        after: Same, now.
        products: How many there are.
    """

    catalog: str
    before: str
    after: str
    products: int


def list_products(config: ProductsConfig) -> Iterator[ShownProduct]:
    """Products in the order in which they were first recorded.

    Raises:
        CatalogueError: If there is no catalogue, or it cannot be read.
    """
    with _open(config.catalog) as catalogue:
        yield from catalogue.products(words=config.words, gone=config.gone, limit=config.limit)


def export_products(config: ProductsConfig) -> Iterator[tuple[ShownProduct, tuple[FoundPhotograph, ...]]]:
    """The same with their photographs.

    Raises:
        CatalogueError: If there is no catalogue, or it cannot be read.
    """
    with _open(config.catalog) as catalogue:
        yield from catalogue.export(words=config.words, gone=config.gone)


def price_history(catalog: str | None, item_id: str) -> list[PriceObservation]:
    """What became of each offer of a product, the oldest step first.

    Raises:
        CatalogueError: If there is no catalogue, or no such product in it.
    """
    with _open(catalog) as catalogue:
        if not catalogue.by_items([item_id]):
            raise CatalogueError(f"{catalogue.location}: no product {item_id}", hint="fashion catalog list shows them")
        return catalogue.prices(item_id)


def upgrade_catalogue(catalog: str | None) -> UpgradeReport:
    """Bring the tables of a catalogue up to date.

    Raises:
        CatalogueError: If there is none, or it is a newer version's.
    """
    from fashion_cli.products.schema import NEWEST

    with _open(catalog, upgrade=True) as catalogue:
        return UpgradeReport(catalogue.location, catalogue.previous_version, NEWEST, len(catalogue))


def _open(catalog: str | None, *, upgrade: bool = False) -> "Catalogue":
    from fashion_cli.products.catalogue import Catalogue

    return Catalogue.open(_location(catalog), upgrade=upgrade)


def _location(catalog: str | None) -> str | Path:
    """The catalogue that was named, else the one here, else the index's."""
    if catalog:
        return catalog
    if here := default_location(Path()):
        return here
    with suppress(IndexDirectoryError, FeatureFileError), Gallery.open(find_index(None, {})) as gallery:
        if gallery.catalog:
            return gallery.catalog
    raise CatalogueError(
        f"no {CATALOGUE_FILE} here, and no index that names a catalogue", hint="--catalog FILE, DIR or URL"
    )
