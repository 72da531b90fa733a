"""Any-recall, all-recall and per-label recall against plain loops over photographs, labels and ranks."""

import math

import numpy as np
import numpy.typing as npt
import pytest

from fashion_cli.metrics.multilabel import all_recall, any_recall, example_recall, label_all_recall, label_recall

LABELS = 7


def draw(seed: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int8]]:
    """(30, 7) scores with ties and targets; label 6 is on no photograph, photograph 0 shows none."""
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 12, (30, LABELS)) / 12
    truths = (rng.random((30, LABELS)) < 0.4).astype(np.int8)
    truths[rng.random(truths.shape) < 0.15] = -1
    truths[:, 6] = np.minimum(truths[:, 6], 0)
    truths[0] = np.minimum(truths[0], 0)
    return scores, truths


def first_labels(scores: list[float], truths: list[int], k: int) -> list[int]:
    """The k best-scored known labels; of equal ones the first."""
    known = [label for label in range(LABELS) if truths[label] != -1]
    return sorted(known, key=lambda label: (-scores[label], label))[:k]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("k", [1, 2, 3, 10])
def test_plain_loops(seed: int, k: int) -> None:
    scores, truths = draw(seed)
    hits, shares, complete = [], [], []
    shown, found, whole = [0] * LABELS, [0] * LABELS, [0] * LABELS
    for row, answers in zip(scores.tolist(), truths.tolist(), strict=True):
        true = [label for label in range(LABELS) if answers[label] == 1]
        best = first_labels(row, answers, k)
        for label in true:
            shown[label] += 1
            found[label] += label in best
            whole[label] += set(true) <= set(best)
        if true:
            hits.append(any(label in best for label in true))
            shares.append(sum(label in best for label in true) / len(true))
            complete.append(set(true) <= set(best))
    assert any_recall(scores, truths, k) == pytest.approx(sum(hits) / len(hits))
    assert example_recall(scores, truths, k) == pytest.approx(sum(shares) / len(shares))
    assert all_recall(scores, truths, k) == pytest.approx(sum(complete) / len(complete))
    of_each, all_of_each = label_recall(scores, truths, k).tolist(), label_all_recall(scores, truths, k).tolist()
    for label, (recall, whole_recall) in enumerate(zip(of_each, all_of_each, strict=True)):
        if shown[label]:
            assert recall == pytest.approx(found[label] / shown[label])
            assert whole_recall == pytest.approx(whole[label] / shown[label])
        else:
            assert math.isnan(recall)
            assert math.isnan(whole_recall)


def test_by_hand() -> None:
    """Two of three labels among the first two; then none of one."""
    scores = np.array([[0.9, 0.8, 0.1, 0.2], [0.9, 0.8, 0.1, 0.2]])
    truths = np.array([[1, 1, 0, 1], [0, 0, 1, 0]], np.int8)
    assert any_recall(scores, truths, 2) == 1 / 2
    assert example_recall(scores, truths, 2) == pytest.approx((2 / 3 + 0) / 2)
    assert all_recall(scores, truths, 2) == 0
    assert all_recall(scores, truths, 3) == 1 / 2  # labels 0, 1 and 3 come first
    assert label_all_recall(scores, truths, 3).tolist() == [1, 1, 0, 1]
    assert label_recall(scores, truths, 2).tolist() == [1, 1, 0, 0]


def test_nothing_is_known() -> None:
    nothing = np.full((3, 2), -1, np.int8)
    assert math.isnan(any_recall(np.ones((3, 2)), nothing, 1))
    assert math.isnan(all_recall(np.ones((3, 2)), nothing, 1))
    assert np.isnan(label_recall(np.ones((3, 2)), nothing, 1)).all()
