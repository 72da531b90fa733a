"""Cloth on white paper: patterns, folds and soft light. Numpy and Pillow only."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from drawing.outlines import Point, smooth

WIDTH, HEIGHT = 300, 400  # design units
PIXELS = 1.2  # per design unit, in the finished picture
FINE = 3  # masks are drawn this much larger and scaled down, for smooth edges

Colour = tuple[int, int, int]
Field = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Cloth:
    """What a part is made of.

    Attributes:
        colour: The ground, RGB in [0, 255].
        pattern: "plain", "striped" (across), "upright" (stripes along), "checked" or "dotted".
        accent: The colour of stripes, checks and dots.
        cell: Design units from one stripe or dot to the next.
        gloss: Strength of highlights: 0.1 for cotton, 0.5 for leather.
    """

    colour: Colour
    pattern: str = "plain"
    accent: Colour = (240, 240, 238)
    cell: float = 18.0
    gloss: float = 0.12


@dataclass(frozen=True)
class Fold:
    """A crease from one point to another: light on one side of it, shadow on the other.

    Attributes:
        start: Where it begins, in design units; it fades in from here.
        end: Where it ends; an open fold is deepest here, as at the hem of a skirt.
        width: Design units.
        depth: How strongly light and shadow differ, about 0.05 to 0.3; negative swaps them.
        open: Whether it stays deep at its end.
    """

    start: Point
    end: Point
    width: float = 6.0
    depth: float = 0.12
    open: bool = False

    def mirrored(self) -> "Fold":
        """The same fold on the other side of the garment, lit from the same side."""
        (ax, ay), (bx, by) = self.start, self.end
        return Fold((-ax, ay), (-bx, by), self.width, self.depth, self.open)


@dataclass(frozen=True)
class View:
    """How the photographer saw it: size, turn in degrees, and shift in design units."""

    size: float = 1.0
    turn: float = 0.0
    shift: Point = (0.0, 0.0)


class Sheet:
    """White paper on which parts are laid one over the other, each with the shadow that it casts."""

    def __init__(self, random: np.random.Generator, view: View) -> None:
        self.random = random
        self.view = view
        columns, rows = round(WIDTH * PIXELS), round(HEIGHT * PIXELS)
        self.canvas: Field = np.full((rows, columns, 3), 255.0)
        pixels = np.stack(np.meshgrid(np.arange(columns) + 0.5, np.arange(rows) + 0.5), axis=-1)  # (H, W, 2)
        self.x, self.y = self._to_units(pixels)

    def part(
        self,
        outline: Sequence[Point],
        cloth: Cloth,
        *,
        grain: float = 0.0,
        sag: float = 0.0,
        folds: Sequence[Fold] = (),
        round_by: float = 16.0,
        light: float = 1.0,
        shadow: float = 0.22,
    ) -> None:
        """Lay a piece of cloth.

        Args:
            outline: Its edge; smoothed, a doubled point stays a corner.
            cloth: What it is made of.
            grain: Degrees by which the pattern is turned, as on a sleeve.
            sag: How far the pattern hangs down at the sides, per 100 units from the middle.
            folds: Its creases.
            round_by: Design units over which the edge bends away from the light.
            light: Brightness of the whole piece; 0.6 for the inside of a collar.
            shadow: Strength of the shadow on what lies below.
        """
        mask = self._fill(smooth(outline))
        self._lay(mask, cloth, grain=grain, sag=sag, folds=folds, round_by=round_by, light=light, shadow=shadow)

    def strap(
        self, points: Sequence[Point], width: float, cloth: Cloth, *, light: float = 1.0, shadow: float = 0.2
    ) -> None:
        """Lay a tube or band along a curve: a handle, a lace, a belt."""
        mask = self._strokes([smooth(points, closed=False)], width)
        self._lay(mask, cloth, round_by=width / 2, light=light, shadow=shadow)

    def seam(self, points: Sequence[Point], width: float = 1.0, dark: float = 0.35) -> None:
        """Darken a thin line: a seam, the edge of a pocket."""
        mask = self._strokes([smooth(points, closed=False)], width)[..., None]
        self.canvas *= 1 - dark * mask

    def stitches(self, points: Sequence[Point], colour: Colour, gap: float = 4.0) -> None:
        """A dashed line of thread."""
        curve = np.asarray(smooth(points, closed=False, steps=40))
        run = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(curve, axis=0).T))])
        begins = np.arange(0, run[-1], gap)
        dashes = [np.interp([begin, begin + 0.6 * gap], run, np.arange(len(run))).round() for begin in begins]
        ends = [[(float(x), float(y)) for x, y in curve[dash.astype(int)]] for dash in dashes]
        self._tint(self._strokes(ends, 0.8), colour)

    def button(self, centre: Point, radius: float, colour: Colour) -> None:
        """A round button with a rim and a highlight."""
        x, y = centre
        self._tint(self._disc((x + 0.6, y + 1.0), radius * 1.15), (60, 58, 60), 0.45)
        self._tint(self._disc(centre, radius), colour)
        self._tint(self._disc((x - radius * 0.3, y - radius * 0.3), radius * 0.4), (255, 255, 255), 0.5)

    def ground_shadow(self, left: float, right: float, y: float) -> None:
        """The soft shadow of something that stands on the table."""
        middle, half = (left + right) / 2, (right - left) / 2
        oval = [(middle + half * np.cos(a), y + 7 * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 40, endpoint=False)]
        self.canvas *= 1 - 0.4 * _blur(self._fill(oval), 7)[..., None]

    def image(self) -> Image.Image:
        """The finished picture: RGB, with the fine grain of a sensor."""
        noisy = self.canvas + self.random.normal(0, 1.2, self.canvas.shape)
        return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))

    def _lay(
        self,
        mask: Field,
        cloth: Cloth,
        *,
        grain: float = 0.0,
        sag: float = 0.0,
        folds: Sequence[Fold] = (),
        round_by: float,
        light: float,
        shadow: float,
    ) -> None:
        window = _window(mask, margin=16)
        mask, canvas, x, y = mask[window], self.canvas[window], self.x[window], self.y[window]
        creases = sum((_crease(fold, x, y) for fold in folds), np.zeros_like(mask))
        pattern = _pattern(cloth, grain, x + 9 * creases, y + 18 * creases - sag * (x / 100) ** 2)
        relief = light * self._relief(mask, x, round_by) * (1 + creases + self._wrinkles(mask.shape))
        lit = pattern * relief[..., None] + 255 * cloth.gloss * np.clip(relief - 0.97, 0, 1)[..., None]
        cast = _blur(np.roll(mask, (4, 2), axis=(0, 1)), 4)
        canvas *= 1 - shadow * (cast * (1 - mask))[..., None]
        canvas += (np.clip(lit, 0, 255) - canvas) * mask[..., None]

    def _relief(self, mask: Field, x: Field, round_by: float) -> Field:
        """Light on a cushion of this outline, lit from the upper left: about 0.7 at the edge, 1 inside."""
        soft = _blur(mask, max(round_by * PIXELS * self.view.size / 2, 1))
        down, right = np.gradient(soft)
        side = (right * 0.8 + down * 0.5) * round_by
        inside = np.clip(2 * soft - 1, 0, 1)
        light: Field = 0.7 + 0.3 * np.sqrt(inside) + 0.22 * side - 0.05 * np.clip(x / 150, -1, 1)
        return light

    def _wrinkles(self, shape: tuple[int, ...]) -> Field:
        """Unevenness of worn cloth, and its weave."""
        noise = self.random.normal(0, 1, shape)
        broad, fine = _blur(noise, 9), _blur(noise, 1)
        wrinkles: Field = 0.028 * broad / broad.std() + 0.010 * fine / fine.std()
        return wrinkles

    def _tint(self, mask: Field, colour: Colour, strength: float = 1.0) -> None:
        window = _window(mask, margin=0)
        canvas = self.canvas[window]
        canvas += (np.asarray(colour, float) - canvas) * (strength * mask[window][..., None])

    def _fill(self, outline: Sequence[Point]) -> Field:
        fine = self._blank()
        ImageDraw.Draw(fine).polygon(self._to_fine(outline), fill=255)
        return self._mask(fine)

    def _strokes(self, curves: Sequence[Sequence[Point]], width: float) -> Field:
        fine = self._blank()
        thick = max(round(width * PIXELS * FINE * self.view.size), 1)
        for curve in curves:
            ImageDraw.Draw(fine).line(self._to_fine(curve), fill=255, width=thick, joint="curve")
        return self._mask(fine)

    def _disc(self, centre: Point, radius: float) -> Field:
        x, y = centre
        turns = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        return self._fill([(x + radius * np.cos(a), y + radius * np.sin(a)) for a in turns])

    def _blank(self) -> Image.Image:
        rows, columns = self.x.shape
        return Image.new("L", (columns * FINE, rows * FINE))

    def _mask(self, fine: Image.Image) -> Field:
        return np.asarray(fine.reduce(FINE), dtype=float) / 255

    def _to_fine(self, points: Sequence[Point]) -> list[Point]:
        """Design units to pixels of a fine mask."""
        angle, (dx, dy) = np.radians(self.view.turn), self.view.shift
        x, y = np.asarray(points, dtype=float).T * self.view.size
        y = y - HEIGHT / 2 * self.view.size
        turned_x, turned_y = x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)
        columns = (turned_x + dx + WIDTH / 2) * PIXELS * FINE
        rows = (turned_y + dy + HEIGHT / 2) * PIXELS * FINE
        return [(float(column), float(row)) for column, row in zip(columns, rows, strict=True)]

    def _to_units(self, pixels: Field) -> tuple[Field, Field]:
        """Pixels of the picture to design units: the way back of `_to_fine`."""
        angle, (dx, dy) = np.radians(-self.view.turn), self.view.shift
        x, y = pixels[..., 0] / PIXELS - WIDTH / 2 - dx, pixels[..., 1] / PIXELS - HEIGHT / 2 - dy
        turned_x, turned_y = x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)
        return turned_x / self.view.size, turned_y / self.view.size + HEIGHT / 2


def _window(mask: Field, margin: int) -> tuple[slice, slice]:
    """The part of the sheet that a mask touches, and a margin of pixels around it."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, left = max(rows[0] - margin, 0), max(columns[0] - margin, 0)
    return slice(top, rows[-1] + margin + 1), slice(left, columns[-1] + margin + 1)


def _crease(fold: Fold, x: Field, y: Field) -> Field:
    """How much lighter (above 0) or darker (below 0) the fold makes each point."""
    (ax, ay), (bx, by) = fold.start, fold.end
    length = float(np.hypot(bx - ax, by - ay))
    ux, uy = (bx - ax) / length, (by - ay) / length
    along = np.clip(((x - ax) * ux + (y - ay) * uy) / length, 0, 1)
    across = ((x - ax) * uy - (y - ay) * ux) / fold.width
    envelope = np.minimum(1, along * 1.6) if fold.open else np.sin(np.pi * along) ** 0.8
    wave: Field = -1.65 * across * np.exp(-(across**2) / 2) - 0.35 * np.exp(-((across - 0.8) ** 2))
    wave *= fold.depth * envelope
    return wave


def _pattern(cloth: Cloth, grain: float, x: Field, y: Field) -> Field:
    """(H, W, 3): the printed or woven colours at these places."""
    angle = np.radians(grain)
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    share = _PATTERNS[cloth.pattern](u / cloth.cell, v / cloth.cell)[..., None]
    return np.asarray(cloth.colour, float) * (1 - share) + np.asarray(cloth.accent, float) * share


def _blur(field: Field, radius: float) -> Field:
    """Three box blurs, close to a Gaussian of this standard deviation in pixels."""
    reach = max(round(radius), 1)
    for axis in (0, 1, 0, 1, 0, 1):
        padding = [(reach + 1, reach) if a == axis else (0, 0) for a in (0, 1)]
        total = np.cumsum(np.pad(field, padding, mode="edge"), axis=axis)
        window = 2 * reach + 1
        field = total[window:] - total[:-window] if axis == 0 else total[:, window:] - total[:, :-window]
        field /= window
    return field


def _edge(distance: Field) -> Field:
    """1 inside, 0 outside, about a pixel in between; `distance` in cells."""
    return np.clip(0.5 + distance * 14, 0, 1)


def _band(position: Field, share: float) -> Field:
    """Stripes that cover this share of each cell."""
    return _edge(share / 2 - np.abs(position - np.floor(position) - 0.5))


def _dots(u: Field, v: Field) -> Field:
    row = np.floor(v)
    across = u + 0.5 * (row % 2)
    distance = np.hypot(across - np.floor(across) - 0.5, v - row - 0.5)
    return _edge(0.24 - distance)


def _plain(u: Field, _v: Field) -> Field:
    return np.zeros_like(u)


def _striped(_u: Field, v: Field) -> Field:
    return _band(v, 0.45)


def _upright(u: Field, _v: Field) -> Field:
    return _band(u, 0.3)


def _checked(u: Field, v: Field) -> Field:
    return 0.5 * _band(u, 0.45) + 0.5 * _band(v, 0.45)


# Name -> share of the accent, in [0, 1], at (u, v) in cells.
_PATTERNS = {"plain": _plain, "striped": _striped, "upright": _upright, "checked": _checked, "dotted": _dots}
