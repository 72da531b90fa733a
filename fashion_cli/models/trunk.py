"""Any network of another library: as it is, or with a vector head and a tag head to be trained.

The heads are those of `pooled_heads`: one fully connected layer and l2 for the vector, as in Lim & Nang, fashion
image retrieval using clothing attributes; one linear layer for the tags.
"""

from torch import Tensor, nn

from fashion_cli.layers.heads import tag_head, tag_logits, unit_vectors
from fashion_cli.models.outputs import ImageOutputs


class HeadedTrunk(nn.Module):
    """A trunk with heads.

    Args:
        trunk: (B, 3, H, W) normalised images -> (B, F).
        width: F.
        vector_width: D of the vectors.
        tags: T of the logits; 0 leaves the tag head away.
    """

    def __init__(self, trunk: nn.Module, width: int, vector_width: int, tags: int = 0) -> None:
        super().__init__()
        self.features = trunk
        self.vector_head = nn.Linear(width, vector_width)
        self.tag_head = tag_head(width, tags)

    def pooled(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) normalised images -> (B, F) fp32, the trunk's own embedding."""
        embedding: Tensor = self.features(images)
        return embedding.float()

    def forward(self, images: Tensor) -> ImageOutputs:
        """Embed and tag a batch.

        Args:
            images: (B, 3, H, W), normalised as the model card says.
        """
        pooled = self.pooled(images)  # (B, F)
        vectors = unit_vectors(self.vector_head(pooled))  # (B, D)
        return ImageOutputs(vectors=vectors, logits=tag_logits(self.tag_head, pooled))


class Encoder(nn.Module):
    """A trunk as it was published: its own embedding at unit length, and no tags.

    Args:
        trunk: (B, 3, H, W) normalised images -> (B, D).
    """

    def __init__(self, trunk: nn.Module) -> None:
        super().__init__()
        self.features = trunk

    def pooled(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) normalised images -> (B, D) fp32, the trunk's own embedding."""
        embedding: Tensor = self.features(images)
        return embedding.float()

    def forward(self, images: Tensor) -> ImageOutputs:
        """Embed a batch.

        Args:
            images: (B, 3, H, W), normalised as the model card says.
        """
        pooled = self.pooled(images)  # (B, D)
        return ImageOutputs(vectors=unit_vectors(pooled), logits=tag_logits(None, pooled))
