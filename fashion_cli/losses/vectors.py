"""Losses on vectors, by the names that recipes use. All come from pytorch-metric-learning."""

import torch
from pytorch_metric_learning import losses, miners
from torch import Tensor, nn

from fashion_cli.errors import RecipeError
from fashion_cli.losses.memory import VectorMemory
from fashion_cli.suggestions import suggest

KINDS = ("supervised_contrastive", "triplet", "multi_similarity", "proxy_anchor")
WITH_MEMORY = ("supervised_contrastive",)
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
        memory: Vectors of earlier batches that the supervised contrastive loss compares with too; 0: none.
        memory_after: Batches before they count.

    Raises:
        RecipeError: If a name is not among those, or the loss has no use for a memory.
    """

    def __init__(  # noqa: PLR0913  # what the losses of `KINDS` want, all together
        self,
        kind: str,
        *,
        garments: int,
        width: int,
        temperature: float,
        margin: float,
        negatives: str,
        memory: int = 0,
        memory_after: int = 0,
    ) -> None:
        super().__init__()
        if kind not in KINDS:
            raise RecipeError(f"loss.kind: unknown loss {kind!r}", hint=suggest(kind, KINDS))
        if negatives not in NEGATIVES:
            raise RecipeError(f"loss.negatives: unknown choice {negatives!r}", hint=suggest(negatives, NEGATIVES))
        if memory and kind not in WITH_MEMORY:
            raise RecipeError(
                f"loss.memory: the loss {kind!r} compares within a batch alone",
                hint=f"loss.memory = 0, or loss.kind = {WITH_MEMORY[0]!r}",
            )
        self.miner: nn.Module | None = None
        match kind:
            case "supervised_contrastive":
                self.loss: nn.Module = losses.SupConLoss(temperature=temperature)
                if memory:
                    self.loss = VectorMemory(self.loss, width, memory, memory_after)
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
        if isinstance(self.loss, VectorMemory):
            return torch.as_tensor(self.loss(vectors, garments))
        pairs = self.miner(vectors, garments) if self.miner is not None else None
        loss: Tensor = self.loss(vectors, garments, pairs)
        return loss
