"""The learning curve of a run as a picture: loss and figures on `val` by epoch, as papers print them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fashion_cli.training.run_log import VAL

CURVE_FILE = "learning-curve.png"
WIDTH, HEIGHT = 7.2, 3.0  # inches, per panel
MOST_IN_LEGEND = 12
GREY = "0.45"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe & Ito: told apart by everybody
DASHES = ("-", "--", ":")


@dataclass(frozen=True)
class Curve:
    """A value over the epochs.

    Attributes:
        epochs: Epochs done, whole or not.
        values: As many.
    """

    epochs: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add(self, epoch: float, value: float) -> None:
        self.epochs.append(epoch)
        self.values.append(value)


def draw_learning_curve(
    lines: Iterable[Mapping[str, Any]], path: Path, *, best_epoch: int = 0, title: str = ""
) -> None:
    """Draw a run.

    Args:
        lines: Of its `metrics.jsonl`.
        path: A PNG file.
        best_epoch: Epochs done when the weights that became the model were measured; 0 marks none.
        title: Above the picture.
    """
    steps, figures = gather(lines)
    panels = [panel for panel in (shares(figures, within=True), shares(figures, within=False)) if panel]
    picture = Figure(figsize=(WIDTH, HEIGHT * (1 + len(panels))), layout="constrained", dpi=144)
    FigureCanvasAgg(picture)
    axes = list(picture.subplots(1 + len(panels), 1, sharex=True, squeeze=False)[:, 0])
    _draw_loss(axes[0], steps)
    for place, panel in zip(axes[1:], panels, strict=True):
        _draw_figures(place, panel)
    for place in axes:
        _finish(place, best_epoch)
    if best_epoch:
        _name_best(axes[0], best_epoch)
    axes[-1].set_xlabel("epoch")
    if title:
        axes[0].set_title(title, loc="left", fontsize=11)
    picture.savefig(path)


def gather(lines: Iterable[Mapping[str, Any]]) -> tuple[Curve, dict[str, Curve]]:
    """Sort the lines of a run.

    Returns:
        The loss of each step, with the fraction of its epoch that was done, and each figure on `val` by its name. A
        value that is no number is left out.
    """
    losses: dict[int, list[float | None]] = defaultdict(list)
    figures: dict[str, Curve] = {}
    for line in lines:
        if "loss" in line:
            losses[line["epoch"]].append(line["loss"])
        done = line["epoch"] + 1 if line["step"] else 0
        for name, value in line.items():
            if name.startswith(VAL) and value is not None:
                figures.setdefault(name.removeprefix(VAL), Curve()).add(done, value)
    steps = Curve()
    for epoch, values in losses.items():
        for number, value in enumerate(values, 1):
            if value is not None:
                steps.add(epoch + number / len(values), value)
    return steps, figures


def shares(figures: Mapping[str, Curve], *, within: bool) -> dict[str, Curve]:
    """Those figures that stay within [0, 1], or the others: the two need scales of their own."""
    return {
        name: curve for name, curve in figures.items() if (0 <= min(curve.values) <= max(curve.values) <= 1) == within
    }


def means(steps: Curve) -> Curve:
    """The mean of each epoch, in its middle."""
    by_epoch: dict[int, list[float]] = defaultdict(list)
    for epoch, value in zip(steps.epochs, steps.values, strict=True):
        by_epoch[int(-(-epoch // 1))].append(value)
    return Curve([epoch - 0.5 for epoch in by_epoch], [sum(each) / len(each) for each in by_epoch.values()])


def _draw_loss(place: Axes, steps: Curve) -> None:
    place.plot(steps.epochs, steps.values, color=GREY, alpha=0.35, linewidth=0.8, label="each step")
    mean = means(steps)
    place.plot(mean.epochs, mean.values, color="black", marker=_marker(mean.epochs), markersize=4, label="epoch's mean")
    place.set_ylabel("training loss")
    place.legend(frameon=False, fontsize=8)


def _draw_figures(place: Axes, figures: Mapping[str, Curve]) -> None:
    for number, (name, curve) in enumerate(figures.items()):
        colour, dash = COLOURS[number % len(COLOURS)], DASHES[number // len(COLOURS) % len(DASHES)]
        label = f"{name}  {curve.values[-1]:.3g}"
        place.plot(
            curve.epochs, curve.values, dash, color=colour, marker=_marker(curve.epochs), markersize=4, label=label
        )
    place.set_ylabel("on val")
    place.legend(
        frameon=False,
        fontsize=8,
        handlelength=3,
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
        ncols=1 + (len(figures) - 1) // MOST_IN_LEGEND,
        title="figure, last value",
        title_fontsize=8,
        alignment="left",
    )


def _finish(place: Axes, best_epoch: int) -> None:
    place.spines[["top", "right"]].set_visible(False)
    place.grid(color="0.92", linewidth=0.8)
    place.set_axisbelow(True)
    place.set_xlim(left=0)
    place.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    if best_epoch:
        place.axvline(best_epoch, color=GREY, linestyle=(0, (4, 3)), linewidth=1)


def _name_best(place: Axes, epoch: int) -> None:
    place.annotate(
        f"best: epoch {epoch}",
        (epoch, 1),
        xycoords=("data", "axes fraction"),
        xytext=(-3, -2),
        textcoords="offset points",
        ha="right",
        va="top",
        rotation=90,
        fontsize=7,
        color=GREY,
    )


def _marker(epochs: Sequence[float]) -> str:
    """Points where there are few; a line of a hundred points needs none."""
    return "o" if len(epochs) <= 40 else ""
