"""The style classifier of Lee et al.: a pretrained ResNet-34 whose last layer is learned anew for 17 styles.

Lee et al., fashion search service using transfer learning: ResNet-34 with the weights of ImageNet, its fully connected
layer of 1,000 classes replaced by one of 17 styles, everything trained on. The class with the highest probability is
the answer.

Trunk: He et al., Deep Residual Learning for Image Recognition (CVPR 2016), table 1, 34 layers, up to and with the
average pooling.

The paper takes no vectors from this network. They are what its last layer sees, at unit length, so that photographs can
be searched by style with the same model.
"""

from torch import Tensor, nn

from fashion_cli.layers.heads import unit_vectors
from fashion_cli.models.outputs import ImageOutputs

TRUNK = "torchvision:resnet34"  # where the card names no other


class StyleResNet34(nn.Module):
    """A trunk and one fully connected layer.

    Args:
        trunk: (B, 3, H, W) normalised images -> (B, D) pooled features; the paper's is a ResNet-34 with D = 512.
        width: D.
        tags: T classes, at least 1.
    """

    def __init__(self, trunk: nn.Module, width: int, tags: int) -> None:
        super().__init__()
        self.features = trunk
        self.tag_head = nn.Linear(width, tags)

    def pooled(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) normalised images -> (B, D) fp32, the trunk's pooled features."""
        features: Tensor = self.features(images)
        return features.float()

    def forward(self, images: Tensor) -> ImageOutputs:
        """Classify a batch.

        Args:
            images: (B, 3, H, W), normalised as the model card says.
        """
        pooled = self.pooled(images)  # (B, D)
        logits = self.tag_head(pooled).float()  # (B, T)
        return ImageOutputs(vectors=unit_vectors(pooled), logits=logits)
