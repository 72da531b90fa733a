"""How many photographs there are in a result, and how many of them show each tag."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fashion_cli.data.features import FeatureFile
from fashion_cli.data.tags import present_tags
from fashion_cli.model_cards import Vocabulary

ROWS_AT_ONCE = 65536
FEW = 8  # rows are picked one by one where fewer than one in so many is counted

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Facets:
    """A result in numbers.

    Attributes:
        total: Photographs in it, or items where only one photograph of each counts.
        counts: Group -> tag -> how many of those show it, the most first; tags that none shows are left out.
    """

    total: int
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def count_tags(features: FeatureFile, rows: Rows | None = None, items: Rows | None = None) -> npt.NDArray[np.int64]:
    """(T,) how many photographs show each tag.

    Args:
        features: The gallery.
        rows: Ascending; None for all.
        items: (N,) a number for each row of the gallery: rows with one number count once. None to count photographs.
    """
    if items is None:
        counts = np.zeros(len(features.header.vocabulary), np.int64)
        for start in range(0, len(features), ROWS_AT_ONCE):
            counts += _present_in(features, rows, slice(start, start + ROWS_AT_ONCE)).sum(axis=0)
        return counts
    present = _present_in(features, rows, slice(None))
    numbers = items if rows is None else items[rows]
    order = np.argsort(numbers, kind="stable")
    starts = np.flatnonzero(np.diff(numbers[order], prepend=-1))
    if not len(starts):
        return np.zeros(len(features.header.vocabulary), np.int64)
    item_counts: npt.NDArray[np.int64] = np.logical_or.reduceat(present[order], starts, axis=0).sum(axis=0)
    return item_counts


def size_of(features: FeatureFile, rows: Rows | None = None, items: Rows | None = None) -> int:
    """How many photographs or items there are; arguments as in `count_tags`."""
    if items is None:
        return len(features) if rows is None else len(rows)
    return len(np.unique(items if rows is None else items[rows]))


def by_group(counts: npt.NDArray[np.int64], vocabulary: Vocabulary) -> dict[str, dict[str, int]]:
    """Counts as `Facets` has them."""
    counts_by_group: dict[str, dict[str, int]] = {}
    for group in vocabulary.groups:
        window = counts[vocabulary.columns[group.name]].tolist()
        most_first = sorted(zip(group.tags, window, strict=True), key=lambda each: -each[1])
        counts_by_group[group.name] = {tag: count for tag, count in most_first if count}
    return counts_by_group


def _present_in(features: FeatureFile, rows: Rows | None, window: slice) -> npt.NDArray[np.bool_]:
    """(n, T) the tags that the rows of a window show."""
    vocabulary = features.header.vocabulary
    if rows is None:
        return present_tags(features.scores(window), vocabulary)
    first, last, _ = window.indices(len(features))
    inside = rows[np.searchsorted(rows, first) : np.searchsorted(rows, last)]
    if len(inside) * FEW < last - first:
        return present_tags(features.scores(inside), vocabulary) if len(inside) else _nothing(vocabulary)
    return present_tags(features.scores(window)[inside - first], vocabulary)


def _nothing(vocabulary: Vocabulary) -> npt.NDArray[np.bool_]:
    return np.zeros((0, len(vocabulary)), np.bool_)
