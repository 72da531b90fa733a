"""The heads of the models that ship: a unit vector and all tags from averaged maps, in one forward pass.

The vector head (fully connected, l2) is that of Lim & Nang's retrieval network; the tag head is one linear layer over
the same features, so tagging and embedding a photograph cost one pass.
"""

from torch import Tensor, nn

from fashion_cli.layers.heads import tag_head, tag_logits, unit_vectors
from fashion_cli.models.outputs import ImageOutputs


class PooledHeads(nn.Module):
    """A trunk with a vector head and, where there are tags, a tag head.

    Args:
        trunk: (B, 3, H, W) normalised images -> (B, F) averaged maps, those of the last layer last.
        width: F, what the tags are predicted from.
        vector_features: How many of the last F make the vector.
        vector_width: D.
        tags: T; 0 leaves the tag head away.
    """

    def __init__(self, trunk: nn.Module, width: int, vector_features: int, vector_width: int, tags: int) -> None:
        super().__init__()
        self.features = trunk
        self.vector_features = vector_features
        self.vector_head = nn.Linear(vector_features, vector_width)
        self.tag_head = tag_head(width, tags)

    def pooled(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) normalised images -> (B, F) fp32."""
        pooled: Tensor = self.features(images)
        return pooled.float()

    def forward(self, images: Tensor) -> ImageOutputs:
        """Embed and tag a batch.

        Args:
            images: (B, 3, H, W), normalised as the model card says.
        """
        pooled = self.pooled(images)  # (B, F)
        vectors = unit_vectors(self.vector_head(pooled[:, -self.vector_features :]))  # (B, D)
        return ImageOutputs(vectors=vectors, logits=tag_logits(self.tag_head, pooled))
