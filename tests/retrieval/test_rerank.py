"""Re-ranking against a plain loop and against equations 2 to 4 written out."""

import numpy as np
import pytest

from fashion_cli.retrieval.rerank import rerank, rerank_lists, rerank_scores, shared_tags


def plain_order(cosines: list[float], shared: list[int], alpha: float, beta: float) -> list[int]:
    by_cosine = sorted(range(len(cosines)), key=lambda hit: -cosines[hit])
    scored = [(-alpha * rank + beta * shared[hit], rank, hit) for rank, hit in enumerate(by_cosine, 1)]
    return [hit for _, _, hit in sorted(scored, key=lambda entry: (-entry[0], entry[1]))]


def test_written_out() -> None:
    cosines = np.array([0.9, 0.8, 0.7, 0.6], np.float32)
    shared = np.array([0, 1, 4, 3])
    # -2 * rank + 2 * shared
    assert rerank_scores(cosines, shared).tolist() == [-2 + 0, -4 + 2, -6 + 8, -8 + 6]
    assert rerank(cosines, shared).tolist() == [2, 0, 1, 3]  # 0, 1 and 3 tie: order of retrieval


@pytest.mark.parametrize(("alpha", "beta"), [(2.0, 2.0), (0.5, 3.0), (0.0, 1.0), (1.0, 0.0), (0.0, 0.0)])
def test_as_the_plain_loop(alpha: float, beta: float) -> None:
    random = np.random.default_rng(3)
    for _ in range(20):
        cosines = np.sort(random.integers(0, 8, 30) / 8).astype(np.float32)[::-1]
        shared = random.integers(0, 5, 30)
        expected = plain_order(cosines.tolist(), shared.tolist(), alpha, beta)
        assert rerank(cosines, shared, alpha, beta).tolist() == expected


def test_hits_may_come_in_any_order() -> None:
    random = np.random.default_rng(5)
    cosines = random.random(20).astype(np.float32)
    shared = random.integers(0, 3, 20)
    assert rerank(cosines, shared).tolist() == plain_order(cosines.tolist(), shared.tolist(), 2, 2)


def test_without_tags_the_order_stays() -> None:
    cosines = np.linspace(1, 0, 10, dtype=np.float32)
    assert rerank(cosines, np.zeros(10, np.int64)).tolist() == list(range(10))


def test_no_hits() -> None:
    assert rerank(np.empty(0, np.float32), np.empty(0, np.int64)).tolist() == []


def test_shared_tags() -> None:
    query = np.array([1, 1, 0, 0], bool)
    hits = np.array([[1, 0, 1, 0], [1, 1, 1, 1], [0, 0, 0, 0]], bool)
    assert shared_tags(query, hits).tolist() == [
        [True, False, False, False],
        [True, True, False, False],
        [False] * 4,
    ]
    assert shared_tags(query, hits).sum(axis=1).tolist() == [1, 2, 0]


@pytest.mark.parametrize(("alpha", "beta"), [(2.0, 2.0), (0.5, 3.0), (0.0, 1.0), (1.0, 0.0), (0.0, 0.0)])
def test_many_lists_at_once_as_one_by_one(alpha: float, beta: float) -> None:
    random = np.random.default_rng(6)
    shared = random.integers(0, 5, (40, 12))
    lengths = random.integers(0, 13, 40)
    found = rerank_lists(shared, lengths, alpha, beta)
    for row, length, order in zip(shared, lengths.tolist(), found.tolist(), strict=True):
        falling = np.arange(length, 0, -1).astype(np.float32)
        assert order[:length] == rerank(falling, row[:length], alpha, beta).tolist()
        assert order[length:] == list(range(length, 12))
