"""Ranks by counting against a plain full sort, ties included."""

import numpy as np
import numpy.typing as npt
import pytest

from fashion_cli.retrieval import exact, ranks
from fashion_cli.retrieval.exact import ExactIndex, exact_cosines
from fashion_cli.retrieval.ranks import ranks_of_rows

QUERIES, ROWS = 60, 500


def plain_ranks(
    gallery: npt.NDArray[np.float16], query: npt.NDArray[np.float32], wanted: list[int], left_out: int
) -> list[int]:
    """Every row sorted, by cosine and then by number."""
    cosines = exact_cosines(query, gallery).tolist()
    order = sorted((row for row in range(len(gallery)) if row != left_out), key=lambda row: (-cosines[row], row))
    return sorted(order.index(row) + 1 for row in wanted)


def draw(width: int, steps: int, seed: int = 0) -> tuple[npt.NDArray[np.float16], npt.NDArray[np.float32]]:
    """A gallery and queries. With few steps most cosines come many times; a tenth of the rows are copies."""
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((ROWS + QUERIES, width))
    if steps:
        vectors = np.rint(vectors * steps) / steps + 1e-3 * (np.arange(width) == 0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    gallery, queries = vectors[:ROWS].astype(np.float16), vectors[ROWS:].astype(np.float16).astype(np.float32)
    gallery[ROWS - 50 :] = gallery[:50]
    queries[:30] = gallery[100:130]  # these stand in the gallery themselves
    return gallery, queries


@pytest.mark.parametrize("chunk", [ranks.QUERIES_AT_ONCE, 7])
@pytest.mark.parametrize(("width", "steps"), [(32, 0), (256, 0), (3, 1), (4, 2), (2, 0)])
def test_ranks_are_those_of_a_full_sort(width: int, steps: int, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranks, "QUERIES_AT_ONCE", chunk)
    monkeypatch.setattr(ranks, "ROWS_AT_ONCE", chunk)
    monkeypatch.setattr(exact, "ROWS_AT_ONCE", 10 * chunk)
    rng = np.random.default_rng(1)
    gallery, queries = draw(width, steps)
    left_out = np.where(np.arange(QUERIES) < 30, 100 + np.arange(QUERIES), -1)
    wanted = []
    for query in range(QUERIES):
        rows = rng.choice(ROWS, [1, 3, 40, 0][query % 4], replace=False)
        wanted.append([int(row) for row in rows if row != left_out[query]])
    counts = np.array([len(rows) for rows in wanted])
    flat = np.array([row for rows in wanted for row in rows], np.int64)
    found = ranks_of_rows(ExactIndex(gallery), queries, flat, np.cumsum(counts) - counts, left_out)
    expected = [plain_ranks(gallery, queries[query], wanted[query], left_out[query]) for query in range(QUERIES)]
    assert found.tolist() == [rank for each in expected for rank in each]
    if steps:  # or the test says nothing about ties
        cosines = exact_cosines(queries[0], gallery)
        assert len(np.unique(cosines)) < 0.9 * ROWS


def test_everything_wanted_has_every_rank() -> None:
    gallery, queries = draw(16, 0)
    found = ranks_of_rows(ExactIndex(gallery), queries[:1], np.arange(ROWS)[::-1].copy(), np.array([0]), np.array([-1]))
    assert found.tolist() == list(range(1, ROWS + 1))


def test_copies_stand_in_the_order_of_their_rows() -> None:
    gallery = np.tile(np.array([[0.6, 0.8]], np.float16), (9, 1))
    query = gallery[:1].astype(np.float32)
    found = ranks_of_rows(ExactIndex(gallery), query, np.array([6, 2]), np.array([0]), np.array([4]))
    assert found.tolist() == [3, 6]  # row 2 behind 0 and 1; row 6 behind 0, 1, 2, 3 and 5


def test_opposite_vectors_have_ranks_too() -> None:
    gallery = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]], np.float16)
    query = np.array([[1, 0]], np.float32)
    found = ranks_of_rows(ExactIndex(gallery), query, np.array([3, 2, 1]), np.array([0]), np.array([-1]))
    assert found.tolist() == [2, 3, 4]


def test_ranks_and_neighbours_tell_the_same() -> None:
    gallery, queries = draw(3, 1)
    nearest = ExactIndex(gallery).nearest(queries, 20).rows
    starts = np.arange(QUERIES) * 20
    left_out = np.full(QUERIES, -1)
    found = ranks_of_rows(ExactIndex(gallery), queries, nearest[:, ::-1].ravel(), starts, left_out)
    assert (found.reshape(QUERIES, 20) == np.arange(1, 21)).all()
