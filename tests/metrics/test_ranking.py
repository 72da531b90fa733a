"""recall@K and mean average precision against plain loops and arithmetic written out."""

import math

import numpy as np
import numpy.typing as npt
import pytest

from fashion_cli.metrics.ranking import average_precision, rank_figures, recall_at

Chunk = tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]


def plain_recall(lists: list[list[bool]], k: int) -> float:
    hits = 0
    for ranked in lists:
        for right in ranked[:k]:
            if right:
                hits += 1
                break
    return hits / len(lists)


def plain_average_precision(ranked: list[bool], relevant: int) -> float:
    found, total = 0, 0.0
    for rank, right in enumerate(ranked, 1):
        if right:
            found += 1
            total += found / rank
    return total / relevant


@pytest.fixture
def chunk() -> Chunk:
    """80 lists of 60; half of the right items lie beyond them, and 9 queries have none."""
    random = np.random.default_rng(4)
    relevance = random.random((80, 60)) < random.choice([0.01, 0.05, 0.3], (80, 1))
    relevance[:9] = False
    relevant = relevance.sum(axis=1) + random.integers(0, 20, 80)
    relevant[:9] = 0
    relevant[9:] = np.maximum(relevant[9:], 1)
    return relevance, relevant


def test_recall_written_out() -> None:
    lists = np.array([[0, 0, 1], [1, 0, 0], [0, 0, 0], [0, 1, 1]], bool)
    assert [recall_at(lists, k) for k in (1, 2, 3, 99)] == [1 / 4, 2 / 4, 3 / 4, 3 / 4]


def test_average_precision_written_out() -> None:
    lists = np.array([[1, 0, 1, 0], [0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]], bool)
    expected = [(1 / 1 + 2 / 3) / 2, (1 / 2) / 1, (1 / 1 + 2 / 2) / 4, 0 / 3]
    assert average_precision(lists, np.array([2, 1, 4, 3])) == pytest.approx(expected)


def test_as_the_plain_loops(chunk: Chunk) -> None:
    relevance, relevant = chunk
    answerable = [row for row in range(len(relevant)) if relevant[row] > 0]
    figures = rank_figures([chunk])
    lists = [relevance[row].tolist() for row in answerable]
    assert (figures.queries, figures.without_right_item) == (71, 9)
    assert figures.recall == pytest.approx({k: plain_recall(lists, k) for k in (1, 5, 10, 20, 50)})
    precisions = [plain_average_precision(relevance[row].tolist(), int(relevant[row])) for row in answerable]
    assert figures.mean_average_precision == pytest.approx(sum(precisions) / len(precisions))
    each = average_precision(relevance, relevant)
    assert np.isnan(each[:9]).all()
    assert each[9:] == pytest.approx(precisions)


@pytest.mark.parametrize("size", [1, 7, 80, 1000])
def test_chunks_change_nothing(chunk: Chunk, size: int) -> None:
    relevance, relevant = chunk
    chunks = ((relevance[at : at + size], relevant[at : at + size]) for at in range(0, len(relevant), size))
    whole, parts = rank_figures([chunk]), rank_figures(chunks)
    assert (parts.queries, parts.without_right_item) == (whole.queries, whole.without_right_item)
    assert parts.recall == whole.recall
    assert parts.mean_average_precision == pytest.approx(whole.mean_average_precision)


def test_perfect_lists_reach_one_exactly() -> None:
    relevance = np.ones((49, 3), bool)
    figures = rank_figures([(relevance, np.full(49, 3))])
    assert set(figures.recall.values()) == {1.0}
    assert figures.mean_average_precision == 1.0


def test_nothing_to_measure_is_no_number() -> None:
    figures = rank_figures([(np.zeros((2, 4), bool), np.zeros(2, np.int64))])
    assert (figures.queries, figures.without_right_item) == (0, 2)
    assert math.isnan(figures.recall[1])
    assert math.isnan(figures.mean_average_precision)
    assert math.isnan(rank_figures([]).mean_average_precision)
    assert math.isnan(recall_at(np.zeros((0, 4), bool), 1))
