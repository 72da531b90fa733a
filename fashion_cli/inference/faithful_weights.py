"""Write a network's weights in half precision only where its vectors stay what they are."""

from pathlib import Path

import torch
from torch import Tensor, nn

from fashion_cli.errors import WeightsError
from fashion_cli.model_cards import ModelCard
from fashion_cli.zoo import save_weights

LEAST_COSINE = 0.999  # between vectors of the weights as they were and as written; below, half precision is not used
LEAST_LENGTH = 0.99  # of a unit vector; of an embedding of zeros it is 0
TRIED = 8  # inputs to compare them on


def save_faithful(network: nn.Module, card: ModelCard, path: Path) -> tuple[str, float]:
    """Write the weights.

    Args:
        network: In evaluation mode. It is rounded as the file is.
        card: How the network wants its input.
        path: What is written.

    Returns:
        The sha256 of the file in hexadecimal, and the lowest cosine between a vector before and after.

    Raises:
        WeightsError: If the network gives no vectors, which damaged weights do.
    """
    whole = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    before = _vectors(network, card)
    if not bool(before.isfinite().all()) or float(before.norm(dim=1).min()) < LEAST_LENGTH:
        raise WeightsError(f"{card.name}: its vectors are no numbers", hint="the file is damaged or another network's")
    digest = save_weights(network, path)
    cosine = float((before * _vectors(network, card)).sum(dim=1).min())
    if cosine > LEAST_COSINE:
        return digest, cosine
    network.load_state_dict(whole)
    return save_weights(network, path, half=False), 1.0


@torch.inference_mode()
def _vectors(network: nn.Module, card: ModelCard) -> Tensor:
    """(TRIED, D) vectors of blotches of chance colour, from coarse to fine: always the same ones."""
    spec, rng = card.input, torch.Generator().manual_seed(0)
    images = [
        nn.functional.interpolate(
            torch.rand((1, 3, side, side), generator=rng), (spec.height, spec.width), mode="bilinear"
        )
        for side in range(2, 2 + 3 * TRIED, 3)
    ]
    mean, std = (torch.tensor(each).view(3, 1, 1) for each in (spec.mean, spec.std))
    vectors: Tensor = network((torch.cat(images) - mean) / std).vectors  # (TRIED, D)
    return vectors
