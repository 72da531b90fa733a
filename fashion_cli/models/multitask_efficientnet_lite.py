"""EfficientNet-Lite0 that gives a unit vector and all tags in one forward pass.

Trunk: EfficientNet (Tan & Le, ICML 2019) as its authors simplified it for phones and CPUs (TensorFlow's TPU models,
"EfficientNet-Lite", 2020): no squeeze-and-excitation, ReLU6 for swish, stem and last convolution not scaled. Names of
tensors are those of timm's `tf_efficientnet_lite0`, padding is TensorFlow's, so published weights run exactly. The
heads are those of `pooled_heads`.
"""

from collections.abc import Sequence

import torch
import torch.fx
from torch import Tensor, nn
from torch.nn import functional as F

from fashion_cli.models.pooled_heads import PooledHeads

FEATURE_WIDTH = 1280
STEM_WIDTH = 32
EPSILON = 1e-3  # of TensorFlow's batch norm

# Table 1 of Tan & Le: blocks of a stage, kernel, stride of the first block, expansion, channels.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
BLOCK_WIDTHS = tuple(channels for count, *_, channels in STAGES for _ in range(count))


def same_padding(maps: Tensor, kernel: int) -> Tensor:
    """TensorFlow's SAME padding before a convolution of stride 2: what is odd goes to the right and to the bottom."""
    rows, columns = (max((-(-side // 2) - 1) * 2 + kernel - side, 0) for side in maps.shape[2:])
    return F.pad(maps, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))


torch.fx.wrap("same_padding")  # it looks at sizes, which a symbolic trace (see `layers.fusion`) does not know


def depthwise(channels: int, kernel: int, stride: int) -> nn.Conv2d:
    """A convolution of each channel; with stride 2 its input has to be padded by `same_padding`."""
    padding = kernel // 2 if stride == 1 else 0
    return nn.Conv2d(channels, channels, kernel, stride, padding, groups=channels, bias=False)


class SeparableBlock(nn.Module):
    """A depthwise convolution and a linear bottleneck: the first block, which expands nothing."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.conv_dw = depthwise(inputs, kernel, 1)
        self.bn1 = nn.BatchNorm2d(inputs, eps=EPSILON)
        self.conv_pw = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs, eps=EPSILON)

    def forward(self, maps: Tensor) -> Tensor:
        maps = F.relu6(self.bn1(self.conv_dw(maps)))
        narrow: Tensor = self.bn2(self.conv_pw(maps))
        return narrow


class InvertedResidual(nn.Module):
    """Expansion, depthwise convolution, linear bottleneck; added to its input where both have one shape."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inputs * expansion
        self.conv_pw = nn.Conv2d(inputs, wide, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(wide, eps=EPSILON)
        self.conv_dw = depthwise(wide, kernel, stride)
        self.kernel, self.stride = kernel, stride
        self.bn2 = nn.BatchNorm2d(wide, eps=EPSILON)
        self.conv_pwl = nn.Conv2d(wide, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs, eps=EPSILON)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, maps: Tensor) -> Tensor:
        inner = F.relu6(self.bn1(self.conv_pw(maps)))
        if self.stride == 2:
            inner = same_padding(inner, self.kernel)
        inner = F.relu6(self.bn2(self.conv_dw(inner)))
        narrow: Tensor = self.bn3(self.conv_pwl(inner))
        return maps + narrow if self.adds else narrow


class EfficientNetLite0(nn.Module):
    """The trunk, whose last maps, and those of chosen blocks, are averaged over the image.

    Args:
        chosen: Numbers in [0, 16) of the blocks whose maps count, beside the last convolution.
    """

    def __init__(self, chosen: Sequence[int] = ()) -> None:
        super().__init__()
        self.chosen = frozenset(chosen)
        self.conv_stem = nn.Conv2d(3, STEM_WIDTH, 3, 2, bias=False)
        self.bn1 = nn.BatchNorm2d(STEM_WIDTH, eps=EPSILON)
        self.blocks = nn.Sequential(*_stages())
        self.conv_head = nn.Conv2d(BLOCK_WIDTHS[-1], FEATURE_WIDTH, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(FEATURE_WIDTH, eps=EPSILON)

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, F), the chosen blocks in order, the 1280 features of the last convolution last."""
        maps = F.relu6(self.bn1(self.conv_stem(same_padding(images, 3))))
        parts = []
        for number, block in enumerate(block for stage in self.blocks for block in stage):  # type: ignore[attr-defined]
            maps = block(maps)
            if number in self.chosen:
                parts.append(maps.mean(dim=(2, 3)))
        maps = F.relu6(self.bn2(self.conv_head(maps)))
        return torch.cat([*parts, maps.mean(dim=(2, 3))], dim=1)


def _stages() -> list[nn.Sequential]:
    stages, inputs = [], STEM_WIDTH
    for count, kernel, first, expansion, outputs in STAGES:
        blocks: list[nn.Module] = []
        for number in range(count):
            stride = first if number == 0 else 1
            if expansion == 1:
                blocks.append(SeparableBlock(inputs, outputs, kernel))
            else:
                blocks.append(InvertedResidual(inputs, outputs, kernel, stride, expansion))
            inputs = outputs
        stages.append(nn.Sequential(*blocks))
    return stages


class MultitaskEfficientNetLite(PooledHeads):
    """EfficientNet-Lite0 with a vector head and, where there are tags, a tag head.

    Args:
        vector_width: D.
        tags: T; 0 leaves the tag head away.
        tag_blocks: Numbers in [0, 16) of earlier blocks that tags see too.
    """

    def __init__(self, vector_width: int, tags: int, tag_blocks: Sequence[int] = ()) -> None:
        width = FEATURE_WIDTH + sum(BLOCK_WIDTHS[number] for number in set(tag_blocks))
        super().__init__(EfficientNetLite0(tag_blocks), width, FEATURE_WIDTH, vector_width, tags)
