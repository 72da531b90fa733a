"""The refitted head is the optimum: its gradient, written out in numpy, is zero."""

import numpy as np
import pytest

from fashion_cli.metrics.tags import best_thresholds
from fashion_cli.model_cards import TagGroup, Vocabulary
from fashion_cli.training import tag_head
from fashion_cli.training.tag_head import STRENGTHS, fit, is_labelled, predict, refit_tag_head

MANY = TagGroup("many", ("a", "b", "c"), exclusive=False)
ONE = TagGroup("one", ("x", "y", "z"), exclusive=True)


@pytest.fixture
def sample() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """300 photographs: features, truths of several tags with a third unknown, truths of one tag each."""
    rng = np.random.default_rng(0)
    features = rng.standard_normal((300, 6)).astype(np.float32)
    logits = features @ rng.standard_normal((6, 3)).astype(np.float32)
    many = (logits + rng.standard_normal((300, 3)) > 0).astype(np.int8)
    many[rng.random((300, 3)) < 1 / 3] = -1
    one = np.eye(3, dtype=np.int8)[(logits + rng.standard_normal((300, 3))).argmax(axis=1)]
    return features, many, one


@pytest.mark.parametrize("strength", [0.01, 0.3])
def test_the_gradient_is_zero_where_each_tag_stands_alone(sample, strength: float) -> None:
    features, many, _ = sample
    weights = fit(features, many, MANY, strength).numpy().astype(np.float64)
    gradient = strength * weights[:-1]
    for row, truths in zip(features.astype(np.float64), many, strict=True):
        for tag, truth in enumerate(truths):
            if truth >= 0:
                probability = 1 / (1 + np.exp(-(row @ weights[:-1, tag] + weights[-1, tag])))
                gradient[:, tag] += (probability - truth) * row / len(features)
    assert np.abs(gradient).max() < 1e-3


def test_the_gradient_is_zero_where_one_tag_excludes_the_others(sample) -> None:
    features, _, one = sample
    weights = fit(features, one, ONE, 0.1).numpy().astype(np.float64)
    gradient = 0.1 * weights[:-1]
    for row, truths in zip(features.astype(np.float64), one, strict=True):
        powers = np.exp(row @ weights[:-1] + weights[-1])
        gradient += np.outer(row, powers / powers.sum() - truths) / len(features)
    assert np.abs(gradient).max() < 1e-3


def test_the_head_takes_features_as_they_are(sample, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tag_head, "STRENGTHS", (0.1,))  # two that are equally good may be told apart by a rounding
    features, many, one = sample
    shifted = features * np.float32(7) + np.float32(3)  # standardising is undone in the weights
    truths = np.concatenate([many, one], axis=1)
    half = slice(0, 150), slice(150, 300)
    vocabulary = Vocabulary((MANY, ONE))
    heads = [
        refit_tag_head((each[half[0]], truths[half[0]]), (each[half[1]], truths[half[1]]), vocabulary)
        for each in (features, shifted)
    ]
    logits = [
        each @ weights.numpy().T + biases.numpy()
        for each, (weights, biases) in zip((features, shifted), heads, strict=True)
    ]
    assert logits[0] == pytest.approx(logits[1], abs=0.02)
    assert ((logits[0][:, 3:].argmax(axis=1) == one.argmax(axis=1))[150:]).mean() > 0.6


def test_unlabelled_photographs_teach_nothing() -> None:
    truths = np.array([[1, -1], [0, 0], [-1, -1]], np.int8)
    assert is_labelled(truths, TagGroup("g", ("a", "b"), exclusive=False)).tolist() == [True, True, False]
    assert is_labelled(truths, TagGroup("g", ("a", "b"), exclusive=True)).tolist() == [True, False, False]


def test_probabilities_of_an_exclusive_group_add_up(sample) -> None:
    features, _, one = sample
    assert predict(features, fit(features, one, ONE, 0.1), ONE).sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_the_penalty_is_the_one_that_ranks_and_answers_best(sample) -> None:
    """The mean of mAP and macro F1 on other photographs, every penalty tried in a plain loop."""
    features, _, one = sample
    train, val = (features[:100], one[:100]), (features[100:], one[100:])
    mean, deviation = train[0].mean(axis=0), train[0].std(axis=0)
    standard = [((each - mean) / deviation).astype(np.float32) for each in (train[0], val[0])]
    best: tuple[float, np.ndarray] = (-1.0, np.zeros(0))
    for strength in STRENGTHS:
        scores = predict(standard[1], fit(standard[0], one[:100], ONE, strength), ONE)
        answers = np.where(scores == scores.max(axis=1, keepdims=True), scores, 0)
        quality = []
        for tag in range(3):
            truth = one[100:, tag] == 1
            ranked = truth[np.argsort(-scores[:, tag])]
            quality.append(np.mean([ranked[: at + 1].mean() for at in np.flatnonzero(ranked)]))
            said = answers[:, tag] >= best_thresholds(answers[:, [tag]], one[100:, [tag]])[0]
            quality.append(2 * (said & truth).sum() / (said.sum() + truth.sum()))
        if np.mean(quality) > best[0]:
            best = float(np.mean(quality)), scores
    weights, biases = refit_tag_head(train, val, Vocabulary((ONE,)))
    logits = features[100:] @ weights.numpy().T + biases.numpy()
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    assert powers / powers.sum(axis=1, keepdims=True) == pytest.approx(best[1], abs=1e-3)
