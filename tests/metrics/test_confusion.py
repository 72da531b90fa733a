"""Confusion counts against a plain loop."""

import math

import numpy as np
import pytest

from fashion_cli.metrics.confusion import Confusion, confuse
from fashion_cli.metrics.tags import top_accuracy

NAMES = ("red", "green", "blue", "black")


def test_agrees_with_counting_one_by_one() -> None:
    rng = np.random.default_rng(0)
    scores = rng.random((200, 4)).astype(np.float32)
    truths = np.zeros((200, 4), np.int8)
    truths[np.arange(200), rng.integers(0, 4, 200)] = 1
    truths[::7] = -1  # nobody looked
    truths[::5, :2] = 1  # two answers: no question
    truths[1::9, 3] = np.minimum(truths[1::9, 3], -1)  # the last answer is unknown
    expected = [[0] * 4 for _ in range(4)]
    for row in range(200):
        true = [answer for answer in range(4) if truths[row, answer] == 1]
        if len(true) != 1:
            continue
        best = 0
        for answer in range(1, 4):
            if scores[row, answer] > scores[row, best]:
                best = answer
        expected[true[0]][best] += 1
    found = confuse(NAMES, scores, truths)
    assert [list(row) for row in found.counts] == expected
    assert found.photographs == sum(map(sum, expected)) < 200
    assert found.accuracy == pytest.approx(sum(expected[each][each] for each in range(4)) / found.photographs)


def test_accuracy_is_top_1_where_everything_is_labelled() -> None:
    rng = np.random.default_rng(1)
    scores, truths = rng.random((50, 4)), np.eye(4, dtype=np.int8)[rng.integers(0, 4, 50)]
    assert confuse(NAMES, scores, truths).accuracy == pytest.approx(top_accuracy(scores, truths))


def test_what_has_no_tag_counts_as_wrong() -> None:
    rng = np.random.default_rng(1)
    scores, truths = rng.random((50, 4)), np.eye(4, dtype=np.int8)[rng.integers(0, 4, 50)]
    plain, found = confuse(NAMES, scores, truths), confuse(NAMES, scores, truths, untagged=30)
    assert (found.photographs, found.right, found.counts) == (80, plain.right, plain.counts)
    assert found.accuracy == pytest.approx(plain.right / 80) == pytest.approx(top_accuracy(scores, truths, 1, 30))
    assert top_accuracy(scores, truths, 4, 30) == 50 / 80


def test_nothing_counted_has_no_accuracy() -> None:
    assert math.isnan(Confusion(("a",), ((0,),)).accuracy)
