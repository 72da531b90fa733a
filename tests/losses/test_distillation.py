"""What a student learns from a teacher, against arithmetic written out."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from fashion_cli.losses.distillation import TEMPERATURE, Distillation, similarity_divergence


def unit(rows: int, width: int, seed: int) -> Tensor:
    return F.normalize(torch.randn(rows, width, generator=torch.Generator().manual_seed(seed)), dim=1)


def neighbours(vectors: Tensor) -> list[list[float]]:
    """Softmax of each image's similarities to all others."""
    rows = []
    for own in range(len(vectors)):
        weights = [
            0.0 if other == own else math.exp(float(vectors[own] @ vectors[other]) / TEMPERATURE)
            for other in range(len(vectors))
        ]
        rows.append([weight / sum(weights) for weight in weights])
    return rows


def plain_divergence(student: Tensor, teacher: Tensor) -> float:
    total = 0.0
    for p, q in zip(neighbours(teacher), neighbours(student), strict=True):
        total += sum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a > 0)
    return total / len(student)


@pytest.mark.parametrize("seed", range(3))
def test_similarities_agree_with_a_plain_loop(seed: int) -> None:
    student, teacher = unit(6, 4, seed), unit(6, 9, seed + 10)
    expected = plain_divergence(student, teacher)
    assert expected > 0.1
    assert float(similarity_divergence(student, teacher)) == pytest.approx(expected, rel=1e-4)


def test_a_student_that_sees_alike_costs_nothing() -> None:
    """Turned into another space, wider and rotated, similarities stay."""
    vectors = unit(6, 4, 0)
    turned = F.pad(vectors, (0, 5)) @ torch.linalg.qr(torch.randn(9, 9, generator=torch.Generator().manual_seed(1)))[0]
    assert float(similarity_divergence(vectors, turned)) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("relations", [0.0, 1.0, 2.5])
def test_values_and_relations_add_up(relations: float) -> None:
    torch.manual_seed(0)
    loss = Distillation(4, 9, relations)
    student, teacher = unit(6, 4, 0), unit(6, 9, 1)
    predicted = (student @ loss.head.weight.T + loss.head.bias).detach()
    cosines = [float(a @ b / a.norm()) for a, b in zip(predicted, teacher, strict=True)]
    expected = 1 - sum(cosines) / 6 + relations * plain_divergence(student, teacher)
    assert float(loss(student, teacher).detach()) == pytest.approx(expected, rel=1e-4)


def test_images_that_the_teacher_has_not_seen_count_nothing() -> None:
    loss = Distillation(4, 9, 1.0)
    student, teacher = unit(6, 4, 0), unit(6, 9, 1)
    holes = teacher.clone()
    holes[[1, 4]] = math.nan
    kept = [0, 2, 3, 5]
    student = student.requires_grad_()
    found = loss(student, holes)
    assert float(found.detach()) == pytest.approx(float(loss(student[kept], teacher[kept]).detach()))
    found.backward()
    assert student.grad is not None
    assert student.grad.isfinite().all()
    assert student.grad.abs().sum(dim=1).nonzero().flatten().tolist() == kept


@pytest.mark.parametrize("seen", [0, 1])
def test_nothing_to_compare_costs_nothing_and_can_be_stepped(seen: int) -> None:
    loss = Distillation(4, 9, 1.0)
    teacher = unit(3, 9, 1)
    teacher[seen:] = math.nan
    found = loss(unit(3, 4, 0).requires_grad_(), teacher)
    found.backward()
    assert float(found.detach()) == 0
    assert all(each.grad is not None for each in loss.parameters())
