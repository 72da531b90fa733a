"""Lim & Nang's retrieval network: photographs of one garment lie near each other, others far.

Lim and Nang, fashion image retrieval using clothing attributes: ResNet-50, max pooling over its last maps, one fully
connected layer, l2. Three copies with the same weights see a query, another photograph of the same garment and one of
another garment; they are trained with the triplet loss on the distances between their vectors.

Trunk: He et al., Deep Residual Learning for Image Recognition (CVPR 2016), as in torchvision; under the prefix
`features.` its tensors have torchvision's names. The paper has no tags here; with a vocabulary a linear tag head is
added, so that one network can stand in for the paper's two.
"""

from collections import OrderedDict

from torch import Tensor, nn
from torchvision.models import resnet50

from fashion_cli.layers.heads import tag_head, tag_logits, unit_vectors
from fashion_cli.models.outputs import ImageOutputs

FEATURE_WIDTH = 2048  # channels of ResNet-50's last stage
STAGES = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4")


class TripletResNet50(nn.Module):
    """One of the three copies.

    Args:
        vector_width: D of the vectors.
        tags: T of the logits; 0 leaves the tag head away, as in the paper.
    """

    def __init__(self, vector_width: int, tags: int = 0) -> None:
        super().__init__()
        trunk = resnet50(weights=None)
        self.features = nn.Sequential(OrderedDict((name, trunk.get_submodule(name)) for name in STAGES))
        self.vector_head = nn.Linear(FEATURE_WIDTH, vector_width)
        self.tag_head = tag_head(FEATURE_WIDTH, tags)

    def pooled(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) normalised images -> (B, 2048) fp32, the largest value of each map."""
        maps: Tensor = self.features(images)  # (B, 2048, H / 32, W / 32)
        return maps.amax(dim=(2, 3)).float()

    def forward(self, images: Tensor) -> ImageOutputs:
        """Embed a batch.

        Args:
            images: (B, 3, H, W), normalised as the model card says.
        """
        pooled = self.pooled(images)  # (B, 2048)
        vectors = unit_vectors(self.vector_head(pooled))  # (B, D)
        return ImageOutputs(vectors=vectors, logits=tag_logits(self.tag_head, pooled))
