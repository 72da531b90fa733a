"""Tag metrics against torchmetrics and plain loops."""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
import torch
from sklearn.metrics import average_precision_score
from torchmetrics.functional.classification import (
    multilabel_average_precision,
    multilabel_f1_score,
    multilabel_precision,
    multilabel_recall,
)

from fashion_cli.metrics.tags import (
    PSEUDO_COUNT,
    Rates,
    average_precision,
    best_thresholds,
    count_tags,
    mean_average_precision,
    top_accuracy,
)

PHOTOGRAPHS, TAGS = 200, 6
THRESHOLD = 0.4

Scores = npt.NDArray[np.float32]
Truths = npt.NDArray[np.int8]


@pytest.fixture(params=[False, True], ids=["all different", "many equal scores"])
def scores(request: pytest.FixtureRequest) -> Scores:
    values = np.random.default_rng(1).random((PHOTOGRAPHS, TAGS)).astype(np.float32)
    return np.round(values, 1) if request.param else values


@pytest.fixture
def truths() -> Truths:
    """A third of the entries is unknown; every tag has true photographs."""
    return np.random.default_rng(2).choice([-1, 0, 1], (PHOTOGRAPHS, TAGS)).astype(np.int8)


@pytest.mark.parametrize("average", ["none", "micro", "macro"])
@pytest.mark.parametrize(
    ("name", "oracle"),
    [("precision", multilabel_precision), ("recall", multilabel_recall), ("f1", multilabel_f1_score)],
)
def test_rates_agree_with_torchmetrics(
    scores: Scores, truths: Truths, name: str, oracle: Callable[..., torch.Tensor], average: str
) -> None:
    counts = count_tags(scores >= THRESHOLD, truths)
    present = torch.from_numpy((scores >= THRESHOLD).astype(np.int64))
    expected = oracle(present, torch.from_numpy(truths).long(), TAGS, average=average, ignore_index=-1)
    rates = counts.each() if average == "none" else [counts.micro() if average == "micro" else counts.macro()]
    assert [getattr(each, name) for each in rates] == pytest.approx(expected.reshape(-1).tolist())


def test_average_precision_agrees_with_torchmetrics_and_scikit_learn(scores: Scores, truths: Truths) -> None:
    found = average_precision(scores, truths)
    torch_truths = torch.from_numpy(truths).long()
    torchmetrics = multilabel_average_precision(
        torch.from_numpy(scores), torch_truths, TAGS, average="none", ignore_index=-1
    )
    known = [truths[:, tag] >= 0 for tag in range(TAGS)]
    sklearn = [average_precision_score(truths[rows, tag], scores[rows, tag]) for tag, rows in enumerate(known)]
    assert found == pytest.approx(torchmetrics.numpy(), abs=1e-6)
    assert found == pytest.approx(sklearn, abs=1e-6)
    assert mean_average_precision(scores, truths) == pytest.approx(np.mean(sklearn), abs=1e-6)


def test_average_precision_by_hand() -> None:
    scores = np.array([[0.9], [0.8], [0.7], [0.6], [0.5]])
    truths = np.array([[1], [0], [-1], [1], [0]], dtype=np.int8)
    expected = (1 / 1 + 2 / 3) / 2  # right photographs at ranks 1 and 3 of the four known ones
    assert average_precision(scores, truths)[0] == pytest.approx(expected)


@pytest.mark.parametrize("order", [[1, 0], [0, 1]])
def test_the_order_of_equal_scores_does_not_count(order: list[int]) -> None:
    scores, truths = np.array([[0.5], [0.5]]), np.array([[1], [0]], dtype=np.int8)[order]
    assert average_precision(scores, truths)[0] == pytest.approx(1 / 2)


def test_unknown_entries_change_nothing(scores: Scores, truths: Truths) -> None:
    other = np.where(truths == -1, 1 - scores, scores)
    cut = THRESHOLD
    assert average_precision(other, truths) == pytest.approx(average_precision(scores, truths))
    assert best_thresholds(other, truths) == pytest.approx(best_thresholds(scores, truths))
    assert count_tags(other >= cut, truths).micro() == count_tags(scores >= cut, truths).micro()


def test_a_tag_without_true_photographs_is_left_out_of_the_macro_mean_only() -> None:
    present = np.array([[True, True], [True, True]])
    truths = np.array([[1, 0], [0, -1]], dtype=np.int8)
    counts = count_tags(present, truths)
    assert math.isnan(counts.each()[1].f1)
    assert counts.macro() == counts.each()[0]
    assert counts.micro().precision == pytest.approx(1 / 3)  # three claims, the wrong one of tag 1 among them


def test_nothing_labelled_gives_nan() -> None:
    scores, truths = np.full((3, 2), 0.9), np.full((3, 2), -1, dtype=np.int8)
    counts = count_tags(scores >= 0.5, truths)
    figures = [counts.micro().f1, counts.macro().f1, top_accuracy(scores, truths)]
    assert np.isnan([*figures, mean_average_precision(scores, truths)]).all()
    assert best_thresholds(scores, truths).tolist() == [0.5, 0.5]


def test_a_tag_never_claimed_has_precision_zero() -> None:
    counts = count_tags(np.array([[False], [False]]), np.array([[1], [0]], dtype=np.int8))
    assert (counts.each()[0].precision, counts.each()[0].recall, counts.each()[0].f1) == (0, 0, 0)


@pytest.mark.parametrize("k", [1, 2, 3, 10])
def test_top_accuracy_agrees_with_a_plain_loop(truths: Truths, k: int) -> None:
    scores = np.random.default_rng(3).random((PHOTOGRAPHS, TAGS))
    found = []
    for row in range(PHOTOGRAPHS):
        known = [(-scores[row, tag], truths[row, tag]) for tag in range(TAGS) if truths[row, tag] != -1]
        if 1 in truths[row]:
            found.append(any(truth == 1 for _, truth in sorted(known)[:k]))
    assert top_accuracy(scores, truths, k) == pytest.approx(sum(found) / len(found))


def test_best_thresholds_agree_with_trying_every_cut(scores: Scores, truths: Truths) -> None:
    for tag, cut in enumerate(best_thresholds(scores, truths)):
        rows = truths[:, tag] >= 0
        values, hits = scores[rows, tag], truths[rows, tag] == 1
        weight = hits.sum() / (hits.sum() + PSEUDO_COUNT)
        measured = (cut - (1 - weight) * 0.5) / weight
        best = max(_f1(values, hits, each) for each in np.unique(values))
        assert _f1(values, hits, measured) == pytest.approx(best)


def test_few_true_photographs_pull_the_threshold_to_one_half() -> None:
    scores, truths = np.array([[0.9], [0.1]]), np.array([[1], [0]], dtype=np.int8)
    expected = (0.5 * 1 + 0.5 * PSEUDO_COUNT) / (1 + PSEUDO_COUNT)  # half way between 0.9 and 0.1 is 0.5
    assert best_thresholds(scores, truths)[0] == pytest.approx(expected)
    many = np.array([[0.9]] * 90 + [[0.7]] * 10)
    expected = (90 * 0.8 + PSEUDO_COUNT * 0.5) / (90 + PSEUDO_COUNT)
    found = best_thresholds(many, np.array([[1]] * 90 + [[0]] * 10, dtype=np.int8))
    assert found[0] == pytest.approx(expected)


def _f1(values: Scores, hits: npt.NDArray[np.bool_], cut: float) -> float:
    claimed = values >= cut
    return float(2 * (claimed & hits).sum() / (claimed.sum() + hits.sum()))


def test_the_harmonic_mean_of_the_means() -> None:
    assert Rates(0.66, 0.65, 0.1).harmonic_mean == pytest.approx(2 / (1 / 0.66 + 1 / 0.65))
    assert Rates(0.0, 0.0, 0.0).harmonic_mean == 0
    assert math.isnan(Rates(math.nan, math.nan, math.nan).harmonic_mean)
