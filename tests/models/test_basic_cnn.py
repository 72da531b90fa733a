"""The basic CNN: shapes, pooling by hand, and that it learns."""

import pytest
import torch
from torch import Tensor

from fashion_cli.models.basic_cnn import BasicCNN, block
from tests.models.conftest import losses_while_learning, sign_loss


@torch.inference_mode()
def test_a_block_by_hand() -> None:
    layers = block(1, 1).eval()
    weight = dict(layers.named_parameters())["0.weight"]
    weight.fill_(0)
    weight[0, 0, 1, 1] = 2  # doubles each pixel
    image = torch.tensor([[[[1.0, -5.0], [3.0, 2.0]]]])
    assert layers(image).item() == pytest.approx(6 / (1 + 1e-5) ** 0.5)  # the largest; batch norm does nothing yet


@torch.inference_mode()
def test_features_are_the_means_of_maps(drawings: Tensor) -> None:
    network = BasicCNN(tags=3).eval()
    maps = network.features(drawings)
    assert maps.shape == (6, 256, 4, 4)
    outputs, pooled = network(drawings), network.pooled(drawings)
    assert pooled.numpy() == pytest.approx(maps.numpy().reshape(6, 256, -1).mean(axis=2), abs=1e-6)
    assert outputs.vectors.norm(dim=1).numpy() == pytest.approx([1] * 6, abs=1e-5)
    assert outputs.logits.shape == (6, 3)


def test_learns(drawings: Tensor) -> None:
    network = BasicCNN(tags=3).train()
    losses = losses_while_learning(network, lambda net: sign_loss(net(drawings).logits), steps=12, rate=1e-2)
    assert losses[-1] < 0.3 * losses[0]
