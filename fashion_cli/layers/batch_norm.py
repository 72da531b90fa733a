"""Batch norm that was folded away for deployment, given statistics again so that training can go on."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn


def is_folded(layer: nn.BatchNorm2d) -> bool:
    """Whether the layer is the identity plus a bias: mean 0, variance 1 - eps, weight 1."""
    mean, variance = layer.running_mean, layer.running_var
    if mean is None or variance is None:
        return False
    return bool((mean == 0).all()) and torch.allclose(variance, torch.tensor(1 - layer.eps), atol=1e-3)


@torch.no_grad()
def restore_statistics(network: nn.Module, batches: Iterable[Tensor]) -> int:
    """Estimate mean m and variance v of what reaches each folded layer and set weight sqrt(v + eps), bias + m.

    In evaluation mode the function stays the same; in training mode the layers now normalise.

    Args:
        network: Changed in place.
        batches: (B, 3, H, W) normalised training images.

    Returns:
        How many layers were folded.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    folded = {layer: _Moments() for layer in layers if is_folded(layer)}
    hooks = [layer.register_forward_pre_hook(moments.watch) for layer, moments in folded.items()]
    network.eval()
    if folded:
        for batch in batches:
            network(batch)
    for hook in hooks:
        hook.remove()
    for layer, moments in folded.items():
        mean, variance = moments.result()
        layer.bias.add_(mean)
        layer.weight.copy_((variance + layer.eps).sqrt())
        layer.running_mean, layer.running_var = mean, variance
    return len(folded)


class _Moments:
    """Running sums of a layer's input, per channel."""

    def __init__(self) -> None:
        self.count, self.total, self.squares = 0, torch.zeros(()), torch.zeros(())

    def watch(self, _layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        values = inputs[0].double()  # (B, C, H, W)
        self.count += values.numel() // values.shape[1]
        self.total = self.total + values.sum(dim=(0, 2, 3))
        self.squares = self.squares + values.square().sum(dim=(0, 2, 3))

    def result(self) -> tuple[Tensor, Tensor]:
        mean = self.total / self.count
        return mean.float(), (self.squares / self.count - mean.square()).clamp(min=0).float()
