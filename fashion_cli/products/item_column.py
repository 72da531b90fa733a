"""The column `item_id` of a feature file: which product of a catalogue each photograph shows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fashion_cli.data.features import FeatureFile, FeatureWriter
from fashion_cli.products.catalogue import Catalogue
from fashion_cli.products.records import ITEM_ID


@dataclass(frozen=True)
class JoinReport:
    """The result of joining a feature file with a catalogue.

    Attributes:
        matched: Photographs whose product is in the catalogue.
        rewritten: Whether the target was written; else the source says just this already.
    """

    matched: int
    rewritten: bool


def join_items(catalogue: Catalogue, source: Path, target: Path) -> JoinReport:
    """Fill the column by the photographs' sha256. A photograph that the catalogue does not know keeps what it had.

    Args:
        catalogue: The products.
        source: A feature file.
        target: Where the file with the column goes, whole or not at all; may be the source.

    Raises:
        CatalogueError: If the catalogue cannot be read.
        FeatureFileError: If the source is damaged or in use.
        OutputError: If the target cannot be written.
    """
    with FeatureFile.open(source) as features:
        items = catalogue.item_ids_by_photograph(features.sha256s())
        item_ids = _fill_column(features, items)
        matched = sum(sha256 in items for sha256 in features.sha256s())
        if item_ids == (features.column(ITEM_ID) if ITEM_ID in features.column_names else [""] * len(features)):
            return JoinReport(matched, rewritten=False)
        names = tuple(dict.fromkeys((*features.column_names, ITEM_ID)))
        draft = target.with_name(f"{target.name}-joined")
        with FeatureWriter.create(draft, features.header, names) as writer:
            for rows in features.chunks():
                start = len(writer)
                column = tuple(item_ids[start : start + len(rows)])
                writer.append(replace(rows, columns={**rows.columns, ITEM_ID: column}))
            writer.move_to(target)
    return JoinReport(matched, rewritten=True)


def _fill_column(features: FeatureFile, items: dict[str, str]) -> list[str]:
    """The column as it should be."""
    sha256s: Sequence[str] = features.sha256s()
    old = features.column(ITEM_ID) if ITEM_ID in features.column_names else [""] * len(sha256s)
    return [items.get(sha256, before) for sha256, before in zip(sha256s, old, strict=True)]
