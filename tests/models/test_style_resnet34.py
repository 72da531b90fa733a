"""The style classifier against plain arithmetic, torchvision's own ResNet-34, and that it learns."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import resnet34

from fashion_cli.models.style_resnet34 import TRUNK, StyleResNet34
from fashion_cli.trunks.by_name import build_trunk
from tests.models.conftest import losses_while_learning


@torch.inference_mode()
def test_is_torchvisions_network_with_another_last_layer(drawings: Tensor) -> None:
    trunk = build_trunk({"trunk": TRUNK}, (64, 64))
    network = StyleResNet34(trunk.body, trunk.width, tags=17).eval()
    theirs = resnet34(weights=None)
    theirs.fc = nn.Linear(512, 17)
    renamed = {
        name.removeprefix("features.").replace("tag_head", "fc"): each for name, each in network.state_dict().items()
    }
    theirs.load_state_dict(renamed)
    assert network(drawings).logits.numpy() == pytest.approx(theirs.eval()(drawings).numpy(), abs=1e-5)


@torch.inference_mode()
def test_vectors_and_the_last_layer_by_numpy(drawings: Tensor) -> None:
    trunk = build_trunk({"trunk": TRUNK}, (64, 64))
    network = StyleResNet34(trunk.body, trunk.width, tags=3).eval()
    outputs, pooled = network(drawings), network.pooled(drawings).numpy()
    state = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    assert outputs.vectors.numpy() == pytest.approx(pooled / np.sqrt((pooled**2).sum(axis=1, keepdims=True)), abs=1e-5)
    logits = pooled @ state["tag_head.weight"].T + state["tag_head.bias"]
    assert outputs.logits.numpy() == pytest.approx(logits, abs=1e-4)


def test_learns_the_styles_of_drawings(drawings: Tensor) -> None:
    trunk = build_trunk({"trunk": TRUNK}, (32, 32))
    network = StyleResNet34(trunk.body, trunk.width, tags=3).train()
    small, styles = F.interpolate(drawings, (32, 32)), torch.tensor([0, 0, 1, 1, 2, 2])
    losses = losses_while_learning(network, lambda net: F.cross_entropy(net(small).logits, styles), steps=8, rate=1e-3)
    assert losses[-1] < 0.3 * losses[0]
