"""Searches by words: products of the catalogue by what shops say, photographs by the tags that words name."""

import re
from collections.abc import Iterable, Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt

from fashion_cli.model_cards import Vocabulary
from fashion_cli.products.records import ShownProduct
from fashion_cli.retrieval.filters import Condition
from fashion_cli.session.open_index import OpenIndex

Rows = npt.NDArray[np.int64]
_WORDS = re.compile(r"[^\s,;]+")


def rows_of_products(
    index: OpenIndex, products: Iterable[ShownProduct], allowed: Rows | None, *, most: int, one_per_item: bool
) -> Rows:
    """Photographs of products, product by product; no more products are read than it takes.

    Args:
        index: Where photographs are looked for.
        products: In the order of the answer.
        allowed: The only rows; None for all.
        most: Photographs.
        one_per_item: Only the first photograph of each.
    """
    items = index.item_ids
    rows_of: dict[str, list[int]] = {}
    for row in range(len(index)) if allowed is None else allowed.tolist():
        rows_of.setdefault(items[row], []).append(row)
    rows_of.pop("", None)  # photographs of which nobody knows a product
    each = slice(1) if one_per_item else slice(None)
    found = (row for product in products for row in rows_of.get(product.item_id, ())[each])
    return np.fromiter(islice(found, most), np.int64)


def rows_of_tags(index: OpenIndex, text: str, allowed: Rows | None, *, one_per_item: bool) -> Rows:
    """Photographs that show the tags that words name, the surest first; none where a word names no tag.

    Args:
        index: Where they are looked for.
        text: "red dress", "빨강 원피스".
        allowed: The only rows; None for all.
        one_per_item: Only the surest photograph of each item.
    """
    vocabulary = index.gallery.features.header.vocabulary
    conditions = tags_named(text, vocabulary)
    if conditions is None:
        return np.empty(0, np.int64)
    fits = np.logical_and.reduce([index.fitting(condition) for condition in conditions])
    rows = np.flatnonzero(fits).astype(np.int64)
    if allowed is not None:
        rows = np.intersect1d(rows, allowed)
    if not len(rows):
        return rows
    rows = rows[np.argsort(-_sureness(index, rows, conditions), kind="stable")]
    return rows[np.sort(np.unique(index.items[rows], return_index=True)[1])] if one_per_item else rows


def _sureness(index: OpenIndex, rows: Rows, conditions: Sequence[Condition]) -> npt.NDArray[np.float32]:
    """(n,) the sum of the best scores of what was named."""
    vocabulary = index.gallery.features.header.vocabulary
    scores = index.gallery.features.scores(rows).astype(np.float32)
    sure = np.zeros(len(rows), np.float32)
    for condition in conditions:
        window = vocabulary.columns[condition.name]
        columns = [window.start + vocabulary.names[window].index(tag) for tag in condition.values]
        sure += scores[:, columns].max(axis=1)
    return sure


def tags_named(text: str, vocabulary: Vocabulary) -> tuple[Condition, ...] | None:
    """The tags that words name, by name or by title in any language; a word may be a part of one that has several.

    Returns:
        A condition for each word, in which any of the tags will do that it names within one group; None where a word
        names no tag.
    """
    conditions = [_named(word.casefold(), vocabulary) for word in _WORDS.findall(text)]
    found = tuple(condition for condition in conditions if condition is not None)
    return found if found and len(found) == len(conditions) else None


def _named(word: str, vocabulary: Vocabulary) -> Condition | None:
    for group in vocabulary.groups:
        titles = (group.tags, *group.titles.values())
        known = [[_spelled(names[place]) for names in titles] for place in range(len(group.tags))]
        exact = [tag for tag, spellings in zip(group.tags, known, strict=True) if word in spellings]
        parts = [
            tag
            for tag, spellings in zip(group.tags, known, strict=True)
            if any(word in spelling.split() for spelling in spellings)
        ]
        if tags := exact or parts:
            return Condition(group.name, tuple(tags))
    return None


def _spelled(name: str) -> str:
    return name.casefold().replace("_", " ")
