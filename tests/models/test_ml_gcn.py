"""ML-GCN against dense matrix products, that it learns, and that inference computes its classifiers once."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torchvision.models import resnet18

from fashion_cli.layers.constant import Constant
from fashion_cli.layers.fusion import fuse_module
from fashion_cli.models.ml_gcn import MLGCN, GraphConvolution, LabelClassifiers
from tests.models.conftest import losses_while_learning, sign_loss


def small_trunk() -> nn.Module:
    """(B, 3, H, W) -> (B, 12)."""
    convolution = nn.Conv2d(3, 12, 8, stride=8)
    return nn.Sequential(convolution, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())


def network_of(labels: int = 3) -> MLGCN:
    network = MLGCN(small_trunk(), width=12, labels=labels, label_width=5)
    network.set_label_graph(torch.randn(labels, 5), torch.rand(labels, labels))
    return network


@torch.inference_mode()
def test_a_graph_convolution_is_a_dense_matrix_product() -> None:
    layer, nodes, adjacency = GraphConvolution(4, 6), torch.randn(3, 4), torch.rand(3, 3)
    weight = layer.weight.numpy()
    expected = np.zeros((3, 6))
    for i in range(3):
        for j in range(3):  # what node i takes from node j
            for column in range(6):
                for row in range(4):
                    expected[i, column] += adjacency[i, j] * nodes[j, row] * weight[row, column]
    assert layer(nodes, adjacency).numpy() == pytest.approx(expected, abs=1e-5)


@torch.inference_mode()
def test_the_whole_network_by_numpy(drawings: Tensor) -> None:
    network = network_of().eval()
    state = {name.removeprefix("label_classifiers."): value.numpy() for name, value in network.state_dict().items()}
    hidden = state["adjacency"] @ state["vectors"] @ state["first.weight"]
    hidden = np.where(hidden > 0, hidden, 0.2 * hidden)
    classifiers = state["adjacency"] @ hidden @ state["second.weight"]
    pooled = network.pooled(drawings).numpy()
    outputs = network(drawings)
    assert outputs.logits.numpy() == pytest.approx(pooled @ classifiers.T, abs=1e-4)
    lengths = np.sqrt((pooled**2).sum(axis=1, keepdims=True))
    assert outputs.vectors.numpy() == pytest.approx(pooled / lengths, abs=1e-5)


def test_weights_start_within_the_bound_of_the_authors() -> None:
    weight = GraphConvolution(40, 16).weight.detach()
    assert weight.abs().max() <= 0.25
    assert weight.std() == pytest.approx(0.5 / np.sqrt(12), rel=0.1)  # uniform over a width of 0.5


@torch.inference_mode()
def test_a_resnet_takes_the_largest_value_of_each_map() -> None:
    trunk = resnet18(weights=None)
    trunk.fc = nn.Identity()
    network = MLGCN(trunk, width=512, labels=2, label_width=3).eval()
    images = torch.randn(2, 3, 64, 64)
    stages = [trunk.conv1, trunk.bn1, trunk.relu, trunk.maxpool, trunk.layer1, trunk.layer2, trunk.layer3, trunk.layer4]
    maps = nn.Sequential(*stages)(images).numpy()
    expected = maps.reshape(2, 512, -1).max(axis=2)
    assert network.pooled(images).numpy() == pytest.approx(expected, abs=1e-5)


def test_the_graph_travels_with_the_weights_and_is_not_trained() -> None:
    network = network_of()
    names = {name for name, _ in network.named_parameters() if not name.startswith("features.")}
    assert names == {"label_classifiers.first.weight", "label_classifiers.second.weight"}
    assert {"label_classifiers.vectors", "label_classifiers.adjacency"} <= set(network.state_dict())


@torch.inference_mode()
def test_inference_computes_the_classifiers_once(drawings: Tensor) -> None:
    network = network_of().eval()
    expected = network(drawings).logits
    constant = fuse_module(network.label_classifiers)
    assert isinstance(constant, Constant)
    assert list(constant.parameters()) == []
    network.label_classifiers = constant  # type: ignore[assignment]
    assert torch.equal(network(drawings).logits, expected)


def test_neighbours_teach_each_other() -> None:
    """A label that no image shows gets a classifier through its neighbour alone."""
    classifiers = LabelClassifiers(labels=2, label_width=2, width=4)
    classifiers.vectors.copy_(torch.tensor([[1.0, 0.0], [0.0, 0.0]]))  # the second says nothing of itself
    assert not classifiers()[1].any()
    classifiers.adjacency.copy_(torch.tensor([[1.0, 0.0], [0.5, 0.5]]))
    assert classifiers()[1].any()


def test_learns(drawings: Tensor) -> None:
    network = network_of().train()
    losses = losses_while_learning(network, lambda net: sign_loss(net(drawings).logits), steps=60, rate=1e-2)
    assert losses[-1] < 0.4 * losses[0]
