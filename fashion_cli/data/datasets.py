"""Photographs and targets for training: pairs of images of one garment."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fashion_cli.data.images import ImageReader
from fashion_cli.data.transforms import Augmentation, random_view, vary_light
from fashion_cli.model_cards import InputSpec

MARGIN = 1.15  # photographs are read this much larger than the views cut from them


@dataclass(frozen=True)
class PairBatch:
    """Two images of each of G garments; rows g and G + g show the same one.

    Attributes:
        images: (2G, 3, H, W) float, normalised.
        targets: (2G, T) int8: 1 true, 0 false, -1 unknown.
        garments: (2G,) int64 identity of the garment.
    """

    images: Tensor
    targets: Tensor
    garments: Tensor

    def to(self, device: torch.device, non_blocking: bool = False) -> "PairBatch":
        """The batch on a device; what accelerate calls on whatever a loader yields."""
        return PairBatch(
            self.images.to(device, non_blocking=non_blocking),
            self.targets.to(device, non_blocking=non_blocking),
            self.garments.to(device, non_blocking=non_blocking),
        )


class GarmentPairs(torch.utils.data.Dataset[PairBatch]):
    """Pairs of training images, read and varied in threads.

    The pair is two photographs of the garment where there are several, two views of one photograph otherwise.
    Everything random follows from (seed, epoch, garments of the batch), so a resumed run sees the same images.

    Args:
        paths: N photographs.
        targets: (N, T) int8.
        garments: For each garment, the rows of its photographs.
        spec: Size and normalisation of the images.
        augmentation: What may change.
        seed: Of everything random.
        threads: That read photographs.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        targets: npt.NDArray[np.int8],
        garments: Sequence[Sequence[int]],
        spec: InputSpec,
        augmentation: Augmentation,
        seed: int,
        threads: int,
    ) -> None:
        self.paths, self.targets, self.garments = paths, targets, garments
        self.spec, self.augmentation, self.seed = spec, augmentation, seed
        larger = InputSpec(round(spec.height * MARGIN), round(spec.width * MARGIN), padding=spec.padding)
        self.reader = ImageReader(larger, fast=True)
        self.threads = ThreadPoolExecutor(threads)
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.garments)

    def __getitems__(self, garments: list[int]) -> PairBatch:
        dice = torch.Generator().manual_seed(hash((self.seed, self.epoch, *garments)) % 2**63)
        seeds = torch.randint(2**62, (len(garments),), generator=dice).tolist()
        pairs = list(self.threads.map(self._pair, garments, seeds))
        rows = [first for (first, _), _ in pairs] + [second for (_, second), _ in pairs]
        views = torch.stack([views[0] for _, views in pairs] + [views[1] for _, views in pairs])
        images = vary_light(views.float() / 255, self.augmentation, dice)
        mean, std = (torch.tensor(each).view(3, 1, 1) for each in (self.spec.mean, self.spec.std))
        return PairBatch(
            images=((images - mean) / std).contiguous(memory_format=torch.channels_last),
            targets=torch.from_numpy(self.targets[rows]),
            garments=torch.tensor(garments * 2),
        )

    def _pair(self, garment: int, seed: int) -> tuple[tuple[int, int], tuple[Tensor, Tensor]]:
        dice = torch.Generator().manual_seed(seed)
        rows = self.garments[garment]
        order = torch.randperm(len(rows), generator=dice).tolist()
        first, second = rows[order[0]], rows[order[1 % len(rows)]]
        one = self._pixels(first)
        other = one if second == first else self._pixels(second)
        views = (self._view(one, dice), self._view(other, dice))
        return (first, second), views

    def _pixels(self, row: int) -> Tensor:
        """(3, H, W) uint8, a little larger than a view."""
        return torch.from_numpy(self.reader.read(self.paths[row]).pixels).permute(2, 0, 1)

    def _view(self, pixels: Tensor, dice: torch.Generator) -> Tensor:
        return random_view(pixels, self.spec.height, self.spec.width, self.augmentation, dice)
