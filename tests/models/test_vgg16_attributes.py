"""Lim & Nang's attribute network against plain arithmetic, and that it learns."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torchvision.models import vgg16

from fashion_cli.models.vgg16_attributes import HIDDEN_WIDTH, VGG16Attributes
from tests.models.conftest import losses_while_learning, sign_loss


@torch.inference_mode()
def test_three_fully_connected_layers_by_numpy(drawings: Tensor) -> None:
    network = VGG16Attributes(vector_width=16, tags=3).eval()
    state = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    outputs = network(drawings[:2])
    for row in range(2):
        maps = network.features(drawings[row : row + 1])[0].numpy()  # (512, 2, 2)
        # 2 x 2 values averaged to 7 x 7: cell i covers what lies between i * 2 / 7 and (i + 1) * 2 / 7
        cells = [range(i * 2 // 7, -(-(i + 1) * 2 // 7)) for i in range(7)]
        pooled = np.array(
            [[[np.mean([plane[y, x] for y in ys for x in xs]) for xs in cells] for ys in cells] for plane in maps]
        )
        hidden = np.maximum(state["classifier.0.weight"] @ pooled.ravel() + state["classifier.0.bias"], 0)
        hidden = np.maximum(state["classifier.3.weight"] @ hidden + state["classifier.3.bias"], 0)
        assert outputs.vectors[row].numpy() == pytest.approx(hidden / np.sqrt((hidden**2).sum()), abs=1e-4)
        logits = state["tag_head.weight"] @ hidden + state["tag_head.bias"]
        assert outputs.logits[row].numpy() == pytest.approx(logits, abs=1e-4)


def test_the_tensors_of_torchvision_by_name_and_shape() -> None:
    with torch.device("meta"):
        own = VGG16Attributes(HIDDEN_WIDTH, 463).state_dict()
        published = vgg16(weights=None).state_dict()
    assert {name for name in published if name not in own} == {"classifier.6.weight", "classifier.6.bias"}
    assert all(own[name].shape == tensor.shape for name, tensor in published.items() if name in own)
    assert own["tag_head.weight"].shape == (463, HIDDEN_WIDTH)


def test_learns_the_attributes_of_drawings(drawings: Tensor) -> None:
    network = VGG16Attributes(vector_width=32, tags=3).eval()  # no dropout: six drawings are learnt by heart
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):  # a start that lets 16 layers learn, which ImageNet's replaces
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    small = nn.functional.interpolate(drawings, (32, 32))
    losses = losses_while_learning(network, lambda net: sign_loss(net(small).logits), steps=9, rate=1e-4)
    assert losses[-1] < 0.5 * losses[0]
