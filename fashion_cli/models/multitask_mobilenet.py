"""MobileNetV2 that gives a unit vector and all tags in one forward pass: the model that ships with the package.

Trunk: Sandler et al., MobileNetV2: Inverted Residuals and Linear Bottlenecks (CVPR 2018), width 1.0, as in torchvision.
The heads are those of `pooled_heads`. Tags may also look at the maps of earlier blocks: what training for vectors
forgets (whether a sandal is a child's) can still be read there.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torchvision.models import mobilenet_v2

from fashion_cli.models.pooled_heads import PooledHeads

FEATURE_WIDTH = 1280  # MobileNetV2's last convolution at width 1.0
BLOCK_WIDTHS = (32, 16, 24, 24, 32, 32, 32, 64, 64, 64, 64, 96, 96, 96, 160, 160, 160, 320)  # table 2 of Sandler et al.


class PooledBlocks(nn.Sequential):
    """Blocks in a row, whose maps are averaged over the image.

    Args:
        blocks: (B, 3, H, W) images -> maps of the last one.
        chosen: Numbers of the blocks whose maps count, beside the last.
    """

    def __init__(self, blocks: nn.Sequential, chosen: Sequence[int]) -> None:
        super().__init__(*blocks)
        self.chosen = frozenset(chosen) | {len(blocks) - 1}

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, F), the chosen blocks in order, the last one last."""
        maps, parts = images, []
        for number, block in enumerate(self):
            maps = block(maps)
            if number in self.chosen:
                parts.append(maps.mean(dim=(2, 3)))
        return torch.cat(parts, dim=1)


class MultitaskMobileNet(PooledHeads):
    """MobileNetV2 with a vector head and, where there are tags, a tag head.

    Args:
        vector_width: D.
        tags: T; 0 leaves the tag head away.
        tag_blocks: Numbers in [0, 18) of earlier blocks that tags see too.
    """

    def __init__(self, vector_width: int, tags: int, tag_blocks: Sequence[int] = ()) -> None:
        width = FEATURE_WIDTH + sum(BLOCK_WIDTHS[number] for number in set(tag_blocks))
        trunk = PooledBlocks(mobilenet_v2(weights=None).features, tag_blocks)
        super().__init__(trunk, width, FEATURE_WIDTH, vector_width, tags)
