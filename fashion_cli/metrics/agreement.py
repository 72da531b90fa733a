"""Agreement of recommended garments with the query's labels, and what chance would reach."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

SEPARATOR = ";"  # between several values of a cell
QUERIES_AT_ONCE = 256

Flags = npt.NDArray[np.bool_]


def values_of(*columns: Sequence[str]) -> list[Flags]:
    """(rows, V) of each column: which of the V values of all of them each row has."""
    values = [[{part.strip() for part in cell.split(SEPARATOR)} - {""} for cell in cells] for cells in columns]
    places = {
        value: place for place, value in enumerate(sorted({each for own in values for row in own for each in row}))
    }
    matrices = []
    for own in values:
        labels = np.zeros((len(own), len(places)), np.bool_)
        for row, each in enumerate(own):
            labels[row, [places[value] for value in each]] = True
        matrices.append(labels)
    return matrices


def agreement(queried: Flags, gallery: Flags, recommended: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """(Q,) the share of the recommended garments that have a value of the query.

    Args:
        queried: (Q, V) values of the queries.
        gallery: (G, V) values of the garments.
        recommended: (Q, k) rows of garments.
    """
    return np.asarray((queried[:, None] & gallery[recommended]).any(axis=2).mean(axis=1))


def agreement_by_chance(queried: Flags, gallery: Flags, is_own: Flags) -> npt.NDArray[np.float64]:
    """(Q,) the share of all other garments that agree: what a random one reaches on average.

    Args:
        queried: (Q, V) values of the queries.
        gallery: (G, V) values of the garments.
        is_own: (Q,) whether the query is one of the garments.
    """
    theirs = gallery.astype(np.float32).T
    shares = np.empty(len(queried))
    for start in range(0, len(queried), QUERIES_AT_ONCE):
        part = slice(start, start + QUERIES_AT_ONCE)
        agree = queried[part].astype(np.float32) @ theirs > 0  # (q, G)
        shares[part] = (agree.sum(axis=1) - is_own[part]) / (len(gallery) - is_own[part])
    return shares
