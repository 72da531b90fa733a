"""Lim & Nang's retrieval network against plain loops, and that it learns."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torchvision.models import resnet50

from fashion_cli.models.triplet_resnet50 import FEATURE_WIDTH, TripletResNet50
from tests.models.conftest import losses_while_learning, triplet_loss


@pytest.fixture(scope="module")
def network() -> TripletResNet50:
    torch.manual_seed(0)
    return TripletResNet50(vector_width=5, tags=3).eval()


@torch.inference_mode()
def test_pooling_head_and_length_by_loops(network: TripletResNet50, drawings: Tensor) -> None:
    images = drawings[:2]
    maps = network.features(images).numpy()
    assert maps.shape == (2, FEATURE_WIDTH, 2, 2)
    weights, biases = network.vector_head.weight.numpy(), network.vector_head.bias.numpy()
    expected = np.zeros((2, 5))
    for row in range(2):
        pooled = np.zeros(FEATURE_WIDTH)
        for channel in range(FEATURE_WIDTH):
            pooled[channel] = max(maps[row, channel, y, x] for y in range(2) for x in range(2))
        for column in range(5):
            expected[row, column] = float((weights[column] * pooled).sum()) + biases[column]
        expected[row] /= np.sqrt((expected[row] ** 2).sum())
    outputs = network(images)
    assert outputs.vectors.numpy() == pytest.approx(expected, abs=1e-5)
    assert outputs.logits.shape == (2, 3)


def test_the_trunk_has_the_tensors_of_torchvision_by_name() -> None:
    published = {name for name in resnet50(weights=None).state_dict() if not name.startswith("fc.")}
    own = TripletResNet50(4).state_dict()
    assert {name.removeprefix("features.") for name in own if name.startswith("features.")} == published
    assert {name for name in own if not name.startswith("features.")} == {"vector_head.weight", "vector_head.bias"}


def test_without_tags_there_is_no_tag_head(drawings: Tensor) -> None:
    network = TripletResNet50(4).eval()
    with torch.inference_mode():
        outputs = network(drawings[:2])
    assert network.tag_head is None
    assert outputs.logits.shape == (2, 0)
    assert outputs.vectors.norm(dim=1).numpy() == pytest.approx([1, 1], abs=1e-5)


def test_learns_which_drawings_show_the_same_garment(drawings: Tensor) -> None:
    network = TripletResNet50(8).train()
    losses = losses_while_learning(network, lambda net: triplet_loss(net(drawings).vectors), steps=8, rate=3e-4)
    assert losses[-1] < 0.2 * losses[0]
