"""The attribute map: an autoencoder from a garment's attribute vector to a place on a plane, and back.

After the EfficientNet attribute recognition paper: the answers of all attribute groups stand side by side in one vector
per garment (32 values there, any number here), an autoencoder squeezes it to two numbers, and these two are the
garment's place on a map.

The paper's own widths are not followed. Ours: three hidden layers on each side; places in the unit square, by a
sigmoid; what keeps them apart is the objective's business (`training/tasks/attribute_map.py`).
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

WIDTH = 128  # of the hidden layers
LAYERS = 3  # hidden ones on each side
REACH = 2.0  # the decoder sees the unit square from -REACH to REACH, as wide as its first layer starts out


class AttributeAutoencoder(nn.Module):
    """Attribute vector -> place on the plane -> logits of the attribute vector.

    `retrieval/attribute_map.py` does the same without torch, layer by layer: linear, ReLU, ..., linear.

    Args:
        attributes: A, width of the attribute vector.
        width: Of the hidden layers.
    """

    def __init__(self, attributes: int, width: int = WIDTH) -> None:
        super().__init__()
        self.encoder = _perceptron(attributes, width, 2)
        self.decoder = _perceptron(2, width, attributes)

    def encode(self, attributes: Tensor) -> Tensor:
        """(B, A) scores in [0, 1] -> (B, 2) places in [0, 1]."""
        return torch.sigmoid(self.encoder(attributes))

    def decode(self, places: Tensor) -> Tensor:
        """(B, 2) places in [0, 1] -> (B, A) logits; of an exclusive group softmax makes them probabilities."""
        logits: Tensor = self.decoder(REACH * (2 * places - 1))
        return logits

    def forward(self, attributes: Tensor, shift: Tensor) -> tuple[Tensor, Tensor]:
        """Encode, and decode what lies a little beside.

        Args:
            attributes: (B, A) scores in [0, 1].
            shift: (B, 2) what is added to each place before it is decoded.

        Returns:
            (B, 2) places, and (B, A) logits.
        """
        places = self.encode(attributes)
        return places, self.decode(places + shift)


def _perceptron(inputs: int, width: int, outputs: int) -> nn.Sequential:
    widths = [inputs] + [width] * LAYERS
    hidden: list[nn.Module] = []
    for entering, leaving in pairwise(widths):
        hidden += [nn.Linear(entering, leaving), nn.ReLU()]
    return nn.Sequential(*hidden, nn.Linear(width, outputs))
