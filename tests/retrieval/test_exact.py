"""The exact scan against a plain one in float64."""

import numpy as np
import numpy.typing as npt
import pytest

from fashion_cli.retrieval import exact
from fashion_cli.retrieval.exact import ExactIndex
from fashion_cli.retrieval.neighbours import Vectors, as_float32, unit_rows

Floats = npt.NDArray[np.float32]


def plain_nearest(
    stored: Vectors, query: Floats, k: int, allowed: list[int] | None = None
) -> list[tuple[int, np.float32]]:
    """Rows and cosines, nearest first, equal ones by row."""
    hits = []
    for row in range(len(stored)) if allowed is None else sorted(set(allowed)):
        vector, asked = stored[row].astype(np.float64), query.astype(np.float64)
        lengths = np.linalg.norm(vector) * np.linalg.norm(asked)
        hits.append((row, np.float32(vector @ asked / lengths if lengths else 0)))
    return sorted(hits, key=lambda hit: (-hit[1], hit[0]))[:k]


def agree(index: ExactIndex, queries: Floats, k: int, allowed: list[int] | None = None) -> None:
    found = index.nearest(queries, k, None if allowed is None else np.array(allowed, np.int64))
    assert found.rows.dtype == np.int64
    assert found.cosines.dtype == np.float32
    for query, rows, cosines in zip(queries, found.rows, found.cosines, strict=True):
        expected = plain_nearest(index.vectors, query, k, allowed)
        assert rows.tolist() == [row for row, _ in expected]
        assert cosines == pytest.approx([cosine for _, cosine in expected], abs=1e-7)


@pytest.fixture
def stored() -> npt.NDArray[np.float16]:
    """600 vectors of small whole numbers: many are equal, many cosines too."""
    vectors = np.random.default_rng(0).integers(-2, 3, (600, 6)).astype(np.float16)
    vectors[(vectors == 0).all(axis=1)] = 1
    return vectors


@pytest.fixture
def queries() -> Floats:
    vectors = np.random.default_rng(1).integers(-2, 3, (9, 6)).astype(np.float32)
    vectors[4] = 0
    return vectors


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact, "ROWS_AT_ONCE", 64)
    monkeypatch.setattr(exact, "QUERIES_AT_ONCE", 4)


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("k", [1, 50, 599, 600, 10_000])
@pytest.mark.usefixtures("small_chunks")
def test_as_the_plain_scan(stored: Vectors, queries: Floats, k: int, keep: bool) -> None:
    index = ExactIndex(stored, keep=keep)
    agree(index, queries, k)
    agree(index, queries, k)  # now with the rows that were kept


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.usefixtures("small_chunks")
def test_only_allowed_rows(stored: Vectors, queries: Floats, keep: bool) -> None:
    random = np.random.default_rng(2)
    allowed = random.choice(600, 200, replace=False).tolist()
    agree(ExactIndex(stored, keep=keep), queries, 20, allowed)
    agree(ExactIndex(stored, keep=keep), queries, 20, [5, 3, 3, 599])


@pytest.mark.parametrize("width", [1, 3, 17, 256])
def test_copies_tie_wherever_they_stand(width: int) -> None:
    random = np.random.default_rng(width)
    vector, other = unit_rows(random.standard_normal((2, width)).astype(np.float32)).astype(np.float16)
    stored = np.tile(other, (9000, 1))
    copies = [0, 1, 7, 63, 8191, 8192, 8999]
    stored[copies] = vector
    found = ExactIndex(stored).nearest(vector[None].astype(np.float32), 7)
    if width > 1:  # a vector of one number is like any other of its sign
        assert found.rows[0].tolist() == copies
    assert len(set(found.cosines[0].tolist())) == 1


@pytest.mark.usefixtures("small_chunks")
def test_cosines_that_differ_by_less_than_the_fast_scan_can_tell() -> None:
    random = np.random.default_rng(11)
    base = unit_rows(random.standard_normal((1, 256)).astype(np.float32))
    stored = base + (1e-6 * random.standard_normal((500, 256))).astype(np.float32)
    asked = base + (1e-2 * random.standard_normal((3, 256))).astype(np.float32)
    agree(ExactIndex(stored), asked, 20)


def test_an_answer_does_not_depend_on_its_company() -> None:
    random = np.random.default_rng(8)
    index = ExactIndex(unit_rows(random.standard_normal((3000, 40)).astype(np.float32)).astype(np.float16))
    asked = random.standard_normal((33, 40)).astype(np.float32)
    together = index.nearest(asked, 25)
    for place in range(33):
        alone = index.nearest(asked[place : place + 1], 25)
        assert (alone.rows[0] == together.rows[place]).all()
        assert (alone.cosines[0] == together.cosines[place]).all()


def test_float32_is_taken_as_it_is(stored: Vectors, queries: Floats) -> None:
    agree(ExactIndex(stored.astype(np.float32) * np.float32(0.3)), queries, 30)


def test_nothing_stored_nothing_allowed_nothing_asked(stored: Vectors) -> None:
    assert ExactIndex(np.empty((0, 4), np.float16)).nearest(np.ones((2, 4), np.float32), 5).rows.shape == (
        2,
        0,
    )
    none = ExactIndex(stored).nearest(np.ones((2, 6), np.float32), 5, np.empty(0, np.int64))
    assert none.cosines.shape == (2, 0)
    assert ExactIndex(stored).nearest(np.empty((0, 6), np.float32), 5).rows.shape == (0, 5)


def test_every_float16_becomes_the_same_float32() -> None:
    numbers = np.arange(2**16, dtype=np.uint16).view(np.float16)
    numbers = numbers[np.isfinite(numbers)]
    assert (as_float32(numbers).view(np.uint32) == numbers.astype(np.float32).view(np.uint32)).all()


def test_conversion_copies_and_takes_any_layout() -> None:
    numbers = np.random.default_rng(6).standard_normal((7, 5)).astype(np.float16)
    assert (as_float32(numbers.T[::2]) == numbers.T[::2].astype(np.float32)).all()
    single = np.ones((2, 2), np.float32)
    as_float32(single)[0, 0] = 5
    assert single[0, 0] == 1
