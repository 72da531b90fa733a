"""MobileNetV2 as it came from ImageNet, run exactly: what training starts from and has to beat.

The weights come from TensorFlow, whose SAME padding differs from torchvision's in stride-2 convolutions;
batch norm is folded. Features are the mean of the last convolution over the image.
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import mobilenet_v2

from fashion_cli.zoo import load_weights


class SamePadding(nn.Module):
    """TensorFlow's SAME padding before a convolution: what is odd goes to the right and to the bottom.

    Args:
        convolution: Its own padding is taken away.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.kernel, self.stride = convolution.kernel_size[0], convolution.stride[0]
        convolution.padding = (0, 0)
        self.convolution = convolution

    def forward(self, maps: Tensor) -> Tensor:
        rows, columns = (self._total(side) for side in maps.shape[2:])
        padded = F.pad(maps, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))
        return torch.as_tensor(self.convolution(padded))

    def _total(self, side: int) -> int:
        return max((-(-side // self.stride) - 1) * self.stride + self.kernel - side, 0)


class UntouchedTrunk(nn.Module):
    """MobileNetV2 without its classifier, as its first owner ran it.

    Args:
        weights: safetensors by torchvision's names.
    """

    def __init__(self, weights: Path) -> None:
        super().__init__()
        network = mobilenet_v2(weights=None)
        load_weights(network, weights, partly=True)
        self.features = network.features
        for block in list(self.features.modules()):
            for name, layer in list(block.named_children()):
                if isinstance(layer, nn.Conv2d) and layer.stride[0] == 2:
                    setattr(block, name, SamePadding(layer))
        self.eval().to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) in [-1, 1] -> (B, 1280)."""
        return torch.as_tensor(self.features(images)).mean(dim=(2, 3))
