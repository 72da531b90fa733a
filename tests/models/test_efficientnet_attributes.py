"""A softmax head per group against plain arithmetic, and that every head learns its own question."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import mobilenet_v3_small

from fashion_cli.models.efficientnet_attributes import TRUNK, EfficientNetAttributes
from fashion_cli.trunks.by_name import build_trunk
from tests.models.conftest import losses_while_learning


@torch.inference_mode()
def test_the_heads_stand_side_by_side_in_the_order_of_the_groups(drawings: Tensor) -> None:
    trunk = build_trunk({"trunk": TRUNK}, (64, 64))
    network = EfficientNetAttributes(trunk.body, trunk.width, answers=(3, 0, 2))
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = None  # the statistics of the drawings: others make random features vanish
    network.train()(drawings)
    network.eval()
    outputs, pooled = network(drawings), network.pooled(drawings).numpy()
    assert pooled.shape == (6, 1280)
    state = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    heads = [pooled @ state[f"tag_heads.{k}.weight"].T + state[f"tag_heads.{k}.bias"] for k in (0, 1)]
    assert [head.shape[1] for head in heads] == [3, 2]
    assert outputs.logits.numpy() == pytest.approx(np.concatenate(heads, axis=1), abs=1e-4)
    assert outputs.vectors.numpy() == pytest.approx(pooled / np.sqrt((pooled**2).sum(axis=1, keepdims=True)), abs=1e-5)


def test_every_group_is_learnt_at_once(drawings: Tensor) -> None:
    trunk = mobilenet_v3_small(weights=None)
    trunk.classifier = nn.Identity()
    network = EfficientNetAttributes(trunk, 576, answers=(3, 2)).train()
    small = F.interpolate(drawings, (32, 32))
    shapes, is_first = torch.tensor([0, 0, 1, 1, 2, 2]), torch.tensor([1, 1, 0, 0, 0, 0])

    def loss_of(net: nn.Module) -> Tensor:
        logits = net(small).logits
        return F.cross_entropy(logits[:, :3], shapes) + F.cross_entropy(logits[:, 3:], is_first)

    losses = losses_while_learning(network, loss_of, steps=12, rate=1e-3)
    assert losses[-1] < 0.3 * losses[0]
