"""MobileNetV2 that gives a unit vector and all tags in one forward pass: the model that ships with the package.

Trunk: Sandler et al., MobileNetV2: Inverted Residuals and Linear Bottlenecks (CVPR 2018), width 1.0, as in torchvision.
The vector head (fully connected, l2) is that of Lim & Nang's retrieval network; the tag head is one linear layer over
the same features, so tagging and embedding a photograph cost one pass.
"""

from torch import Tensor, nn
from torchvision.models import mobilenet_v2

from fashion_cli.layers.heads import tag_head, tag_logits, unit_vectors
from fashion_cli.models.outputs import ImageOutputs

FEATURE_WIDTH = 1280  # MobileNetV2's last convolution at width 1.0


class MultitaskMobileNet(nn.Module):
    """MobileNetV2 with a vector head and, where there are tags, a tag head."""

    def __init__(self, vector_width: int, tags: int) -> None:
        super().__init__()
        self.features = mobilenet_v2(weights=None).features
        self.vector_head = nn.Linear(FEATURE_WIDTH, vector_width)
        self.tag_head = tag_head(FEATURE_WIDTH, tags)

    def pooled(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) normalised images -> (B, 1280) fp32 mean-pooled features."""
        maps: Tensor = self.features(images)  # (B, 1280, H / 32, W / 32)
        return maps.mean(dim=(2, 3)).float()

    def forward(self, images: Tensor) -> ImageOutputs:
        """Embed and tag a batch.

        Args:
            images: (B, 3, H, W), normalised as the model card says.
        """
        pooled = self.pooled(images)  # (B, 1280)
        vectors = unit_vectors(self.vector_head(pooled))  # (B, D)
        return ImageOutputs(vectors=vectors, logits=tag_logits(self.tag_head, pooled))
