"""A memory of earlier batches against a plain list of them."""

import io
import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from fashion_cli.errors import RecipeError
from fashion_cli.losses.vectors import VectorLoss

BATCH, WIDTH, SIZE, AFTER, TEMPERATURE = 4, 5, 12, 2, 0.2


def make(memory: int = SIZE, after: int = AFTER, kind: str = "supervised_contrastive") -> VectorLoss:
    return VectorLoss(
        kind,
        garments=6,
        width=WIDTH,
        temperature=TEMPERATURE,
        margin=0.3,
        negatives="random",
        memory=memory,
        memory_after=after,
    )


def batch(number: int) -> tuple[Tensor, Tensor]:
    """Two images of each of two garments, which come again in later batches."""
    rng = torch.Generator().manual_seed(number)
    garments = torch.randperm(6, generator=rng)[:2].repeat(2)
    return F.normalize(torch.randn(BATCH, WIDTH, generator=rng), dim=1), garments


def contrast(anchors: Tensor, labels: Tensor, others: Tensor, their: Tensor, own: list[int]) -> float:
    """Khosla et al., eq. 2, of anchors against a list in which each has its own place."""
    terms = []
    for row, anchor in enumerate(anchors):
        rest = [each for each in range(len(others)) if each != own[row]]
        powers = {each: math.exp(float(anchor @ others[each]) / TEMPERATURE) for each in rest}
        alike = [each for each in rest if their[each] == labels[row]]
        terms.append(-sum(math.log(powers[each] / sum(powers.values())) for each in alike) / len(alike))
    return sum(terms) / len(terms)


def test_it_agrees_with_a_plain_list() -> None:
    loss = make()
    kept: list[tuple[Tensor, int]] = []
    for number in range(6):  # it overflows after the third batch
        vectors, labels = batch(number)
        kept = [*kept, *zip(vectors, labels.tolist(), strict=True)][-SIZE:]
        expected = contrast(vectors, labels, vectors, labels, list(range(BATCH)))
        if number >= AFTER:
            others, their = torch.stack([each for each, _ in kept]), torch.tensor([each for _, each in kept])
            own = list(range(len(kept) - BATCH, len(kept)))
            expected = (expected + contrast(vectors, labels, others, their, own)) / 2
        assert float(loss(vectors, labels)) == pytest.approx(expected, rel=1e-4), number


@pytest.mark.parametrize("stopped", [1, 2, 4])
def test_it_goes_on_from_a_checkpoint(stopped: int) -> None:
    straight = make()
    course = [float(straight(*batch(number))) for number in range(7)]
    first, second = make(), make()
    for number in range(stopped):
        first(*batch(number))
    file = io.BytesIO()
    torch.save(first.state_dict(), file)
    file.seek(0)
    second.load_state_dict(torch.load(file, weights_only=True))
    assert [float(second(*batch(number))) for number in range(stopped, 7)] == course[stopped:]


def test_what_is_remembered_gets_no_gradient_and_is_no_parameter() -> None:
    loss = make(after=0)
    loss(*batch(0))
    vectors, labels = batch(1)
    loss(vectors.requires_grad_(), labels).backward()
    assert vectors.grad is not None
    assert list(loss.parameters()) == []


@pytest.mark.parametrize("kind", ["triplet", "multi_similarity", "proxy_anchor"])
def test_other_losses_have_no_use_for_it(kind: str) -> None:
    with pytest.raises(RecipeError, match=r"loss\.memory") as error:
        make(kind=kind)
    assert "supervised_contrastive" in error.value.hint
    make(memory=0, kind=kind)
