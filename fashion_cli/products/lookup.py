"""Look up products beside an index: an optional catalogue, without which searches go on."""

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from fashion_cli.data.features import FeatureFile
from fashion_cli.errors import CatalogueError
from fashion_cli.products.hits import item_ids_of_rows, products_of
from fashion_cli.products.price_column import price_column
from fashion_cli.products.records import ShownProduct
from fashion_cli.retrieval.search import Hit

if TYPE_CHECKING:
    from fashion_cli.products.catalogue import Catalogue
    from fashion_cli.retrieval.word_search import TextSource

Result = TypeVar("Result")


class ProductLookup:
    """A catalogue, or none. A context manager.

    Args:
        location: Of the catalogue; "" for none.
        required: Whether somebody asked for it: else a catalogue that fails is noted and left out.

    Attributes:
        location: Of the catalogue that is asked, without a password; "" without one.
        note: Why there are no products although the index names a catalogue; mostly empty.

    Raises:
        CatalogueError: Here and later, if a catalogue that is required cannot be read.
        ModuleNotFoundError: Likewise, if its packages are not installed.
    """

    def __init__(self, location: str, *, required: bool) -> None:
        self._required = required
        self._catalogue: Catalogue | None = None
        self.location = self.note = ""
        if location:
            self._catalogue = self._attempt(lambda: _open(location), None)
        if self._catalogue is not None:
            self.location = self._catalogue.location

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._catalogue is not None:
            self._catalogue.close()

    def products_of(self, hits: Sequence[Hit]) -> dict[str, ShownProduct]:
        """The products of photographs by sha256, as far as they are known."""
        catalogue = self._catalogue
        return {} if catalogue is None else self._attempt(lambda: products_of(hits, catalogue), {})

    def texts(self, features: FeatureFile) -> "tuple[TextSource, ...]":
        """What the catalogue says about a gallery's photographs, for searches by words."""
        catalogue = self._catalogue
        return () if catalogue is None else self._attempt(lambda: (_texts(catalogue, features),), ())

    def prices(self, features: FeatureFile) -> list[str]:
        """The lowest price of each photograph's product, as `price_column` has it; "" where the catalogue fails.

        Raises:
            CatalogueError: If a catalogue that is required cannot be read.
        """
        catalogue = self._catalogue
        unknown = [""] * len(features)
        return unknown if catalogue is None else self._attempt(lambda: _prices(catalogue, features), unknown)

    def _attempt(self, ask: Callable[[], Result], otherwise: Result) -> Result:
        try:
            return ask()
        except (CatalogueError, ModuleNotFoundError) as error:
            if self._required:
                raise
            self.location, self.note = "", f"hits without their products: {error}"
            return otherwise


def _open(location: str) -> "Catalogue":
    from fashion_cli.products.catalogue import Catalogue

    return Catalogue.open(location)


def _prices(catalogue: "Catalogue", features: FeatureFile) -> list[str]:
    return price_column(list(catalogue.products()), item_ids_of_rows(features, catalogue.item_ids_by_photograph))


def _texts(catalogue: "Catalogue", features: FeatureFile) -> "TextSource":
    from fashion_cli.products.keyword_texts import ProductTexts

    return ProductTexts(catalogue, item_ids_of_rows(features, catalogue.item_ids_by_photograph))
