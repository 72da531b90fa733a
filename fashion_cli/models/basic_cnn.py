"""A basic CNN: what the paper compares its networks with, small and from random weights.

Kim, Choi and Park, Recognition of multi label fashion styles based on transfer learning and graph convolution network
(2021), compare ML-GCN with ResNet-50 and with "basic CNN", a few convolutions without transfer learning. Ours, since
nothing more is fixed: four blocks of a 3 x 3 convolution, batch norm, ReLU and a 2 x 2 maximum, whose channels double,
then the mean of each map and one linear layer.
"""

from torch import Tensor, nn

from fashion_cli.layers.heads import tag_head, tag_logits, unit_vectors
from fashion_cli.models.outputs import ImageOutputs

CHANNELS = (32, 64, 128, 256)  # of the blocks
FEATURE_WIDTH = CHANNELS[-1]


def block(channels: int, out_channels: int) -> nn.Sequential:
    """(B, C, H, W) -> (B, C', H / 2, W / 2)."""
    return nn.Sequential(
        nn.Conv2d(channels, out_channels, 3, padding=1, bias=False),  # batch norm has a bias
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
    )


class BasicCNN(nn.Module):
    """Four convolutions and a linear layer.

    Args:
        tags: T of the logits; 0 leaves the tag head away.
    """

    def __init__(self, tags: int) -> None:
        super().__init__()
        widths = (3, *CHANNELS)
        self.features = nn.Sequential(*(block(*pair) for pair in zip(widths, CHANNELS, strict=False)))
        self.tag_head = tag_head(FEATURE_WIDTH, tags)

    def pooled(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) normalised images -> (B, 256) fp32 mean-pooled features."""
        maps: Tensor = self.features(images)  # (B, 256, H / 16, W / 16)
        return maps.mean(dim=(2, 3)).float()

    def forward(self, images: Tensor) -> ImageOutputs:
        """Embed and tag a batch.

        Args:
            images: (B, 3, H, W), normalised as the model card says.
        """
        pooled = self.pooled(images)  # (B, 256)
        return ImageOutputs(vectors=unit_vectors(pooled), logits=tag_logits(self.tag_head, pooled))
