"""Learn the attribute map: a task for the one training loop.

The loss of a garment is the cross-entropy of its decoded attributes, question by question, against its scores. Two more
things are ours. Places are shifted a little before they are decoded, so that neighbours on the plane decode alike and
nothing is told by digits that nobody can see. And places are drawn towards an even spread over the unit square
(`losses.attribute_map.sliced_wasserstein`), or the garments would lie on a few threads of an empty plane.
"""

import math
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from fashion_cli.losses.attribute_map import sliced_wasserstein, soft_cross_entropy
from fashion_cli.model_cards import Vocabulary
from fashion_cli.models.attribute_map import AttributeAutoencoder
from fashion_cli.training.recipe_sections import OptimiserSection
from fashion_cli.training.task import StepOutput

EPOCHS = 10
STEPS = 200  # in an epoch
BATCH = 512  # garments, drawn with replacement: a small gallery gets as many steps as a large one
SHIFT = 0.005  # standard deviation; the plane is 1 wide
DIRECTIONS = 16
EVENNESS = 100.0  # weight of the spread: weighs about as much as the attributes where a tenth of the plane is empty
MEASURED = 20_000  # garments that figures are taken from

# A high rate for Adam, but the network is small and its batches are large: 3e-3 gives a worse map in as many steps.
OPTIMISER = OptimiserSection(kind="adamw", head_lr=1e-2, weight_decay=1e-4, warmup_steps=50, ema_decay=0.98)


class MapBatch(NamedTuple):
    """Garments, and what was drawn for them.

    Attributes:
        attributes: (B, A) scores in [0, 1].
        shift: (B, 2) to be added to their places.
        even: (B, 2) places from the unit square.
        directions: (S, 2) unit vectors.
    """

    attributes: Tensor
    shift: Tensor
    even: Tensor
    directions: Tensor


class MapBatches(Dataset[MapBatch]):
    """Batch number n, the same whenever it is asked for.

    Args:
        attributes: (N, A) scores in [0, 1].
        seed: Of everything that is drawn.
    """

    def __init__(self, attributes: Tensor, seed: int) -> None:
        self.attributes, self.seed = attributes, seed

    def __getitems__(self, numbers: list[int]) -> MapBatch:
        rng = np.random.default_rng((self.seed, *numbers))
        rows = rng.integers(len(self.attributes), size=BATCH)
        angles = rng.uniform(0, math.pi, DIRECTIONS)
        return MapBatch(
            self.attributes[torch.from_numpy(rows)],
            torch.from_numpy(SHIFT * rng.standard_normal((BATCH, 2), np.float32)),
            torch.from_numpy(rng.random((BATCH, 2), np.float32)),
            torch.from_numpy(np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)),
        )


class AttributeMapTask:
    """The map of some garments.

    Args:
        attributes: (N, A) float32 scores in [0, 1] of N garments.
        vocabulary: Of the A columns.
        seed: Of the first weights and of the batches.

    Attributes:
        network: What is learned.
        objective: Learns nothing.
        epochs: In all.
    """

    def __init__(self, attributes: npt.NDArray[np.float32], vocabulary: Vocabulary, seed: int) -> None:
        self.attributes, self.vocabulary, self.seed = torch.from_numpy(attributes), vocabulary, seed
        self.epochs = EPOCHS
        torch.manual_seed(seed)
        self.network = AttributeAutoencoder(len(vocabulary))
        self.objective = nn.Module()

    @property
    def identity(self) -> str:
        """Differs between maps of other scores, tags or seeds."""
        digest = sha256(repr((self.vocabulary, self.seed)).encode())
        digest.update(self.attributes.numpy().tobytes())
        return digest.hexdigest()

    def parameter_groups(self) -> list[dict[str, Any]]:
        return [{"params": list(self.network.parameters()), "lr": OPTIMISER.head_lr}]

    def batches(self, epoch: int) -> DataLoader[Any]:
        numbers = [[epoch * STEPS + step] for step in range(STEPS)]
        return DataLoader(
            MapBatches(self.attributes, self.seed),
            batch_sampler=numbers,
            collate_fn=_as_it_is,
        )

    def steps_per_epoch(self) -> Sequence[int]:
        return [STEPS] * self.epochs

    def step(self, network: nn.Module, batch: MapBatch) -> StepOutput:
        places, logits = network(batch.attributes, batch.shift)
        cross_entropy = soft_cross_entropy(logits, batch.attributes, self.vocabulary.groups).mean()
        spread = sliced_wasserstein(places, batch.even, batch.directions)
        return StepOutput(
            cross_entropy + EVENNESS * spread,
            {"attributes": float(cross_entropy.detach()), "unevenness": float(spread.detach())},
        )

    def validate(self, network: nn.Module) -> Mapping[str, float]:
        """Of each group, how many garments' best tag is still the best when their place is decoded.

        There is no `val`: a map is of the garments that are on it. Of many, some are measured, evenly from all.
        """
        step = -(-len(self.attributes) // MEASURED)
        attributes = self.attributes[::step].to(next(network.parameters()).device)
        with torch.no_grad():
            _, logits = network(attributes, torch.zeros(2, device=attributes.device))
        figures = {}
        for name, window in self.vocabulary.columns.items():
            agrees = logits[:, window].argmax(dim=1) == attributes[:, window].argmax(dim=1)
            figures[f"agreement/{name}"] = float(agrees.float().mean())
        return {"agreement": float(np.mean(list(figures.values()))), **figures}


def _as_it_is(batch: Any) -> Any:
    return batch
