"""A trunk with heads and without, against plain arithmetic, and that the heads learn."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torchvision.models import mobilenet_v3_small

from fashion_cli.models.trunk import Encoder, HeadedTrunk
from tests.models.conftest import losses_while_learning, sign_loss, triplet_loss


def small_trunk() -> nn.Module:
    """(B, 3, H, W) -> (B, 12)."""
    convolution = nn.Conv2d(3, 12, 8, stride=8)
    return nn.Sequential(convolution, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())


@torch.inference_mode()
def test_heads_by_numpy(drawings: Tensor) -> None:
    network = HeadedTrunk(small_trunk(), width=12, vector_width=5, tags=2).eval()
    state = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    outputs, pooled = network(drawings), network.pooled(drawings).numpy()
    vectors = pooled @ state["vector_head.weight"].T + state["vector_head.bias"]
    vectors /= np.sqrt((vectors**2).sum(axis=1, keepdims=True))
    assert outputs.vectors.numpy() == pytest.approx(vectors, abs=1e-5)
    logits = pooled @ state["tag_head.weight"].T + state["tag_head.bias"]
    assert outputs.logits.numpy() == pytest.approx(logits, abs=1e-5)


@torch.inference_mode()
def test_an_encoder_gives_the_embedding_of_its_trunk(drawings: Tensor) -> None:
    network = Encoder(small_trunk()).eval()
    embedding = network.features(drawings).numpy()
    outputs = network(drawings)
    expected = embedding / np.sqrt((embedding**2).sum(axis=1, keepdims=True))
    assert outputs.vectors.numpy() == pytest.approx(expected, abs=1e-6)
    assert outputs.logits.shape == (6, 0)
    assert {name.split(".")[0] for name in network.state_dict()} == {"features"}


def test_learns_garments_and_tags_at_once(drawings: Tensor) -> None:
    trunk = mobilenet_v3_small(weights=None)
    trunk.classifier = nn.Identity()
    network = HeadedTrunk(trunk, width=576, vector_width=8, tags=3).train()
    small = nn.functional.interpolate(drawings, (32, 32))

    def loss_of(net: nn.Module) -> Tensor:
        outputs = net(small)
        return triplet_loss(outputs.vectors) + sign_loss(outputs.logits)

    losses = losses_while_learning(network, loss_of, steps=12, rate=1e-3)
    assert losses[-1] < 0.3 * losses[0]
