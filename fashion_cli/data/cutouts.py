"""Garments cut out of their photographs, to be seen before other backgrounds.

A shop's photograph stands on white; one taken at home lies on a bed. What a network must not learn is the ground.
"""

import numpy as np
import numpy.typing as npt
import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from fashion_cli.data.fitting import Corners, Placement, place
from fashion_cli.model_cards import InputSpec

WHITE = 244  # of 255: what all channels of a shop's ground exceed
COARSE = 2  # pixels a side of what is searched for ground as one
SWEEPS = 2  # of `connected_to_border`: how often a path along the ground may turn
EDGE = 5  # pixels: a garment loses half of it all around
LEAST_SHARE, LARGEST_SHARE = 0.15, 0.9  # of the pixels that are ground, where an exchange makes sense
SMALLEST_PIECE, LARGEST_PIECE = 0.2, 0.6  # of the sides of a photograph that is taken as the ground of another

Ground = npt.NDArray[np.bool_]


def connected_to_border(ground: Ground) -> Ground:
    """Which pixels are reached from the border along straight lines of ground that turn a few times.

    Args:
        ground: (H, W) which pixels look like ground: white cloth inside a garment does too.

    Returns:
        (H, W).
    """
    reached = np.zeros_like(ground)
    reached[[0, -1], :], reached[:, [0, -1]] = ground[[0, -1], :], ground[:, [0, -1]]
    for _ in range(SWEEPS):
        for axis in (0, 1):
            for order in (slice(None), slice(None, None, -1)):
                _sweep(np.moveaxis(reached, axis, 0)[order], np.moveaxis(ground, axis, 0)[order])
    return reached


def _sweep(reached: Ground, ground: Ground) -> None:
    """Carry what is reached on, line by line, over ground; in place."""
    for line in range(1, len(reached)):
        reached[line] |= reached[line - 1] & ground[line]


def white_ground(pixels: Tensor, window: Corners) -> Ground | None:
    """The white ground of a shop's photograph; None where it has none, or hardly anything else.

    Args:
        pixels: (3, H, W) uint8.
        window: Where the photograph lies in it; around it is padding, which is white too and proves nothing.

    Returns:
        (H, W).
    """
    height, width = pixels.shape[1:]
    coarse = connected_to_border((pixels[:, ::COARSE, ::COARSE].amin(dim=0) >= WHITE).numpy())
    ground = coarse.repeat(COARSE, axis=0).repeat(COARSE, axis=1)[:height, :width]
    left, top, right, bottom = window
    return ground if LEAST_SHARE < ground[top:bottom, left:right].mean() < LARGEST_SHARE else None


def exchange_ground(pixels: Tensor, ground: Ground, other: Tensor, rng: Generator) -> Tensor:
    """The garment before a piece of another photograph.

    Args:
        pixels: (3, H, W) uint8.
        ground: (H, W) what is exchanged.
        other: (3, H', W') uint8, the photograph that the piece is taken from.
        rng: Where the randomness comes from.

    Returns:
        (3, H, W) uint8; the edge of the garment is soft, and its outermost pixels, which hold some of the old ground,
        go with it.
    """
    height, width = pixels.shape[1:]
    down, across, size = torch.rand(3, generator=rng).tolist()
    share = SMALLEST_PIECE + (LARGEST_PIECE - SMALLEST_PIECE) * size
    rows, columns = (max(2, round(side * share)) for side in other.shape[1:])
    top, left = round(down * (other.shape[1] - rows)), round(across * (other.shape[2] - columns))
    piece = other[:, top : top + rows, left : left + columns].unsqueeze(0).float()
    behind = F.interpolate(piece, (height, width), mode="bilinear")[0]
    hard = torch.from_numpy(ground).float()[None, None]
    wide = F.max_pool2d(hard, EDGE, stride=1, padding=EDGE // 2)
    soft = F.avg_pool2d(wide, 3, stride=1, padding=1, count_include_pad=False)[0]
    return (pixels * (1 - soft) + behind * soft).round().to(torch.uint8)


def window_of(placement: Placement, spec: InputSpec) -> Corners:
    """Where the photograph lies in the frame that it is fitted to, padding around it."""
    left, top, right, bottom = placement.window
    width, height = right - left, bottom - top
    x, y = (spec.width - width) // 2, (spec.height - height) // 2
    return x, y, x + width, y + height


def outside(garment: Ground, spec: InputSpec) -> Ground:
    """What is not the garment, in the frame that a photograph of it is fitted to.

    Args:
        garment: (H, W) its pixels in the part of the photograph that is read.
        spec: The frame.

    Returns:
        (spec.height, spec.width).
    """
    placement = place((0, 0, garment.shape[1], garment.shape[0]), spec)
    left, top, right, bottom = placement.part
    part = torch.from_numpy(garment[top:bottom, left:right]).float()[None, None]
    scaled = F.interpolate(part, placement.size[::-1], mode="nearest-exact")[0, 0].numpy() > 0
    left, top, right, bottom = placement.window
    x, y, end_x, end_y = window_of(placement, spec)
    frame = np.ones((spec.height, spec.width), np.bool_)
    frame[y:end_y, x:end_x] = ~scaled[top:bottom, left:right]
    return frame
