"""How training photographs are varied, on uint8 tensors and batches of floats."""

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

LARGEST_STRETCH = 4 / 3  # of a crop's aspect against the photograph's, as in Inception's training


@dataclass(frozen=True)
class Augmentation:
    """What `random_view` and `vary_light` may change.

    Attributes:
        least_area: Smallest share of the photograph that a crop keeps, in (0, 1].
        mirror: Probability of a mirror image.
        light: Largest relative change of brightness and contrast.
        saturation: Largest relative change of saturation.
        erase: Probability that a rectangle is blanked out.
    """

    least_area: float
    mirror: float
    light: float
    saturation: float
    erase: float


def random_view(pixels: Tensor, height: int, width: int, augmentation: Augmentation, dice: Generator) -> Tensor:
    """A random crop, resized with antialiasing and perhaps mirrored.

    Args:
        pixels: (3, H, W) uint8.
        height: Of the view, pixels.
        width: Of the view, pixels.
        augmentation: What may change.
        dice: Where the randomness comes from.

    Returns:
        (3, height, width) uint8.
    """
    area, stretch, across, down, flip = torch.rand(5, generator=dice).tolist()
    area = augmentation.least_area + (1 - augmentation.least_area) * area
    stretch = math.exp((2 * stretch - 1) * math.log(LARGEST_STRETCH) / 2)
    rows = min(pixels.shape[1], round(pixels.shape[1] * math.sqrt(area) * stretch))
    columns = min(pixels.shape[2], round(pixels.shape[2] * math.sqrt(area) / stretch))
    top = round(down * (pixels.shape[1] - rows))
    left = round(across * (pixels.shape[2] - columns))
    crop = pixels[:, top : top + rows, left : left + columns].unsqueeze(0)
    view = F.interpolate(crop, (height, width), mode="bilinear", antialias=True)[0]
    return view.flip(2) if flip < augmentation.mirror else view


def vary_light(images: Tensor, augmentation: Augmentation, dice: Generator) -> Tensor:
    """Change brightness, contrast and saturation of each image, and blank out a rectangle of some.

    Hue is left alone: colour is a label.

    Args:
        images: (B, 3, H, W) float in [0, 1].
        augmentation: What may change.
        dice: Where the randomness comes from.

    Returns:
        (B, 3, H, W) float in [0, 1].
    """
    count = len(images)
    swing = 2 * torch.rand(3, count, 1, 1, 1, generator=dice) - 1
    images = images * (1 + augmentation.light * swing[0])
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    images = mean + (images - mean) * (1 + augmentation.light * swing[1])
    grey = images.mean(dim=1, keepdim=True)
    images = (grey + (images - grey) * (1 + augmentation.saturation * swing[2])).clamp_(0, 1)
    for index in torch.nonzero(torch.rand(count, generator=dice) < augmentation.erase).flatten().tolist():
        _blank(images[index], dice)
    return images


def _blank(image: Tensor, dice: Generator) -> None:
    """Fill a rectangle of a tenth to a third of each side with grey, in place."""
    _, height, width = image.shape
    share, down, across = torch.rand(3, generator=dice).tolist()
    rows, columns = (round(side * (0.1 + 0.23 * share)) for side in (height, width))
    top, left = round(down * (height - rows)), round(across * (width - columns))
    image[:, top : top + rows, left : left + columns] = 0.5
