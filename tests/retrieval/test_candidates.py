"""Candidates against a plain loop over every row: prior, items, copies and rows that are passed over."""

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from fashion_cli.data.features import FeatureFile, FeatureHeader, FeatureWriter
from fashion_cli.model_cards import CategoryPrior, ModelCard, TagGroup
from fashion_cli.retrieval import candidates as module
from fashion_cli.retrieval.candidates import Candidates, Scope, Selection, choose_candidates
from fashion_cli.retrieval.category_prior import CategoryAgreement, QueryPrior, gallery_prior
from fashion_cli.retrieval.duplicates import SAME_PICTURE, copies_of, distinct_photographs
from fashion_cli.retrieval.gallery import Gallery
from fashion_cli.retrieval.publish import publish, working_features, writing
from tests.retrieval.conftest import VOCABULARY, DrawVectors, MakeFeatures

COUNT = 600
COPIED = {3: 400, 4: 400, 5: 400, 9: 20, 599: 598}  # row -> the row whose vector it has, nearly
PRIOR = CategoryPrior("colour", weight=0.3, inherited=0.5, floor=0.02)
KINDS = TagGroup("colour", ("red", "blue", "green"), exclusive=True, parents={"blue": "red", "green": "blue"})


@pytest.fixture
def directory(tmp_path: Path, make_features: MakeFeatures, card: ModelCard) -> Path:
    made = make_features(tmp_path / "made.h5", COUNT)
    with FeatureFile.open(made) as features:
        rows = features.read(slice(None))
    for row, other in COPIED.items():
        rows.vectors[row] = rows.vectors[other]
    with writing(tmp_path) as _:
        with FeatureWriter.create(working_features(tmp_path), FeatureHeader.of(card)) as writer:
            writer.append(rows)
        publish(tmp_path, model_location="small")
    return tmp_path


def agreement(query: npt.NDArray[np.float16], hit: npt.NDArray[np.float16]) -> float:
    """By hand: half of blue's probability is red's too, half of green's is blue's, a quarter is red's."""

    def direction(scores: npt.NDArray[np.float16]) -> list[float]:
        red, blue, green = map(float, scores)
        return [red + blue / 2 + green / 4, blue + green / 2, green]

    one, other = direction(query), direction(hit)
    return sum(a * b for a, b in zip(one, other, strict=True)) / (math.hypot(*one) * math.hypot(*other))


def by_hand(
    gallery: Gallery, vector: npt.NDArray[np.float32], scores: npt.NDArray[np.float16], selection: Selection
) -> tuple[list[int], dict[int, list[int]]]:
    """The chosen rows and their copies, all rows looked at one by one."""
    vectors = gallery.features.vectors().astype(np.float64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    all_scores = gallery.features.scores()
    scope = selection.scope
    ranked = []
    for row in range(COUNT) if scope.rows is None else scope.rows.tolist():
        score = float(vectors[row] @ vector)
        if selection.prior is not None:
            together = agreement(scores, all_scores[row])
            score += PRIOR.weight * math.log((together + PRIOR.floor) / (1 + PRIOR.floor))
        if row not in scope.without:
            ranked.append((-score, row))
    chosen: list[int] = []
    copies: dict[int, list[int]] = {}
    taken = set()
    for _, row in sorted(ranked):
        same = [other for other in chosen if selection.collapse and vectors[other] @ vectors[row] > SAME_PICTURE]
        if same:
            copies.setdefault(same[0], []).append(row)
        if same or len(chosen) == selection.count or (scope.items is not None and scope.items[row] in taken):
            continue
        chosen.append(row)
        taken.add(scope.items[row] if scope.items is not None else row)
    return chosen, copies


@pytest.mark.parametrize("count", [1, 5, 40, 200])
@pytest.mark.parametrize("collapse", [True, False])
@pytest.mark.parametrize("weighed", [True, False])
def test_the_best_rows_are_those_of_a_loop_over_all(
    directory: Path, draw_vectors: DrawVectors, count: int, collapse: bool, weighed: bool
) -> None:
    vector = draw_vectors(1, seed=5)[0].astype(np.float32)
    vector /= np.linalg.norm(vector)
    scores = np.array([0.02, 0.1, 0.9], np.float16)
    with Gallery.open(directory) as gallery:
        prior = QueryPrior(CategoryAgreement(PRIOR, KINDS, slice(0, 3)), scores) if weighed else None
        for scope in (
            Scope(),
            Scope(rows=np.arange(0, COUNT, 7)),
            Scope(items=np.arange(COUNT) // 40),
            Scope(without=frozenset(range(0, COUNT, 2))),
        ):
            selection = Selection(count, scope, prior=prior, collapse=collapse)
            chosen = choose_candidates(gallery, vector, selection)
            expected, copies = by_hand(gallery, vector, scores, selection)
            assert chosen.rows.tolist() == expected
            assert {row: same.tolist() for row, same in chosen.copies.items()} == {
                row: sorted(same) for row, same in copies.items()
            }
            assert np.isnan(chosen.agreements).all() == (not weighed)


def test_rows_that_are_far_by_cosine_are_found_where_they_alone_are_of_the_kind(
    directory: Path, draw_vectors: DrawVectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first rows that are looked at do not have them: it looks at more until no other can be better."""
    monkeypatch.setattr(module, "FEWEST_EXACT", 5)
    vector = draw_vectors(1, seed=5)[0].astype(np.float32)
    with Gallery.open(directory) as gallery:
        scores = gallery.features.scores()
        scores[:, 1:] = np.where(np.arange(COUNT)[:, None] == 500, 1, 0)  # row 500 alone is not only red
        monkeypatch.setattr(gallery, "scores", lambda rows: scores[rows])
        heavy = CategoryAgreement(
            CategoryPrior("colour", weight=5.0), TagGroup("colour", KINDS.tags, True), slice(0, 3)
        )
        asked = QueryPrior(heavy, np.array([0, 0, 1], np.float16))
        assert choose_candidates(gallery, vector, Selection(1, prior=asked)).rows.tolist() == [500]


def test_a_photograph_agrees_with_itself_however_unsure_the_model_is() -> None:
    compare = CategoryAgreement(PRIOR, KINDS, slice(1, 4))
    for scores in ([9, 0.001, 0.002, 0.0005], [9, 0.9, 0.8, 0.7], [9, 0, 0, 1]):
        each = np.array(scores, np.float16)
        (itself,) = compare.agreements(each, each[None])
        assert itself == pytest.approx(1, abs=1e-6)
        assert compare.bonuses(np.array([itself]))[0] == pytest.approx(0, abs=1e-6)
    nothing = np.zeros(4, np.float16)
    assert compare.agreements(nothing, nothing[None]).tolist() == [0]
    assert np.isfinite(compare.bonuses(np.zeros(1, np.float32))).all()


def test_of_copies_the_best_is_kept_and_each_is_the_copy_of_one(draw_vectors: DrawVectors) -> None:
    vectors = draw_vectors(30, seed=1).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[[4, 8, 20]] = vectors[2]
    vectors[[5, 29]] = -vectors[1]
    kept = distinct_photographs(vectors, 30)
    assert kept.tolist() == [place for place in range(30) if place not in (4, 8, 20, 29)]
    assert [same.tolist() for same in copies_of(vectors, kept)] == [
        {2: [4, 8, 20], 5: [29]}.get(place, []) for place in kept.tolist()
    ]
    assert distinct_photographs(vectors, 3).tolist() == [0, 1, 2]
    assert distinct_photographs(vectors[:0], 3).tolist() == [] == copies_of(vectors[:0], np.empty(0, np.int64))


def test_no_prior_without_a_model_that_says_how_much_it_counts(directory: Path) -> None:
    with Gallery.open(directory) as gallery:
        assert gallery.features.header.vocabulary == VOCABULARY
        assert gallery_prior(gallery) is None  # there is no model `small`


def test_candidates_without_a_prior_are_ordered_by_cosine() -> None:
    cosines = np.array([0.5, 0.25], np.float32)
    chosen = Candidates.of(np.array([7, 3]), cosines)
    assert chosen.scores is cosines
    assert np.isnan(chosen.agreements).all()
