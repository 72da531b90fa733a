"""Photographs and targets for training: several images of each garment."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fashion_cli.data.images import Box, ImageReader
from fashion_cli.data.transforms import Augmentation, random_view, vary_light
from fashion_cli.errors import ImageError, UsageError
from fashion_cli.model_cards import InputSpec

MARGIN = 1.15  # photographs are read this much larger than the views cut from them


@dataclass(frozen=True)
class GarmentBatch:
    """K images of each of P garments; rows g, P + g, 2P + g, … show the same one.

    Attributes:
        images: (KP, 3, H, W) float, normalised.
        targets: (KP, T) int8: 1 true, 0 false, -1 unknown.
        garments: (KP,) int64 identity of the garment.
        names: KP files, for people.
    """

    images: Tensor
    targets: Tensor
    garments: Tensor
    names: tuple[str, ...] = ()

    def to(self, device: torch.device, non_blocking: bool = False) -> "GarmentBatch":
        """The batch on a device; what accelerate calls on whatever a loader yields."""
        return replace(
            self,
            images=self.images.to(device, non_blocking=non_blocking),
            targets=self.targets.to(device, non_blocking=non_blocking),
            garments=self.garments.to(device, non_blocking=non_blocking),
        )


@dataclass(frozen=True)
class _Views:
    """K images of one garment, and the rows of the photographs that they were cut from."""

    garment: int
    rows: Sequence[int]
    images: Sequence[Tensor]  # (3, H, W) uint8 each


class GarmentImages(torch.utils.data.Dataset[GarmentBatch]):
    """Training images of garments, read and varied in threads.

    A garment's images are photographs of it where there are enough, and several views of one photograph otherwise.
    Everything random follows from (seed, epoch, garments of the batch), so a resumed run sees the same images. A
    photograph that cannot be read is remembered in `unreadable` and another one of its garment takes its place; a
    garment without any readable photograph gives its place to the next one of the batch.

    Args:
        paths: N photographs.
        boxes: The part of a photograph that shows the garment, by row.
        targets: (N, T) int8.
        garments: For each garment, the rows of its photographs.
        spec: Size and normalisation of the images.
        photographs: K.
        augmentation: What may change.
        seed: Of everything random.
        threads: That read photographs.
    """

    def __init__(  # noqa: PLR0913  # what there is, and what is made of it
        self,
        paths: Sequence[Path],
        boxes: Mapping[int, Box],
        targets: npt.NDArray[np.int8],
        garments: Sequence[Sequence[int]],
        *,
        spec: InputSpec,
        photographs: int,
        augmentation: Augmentation,
        seed: int,
        threads: int,
    ) -> None:
        self.paths, self.boxes, self.targets, self.garments = paths, boxes, targets, garments
        self.spec, self.photographs, self.augmentation, self.seed = spec, photographs, augmentation, seed
        larger = replace(spec, height=round(spec.height * MARGIN), width=round(spec.width * MARGIN))
        self.reader = ImageReader(larger, fast=True)
        self.threads = ThreadPoolExecutor(threads)
        self.epoch = 0
        self.unreadable: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self.garments)

    def __getitems__(self, garments: list[int]) -> GarmentBatch:
        dice = torch.Generator().manual_seed(hash((self.seed, self.epoch, *garments)) % 2**63)
        seeds = torch.randint(2**62, (len(garments),), generator=dice).tolist()
        read = [views for views in self.threads.map(self._views, garments, seeds) if views is not None]
        if not read:
            raise ImageError(
                f"none of {len(garments)} training photographs can be read",
                hint=f"the first: {next(iter(self.unreadable.values()))}",
            )
        chosen = [read[place % len(read)] for place in range(len(garments))]
        rows = [views.rows[k] for k in range(self.photographs) for views in chosen]
        pixels = torch.stack([views.images[k] for k in range(self.photographs) for views in chosen])
        images = vary_light(pixels.float() / 255, self.augmentation, dice)
        mean, std = (torch.tensor(each).view(3, 1, 1) for each in (self.spec.mean, self.spec.std))
        return GarmentBatch(
            images=((images - mean) / std).contiguous(memory_format=torch.channels_last),
            targets=torch.from_numpy(self.targets[rows]),
            garments=torch.tensor([views.garment for views in chosen] * self.photographs),
            names=tuple(str(self.paths[row]) for row in rows),
        )

    def close(self) -> None:
        """End the reading threads."""
        self.threads.shutdown(cancel_futures=True)

    def _views(self, garment: int, seed: int) -> _Views | None:
        dice = torch.Generator().manual_seed(seed)
        own = self.garments[garment]
        pixels: dict[int, Tensor] = {}
        for place in torch.randperm(len(own), generator=dice).tolist():
            if len(pixels) == self.photographs:
                break
            try:
                pixels[own[place]] = self._pixels(own[place])
            except (ImageError, UsageError) as error:  # damaged, or a published box reaches beyond it
                self.unreadable[str(self.paths[own[place]])] = str(error)
        if not pixels:
            return None
        rows = [list(pixels)[k % len(pixels)] for k in range(self.photographs)]
        size = self.spec.height, self.spec.width
        return _Views(garment, rows, [random_view(pixels[row], *size, self.augmentation, dice) for row in rows])

    def _pixels(self, row: int) -> Tensor:
        """(3, H, W) uint8, a little larger than a view."""
        return torch.from_numpy(self.reader.read(self.paths[row], self.boxes.get(row)).pixels).permute(2, 0, 1)
