"""recall@K and mean average precision against plain loops, arithmetic written out and pytorch-metric-learning."""

import math

import numpy as np
import numpy.typing as npt
import pytest

from fashion_cli.metrics.ranking import RelevantRanks, average_precision, has_relevant_item, ndcg


def plain_average_precision(ranked: list[bool], relevant: int) -> float:
    found, total = 0, 0.0
    for rank, right in enumerate(ranked, 1):
        if right:
            found += 1
            total += found / rank
    return total / relevant


@pytest.fixture
def relevance() -> npt.NDArray[np.bool_]:
    """80 lists of 60, each with something right: little, some, or much."""
    random = np.random.default_rng(4)
    relevance = random.random((80, 60)) < random.choice([0.01, 0.05, 0.3], (80, 1))
    relevance[np.arange(80), random.integers(0, 60, 80)] = True
    return relevance


def ranks_of(relevance: npt.NDArray[np.bool_]) -> RelevantRanks:
    counts = relevance.sum(axis=1)
    return RelevantRanks(np.nonzero(relevance)[1] + 1, np.cumsum(counts) - counts)


def test_recall_written_out() -> None:
    lists = np.array([[0, 0, 1], [1, 0, 0], [0, 0, 0], [0, 1, 1]], bool)
    assert [has_relevant_item(lists, k).mean() for k in (1, 2, 3, 99)] == [1 / 4, 2 / 4, 3 / 4, 3 / 4]


def test_average_precision_written_out() -> None:
    lists = np.array([[1, 0, 1, 0], [0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]], bool)
    expected = [(1 / 1 + 2 / 3) / 2, (1 / 2) / 1, (1 / 1 + 2 / 2) / 4, 0 / 3]
    assert average_precision(lists, np.array([2, 1, 4, 3])) == pytest.approx(expected)
    assert math.isnan(average_precision(lists[:1], np.array([0]))[0])


def test_ranks_say_what_lists_say(relevance: npt.NDArray[np.bool_]) -> None:
    ranks = ranks_of(relevance)
    assert len(ranks) == 80
    for k in (1, 5, 10, 50):
        assert ((ranks.first <= k) == has_relevant_item(relevance, k)).all()
    expected = [plain_average_precision(ranked, sum(ranked)) for ranked in relevance.tolist()]
    assert ranks.average_precision() == pytest.approx(expected)
    assert average_precision(relevance, relevance.sum(axis=1)) == pytest.approx(expected)


def test_ranks_written_out() -> None:
    ranks = RelevantRanks(np.array([1, 3, 2]), np.array([0, 2]))  # right items at 1 and 3, and at 2
    assert ranks.average_precision() == pytest.approx([(1 / 1 + 2 / 3) / 2, 1 / 2])
    assert ranks.first.tolist() == [1, 2]


def test_reordered_lists_are_read_anew(relevance: npt.NDArray[np.bool_]) -> None:
    rng = np.random.default_rng(5)
    order = np.stack([rng.permutation(20) for _ in relevance])
    after = relevance.copy()
    for query, places in enumerate(order):
        for new, old in enumerate(places):
            after[query, new] = relevance[query, old]
    found, expected = ranks_of(relevance).reorder(order), ranks_of(after)
    assert (found.ranks == expected.ranks).all()
    assert (found.starts == expected.starts).all()


def test_perfect_lists_reach_one_exactly() -> None:
    assert ranks_of(np.ones((49, 3), bool)).average_precision().tolist() == [1.0] * 49


def test_no_queries_have_no_figures() -> None:
    nothing = RelevantRanks(np.empty(0, np.int64), np.empty(0, np.int64))
    assert len(nothing.average_precision()) == len(nothing.first) == 0


def plain_gain(grades: list[int], k: int) -> float:
    total = 0.0
    for rank, grade in enumerate(grades[:k], 1):
        total += (2**grade - 1) / math.log2(rank + 1)
    return total


@pytest.mark.parametrize("k", [1, 3, 10])
def test_graded_hits_against_a_loop(k: int) -> None:
    rng = np.random.default_rng(k)
    for length in (1, 4, 12):
        judged = rng.integers(0, 4, 12)
        judged[0] = 2
        hits = rng.permutation(judged)[:length]
        expected = plain_gain(hits.tolist(), k) / plain_gain(sorted(judged.tolist(), reverse=True), k)
        assert ndcg(hits, judged, k) == pytest.approx(expected)
    assert ndcg(np.sort(judged)[::-1], judged, k) == pytest.approx(1)
    assert ndcg(np.zeros(0, np.int64), judged, k) == 0
    assert math.isnan(ndcg(hits, np.zeros(5, np.int64), k))
