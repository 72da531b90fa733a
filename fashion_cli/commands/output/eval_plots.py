"""Figures of evaluations as image files."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fashion_cli.atomic_files import atomic_path, output_errors
from fashion_cli.commands.output.eval_figures import system_names
from fashion_cli.errors import OutputError, UsageError
from fashion_cli.message_text import printable
from fashion_cli.metrics.bootstrap import Interval
from fashion_cli.plurals import counted
from fashion_cli.steps.evaluate_rerank import EvalRerankReport
from fashion_cli.steps.evaluate_retrieval import EvalRetrievalReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg", ".pdf")
# Okabe & Ito: told apart by people who see no red or green, and in grey by their markers.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "osD^vPX"
QUIET = "#666666"
GRID = "#DDDDDD"
MINUS = "\u2212"
LUMINANCE = (0.299, 0.587, 0.114)  # of red, green and blue: on what is dark, white is read better than black


def check_plot(path: Path | None) -> None:
    """Refuse what cannot be drawn before anything is measured.

    Raises:
        UsageError: If the name is not that of a picture.
        OutputError: If its folder is not there.
    """
    if path is None:
        return
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{printable(path)}: neither .png, .svg nor .pdf", hint="the name says what is drawn")
    if not path.absolute().parent.is_dir():
        raise OutputError(f"{printable(path)}: no such folder", hint=f"mkdir -p {path.parent}")
    import_module("matplotlib")  # where its extra is missing, that is better said now than after hours


def draw_recall(reports: Sequence[EvalRetrievalReport], path: Path) -> None:
    """Recall over K, a line for each system, with its 95 % interval as a band.

    Raises:
        OutputError: If the file cannot be written.
    """
    figure, axes = sheet(6.4, 4.4)
    for number, (name, report) in enumerate(zip(system_names(reports), reports, strict=True)):
        recall = report.overall.recall
        mean, low, high = (
            [100 * getattr(interval, end) for interval in recall.values()] for end in ("mean", "low", "high")
        )
        colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
        axes.fill_between(list(recall), low, high, color=colour, alpha=0.15, linewidth=0)
        axes.plot(list(recall), mean, color=colour, marker=marker, markersize=5, linewidth=1.8, label=name)
    axes.set_xticks(list(reports[0].overall.recall))
    axes.set_xlabel("K")
    axes.set_ylabel("recall@K [%]")
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    overall = reports[0].overall
    axes.set_title(
        f"{counted(overall.queries, 'query', 'queries')} of {counted(overall.items, 'item')}"
        f" among {counted(reports[0].gallery, 'photograph')}",
        loc="left",
        fontsize=10,
        color=QUIET,
    )
    axes.legend(frameon=False, loc="lower right")
    save_plot(figure, path)


def draw_gains(report: EvalRerankReport, path: Path) -> None:
    """Gain in recall over no re-ranking for every alpha and beta, a panel for each K. Bold where it is no chance.

    Raises:
        OutputError: If the file cannot be written.
    """
    alphas = sorted({cell.alpha for cell in report.cells})
    betas = sorted({cell.beta for cell in report.cells})
    cutoffs = list(report.plain)
    largest = max(abs(cell.gain[k].mean) for cell in report.cells for k in cutoffs) or 1.0
    columns = min(2, len(cutoffs))
    rows = -(-len(cutoffs) // columns)
    figure, panels = sheets(rows, columns, 1.6 + 0.62 * len(betas), 1.3 + 0.5 * len(alphas))
    cells = {(cell.alpha, cell.beta): cell for cell in report.cells}
    for k, axes in zip(cutoffs, panels, strict=False):
        gains = [[cells[alpha, beta].gain[k] for beta in betas] for alpha in alphas]
        _draw_grid(axes, gains, largest)
        axes.set_xticks(range(len(betas)), [f"{beta:g}" for beta in betas])
        axes.set_yticks(range(len(alphas)), [f"{alpha:g}" for alpha in alphas])
        axes.set_xlabel("beta: what a shared tag brings")
        axes.set_ylabel("alpha: what a rank costs")
        axes.set_title(f"recall@{k}: {100 * report.plain[k].mean:.1f} % without re-ranking", loc="left", fontsize=10)
    for axes in panels[len(cutoffs) :]:
        axes.set_visible(False)
    label = "gain in points; bold: its 95 % interval is without 0"
    figure.colorbar(panels[0].images[0], ax=list(panels), label=label, pad=0.03, aspect=40)
    save_plot(figure, path)


def _draw_grid(axes: "Axes", gains: Sequence[Sequence[Interval]], largest: float) -> None:
    """Colours and figures: a row for each alpha, the lowest at the bottom, a column for each beta."""
    points = np.array([[100 * gain.mean for gain in row] for row in gains])
    reach = 100 * largest
    image = axes.imshow(points, cmap="PuOr_r", vmin=-reach, vmax=reach, aspect="auto", origin="lower")
    light = image.to_rgba(points)[..., :3] @ LUMINANCE
    for row, each in enumerate(gains):
        for column, gain in enumerate(each):
            axes.text(
                column,
                row,
                f"{100 * gain.mean:+.1f}".replace("-", MINUS) if gain.mean else "0",
                ha="center",
                va="center",
                fontsize=8.5,
                color="white" if light[row, column] < 0.5 else "black",
                fontweight="bold" if gain.low > 0 or gain.high < 0 else "normal",
            )


def sheet(width: float, height: float) -> "tuple[Figure, Axes]":
    """An empty drawing of that many inches; no window is ever opened."""
    figure, panels = sheets(1, 1, width, height)
    return figure, panels[0]


def sheets(rows: int, columns: int, width: float, height: float) -> "tuple[Figure, Sequence[Axes]]":
    """Empty drawings side by side, each of that many inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    figure = Figure(
        figsize=(columns * width, rows * height), dpi=160, layout=ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1)
    )
    FigureCanvasAgg(figure)
    panels: list[Any] = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
    return figure, panels


def save_plot(figure: "Figure", path: Path) -> None:
    """Write a drawing under a temporary name first.

    Raises:
        OutputError: If the file cannot be written.
    """
    with output_errors(path, "choose another place"), atomic_path(path) as draft:
        figure.savefig(draft, format=path.suffix[1:].lower())
