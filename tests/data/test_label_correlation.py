"""The adjacency of a label graph against plain loops written from the paper's formulas."""

import numpy as np
import numpy.typing as npt
import pytest

from fashion_cli.data.label_correlation import (
    binarise,
    conditional_probabilities,
    label_adjacency,
    normalise_adjacency,
    reweight,
)

LABELS = 6


def draw(seed: int, unknown: float = 0.0) -> npt.NDArray[np.int8]:
    """(40, 6) targets; label 5 is never true."""
    rng = np.random.default_rng(seed)
    targets = (rng.random((40, LABELS)) < [0.9, 0.5, 0.4, 0.2, 0.1, 0.0]).astype(np.int8)
    targets[rng.random(targets.shape) < unknown] = -1
    return targets


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("unknown", [0.0, 0.3])
def test_conditional_probabilities(seed: int, unknown: float) -> None:
    targets = draw(seed, unknown)
    found = conditional_probabilities(targets)
    for i in range(LABELS):
        for j in range(LABELS):
            together = shown = 0
            for row in targets.tolist():
                if row[i] == 1 and row[j] != -1:
                    shown += 1
                    together += row[j] == 1
            assert found[i, j] == pytest.approx(together / shown if shown else 0.0)


@pytest.mark.parametrize("threshold", [0.0, 0.4, 1.0])
def test_binarised(threshold: float) -> None:
    probabilities = np.random.default_rng(0).random((LABELS, LABELS))
    probabilities[0, 1] = threshold  # as much as the threshold is enough
    for i in range(LABELS):
        for j in range(LABELS):
            expected = 0.0 if probabilities[i, j] < threshold else 1.0
            assert binarise(probabilities, threshold)[i, j] == expected


@pytest.mark.parametrize("p", [0.0, 0.2, 1.0])
def test_reweighted_is_equation_2(p: float) -> None:
    edges = (np.random.default_rng(1).random((LABELS, LABELS)) < 0.5).astype(float)
    edges[3] = 0  # without a neighbour
    found = reweight(edges, p)
    for i in range(LABELS):
        neighbours = sum(edges[i, j] for j in range(LABELS) if j != i)
        for j in range(LABELS):
            expected = 1 - p if i == j else (p / neighbours * edges[i, j] if neighbours else 0.0)
            assert found[i, j] == pytest.approx(expected)


def test_normalised() -> None:
    adjacency = np.random.default_rng(2).random((LABELS, LABELS))
    adjacency[4] = 0
    found = normalise_adjacency(adjacency)
    degrees = [sum(adjacency[i, k] for k in range(LABELS)) for i in range(LABELS)]
    for i in range(LABELS):
        for j in range(LABELS):
            whole = degrees[i] * degrees[j]
            assert found[i, j] == pytest.approx(adjacency[i, j] / whole**0.5 if whole else 0.0)


def test_the_whole_way_by_hand() -> None:
    """b is on both photographs of a, a on two of the four of b; c stands alone."""
    targets = np.array([[1, 1, 0], [1, 1, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]], np.int8)
    found = label_adjacency(targets, threshold=0.6, p=0.2)
    # P(b | a) = 1 is an edge, P(a | b) = 0.5 is none. Row sums: a 1, b 0.8, c 0.8.
    expected = [[0.8, 0.2 / 0.8**0.5, 0], [0, 1, 0], [0, 0, 1]]
    assert found == pytest.approx(np.array(expected))
