"""One annotated photograph, and what holds for lists of them whatever file they come from."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from fashion_cli.data.images import Box
from fashion_cli.errors import AnnotationError
from fashion_cli.plurals import counted
from fashion_cli.suggestions import suggest

SEPARATOR = ";"  # between several values of a cell
UNSURE = "?"  # before a value: the photograph may or may not show it
NOTHING = "-"  # the only value of a cell that was labelled although none of its values holds


class Visibility(StrEnum):
    """What can be seen of a landmark."""

    VISIBLE = "visible"
    OCCLUDED = "occluded"
    CUT_OFF = "cut-off"  # outside the photograph: its coordinates mean nothing


@dataclass(frozen=True, slots=True)
class Landmark:
    """A point of a garment.

    Attributes:
        name: "left collar".
        x: Pixels, origin top left, as published.
        y: Likewise.
        visibility: What can be seen of it.
    """

    name: str
    x: int
    y: int
    visibility: Visibility


@dataclass(frozen=True, slots=True)
class Mask:
    """Which pixels of a photograph show a garment.

    Attributes:
        path: A PNG of the photograph's size, whose palette numbers say what each pixel shows.
        number: The garment's.
    """

    path: Path
    number: int


@dataclass(frozen=True)
class Annotation:
    """One photograph and what is known of it.

    Attributes:
        path: Where the photograph lies.
        values: Column name -> text; "" where nothing is known. Several values stand with `;` between them, `?` before
            one that is uncertain, and `-` stands for "labelled, and none of them".
        box: The part that shows the garment, or None.
        landmarks: Points of the garment; empty where nothing is known.
        line: Where a manifest says so, from 1; 0 where that is not known.
        mask: Its pixels, or None.
    """

    path: Path
    values: Mapping[str, str]
    box: Box | None = None
    landmarks: tuple[Landmark, ...] = ()
    line: int = field(default=0, compare=False)
    mask: Mask | None = None

    @property
    def split(self) -> str:
        return self.values.get("split", "")


def require_column(source: Path | str, annotations: Sequence[Annotation], column: str) -> None:
    """Check that annotations have a column.

    Raises:
        AnnotationError: Naming the nearest columns.
    """
    if annotations and column not in annotations[0].values:
        raise AnnotationError(
            f"{source}: no column {column!r}",
            hint=suggest(column, ("path", *annotations[0].values), everything=_heading(source)),
        )


def _heading(source: Path | str) -> str:
    """The command line that shows the columns of a table; "" for what is none."""
    table = Path(str(source).removeprefix("csv:"))
    return f"head -1 {table}" if table.is_file() else ""


def manifest_columns(annotations: Iterable[Annotation]) -> dict[str, dict[str, str]]:
    """What a feature file stores of annotations: `item_id`, and the other columns as `label/NAME`.

    Returns:
        Column name -> absolute path -> text.
    """
    columns: dict[str, dict[str, str]] = {}
    for annotation in annotations:
        path = os.path.abspath(annotation.path)
        for name, value in annotation.values.items():
            columns.setdefault(_stored_name(name, annotation.values), {})[path] = value
    return columns


def _stored_name(name: str, columns: Mapping[str, str]) -> str:
    if name == "item_id":
        return name
    if name.rpartition("/")[0] in columns:  # HDF5 has no place for `attributes/part` beside `attributes`
        name = name.replace("/", ".")
    return f"label/{name}"


def of_split(source: Path | str, annotations: Sequence[Annotation], split: str) -> list[Annotation]:
    """The photographs of a split; all of them where it is "".

    Raises:
        AnnotationError: If there are none, naming the splits that there are.
    """
    chosen = [annotation for annotation in annotations if split in ("", annotation.split)]
    if not chosen:
        splits = sorted({annotation.split for annotation in annotations} - {""})
        raise AnnotationError(
            f"{source}: no photograph with split={split}" if split else f"{source}: no photograph",
            hint=suggest(split, splits) if splits else "the column `split` says train or val",
        )
    return chosen


def near_splits(source: Path | str, annotations: Iterable[Annotation], split: str) -> list[str]:
    """What to tell people whose photographs are in a split that is almost called as the one that is asked for.

    Args:
        source: Where the annotations are from.
        annotations: Of all splits.
        split: The one that is asked for; "" is all of them, and nothing is left out.
    """
    counts = Counter(each.split for each in annotations if each.split != split and _plain(each.split) == _plain(split))
    return [
        f"{source}: {counted(count, 'photograph')} {'has' if count == 1 else 'have'} split={name!r}, which is not"
        f" {split!r}: left out"
        for name, count in sorted(counts.items())
        if split
    ]


def _plain(split: str) -> str:
    return "".join(split.split()).casefold()
