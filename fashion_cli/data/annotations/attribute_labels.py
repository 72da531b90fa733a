"""Attributes given as 1 (it holds), -1 (it does not) and 0 (unknown), and the cells that they become."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fashion_cli.data.annotations.annotation import NOTHING, SEPARATOR, UNSURE
from fashion_cli.data.annotations.published_rows import Row, read_rows

ALL = "attributes"  # the column with the attributes of all groups
_HOLDS, _DENIED, _UNKNOWN = "1", "-1", "0"


@dataclass(frozen=True)
class AttributeNames:
    """The attributes that a table has columns for.

    Attributes:
        file: Where they are listed.
        names: In the order of the labels. A name may come twice.
        groups: The group of each; "" where there are no groups.
    """

    file: Path
    names: tuple[str, ...]
    groups: tuple[str, ...]

    def cells(self, row: Row, labels: Sequence[str]) -> dict[str, str]:
        """The columns of one photograph or item: `attributes`, and `attributes/GROUP` where there are groups.

        A cell holds the names with 1, and with `?` before them those with 0; it is "-" where all are -1, and ""
        where all are 0.

        Raises:
            AnnotationError: If there are more or fewer labels than names, or another label than 1, -1 and 0.
        """
        self._check(row, labels)
        everything = _Cell(len(self.names))
        cells = {name: _Cell(size) for name, size in self._sizes.items()}
        for label in (_HOLDS, _UNKNOWN):
            for place in _places(labels, label):
                for cell in filter(None, (everything, cells.get(self.groups[place]))):
                    cell.add(self.names[place], label)
        return {ALL: everything.text(), **{f"{ALL}/{name}": cell.text() for name, cell in cells.items()}}

    @cached_property
    def _sizes(self) -> Mapping[str, int]:
        return Counter(group for group in self.groups if group)

    def _check(self, row: Row, labels: Sequence[str]) -> None:
        if len(labels) != len(self.names):
            raise row.error(f"{len(labels):,} labels: expected {len(self.names):,}, one per attribute of {self.file}")
        if sum(labels.count(label) for label in (_HOLDS, _DENIED, _UNKNOWN)) != len(labels):
            place = next(n for n, label in enumerate(labels) if label not in (_HOLDS, _DENIED, _UNKNOWN))
            raise row.error(f"label {labels[place]!r} of {self.names[place]!r}: expected 1, -1 or 0")


class _Cell:
    """The text of a cell while it grows."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.true: dict[str, None] = {}
        self.unknown: dict[str, None] = {}
        self.without_label = 0

    def add(self, name: str, label: str) -> None:
        (self.true if label == _HOLDS else self.unknown)[name] = None
        self.without_label += label == _UNKNOWN

    def text(self) -> str:
        if self.without_label == self.size:
            return ""
        unsure = [UNSURE + name for name in self.unknown if name not in self.true]
        return SEPARATOR.join([*self.true, *unsure]) or NOTHING


def _places(labels: Sequence[str], label: str) -> list[int]:
    """Where a label stands. By `index`: a thousand labels of hundreds of thousands of rows are looked through."""
    places: list[int] = []
    place = -1
    for _ in range(labels.count(label)):
        place = labels.index(label, place + 1)
        places.append(place)
    return places


def attribute_name(row: Row, name: str) -> str:
    """An attribute's name, if a cell can hold it.

    Raises:
        AnnotationError: If it cannot.
    """
    if not name or SEPARATOR in name or name.startswith(UNSURE) or name == NOTHING:
        raise row.error(f"attribute {name!r}: expected a name without {SEPARATOR!r}, and none before it {UNSURE!r}")
    return name


def labels_of_items(file: Path, names: AttributeNames) -> Mapping[str, Mapping[str, str]]:
    """The cells of each item of a table `list_attr_items.txt`.

    Returns:
        Item -> column -> cell.

    Raises:
        AnnotationError: If labels are missing or mean nothing, or an item comes twice with different ones.
    """
    items: dict[str, dict[str, str]] = {}
    for row in read_rows(file):
        item, *labels = row.text.split()
        cells = names.cells(row, labels)
        if items.setdefault(item, cells) != cells:
            raise row.error(f"{item!r} a second time, with other labels")
    return items
