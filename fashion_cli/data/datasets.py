"""Photographs and targets for training: several images of each garment."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fashion_cli.data.annotations import Mask
from fashion_cli.data.cutouts import exchange_ground, outside, white_ground, window_of
from fashion_cli.data.fitting import Corners, place
from fashion_cli.data.images import Box, ImageReader, read_mask
from fashion_cli.data.transforms import Augmentation, distort, draw_view, fixed_view, vary_light
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
        rows: (P,) int64, the photographs that the first image of each garment is cut from; on the CPU, where what
            teachers see of them is kept.
        views: (P,) int64, which of their fixed views these are, on the CPU; empty where there are none.
        names: KP files, for people.
    """

    images: Tensor
    targets: Tensor
    garments: Tensor
    rows: Tensor
    views: Tensor
    names: tuple[str, ...] = ()

    def to(self, device: torch.device, non_blocking: bool = False) -> "GarmentBatch":
        """The batch on a device, but for `rows` and `views`; what accelerate calls on whatever a loader yields."""
        return replace(
            self,
            images=self.images.to(device, non_blocking=non_blocking),
            targets=self.targets.to(device, non_blocking=non_blocking),
            garments=self.garments.to(device, non_blocking=non_blocking),
        )


@dataclass(frozen=True)
class _Pixels:
    """A photograph, fitted to a frame a little larger than a view."""

    image: Tensor  # (3, H, W) uint8
    window: Corners  # where it lies in the frame


@dataclass(frozen=True)
class _Views:
    """K images of one garment, and the rows of the photographs that they were cut from."""

    garment: int
    rows: Sequence[int]
    images: Sequence[Tensor]  # (3, H, W) uint8 each
    view: int  # which of the fixed views the first one is


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
        fixed_views: The first image of each garment is one of so many views of its photograph, for teachers have seen
            these; 0 draws it as all others.
        masks: The garment's pixels, by row.
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
        fixed_views: int = 0,
        masks: Mapping[int, Mask] | None = None,
    ) -> None:
        self.paths, self.boxes, self.targets, self.garments = paths, boxes, targets, garments
        self.spec, self.photographs, self.augmentation, self.seed = spec, photographs, augmentation, seed
        larger = replace(spec, height=round(spec.height * MARGIN), width=round(spec.width * MARGIN))
        self.reader = ImageReader(larger, fast=True)
        self.grounds = ImageReader(replace(larger, fit="crop"), fast=True)  # without the padding of others
        self.fixed_views, self.masks = fixed_views, masks or {}
        self.threads = ThreadPoolExecutor(threads)
        self.epoch = 0
        self.unreadable: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self.garments)

    def __getitems__(self, garments: list[int]) -> GarmentBatch:
        rng = torch.Generator().manual_seed(hash((self.seed, self.epoch, *garments)) % 2**63)
        seeds = torch.randint(2**62, (len(garments),), generator=rng).tolist()
        read = [views for views in self.threads.map(self._views, garments, seeds) if views is not None]
        if not read:
            raise ImageError(
                f"none of {len(garments)} training photographs can be read",
                hint=f"the first: {next(iter(self.unreadable.values()))}",
            )
        chosen = [read[place % len(read)] for place in range(len(garments))]
        rows = [views.rows[k] for k in range(self.photographs) for views in chosen]
        pixels = torch.stack([views.images[k] for k in range(self.photographs) for views in chosen])
        images = vary_light(pixels.float() / 255, self.augmentation, rng)
        mean, std = (torch.tensor(each).view(3, 1, 1) for each in (self.spec.mean, self.spec.std))
        return GarmentBatch(
            images=((images - mean) / std).contiguous(memory_format=torch.channels_last),
            targets=torch.from_numpy(self.targets[rows]),
            garments=torch.tensor([views.garment for views in chosen] * self.photographs),
            rows=torch.tensor(rows[: len(chosen)]),
            views=torch.tensor([views.view for views in chosen] if self.fixed_views else [], dtype=torch.int64),
            names=tuple(str(self.paths[row]) for row in rows),
        )

    def close(self) -> None:
        """End the reading threads."""
        self.threads.shutdown(cancel_futures=True)

    def _views(self, garment: int, seed: int) -> _Views | None:
        rng = torch.Generator().manual_seed(seed)
        own = self.garments[garment]
        pixels: dict[int, _Pixels] = {}
        for number in torch.randperm(len(own), generator=rng).tolist():
            if len(pixels) == self.photographs:
                break
            try:
                pixels[own[number]] = self._pixels(own[number])
            except (ImageError, UsageError) as error:  # damaged, or a published box reaches beyond it
                self.unreadable[str(self.paths[own[number]])] = str(error)
        if not pixels:
            return None
        rows = [list(pixels)[k % len(pixels)] for k in range(self.photographs)]
        fixed = int(torch.randint(max(1, self.fixed_views), (1,), generator=rng))
        images = [self._image(pixels[row], row, rng, fixed if k == 0 else None) for k, row in enumerate(rows)]
        return _Views(garment, rows, images, fixed)

    def _image(self, pixels: _Pixels, row: int, rng: torch.Generator, fixed: int | None) -> Tensor:
        """(3, H, W) uint8, one varied view; of the fixed ones if it is numbered.

        A fixed view keeps its background, since teachers have seen it so; how it is distorted is the student's alone.
        """
        image = pixels.image
        if fixed is not None and self.fixed_views:
            view = fixed_view(fixed, self.augmentation, (self.seed, row))
        else:
            view = draw_view(self.augmentation, rng)
            if float(torch.rand(1, generator=rng)) < self.augmentation.background:
                image = self._with_other_background(pixels, row, rng)
        return distort(view.cut(image, self.spec.height, self.spec.width), self.augmentation, rng)

    def _with_other_background(self, pixels: _Pixels, row: int, rng: torch.Generator) -> Tensor:
        """A garment on white, or with a mask, before a piece of any other photograph; all others as they are."""
        behind = int(torch.randint(len(self.paths), (1,), generator=rng))
        try:
            ground = self._masked_ground(row) if row in self.masks else white_ground(pixels.image, pixels.window)
            if ground is None:
                return pixels.image
            other = self.grounds.read(self.paths[behind]).pixels
        except ImageError:  # unreadable, the mask or what would have been behind
            return pixels.image
        return exchange_ground(pixels.image, ground, torch.from_numpy(other).permute(2, 0, 1), rng)

    def _masked_ground(self, row: int) -> npt.NDArray[np.bool_]:
        """(H, W) what a garment's mask does not count to it, as large as what `_pixels` reads."""
        mask = self.masks[row]
        numbers = read_mask(mask.path)
        box = self.boxes.get(row, Box(0, 0, numbers.shape[1], numbers.shape[0]))
        part = numbers[box.y : box.y + box.height, box.x : box.x + box.width] == mask.number
        return outside(part, self.reader.spec)

    def _pixels(self, row: int) -> _Pixels:
        photograph = self.reader.read(self.paths[row], box := self.boxes.get(row))
        width, height = (box.width, box.height) if box is not None else (photograph.width, photograph.height)
        window = window_of(place((0, 0, width, height), self.reader.spec), self.reader.spec)
        return _Pixels(torch.from_numpy(photograph.pixels).permute(2, 0, 1), window)
