"""Outlines: points in design units, x from -150 to 150 around the middle, y from 0 (top) to 400."""

from collections.abc import Sequence

import numpy as np

Point = tuple[float, float]


def outline(text: str, *, wide: float = 1.0, long: float = 0.0, below: float = 250.0) -> list[Point]:
    """The points of "x,y x,y! ...": a curve goes through them all, with a corner at those marked `!`.

    Args:
        text: The points in design units.
        wide: Factor on x.
        long: What is added to y below `below`: a longer skirt, a shorter shirt.
        below: Design units.
    """
    points: list[Point] = []
    for word in text.split():
        x, y = (float(number) for number in word.removesuffix("!").split(","))
        point = (x * wide, y + long * (y > below))
        points += [point, point] if word.endswith("!") else [point]
    return points


def both(half: Sequence[Point]) -> list[Point]:
    """A closed symmetric outline from its right half, which runs from top middle to bottom middle."""
    return [*half, *flip(half[::-1])]


def flip(points: Sequence[Point]) -> list[Point]:
    """The mirror image."""
    return [(-x, y) for x, y in points]


def smooth(points: Sequence[Point], closed: bool = True, steps: int = 10) -> list[Point]:
    """A Catmull-Rom curve through the points. A point that stands there twice is a corner."""
    rows = np.asarray(points, dtype=float)
    ends = (rows[-1:], rows[:2]) if closed else (rows[:1], rows[-1:])
    padded = np.concatenate([ends[0], rows, ends[1]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    curve: list[Point] = []
    for a, b, c, d in zip(padded[:-3], padded[1:-2], padded[2:-1], padded[3:], strict=True):
        if (b != c).any():  # nothing to draw inside a corner
            run = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
            curve.extend((float(x), float(y)) for x, y in run)
    return curve if closed else [*curve, (float(rows[-1][0]), float(rows[-1][1]))]
