"""The tag loss against plain loops over images, groups and tags."""

import math

import pytest
import torch
from torch import Tensor

from fashion_cli.losses.tags import masked_tag_loss
from fashion_cli.model_cards import TagGroup, Vocabulary

VOCABULARY = Vocabulary(
    (
        TagGroup("kind", ("a", "b", "c"), exclusive=False),
        TagGroup("colour", ("red", "green", "blue", "grey"), exclusive=True),
        TagGroup("pattern", ("solid", "striped"), exclusive=False),
    )
)
WIDTH = 9
SMOOTHING = 0.05


def draw(images: int, seed: int) -> tuple[Tensor, Tensor]:
    """Logits and targets; an exclusive group has one true tag or none."""
    rng = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(images, WIDTH, generator=rng, dtype=torch.float64)
    targets = torch.randint(-1, 2, (images, WIDTH), generator=rng).to(torch.int8)
    for row in range(images):
        answer = int(torch.randint(-1, 4, (1,), generator=rng))
        targets[row, 3:7] = -1 if answer < 0 else 0
        if answer >= 0:
            targets[row, 3 + answer] = 1
    return logits, targets


def plain_loss(logits: Tensor, targets: Tensor) -> float:
    values, truths = logits.tolist(), targets.tolist()
    total = 0.0
    for group in VOCABULARY.groups:
        window = VOCABULARY.columns[group.name]
        terms = []
        for row, truth in zip((r[window] for r in values), (r[window] for r in truths), strict=True):
            if group.exclusive:
                if 1 in truth:
                    terms.append(smoothed_cross_entropy(row, truth.index(1)))
            elif any(each >= 0 for each in truth):
                terms.append(sum(binary(x, t) for x, t in zip(row, truth, strict=True) if t >= 0))
        if terms:
            total += sum(terms) / len(terms)
    return total


def smoothed_cross_entropy(logits: list[float], answer: int) -> float:
    norm = math.log(sum(math.exp(x) for x in logits))
    each = [norm - x for x in logits]
    return (1 - SMOOTHING) * each[answer] + SMOOTHING * sum(each) / len(each)


def binary(logit: float, truth: int) -> float:
    probability = 1 / (1 + math.exp(-logit))
    return -math.log(probability if truth else 1 - probability)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("images", [1, 7])
def test_agrees_with_a_plain_loop(images: int, seed: int) -> None:
    logits, targets = draw(images, seed)
    assert float(masked_tag_loss(logits, targets, VOCABULARY)) == pytest.approx(plain_loss(logits, targets))


def test_unknown_entries_get_no_gradient() -> None:
    logits, targets = draw(12, 5)
    logits.requires_grad_()
    masked_tag_loss(logits, targets, VOCABULARY).backward()
    assert logits.grad is not None
    for window in (slice(0, 3), slice(7, 9)):
        moved = logits.grad[:, window] != 0
        assert torch.equal(moved, targets[:, window] != -1)
    answered = (targets[:, 3:7] == 1).any(dim=1)
    assert torch.equal((logits.grad[:, 3:7] != 0).any(dim=1), answered)


def test_nothing_labelled_costs_nothing_and_can_be_stepped() -> None:
    logits = torch.randn(4, WIDTH, requires_grad=True)
    loss = masked_tag_loss(logits, torch.full((4, WIDTH), -1, dtype=torch.int8), VOCABULARY)
    assert float(loss) == 0
    assert loss.shape == ()


def test_a_tag_weighs_the_same_in_a_larger_vocabulary() -> None:
    small = Vocabulary((TagGroup("kind", ("a",), False),))
    large = Vocabulary((TagGroup("kind", ("a", "b", "c"), False),))
    logits = torch.tensor([[0.7, 50.0, -50.0]])  # b and c are right beyond doubt
    targets = torch.tensor([[0, 1, 0]], dtype=torch.int8)
    alone = masked_tag_loss(logits[:, :1], targets[:, :1], small)
    assert float(masked_tag_loss(logits, targets, large)) == pytest.approx(float(alone))


def test_groups_are_weighed_by_name() -> None:
    logits, targets = draw(7, 3)
    names = VOCABULARY.columns
    alone = {
        name: float(masked_tag_loss(logits, targets, VOCABULARY, dict.fromkeys(names, 0.0) | {name: 1.0}))
        for name in names
    }
    weights = {name: 0.5 + number for number, name in enumerate(names)}
    expected = sum(weights[name] * alone[name] for name in names)
    assert float(masked_tag_loss(logits, targets, VOCABULARY, weights)) == pytest.approx(expected)


def test_large_logits_stay_finite() -> None:
    logits = torch.full((1, WIDTH), 1e4)
    targets = torch.tensor([[0, 1, -1, 1, 0, 0, 0, 0, 1]], dtype=torch.int8)
    assert math.isfinite(float(masked_tag_loss(logits, targets, VOCABULARY)))


def test_without_smoothing_it_is_plain_cross_entropy() -> None:
    logits, targets = draw(7, 3)
    alone = dict.fromkeys(VOCABULARY.columns, 0.0) | {"colour": 1.0}
    rows = [
        (row, truth.index(1)) for row, truth in zip(logits[:, 3:7], targets[:, 3:7].tolist(), strict=True) if 1 in truth
    ]
    expected = -sum(float(row.log_softmax(dim=0)[answer]) for row, answer in rows) / len(rows)
    assert float(masked_tag_loss(logits, targets, VOCABULARY, alone, 0.0)) == pytest.approx(expected)
