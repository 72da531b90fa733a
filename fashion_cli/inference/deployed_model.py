"""A network as it is used: pixels in, vectors and probabilities out. Both engines run exactly this."""

import torch
from torch import Tensor, nn

from fashion_cli.layers.tag_probabilities import tag_probabilities
from fashion_cli.model_cards import ModelCard


class DeployedModel(nn.Module):
    """Normalisation, network and probabilities in one graph.

    Args:
        network: Returns `ImageOutputs` for normalised images.
        card: How the network wants its input, and its vocabulary.
    """

    scale: Tensor  # (1, 3, 1, 1)
    shift: Tensor  # (1, 3, 1, 1)

    def __init__(self, network: nn.Module, card: ModelCard) -> None:
        super().__init__()
        self.network, self.vocabulary = network, card.vocabulary
        mean, std = (torch.tensor(each).view(1, 3, 1, 1) for each in (card.input.mean, card.input.std))
        self.register_buffer("scale", 1 / (255 * std))
        self.register_buffer("shift", -mean / std)

    @property
    def trunk_type(self) -> torch.dtype:
        """The precision of the first layers; the heads are in fp32 always."""
        return next(self.network.parameters()).dtype

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Predict a batch.

        Args:
            pixels: (B, H, W, 3) uint8.

        Returns:
            (B, D) fp32 vectors of unit length and (B, T) fp32 probabilities.
        """
        images = pixels.permute(0, 3, 1, 2).float() * self.scale + self.shift  # (B, 3, H, W)
        outputs = self.network(images.to(self.trunk_type))
        return outputs.vectors, tag_probabilities(outputs.logits, self.vocabulary)
