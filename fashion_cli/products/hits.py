"""From photographs that a search found to the products that they show."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from fashion_cli.data.features import FeatureFile
from fashion_cli.products.records import ITEM_ID, ShownProduct
from fashion_cli.retrieval.search import Hit

if TYPE_CHECKING:
    from fashion_cli.products.catalogue import Catalogue

ItemsOf = Callable[[Sequence[str]], dict[str, str]]  # sha256 of photographs -> item_id, of those that are known


def item_ids_of_rows(features: FeatureFile, items_of: ItemsOf | None) -> list[str]:
    """The item of each row, as the catalogue says, else the feature file; "" where nobody knows it.

    Args:
        features: The gallery.
        items_of: `Catalogue.item_ids_by_photograph`; None without a catalogue.

    Raises:
        CatalogueError: If the catalogue cannot be read.
    """
    named = features.column(ITEM_ID) if ITEM_ID in features.column_names else [""] * len(features)
    if items_of is None:
        return named
    sha256s = features.sha256s()
    items_by_sha256 = items_of(sha256s)
    return [items_by_sha256.get(sha256, item) for item, sha256 in zip(named, sha256s, strict=True)]


def products_of(hits: Sequence[Hit], catalogue: "Catalogue") -> dict[str, ShownProduct]:
    """The product of each photograph that has one, as it is known now, by the photograph's sha256.

    A photograph that the catalogue does not know, a smaller copy for example, counts by its column `item_id`.

    Raises:
        CatalogueError: If the catalogue cannot be read.
    """
    products = catalogue.by_photographs([hit.sha256 for hit in hits])
    unknown = [hit for hit in hits if hit.sha256 not in products]
    named = {hit.sha256: hit.columns[ITEM_ID] for hit in unknown if hit.columns.get(ITEM_ID)}
    items = catalogue.by_items(list(named.values())) if named else {}
    return products | {sha256: items[item_id] for sha256, item_id in named.items() if item_id in items}
