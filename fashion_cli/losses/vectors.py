"""Losses on vectors, by the names that recipes use. All come from pytorch-metric-learning."""

from pytorch_metric_learning import losses, miners
from torch import Tensor, nn

from fashion_cli.errors import RecipeError
from fashion_cli.suggestions import suggest

KINDS = ("supervised_contrastive", "triplet", "multi_similarity", "proxy_anchor")
NEGATIVES = ("random", "semihard", "all")


class VectorLoss(nn.Module):
    """A loss over the unit vectors of a batch and the garments that they show.

    - supervised_contrastive: Khosla et al. (NeurIPS 2020).
    - triplet: Schroff et al., FaceNet (CVPR 2015), on Euclidean distances of unit vectors. With random negatives each
      image is compared with one other image of its garment and one image of a random other garment, as in Lim & Nang;
      semihard takes the negatives that are farther than the positive by less than the margin.
    - multi_similarity: Wang et al. (CVPR 2019), with its own miner.
    - proxy_anchor: Kim et al. (CVPR 2020); one learned proxy per garment, so this module has parameters.

    Args:
        kind: One of `KINDS`.
        garments: How many there are in all.
        width: Of the vectors.
        temperature: Of the supervised contrastive loss.
        margin: Of the triplet loss and of proxy anchor.
        negatives: Of the triplet loss, one of `NEGATIVES`.

    Raises:
        RecipeError: If a name is not among those.
    """

    def __init__(
        self, kind: str, *, garments: int, width: int, temperature: float, margin: float, negatives: str
    ) -> None:
        super().__init__()
        if kind not in KINDS:
            raise RecipeError(f"loss.kind: unknown loss {kind!r}", hint=suggest(kind, KINDS))
        if negatives not in NEGATIVES:
            raise RecipeError(f"loss.negatives: unknown choice {negatives!r}", hint=suggest(negatives, NEGATIVES))
        self.miner: nn.Module | None = None
        match kind:
            case "supervised_contrastive":
                self.loss: nn.Module = losses.SupConLoss(temperature=temperature)
            case "triplet":
                self.loss = losses.TripletMarginLoss(margin, triplets_per_anchor=1 if negatives == "random" else "all")
                if negatives == "semihard":
                    self.miner = miners.TripletMarginMiner(margin, type_of_triplets="semihard")
            case "multi_similarity":
                self.loss, self.miner = losses.MultiSimilarityLoss(), miners.MultiSimilarityMiner()
            case "proxy_anchor":
                self.loss = losses.ProxyAnchorLoss(garments, width, margin=margin)

    def forward(self, vectors: Tensor, garments: Tensor) -> Tensor:
        """The loss of a batch.

        Args:
            vectors: (B, D) of unit length.
            garments: (B,) int64, which garment each shows.

        Returns:
            A scalar.
        """
        found = self.miner(vectors, garments) if self.miner is not None else None
        loss: Tensor = self.loss(vectors, garments, found)
        return loss
