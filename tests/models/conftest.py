"""What the tests of several networks need."""

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F


@pytest.fixture(autouse=True)
def always_the_same_chance() -> Iterator[None]:
    """And one thread: networks this small lose more to waiting for each other than they win."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def drawings() -> Tensor:
    """(6, 3, 64, 64): three garments from two sides: a colour, a shape, and noise that tells the sides apart."""
    sides = torch.linspace(-1, 1, 64)
    rows, columns = torch.meshgrid(sides, sides, indexing="ij")
    shapes = [rows.abs() + columns.abs() < 0.8, rows**2 + columns**2 < 0.5, (rows.abs() < 0.3) | (columns.abs() < 0.3)]
    colours = torch.eye(3) * 2 - 1
    images = [
        torch.where(shape, colour.view(3, 1, 1), torch.ones(3, 64, 64))
        for shape, colour in zip(shapes, colours, strict=True)
    ]
    return torch.stack([image + 0.1 * torch.randn(3, 64, 64) for image in images for _ in range(2)])


def triplet_loss(vectors: Tensor) -> Tensor:
    """Over rows 2i, 2i + 1 of one garment and row 2i + 2 of another, by the distance of unit vectors."""
    anchors, positives = vectors[0::2], vectors[1::2]
    negatives = anchors.roll(-1, dims=0)
    return F.relu((anchors - positives).norm(dim=1) - (anchors - negatives).norm(dim=1) + 0.3).mean()


def sign_loss(logits: Tensor) -> Tensor:
    """Garment i has attribute i and no other."""
    truths = torch.eye(3).repeat_interleave(2, dim=0)
    return F.binary_cross_entropy_with_logits(logits, truths)


def losses_while_learning(
    network: nn.Module, loss_of: Callable[[nn.Module], Tensor], steps: int, rate: float
) -> list[float]:
    """The loss before each of a few steps of Adam."""
    optimiser = torch.optim.Adam(network.parameters(), lr=rate)
    losses = []
    for _ in range(steps):
        loss = loss_of(network)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        losses.append(float(loss.detach()))
    return losses
