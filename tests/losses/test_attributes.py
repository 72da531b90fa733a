"""The attribute loss against a plain loop."""

import math

import numpy as np
import pytest
import torch

from fashion_cli.losses.attributes import LARGEST_WEIGHT, class_weights, signed_attribute_loss

TARGETS = np.array([[1, 0, -1], [0, 0, 1], [0, 0, 1], [0, -1, 0]], dtype=np.int8)


def test_both_answers_weigh_the_same_in_all() -> None:
    weights = class_weights(TARGETS)
    # (labelled / 2) / count; an answer that never occurs gets a weight that is never used
    assert weights[0].tolist() == pytest.approx([4 / 6, 3 / 6, 3 / 2])
    assert weights[1].tolist() == pytest.approx([4 / 2, 3 / 2, 3 / 4])


def test_a_rare_answer_is_held_back() -> None:
    targets = np.zeros((1000, 1), np.int8)
    targets[0] = 1
    assert float(class_weights(targets)[1, 0]) == LARGEST_WEIGHT


@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_a_plain_loop(seed: int) -> None:
    logits = torch.randn(4, 3, generator=torch.Generator().manual_seed(seed))
    weights = class_weights(TARGETS)
    expected = 0.0
    for row, column in np.ndindex(TARGETS.shape):
        truth = int(TARGETS[row, column])
        if truth >= 0:
            sign = 1 if truth == 1 else -1
            weight = float(weights[truth, column])
            expected += weight * math.log(1 + math.exp(-sign * float(logits[row, column])))
    found = signed_attribute_loss(logits, torch.from_numpy(TARGETS), weights)
    assert float(found) == pytest.approx(expected / 4, rel=1e-5)


def test_unknown_entries_get_no_gradient() -> None:
    logits = torch.randn(4, 3, requires_grad=True)
    signed_attribute_loss(logits, torch.from_numpy(TARGETS), class_weights(TARGETS)).backward()
    assert logits.grad is not None
    assert torch.equal(logits.grad != 0, torch.from_numpy(TARGETS >= 0))
