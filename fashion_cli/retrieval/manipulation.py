"""Attribute manipulation ("like this, but red"): a query whose tag of a group is exchanged for another.

After the idea of FLAM (Shin et al., Semi-supervised feature-level attribute manipulation for fashion image retrieval,
BMVC 2019; the survey's section on attribute manipulation), which trains a network for it. Here the query's vector is
moved by the difference between the mean vector of the gallery's photographs with the new tag and that of those with the
old one.

What the query is otherwise has to stay, and a vector says that too weakly: what is blue is often no shirt, and the mean
of what is blue leads away from shirts. So the hits that keep most of the query's other tags come first (`keeping`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from threading import Lock

import numpy as np
import numpy.typing as npt

from fashion_cli.data.tags import present_tags, require_group
from fashion_cli.errors import UsageError
from fashion_cli.retrieval.filters import Condition, find_group, named_tag
from fashion_cli.retrieval.gallery import Gallery
from fashion_cli.retrieval.neighbours import unit_rows
from fashion_cli.retrieval.search import Features, SearchOptions

ROWS_AT_ONCE = 8192
CANDIDATES = 500  # nearest photographs with the new tag, among which those that keep most are found


class TagMeans:
    """Mean vectors of a gallery's photographs by tag. Each group is counted when it is first asked for, then kept.

    Args:
        gallery: Stays open as long as this is used. Threads may share it.
    """

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery
        self._cache: dict[str, npt.NDArray[np.float32]] = {}
        self._lock = Lock()

    def of(self, group: str) -> npt.NDArray[np.float32]:
        """(t + 1, D): the mean of the photographs with each tag of the group, zeros where there is none; of all, last.

        Raises:
            UsageError: If there is no such group.
        """
        window = require_group(group, self._gallery.features.header.vocabulary)
        with self._lock:
            if group not in self._cache:
                self._cache[group] = self._count(window)
            return self._cache[group]

    def _count(self, window: slice) -> npt.NDArray[np.float32]:
        features = self._gallery.features
        tags = window.stop - window.start
        sums = np.zeros((tags + 1, features.header.vector_width))
        counts = np.zeros(tags + 1)
        for start in range(0, len(features), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            present = present_tags(features.scores(rows), features.header.vocabulary)[:, window]
            counted = np.column_stack([present, np.ones(len(present), np.bool_)])  # (n, t + 1)
            sums += counted.T.astype(np.float32) @ unit_rows(features.vectors(rows))
            counts += counted.sum(axis=0)
        means: npt.NDArray[np.float32] = (sums / np.maximum(counts, 1)[:, None]).astype(np.float32)
        return means


def parse_exchanges(texts: Sequence[str]) -> dict[str, str]:
    """Read "colour=red", each a group and the tag that is to be there instead.

    Raises:
        UsageError: If a text is anything else, or a group comes twice.
    """
    exchanges: dict[str, str] = {}
    for text in texts:
        condition = Condition.parse(text)
        if len(condition.values) != 1 or condition.negated or condition.name in exchanges:
            raise UsageError(f"but {text!r}: one tag for each group", hint="but colour=red")
        exchanges[condition.name] = condition.values[0]
    return exchanges


def conditions_of(exchanges: Mapping[str, str]) -> list[Condition]:
    """The conditions that hits have to meet: the tags that are to be there instead."""
    return [Condition(group, (tag,)) for group, tag in exchanges.items()]


def exchange(
    query: Features, present: npt.NDArray[np.bool_], exchanges: Mapping[str, str], gallery: Gallery, means: TagMeans
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Exchange tags of a query: its vector, and the tags that it shows.

    Where the query shows no tag of the group, its vector is moved from the mean of all photographs.

    Args:
        query: What it looks like.
        present: (T,) the tags that it shows.
        exchanges: Group -> the tag that it is to have there instead of all that it has.
        gallery: Whose tags these are.
        means: Of the same gallery.

    Returns:
        (D,) the moved vector, of unit length, and (T,) the tags that hits can share.

    Raises:
        UsageError: If there is no such group or tag, or nothing is left of the vector.
    """
    vocabulary = gallery.features.header.vocabulary
    vector, shareable = query.vector.copy(), present.copy()
    for group, tag in exchanges.items():
        name = find_group(group, vocabulary)
        window = vocabulary.columns[name]
        new = vocabulary.names[window].index(named_tag(tag, name, vocabulary))
        old = np.flatnonzero(present[window])
        group_means = means.of(name)
        vector += group_means[new] - (group_means[old].mean(axis=0) if len(old) else group_means[-1])
        shareable[window] = False
        shareable[window.start + new] = True
    length = float(np.linalg.norm(vector))
    if length < 1e-6:
        raise UsageError("nothing is left of the query", hint="leave a `but` out")
    return (vector / length).astype(np.float32), shareable


def keeping(options: SearchOptions) -> SearchOptions:
    """Options by which one shared tag outweighs every rank: of the nearest, those that keep most tags, then by cosine.

    The number of candidates does not depend on how many hits are asked for: few are the beginning of many.
    """
    candidates = max(options.topk, CANDIDATES)
    return replace(options, candidates=candidates, alpha=1.0, beta=float(candidates))
