"""How training photographs are varied, on uint8 tensors and batches of floats."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional as F
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2.functional import perspective

from fashion_cli.data.images import compress_jpeg

LARGEST_MOVE = 1 / 8  # of a corner, as a share of the side, when a view is seen from aside
JPEG_QUALITY = (25, 85)  # of views that are compressed
LARGEST_STRETCH = 4 / 3  # of a crop's aspect against the photograph's, as in Inception's training


@dataclass(frozen=True)
class Augmentation:
    """What may change.

    Attributes:
        least_area: Smallest share of the photograph that a crop keeps, in (0, 1].
        mirror: Probability of a mirror image.
        light: Largest relative change of brightness and contrast.
        saturation: Largest relative change of saturation.
        erase: Probability that a rectangle is blanked out.
        perspective: Probability that the view is seen from a little aside.
        jpeg: Probability that the view is compressed as JPEG, quality 25 to 85.
        background: Probability that what stands on white, or what a mask cuts out, gets a piece of another photograph
            behind it.
    """

    least_area: float
    mirror: float
    light: float
    saturation: float
    erase: float
    perspective: float = 0.0
    jpeg: float = 0.0
    background: float = 0.0


@dataclass(frozen=True)
class View:
    """A part of a photograph, whatever its size in pixels: how a student and its teachers see the same.

    Attributes:
        height: Share of the photograph's rows, in (0, 1].
        width: Share of its columns, in (0, 1].
        down: Where the part lies, from 0 (top) to 1 (bottom).
        across: From 0 (left) to 1 (right).
        mirrored: Left and right exchanged.
    """

    height: float = 1.0
    width: float = 1.0
    down: float = 0.0
    across: float = 0.0
    mirrored: bool = False

    def cut(self, pixels: Tensor, height: int, width: int) -> Tensor:
        """The part, resized with antialiasing.

        Args:
            pixels: (3, H, W) uint8.
            height: Of the result, pixels.
            width: Of the result, pixels.

        Returns:
            (3, height, width) uint8.
        """
        rows = max(1, min(pixels.shape[1], round(pixels.shape[1] * self.height)))
        columns = max(1, min(pixels.shape[2], round(pixels.shape[2] * self.width)))
        top = round(self.down * (pixels.shape[1] - rows))
        left = round(self.across * (pixels.shape[2] - columns))
        crop = pixels[:, top : top + rows, left : left + columns].unsqueeze(0)
        view = F.interpolate(crop, (height, width), mode="bilinear", antialias=True)[0]
        return view.flip(2) if self.mirrored else view


def draw_view(augmentation: Augmentation, rng: Generator) -> View:
    """A random part of a photograph, perhaps mirrored."""
    area, stretch, across, down, flip = torch.rand(5, generator=rng).tolist()
    side = math.sqrt(augmentation.least_area + (1 - augmentation.least_area) * area)
    stretch = math.exp((2 * stretch - 1) * math.log(LARGEST_STRETCH) / 2)
    return View(side * stretch, side / stretch, down, across, flip < augmentation.mirror)


def fixed_view(number: int, augmentation: Augmentation, seed: tuple[int, ...]) -> View:
    """One of the views that teachers have seen: the whole photograph for number 0, else a random part.

    Args:
        number: Which of them.
        augmentation: What may change.
        seed: Of the photograph: the same seed gives the same view.
    """
    rng = Generator().manual_seed(hash((*seed, number)) % 2**63)
    view = draw_view(augmentation, rng)
    return view if number else View(mirrored=view.mirrored)


def distort(view: Tensor, augmentation: Augmentation, rng: Generator) -> Tensor:
    """What a camera held by hand and a messenger do to a photograph: perspective, compression.

    Args:
        view: (3, H, W) uint8.
        augmentation: What may change.
        rng: Where the randomness comes from.

    Returns:
        (3, H, W) uint8.
    """
    tilts, stores, quality = torch.rand(3, generator=rng).tolist()
    if tilts < augmentation.perspective:
        view = _tilt(view, rng)
    if stores < augmentation.jpeg:
        worst, best = JPEG_QUALITY
        pixels = np.ascontiguousarray(view.permute(1, 2, 0).numpy())
        stored = compress_jpeg(pixels, round(worst + (best - worst) * quality))
        view = torch.from_numpy(stored.copy()).permute(2, 0, 1)
    return view


def _tilt(view: Tensor, rng: Generator) -> Tensor:
    """Each corner moved inwards by up to an eighth of the side: no border comes into sight."""
    height, width = view.shape[1:]
    moves = torch.rand(4, 2, generator=rng) * LARGEST_MOVE * torch.tensor([width, height])
    corners = [[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]]
    inwards = torch.tensor([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    start = (torch.tensor(corners) + moves * inwards).round().int().tolist()
    tilted: Tensor = perspective(view, start, corners, InterpolationMode.BILINEAR)
    return tilted


def vary_light(images: Tensor, augmentation: Augmentation, rng: Generator) -> Tensor:
    """Change brightness, contrast and saturation of each image, and blank out a rectangle of some.

    Hue is left alone: colour is a label.

    Args:
        images: (B, 3, H, W) float in [0, 1].
        augmentation: What may change.
        rng: Where the randomness comes from.

    Returns:
        (B, 3, H, W) float in [0, 1].
    """
    count = len(images)
    swing = 2 * torch.rand(3, count, 1, 1, 1, generator=rng) - 1
    images = images * (1 + augmentation.light * swing[0])
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    images = mean + (images - mean) * (1 + augmentation.light * swing[1])
    grey = images.mean(dim=1, keepdim=True)
    images = (grey + (images - grey) * (1 + augmentation.saturation * swing[2])).clamp_(0, 1)
    for index in torch.nonzero(torch.rand(count, generator=rng) < augmentation.erase).flatten().tolist():
        _blank(images[index], rng)
    return images


def _blank(image: Tensor, rng: Generator) -> None:
    """Fill a rectangle of a tenth to a third of each side with grey, in place."""
    _, height, width = image.shape
    share, down, across = torch.rand(3, generator=rng).tolist()
    rows, columns = (round(side * (0.1 + 0.23 * share)) for side in (height, width))
    top, left = round(down * (height - rows)), round(across * (width - columns))
    image[:, top : top + rows, left : left + columns] = 0.5
