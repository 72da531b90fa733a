"""Each vector loss against arithmetic written out."""

import math
from itertools import product

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from fashion_cli.errors import RecipeError
from fashion_cli.losses.vectors import VectorLoss

GARMENTS = torch.tensor([0, 1, 2, 3, 0, 1, 2, 3])


def make(kind: str, *, negatives: str = "random", temperature: float = 0.1, margin: float = 0.3) -> VectorLoss:
    return VectorLoss(kind, garments=4, width=6, temperature=temperature, margin=margin, negatives=negatives)


def draw(seed: int) -> Tensor:
    return F.normalize(torch.randn(8, 6, generator=torch.Generator().manual_seed(seed)), dim=1)


def triplets() -> list[tuple[int, int, int]]:
    every = product(range(8), repeat=3)
    return [(a, p, n) for a, p, n in every if a != p and GARMENTS[a] == GARMENTS[p] and GARMENTS[a] != GARMENTS[n]]


def hinge(vectors: Tensor, triplet: tuple[int, int, int], margin: float) -> float:
    anchor, positive, negative = (vectors[row] for row in triplet)
    return float((anchor - positive).norm() - (anchor - negative).norm()) + margin


def mean_of_positive(values: list[float]) -> float:
    """What triplet losses average: those triplets that cost anything."""
    costly = [value for value in values if value > 0]
    return sum(costly) / len(costly) if costly else 0.0


@pytest.mark.parametrize("seed", range(3))
def test_all_triplets(seed: int) -> None:
    vectors = draw(seed)
    expected = mean_of_positive([hinge(vectors, triplet, 0.3) for triplet in triplets()])
    assert float(make("triplet", negatives="all")(vectors, GARMENTS)) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_semihard_triplets_cost_something_and_less_than_the_margin(seed: int) -> None:
    vectors = draw(seed)
    values = [hinge(vectors, triplet, 0.3) for triplet in triplets()]
    expected = mean_of_positive([value for value in values if 0 < value <= 0.3])
    assert float(make("triplet", negatives="semihard")(vectors, GARMENTS)) == pytest.approx(expected, abs=1e-5)


def test_random_negatives_average_to_all_of_them() -> None:
    vectors = draw(0)
    torch.manual_seed(0)
    loss = make("triplet", margin=5.0)  # every triplet costs something, so the mean is over all
    found = sum(float(loss(vectors, GARMENTS)) for _ in range(400)) / 400
    values = [hinge(vectors, triplet, 5.0) for triplet in triplets()]
    assert found == pytest.approx(sum(values) / len(values), abs=0.02)


def test_random_negatives_take_one_triplet_per_image() -> None:
    vectors = draw(0)
    torch.manual_seed(1)
    found = float(make("triplet", margin=5.0)(vectors, GARMENTS)) * 8
    choices = [[hinge(vectors, triplet, 5.0) for triplet in triplets() if triplet[0] == anchor] for anchor in range(8)]
    sums = [sum(choice) for choice in product(*choices)]
    assert min(abs(found - each) for each in sums) < 1e-4


@pytest.mark.parametrize("seed", range(3))
def test_supervised_contrastive(seed: int) -> None:
    vectors = draw(seed)
    terms = []
    for anchor, garment in enumerate(GARMENTS.tolist()):
        others = [row for row in range(8) if row != anchor]
        total = sum(math.exp(float(vectors[anchor] @ vectors[row]) / 0.2) for row in others)
        (positive,) = (row for row in others if int(GARMENTS[row]) == garment)
        terms.append(-math.log(math.exp(float(vectors[anchor] @ vectors[positive]) / 0.2) / total))
    found = make("supervised_contrastive", temperature=0.2)(vectors, GARMENTS)
    assert float(found) == pytest.approx(sum(terms) / len(terms), abs=1e-5)


def test_multi_similarity_falls_when_garments_move_together() -> None:
    apart, together = draw(0), F.normalize(torch.eye(4).repeat(2, 1), dim=1)
    loss = make("multi_similarity")
    assert float(loss(F.pad(together, (0, 2)), GARMENTS)) < float(loss(apart, GARMENTS))


def test_proxy_anchor_learns_a_proxy_per_garment() -> None:
    loss = make("proxy_anchor")
    assert [tuple(each.shape) for each in loss.parameters()] == [(4, 6)]
    vectors = draw(0).requires_grad_()
    loss(vectors, GARMENTS).backward()
    assert all(each.grad is not None and bool(each.grad.any()) for each in loss.parameters())


@pytest.mark.parametrize("kind", ["supervised_contrastive", "triplet", "multi_similarity"])
def test_the_others_have_nothing_to_learn(kind: str) -> None:
    assert list(make(kind).parameters()) == []


def test_unknown_names_are_refused() -> None:
    with pytest.raises(RecipeError, match=r"loss\.kind: unknown loss 'tripplet'"):
        make("tripplet")
    with pytest.raises(RecipeError, match=r"loss\.negatives: unknown choice 'hard'"):
        make("triplet", negatives="hard")
