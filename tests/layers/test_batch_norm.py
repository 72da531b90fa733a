"""A folded network gets statistics back and stays the same function."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torchvision.models import mobilenet_v2

from fashion_cli.layers.batch_norm import is_folded, restore_statistics


def folded_network() -> nn.Sequential:
    """Convolutions whose batch norms are the identity plus a bias."""
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU6(),
        nn.Conv2d(8, 6, 3, stride=2, bias=False),
        nn.BatchNorm2d(6),
    )
    for layer in batch_norms(network):
        fold(layer)
    return network.eval()


def fold(layer: nn.BatchNorm2d) -> None:
    layer.running_mean = torch.zeros(layer.num_features)
    layer.running_var = torch.full((layer.num_features,), 1 - layer.eps)
    nn.init.ones_(layer.weight)
    nn.init.normal_(layer.bias)


def batch_norms(network: nn.Module) -> list[nn.BatchNorm2d]:
    return [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]


def batches(count: int = 4) -> list[Tensor]:
    rng = torch.Generator().manual_seed(2)
    return [0.5 + 2 * torch.randn(5, 3, 16, 12, generator=rng) for _ in range(count)]


@torch.no_grad()
def test_the_function_stays_the_same() -> None:
    network = folded_network()
    before = network(batches()[0])
    assert restore_statistics(network, batches()) == 2
    assert torch.allclose(network(batches()[0]), before, atol=1e-4)


@torch.no_grad()
def test_statistics_are_those_of_all_batches_together() -> None:
    network, original = folded_network(), folded_network()
    restore_statistics(network, batches())
    reaching = torch.cat([original[0](batch) for batch in batches()])  # what the first layer sees
    first = batch_norms(network)[0]
    assert first.running_mean is not None
    assert first.running_var is not None
    for channel in range(8):
        values = reaching[:, channel].flatten().double()
        assert float(first.running_mean[channel]) == pytest.approx(float(values.mean()), abs=1e-5)
        assert float(first.running_var[channel]) == pytest.approx(float(values.var(correction=0)), rel=1e-5)


@torch.no_grad()
def test_training_mode_now_normalises_to_the_same_function() -> None:
    """On one batch whose statistics are its own, training and evaluation agree."""
    network = folded_network()
    (batch,) = batches(1)
    before = network(batch)
    restore_statistics(network, [batch])
    assert not any(is_folded(layer) for layer in batch_norms(network))
    assert torch.allclose(network.train()(batch), before, atol=1e-3)


@torch.no_grad()
def test_layers_with_statistics_are_left_alone() -> None:
    network = folded_network()
    trained = batch_norms(network)[0]
    trained.running_mean = torch.randn(8)
    before = copy.deepcopy(trained.state_dict())
    assert restore_statistics(network, batches()) == 1
    for name, value in trained.state_dict().items():
        assert torch.equal(value, before[name])


def test_a_network_without_folded_layers_reads_no_batch() -> None:
    network = folded_network()
    for layer in batch_norms(network):
        layer.running_var = torch.full((layer.num_features,), 4.0)

    def unread() -> Tensor:
        raise AssertionError("a batch was read")

    assert restore_statistics(network, (unread() for _ in range(1))) == 0


def test_hooks_are_gone_afterwards() -> None:
    network = folded_network()
    restore_statistics(network, batches(1))
    assert not any(layer._forward_pre_hooks for layer in batch_norms(network))


def test_a_layer_without_running_statistics_is_not_folded() -> None:
    assert not is_folded(nn.BatchNorm2d(3, track_running_stats=False))


@torch.no_grad()
def test_a_whole_mobilenet_keeps_its_function() -> None:
    torch.manual_seed(1)
    network = mobilenet_v2(weights=None).features.eval()
    for layer in batch_norms(network):
        fold(layer)
        layer.bias.mul_(0.2)
    images = [torch.randn(2, 3, 64, 48) for _ in range(2)]
    before = network(images[0])
    assert restore_statistics(network, images) == len(batch_norms(network))
    assert torch.allclose(network(images[0]), before, rtol=1e-3, atol=1e-3 * float(before.abs().max()))
