"""One EfficientNet, a softmax head for each group of attributes.

The EfficientNet attribute paper: the pooled features of one EfficientNet-B0 feed one classifier per attribute group
(of tops: type, pattern, detail, neckline, sleeve length; of bottoms: type, sub-type, length), and a garment's attribute
vector is what all of them answer, side by side. Here groups and answers come from the annotations.

Trunk: Tan and Le, EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks (ICML 2019), B0, as in
torchvision, up to and with the pooling and its dropout of 0.2.

The paper takes no vectors from the trunk. Here they are what the heads see, at unit length.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from fashion_cli.layers.heads import unit_vectors
from fashion_cli.models.outputs import ImageOutputs

TRUNK = "torchvision:efficientnet_b0"  # where the card names no other


class EfficientNetAttributes(nn.Module):
    """A trunk and a linear classifier for each group.

    Args:
        trunk: (B, 3, H, W) normalised images -> (B, D) pooled features; the paper's is an EfficientNet-B0, D = 1280.
        width: D.
        answers: How many tags each group has, in the order of the vocabulary; at least one in all. A group without any
            gets no classifier.
    """

    def __init__(self, trunk: nn.Module, width: int, answers: Sequence[int]) -> None:
        super().__init__()
        self.features = trunk
        # By number: a name of a group may be anything, that of a submodule not.
        self.tag_heads = nn.ModuleList(nn.Linear(width, count) for count in answers if count)

    def pooled(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) normalised images -> (B, D) fp32, the trunk's pooled features."""
        features: Tensor = self.features(images)
        return features.float()

    def forward(self, images: Tensor) -> ImageOutputs:
        """Recognise the attributes of a batch.

        Args:
            images: (B, 3, H, W), normalised as the model card says.
        """
        pooled = self.pooled(images)  # (B, D)
        logits = torch.cat([head(pooled) for head in self.tag_heads], dim=1)  # (B, T): the groups side by side
        return ImageOutputs(vectors=unit_vectors(pooled), logits=logits.float())
