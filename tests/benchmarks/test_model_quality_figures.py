"""The figures of `benchmarks.model_quality` against plain loops, repeated rows and scikit-learn."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from benchmarks.home_to_shop import Query
from benchmarks.model_quality import probes
from benchmarks.model_quality.features import Embedded
from benchmarks.model_quality.labels import LabelTask
from benchmarks.model_quality.resampling import (
    Measure,
    cluster_weights,
    mean_of,
    measure,
    weighted_macro_f1,
    weighted_mean,
    weighted_mean_ap,
)
from benchmarks.model_quality.retrieval_measures import Retrieval, Search, graded_figures, pooled, retrieval_measures
from benchmarks.model_quality.tag_measures import all_found, any_found, tag_measures
from fashion_cli.metrics.tags import mean_average_precision
from fashion_cli.model_cards import TagGroup

CLASSES = TagGroup("kind", ("a", "b", "c"), exclusive=True)
TAGS = TagGroup("styles", ("a", "b", "c"), exclusive=False)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


# ---- weights stand for repeated rows


def test_weighted_mean_is_the_mean_of_repeated_rows(rng) -> None:
    values, times = rng.random(20), rng.integers(4, size=20)
    assert weighted_mean(values)(times[None].astype(float))[0] == pytest.approx(np.repeat(values, times).mean())


def test_weighted_mean_ap_is_that_of_repeated_rows_also_with_equal_scores_and_unknown_truths(rng) -> None:
    scores = rng.integers(6, size=(40, 5)) / 6
    truths = rng.integers(-1, 2, size=(40, 5)).astype(np.int8)
    weights = rng.integers(3, size=(7, 40))
    expected = [
        mean_average_precision(np.repeat(scores, times, axis=0), np.repeat(truths, times, axis=0)) for times in weights
    ]
    assert weighted_mean_ap(scores, truths)(weights.astype(float)) == pytest.approx(expected)


def test_weighted_mean_ap_leaves_out_a_tag_that_was_not_drawn() -> None:
    scores = np.array([[0.9, 0.1], [0.2, 0.8]])
    truths = np.array([[0, 1], [1, 0]], np.int8)
    assert weighted_mean_ap(scores, truths)(np.array([[1.0, 0.0], [1.0, 1.0]])) == pytest.approx([1.0, 0.5])


def test_weighted_macro_f1_is_that_of_repeated_rows(rng) -> None:
    answers, truths = rng.integers(4, size=30), rng.integers(3, size=30)  # a fourth class is claimed, never true
    weights = rng.integers(1, 3, size=(5, 30))
    expected = [
        f1_score(np.repeat(truths, times), np.repeat(answers, times), labels=[0, 1, 2], average="macro")
        for times in weights
    ]
    assert weighted_macro_f1(answers, truths)(weights.astype(float)) == pytest.approx(expected)


# ---- draws


def test_whole_clusters_are_drawn_as_many_as_there_are() -> None:
    clusters = ["x", "x", "y", "z"]
    weights = cluster_weights(clusters, seed=1, draws=50)
    assert np.array_equal(weights[:, 0], weights[:, 1])
    assert np.array_equal(weights[:, 1:].sum(axis=1), np.full(50, 3))


def test_an_interval_is_as_wide_as_the_normal_approximation_of_many_rows(rng) -> None:
    values = rng.random(400)
    found = measure("m", "s", [str(row) for row in range(400)], weighted_mean(values)).interval
    half = 1.96 * values.std() / 20
    assert found.mean == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=half / 5)


def test_differences_are_paired(rng) -> None:
    values, names = rng.random(50), [str(row) for row in range(50)]
    one, other = (measure("m", "s", names, weighted_mean(each)) for each in (values + 0.25, values))
    difference = one.minus(other)
    assert (difference.mean, difference.low, difference.high) == pytest.approx((0.25, 0.25, 0.25))


def test_figures_of_other_rows_are_no_pair() -> None:
    one, other = (measure("m", "s", ["x"] * rows, weighted_mean(np.ones(rows))) for rows in (2, 3))
    with pytest.raises(ValueError, match="not the same rows"):
        one.minus(other)


def test_a_pooled_figure_is_steadier_than_its_parts(rng) -> None:
    names = [str(row) for row in range(60)]
    parts = [measure("m", name, names, weighted_mean(rng.random(60))) for name in "abcd"]
    mean = mean_of("all", parts)
    assert mean.value == pytest.approx(np.mean([part.value for part in parts]))
    assert mean.draws.std() == pytest.approx(np.mean([part.draws.std() for part in parts]) / 2, rel=0.1)


# ---- probes


def task_of(truths, training, clusters, group) -> LabelTask:
    paths = tuple(Path(f"{row}.jpg") for row in range(len(truths)))
    return LabelTask(group.name, paths, np.array(truths, np.int8), np.array(training), tuple(clusters), group)


@pytest.fixture
def classes(rng) -> tuple[np.ndarray, LabelTask]:
    kinds = rng.integers(3, size=200)
    inputs = (rng.normal(size=(3, 6))[kinds] + rng.normal(size=(200, 6))).astype(np.float32)
    return inputs, task_of(np.eye(3)[kinds], np.arange(200) < 140, [str(row // 2) for row in range(200)], CLASSES)


def test_a_probe_is_the_logistic_regression_of_scikit_learn(classes) -> None:
    inputs, task = classes
    train = inputs[task.training]
    standard = (inputs - train.mean(axis=0)) / train.std(axis=0)
    truths = task.truths[task.training]
    folds = probes.fold_numbers(task.clusters[:140])
    penalty, _ = probes.chosen_penalty(standard[task.training], truths, folds, CLASSES)
    oracle = LogisticRegression(C=1 / (penalty * 140), tol=1e-8, max_iter=2000)
    oracle.fit(standard[task.training], truths.argmax(axis=1))
    expected = oracle.predict_proba(standard[~task.training])
    assert probes.fitted_probabilities(inputs, task) == pytest.approx(expected, abs=2e-3)


def test_the_chosen_penalty_has_the_least_loss_of_all_on_held_out_folds(classes) -> None:
    inputs, task = classes
    features, kinds = inputs[task.training], task.truths[task.training].argmax(axis=1)
    features = (features - features.mean(axis=0)) / features.std(axis=0)
    folds = probes.fold_numbers(task.clusters[:140])
    losses = {}
    for penalty in probes.PENALTIES:
        losses[penalty] = 0.0
        for fold in range(probes.FOLDS):
            inside = folds != fold
            oracle = LogisticRegression(C=1 / (penalty * inside.sum()), tol=1e-8, max_iter=2000)
            answers = oracle.fit(features[inside], kinds[inside]).predict_log_proba(features[~inside])
            losses[penalty] -= answers[np.arange((~inside).sum()), kinds[~inside]].sum()
    chosen, _ = probes.chosen_penalty(features, task.truths[task.training], folds, CLASSES)
    assert chosen == min(losses, key=lambda penalty: losses[penalty])


def test_what_val_shows_does_not_touch_a_probe(classes) -> None:
    inputs, task = classes
    turned = np.where(task.training[:, None], task.truths, np.roll(task.truths, 1, axis=1))
    other = task_of(turned, task.training, task.clusters, CLASSES)
    assert np.array_equal(probes.fitted_probabilities(inputs, task), probes.fitted_probabilities(inputs, other))


def test_folds_keep_clusters_whole_and_are_of_one_size(rng) -> None:
    clusters = [str(each) for each in rng.integers(40, size=300)]
    folds = probes.fold_numbers(clusters)
    assert all(len({fold for fold, own in zip(folds, clusters, strict=True) if own == each}) == 1 for each in clusters)
    assert np.ptp(np.bincount(folds)) <= 10


def test_the_loss_counts_what_is_known() -> None:
    probabilities = np.array([[0.8, 0.4]], np.float32)
    truths = np.array([[1, 0]], np.int8)
    assert probes.log_loss(probabilities, truths, exclusive=True) == pytest.approx(-np.log(0.8))
    assert probes.log_loss(probabilities, truths, exclusive=False) == pytest.approx(-np.log(0.8) - np.log(0.6))
    truths[0, 1] = -1
    assert probes.log_loss(probabilities, truths, exclusive=False) == pytest.approx(-np.log(0.8))


def test_a_probe_is_fitted_once(classes, tmp_path, monkeypatch) -> None:
    inputs, task = classes
    first = probes.probe(inputs, task, tmp_path)
    monkeypatch.setattr(probes, "fitted_probabilities", lambda *_: pytest.fail("fitted again"))
    assert np.array_equal(probes.probe(inputs, task, tmp_path), first)


# ---- answers


def test_accuracy_and_macro_f1_are_those_of_the_most_probable_class(rng) -> None:
    kinds, probabilities = rng.integers(3, size=40), rng.random((30, 3)).astype(np.float32)
    task = task_of(np.eye(3)[kinds], np.arange(40) < 10, map(str, range(40)), CLASSES)
    found = {each.name: each for each in tag_measures(task, probabilities)}
    answers = probabilities.argmax(axis=1)
    assert found["kind: accuracy"].value == pytest.approx(np.mean(answers == kinds[10:]))
    assert found["kind: macro F1"].value == pytest.approx(f1_score(kinds[10:], answers, average="macro"))
    assert (found["kind: accuracy"].rows, found["kind: accuracy"].clusters) == (30, 30)


def test_any_and_all_recall_of_styles_by_a_plain_loop(rng) -> None:
    truths = (rng.random((50, 5)) < 0.3).astype(np.int8)
    probabilities = rng.random((50, 5)).astype(np.float32)
    for row in range(50):
        first = [label for _, label in sorted(zip(-probabilities[row], range(5), strict=True))][:3]
        labels = set(np.flatnonzero(truths[row]).tolist())
        assert any_found(probabilities, truths, 3)[row] == bool(labels & set(first))
        assert all_found(probabilities, truths, 3)[row] == (labels <= set(first))


def test_style_figures_leave_out_photographs_without_a_style_and_styles_that_hardly_occur() -> None:
    truths = np.array([[1, 0, 0], [1, 0, 0], [1, 1, 0], [0, 0, 0]])
    probabilities = np.array([[0.9, 0.2, 0.1], [0.8, 0.1, 0.3], [0.3, 0.7, 0.1], [0.5, 0.1, 0.1]], np.float32)
    task = task_of(np.concatenate([truths[:1], truths]), [True, *[False] * 4], map(str, range(5)), TAGS)
    found = {each.name: each for each in tag_measures(task, probabilities)}
    assert found["styles: mean AP over 1"].value == pytest.approx((1 + 1 + 3 / 4) / 3)
    assert found["styles: any-recall@1"].value == 1
    assert (found["styles: all-recall@3"].rows, found["styles: mean AP over 1"].rows) == (3, 4)


# ---- searches


def embedded_of(vectors: np.ndarray) -> Embedded:
    units = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return Embedded({Path(f"{row}.jpg"): row for row in range(len(units))}, units, None)


def test_searches_by_a_plain_loop(rng) -> None:
    embedded = embedded_of(rng.normal(size=(30, 4)))
    paths = tuple(embedded.rows)
    items = rng.integers(8, size=30)
    search = Search(
        "items", paths[:10], paths, items[:10, None] == items, tuple(map(str, range(10))), recall=(1, 5), precision=(3,)
    )
    found = measures_of(search, embedded)
    hits = []
    for query in range(10):
        others = [row for row in range(30) if row != query]
        others.sort(key=lambda row: -float(embedded.vectors[query] @ embedded.vectors[row]))
        hits.append([items[row] == items[query] for row in others])
    assert found["items: recall@1"].value == pytest.approx(np.mean([each[0] for each in hits]))
    assert found["items: recall@5"].value == pytest.approx(np.mean([any(each[:5]) for each in hits]))
    assert found["items: precision@3"].value == pytest.approx(np.mean([np.mean(each[:3]) for each in hits]))


def measures_of(search: Search, embedded: Embedded) -> dict[str, Measure]:
    from benchmarks.model_quality import retrieval_measures as module

    return {each.name: each for each in module._search_measures(search, embedded)}


def test_hits_that_nobody_judged_are_passed_over() -> None:
    shop = [Path(f"{name}.jpg") for name in "abcdef"]
    query = Query(Path("q.jpg"), frozenset(), {shop[1]: 1, shop[3]: 3, shop[4]: 0}, "q")
    found = graded_figures(query, shop)
    gains = 1 / np.log2(2) + 7 / np.log2(3)
    ideal = 7 / np.log2(2) + 1 / np.log2(3)
    assert found["nDCG@10"] == pytest.approx(gains / ideal)
    assert found["precision@5 of grade 2 or more"] == pytest.approx(1 / 3)
    assert found["not judged of the first 10"] == pytest.approx(3 / 6)


def test_a_query_whose_products_are_all_unlike_it_has_a_precision_and_no_ndcg(rng) -> None:
    embedded = embedded_of(rng.normal(size=(6, 4)))
    paths = tuple(embedded.rows)
    queries = [
        Query(path, frozenset(), {paths[2]: grade, paths[3]: 0}, str(path))
        for path, grade in zip(paths[:2], (3, 0), strict=True)
    ]
    searches = tuple(
        Search(name, paths[:2], paths, np.ones((2, 6), np.bool_), ("a", "b"), recall=(1, 5, 10, 20))
        for name in ("views", "garments", "copies", "close-ups")
    )
    found = {each.name: each for each in retrieval_measures(Retrieval(searches, tuple(queries), paths), embedded)}
    assert found["judged home to shop: nDCG@10"].rows == 1
    assert found["judged home to shop: precision@5 of grade 2 or more"].rows == 2
    assert found["pooled retrieval"].value == 1


def test_the_pooled_figure_weighs_every_set_the_same() -> None:
    values = {"views": (0.2, 0.4), "garments": (0.0, 0.2), "copies": (0.5, 0.7), "close-ups": (0.6, 1.0)}
    cutoffs = {"views": (1, 10), "garments": (1, 20), "copies": (1, 20), "close-ups": (1, 5)}
    found = {}
    for rows, (name, pair) in enumerate(values.items(), start=10):
        for k, value in zip(cutoffs[name], pair, strict=True):
            names = [str(row) for row in range(rows)]
            found[f"{name}: recall@{k}"] = measure("m", name, names, weighted_mean(np.full(rows, value)))
    assert pooled(found).value == pytest.approx((0.3 + 0.1 + 0.6 + 0.8) / 4)
    assert pooled(found).rows == 10 + 11 + 12 + 13
