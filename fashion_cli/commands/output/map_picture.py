"""An attribute map as one picture: where garments lie, and where on the plane each attribute is.

A row for each tag group: garments in the colour of their best tag, and beside it heat maps of its most frequent tags,
as the paper shows its plane.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fashion_cli.commands.output.eval_plots import save_plot
from fashion_cli.message_text import printable
from fashion_cli.plurals import counted
from fashion_cli.steps.map import MapGroup, MapReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

CELLS = 80  # of a heat map, on each side
BLUR = 1.5  # cells: standard deviation; a garment is no wider, and single ones do not flicker
COLOURED = 10  # tags of a group with a colour of their own
HEATED = 6  # tags of a group with a heat map
GROUPS = 12  # the first ones are drawn
DRAWN = 50_000  # garments, evenly from all: more would only lie on one another
LABELLED = 12  # names on the density
MARGIN = 0.1  # names this near to an edge are set towards the middle
# Okabe & Ito's for people who see no red or green, but black, and three of Paul Tol's that go with them.
PALETTE = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255", "#999933", "#332288", "#44AA99",
)  # fmt: skip
OTHER = "#B9B9B9"
BACK = "#F4F4F2"
INK = "#2B2B2B"
QUIET = "#6B6B6B"
WIDTH, HEAD, ROW = 13.0, 5.6, 4.3  # inches
HEAT = "YlOrBr"
CAPTION = """Black line: share of the most frequent tag, which a guess would reach.

Below, for each group: every garment in the colour of its best tag; beside it,
for each frequent tag, which share of the garments at a place have it as their
best: none is light, all is dark."""
DPI = 110


def draw_map(report: MapReport, path: Path) -> None:
    """Draw a map as a PNG.

    Raises:
        OutputError: If the file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    groups = report.groups[:GROUPS]
    figure = Figure(
        figsize=(WIDTH, HEAD + ROW * len(groups)), dpi=DPI, layout=ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08)
    )
    FigureCanvasAgg(figure)
    parts: Any = figure.subfigures(1 + len(groups), 1, height_ratios=[HEAD, *[ROW] * len(groups)])
    _draw_head(parts[0], report)
    for part, group in zip(parts[1:], groups, strict=True):
        _draw_group(part, group, report)
    save_plot(figure, path)


def density(
    points: npt.NDArray[np.float32], weights: npt.NDArray[np.floating] | None = None
) -> npt.NDArray[np.float64]:
    """(CELLS, CELLS) how much lies in each cell, blurred; y along the rows, from the bottom.

    Args:
        points: (N, 2) in [0, 1].
        weights: (N,) what each one counts; 1 where None.
    """
    ends = (0.0, 1.0)
    counts, _, _ = np.histogram2d(points[:, 1], points[:, 0], CELLS, (ends, ends), weights=weights)
    distance = np.arange(CELLS)[:, None] - np.arange(CELLS)
    blur = np.exp(-0.5 * (distance / BLUR) ** 2)
    blur /= blur.sum(axis=1, keepdims=True)  # the plane ends at its edges, and nothing fades there
    return np.asarray(blur @ counts @ blur.T, np.float64)


def frequent(group: MapGroup, most: int) -> list[int]:
    """The tags that most garments show best, most frequent first; none that no garment shows."""
    counts = np.bincount(group.best, minlength=len(group.tags))
    return [int(tag) for tag in np.argsort(-counts, kind="stable")[:most] if counts[tag]]


def _draw_head(part: "SubFigure", report: MapReport) -> None:
    """The density, with the names of the first group's tags where most of their garments are, and what is told."""
    left, right = part.subplots(1, 2, width_ratios=(1.25, 1))
    _prepare(left)
    left.imshow(density(report.points) ** 0.5, cmap=HEAT, extent=(0, 1, 0, 1), origin="lower", vmin=0)
    largest = max(report.groups, key=lambda group: len(group.tags))
    for tag in frequent(largest, LABELLED):
        _label(left, largest.tags[tag], report.points[largest.best == tag])
    title = f"Where {counted(len(report.paths), 'garment')} lie, and {_plain(largest.name)}"
    left.set_title(title, loc="left", fontsize=11, color=INK)
    _draw_agreement(right, report)


def _draw_agreement(axes: "Axes", report: MapReport) -> None:
    """How much of each group two numbers keep."""
    groups = report.groups[:GROUPS]
    agreements = [100 * report.figures[f"agreement/{group.name}"] for group in groups]
    often = [100 * np.bincount(group.best).max() / len(group.best) for group in groups]
    rows = np.arange(len(groups))
    axes.barh(rows, agreements, color=PALETTE[0], height=0.55)
    axes.plot(often, rows, "|", color=INK, markersize=16, markeredgewidth=2)
    for row, share in zip(rows, agreements, strict=True):
        axes.text(share + 1.5, float(row), f"{share:.0f} %", va="center", fontsize=9, color=INK)
    axes.set_yticks(rows, [_plain(group.name) for group in groups])
    axes.invert_yaxis()
    axes.set_xlim(0, 112)
    axes.set_xticks([0, 25, 50, 75, 100])
    axes.set_box_aspect(min(0.06 + 0.09 * len(groups), 0.7))
    axes.set_anchor("W")
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=QUIET, labelsize=9)
    left_out = f"\n\nThe first {GROUPS} of {len(report.groups)} groups." if len(report.groups) > GROUPS else ""
    axes.set_title("Garments whose place still tells their best tag [%]", loc="left", fontsize=11, color=INK)
    axes.set_xlabel(CAPTION + left_out, loc="left", fontsize=9, color=QUIET, labelpad=8)


def _draw_group(part: "SubFigure", group: MapGroup, report: MapReport) -> None:
    halves: Any = part.subfigures(1, 2, width_ratios=(1.25, 1))
    left, right = halves
    _draw_tags(left.subplots(), group, report)
    panels: list[Any] = list(right.subplots(2, HEATED // 2).flat)
    tags = frequent(group, HEATED)
    spread = np.maximum(density(report.points), 1e-9)
    for axes, tag in zip(panels, tags, strict=False):
        _prepare(axes)
        share = density(report.points, group.best == tag)
        _heat(axes, share / spread, spread)
        axes.set_title(_plain(group.tags[tag]), loc="left", fontsize=9, color=INK, pad=3)
    for axes in panels[len(tags) :]:
        axes.set_visible(False)


def _heat(axes: "Axes", shares: npt.NDArray[np.float64], spread: npt.NDArray[np.float64]) -> None:
    """The share of a tag in each cell; cells where hardly a garment is stay empty."""
    seen = np.ma.masked_array(shares, spread < 0.02)
    axes.imshow(seen, cmap=HEAT, extent=(0, 1, 0, 1), origin="lower", vmin=0, vmax=1)


def _draw_tags(axes: "Axes", group: MapGroup, report: MapReport) -> None:
    """Garments in the colour of their best tag, with a legend of the frequent ones."""
    _prepare(axes)
    step = -(-len(report.points) // DRAWN)
    points, best = report.points[::step], group.best[::step]
    size = float(np.clip(30_000 / len(points), 1.5, 40))
    coloured = frequent(group, COLOURED)
    rest = ~np.isin(best, coloured)
    style: dict[str, Any] = {"s": size, "linewidths": 0, "rasterized": True}
    axes.scatter(points[rest, 0], points[rest, 1], color=OTHER, **style)
    counts = np.bincount(group.best, minlength=len(group.tags))
    for tag, colour in zip(coloured, _colours([group.tags[tag] for tag in coloured]), strict=True):
        own = points[best == tag]
        axes.scatter(own[:, 0], own[:, 1], color=colour, **style)
        axes.scatter([], [], s=50, color=colour, edgecolors=QUIET, linewidths=0.4, label=_legend(group, tag, counts))
    if left := int(counts.sum() - counts[coloured].sum()):
        axes.scatter([], [], s=50, color=OTHER, label=f"others  {left:,}")
    axes.legend(
        loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=9, labelcolor=INK, handletextpad=0.3
    )
    axes.set_title(_plain(group.name), loc="left", fontsize=11, color=INK)


def _legend(group: MapGroup, tag: int, counts: npt.NDArray[np.int64]) -> str:
    return f"{_plain(group.tags[tag])}  {counts[tag]:,}"


def _plain(text: str) -> str:
    """A name as one line that is no formula, which a dollar sign would begin."""
    return printable(text).replace("$", r"\$")


def _colours(tags: list[str]) -> list[str]:
    """Of colours their own, where most of the tags are colours; else the palette."""
    from matplotlib.colors import is_color_like

    colours = [tag if is_color_like(tag) else "" for tag in tags]
    if sum(map(bool, colours)) * 2 > len(tags):
        return [name or spare for name, spare in zip(colours, PALETTE, strict=False)]
    return list(PALETTE[: len(tags)])


def _label(axes: "Axes", text: str, points: npt.NDArray[np.float32]) -> None:
    """A name where most of these garments are."""
    from matplotlib.patheffects import withStroke

    row, column = np.unravel_index(int(density(points).argmax()), (CELLS, CELLS))
    x, y = (column + 0.5) / CELLS, (row + 0.5) / CELLS
    axes.text(
        x,
        y,
        _plain(text),
        ha="left" if x < MARGIN else "right" if x > 1 - MARGIN else "center",
        va="bottom" if y < MARGIN / 2 else "top" if y > 1 - MARGIN / 2 else "center",
        fontsize=9,
        color=INK,
        path_effects=[withStroke(linewidth=2.5, foreground="white")],
    )


def _prepare(axes: "Axes") -> None:
    """A square without ticks: the numbers of a place mean nothing."""
    axes.set_facecolor(BACK)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_aspect("equal")
    axes.spines[:].set_color("#D0D0CC")
