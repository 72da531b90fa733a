"""The confusion matrix of an exclusive group as an image file."""

from pathlib import Path

import numpy as np

from fashion_cli.commands.output.eval_plots import LUMINANCE, QUIET, save_plot, sheet
from fashion_cli.metrics.confusion import Confusion
from fashion_cli.plurals import counted

CELL = 0.36  # inches: a count of four digits fits


def draw_confusion(confusion: Confusion, path: Path) -> None:
    """Counts, each row coloured by its shares: what is true from top to bottom, what is said from left to right.

    Raises:
        OutputError: If the file cannot be written.
    """
    counts = np.array(confusion.counts)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    side = 2.6 + CELL * len(counts)
    figure, axes = sheet(side + 0.8, side)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    light = image.to_rgba(shares)[..., :3] @ LUMINANCE
    for row, column in zip(*counts.nonzero(), strict=True):
        axes.text(
            column,
            row,
            f"{counts[row, column]:,}",
            ha="center",
            va="center",
            fontsize=8,
            color="white" if light[row, column] < 0.5 else "black",
        )
    places = range(len(counts))
    axes.set_xticks(places, confusion.names, rotation=90)
    axes.set_yticks(places, [f"{name} ({total:,})" for name, total in zip(confusion.names, totals[:, 0], strict=True)])
    axes.tick_params(length=0)
    axes.set_xlabel("said")
    axes.set_ylabel("true (photographs)")
    axes.set_title(
        f"{counted(confusion.photographs, 'photograph')}, accuracy {confusion.accuracy:.3f}"
        + (f"; {confusion.untagged:,} have no tag here and count as wrong" if confusion.untagged else ""),
        loc="left",
        fontsize=10,
        color=QUIET,
    )
    figure.colorbar(image, ax=axes, label="share of the row", shrink=0.6, aspect=30)
    save_plot(figure, path)
