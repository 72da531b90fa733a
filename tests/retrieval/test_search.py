"""Hits of one query, one per item, against plain loops; and queries whose tag is exchanged, against means by hand."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from fashion_cli.data.tags import present_tags
from fashion_cli.errors import UsageError
from fashion_cli.retrieval.candidates import Scope
from fashion_cli.retrieval.gallery import Gallery
from fashion_cli.retrieval.manipulation import TagMeans, exchange, keeping
from fashion_cli.retrieval.publish import publish, working_features, writing
from fashion_cli.retrieval.search import Features, SearchOptions, find_hits
from tests.retrieval.conftest import WIDTH, MakeFeatures

COUNT = 300
Matrix = npt.NDArray[np.float64]


@pytest.fixture
def directory(tmp_path: Path, make_features: MakeFeatures) -> Path:
    with writing(tmp_path) as _:
        make_features(working_features(tmp_path), COUNT)
        publish(tmp_path, model_location="small")
    return tmp_path


def units(gallery: Gallery) -> Matrix:
    vectors = gallery.features.vectors().astype(np.float64)
    found: Matrix = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return found


def query(seed: int = 3) -> npt.NDArray[np.float32]:
    vector = np.random.default_rng(seed).standard_normal(WIDTH)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


@pytest.mark.parametrize("items", [np.zeros(COUNT, np.int64), np.arange(COUNT) // 100, np.arange(COUNT) % 17])
@pytest.mark.parametrize("topk", [1, 5, 40])
def test_of_an_item_only_the_nearest_is_a_hit(directory: Path, items: npt.NDArray[np.int64], topk: int) -> None:
    with Gallery.open(directory) as gallery:
        order = np.argsort(-(units(gallery) @ query()), kind="stable")
        expected: list[int] = []
        for row in order:
            if items[row] not in [items[each] for each in expected]:
                expected.append(int(row))
        paths = gallery.features.paths()
        nothing = np.zeros(len(gallery.features.header.vocabulary), np.bool_)
        for kept in (False, True):
            if kept:
                gallery.keep_rows()
            options = SearchOptions(topk=topk, rerank=False)
            hits = find_hits(gallery, query(), nothing, options, scope=Scope(items=items))
            assert [hit.path for hit in hits] == [paths[row] for row in expected[:topk]]
        few = np.array([7, 8, 9, 200])
        hits = find_hits(gallery, query(), nothing, SearchOptions(topk=topk, rerank=False), scope=Scope(few, items))
        assert [hit.path for hit in hits] == [
            paths[row] for row in order if row in few and row in _first_of_each(order, items, few)
        ][:topk]


def _first_of_each(order: npt.NDArray[np.int64], items: npt.NDArray[np.int64], few: npt.NDArray[np.int64]) -> set[int]:
    first: dict[int, int] = {}
    for row in order:
        if row in few:
            first.setdefault(int(items[row]), int(row))
    return set(first.values())


def test_exchanging_a_tag_moves_the_vector_by_the_difference_of_means(directory: Path) -> None:
    with Gallery.open(directory) as gallery:
        vocabulary = gallery.features.header.vocabulary  # one exclusive group: red, blue, green
        shown = present_tags(gallery.features.scores(), vocabulary)
        rows = units(gallery)
        red, blue = (rows[shown[:, column]].mean(axis=0) for column in (0, 1))
        means = TagMeans(gallery)
        features = Features(query(), np.zeros(3, np.float32))

        present = np.array([True, False, False])
        vector, after = exchange(features, present, {"colour": "blue"}, gallery, means)
        moved = query() + blue - red
        assert vector == pytest.approx(moved / np.linalg.norm(moved), abs=1e-5)
        assert after.tolist() == [False, True, False]
        assert present.tolist() == [True, False, False]  # the query stays

        vector, after = exchange(features, np.zeros(3, np.bool_), {"colour": "blue"}, gallery, means)
        moved = query() + blue - rows.mean(axis=0)
        assert vector == pytest.approx(moved / np.linalg.norm(moved), abs=1e-5)

        vector, after = exchange(features, present, {}, gallery, means)
        assert vector == pytest.approx(query(), abs=1e-6)
        with pytest.raises(UsageError, match="purple"):
            exchange(features, present, {"colour": "purple"}, gallery, means)
        with pytest.raises(UsageError, match="shape"):
            exchange(features, present, {"shape": "round"}, gallery, means)


def test_what_keeps_most_tags_comes_first_among_the_nearest(directory: Path) -> None:
    with Gallery.open(directory) as gallery:
        shown = present_tags(gallery.features.scores(), gallery.features.header.vocabulary)
        nearest = np.argsort(-(units(gallery) @ query()), kind="stable")
        present = np.array([True, False, True])
        for topk in (1, 5, 40):
            for candidates in (0, 60, 1000):
                looked_at = list(nearest[: max(topk, candidates)])
                expected = sorted(looked_at, key=lambda row: -int((shown[row] & present).sum()))[:topk]
                options = SearchOptions(topk, alpha=1.0, beta=1000.0, candidates=candidates)
                hits = find_hits(gallery, query(), present, options)
                assert [hit.path for hit in hits] == [gallery.features.paths()[row] for row in expected]
                assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
        assert keeping(SearchOptions(5)) == SearchOptions(5, alpha=1.0, beta=500.0, candidates=500)
        plain = SearchOptions(5, rerank=False, candidates=60)
        assert [hit.retrieval_rank for hit in find_hits(gallery, query(), present, plain)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("options", [{"topk": 0}, {"min_percentile": -1.0}, {"min_percentile": 100.5}])
def test_options_out_of_range_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        SearchOptions(**options)  # type: ignore[arg-type]
