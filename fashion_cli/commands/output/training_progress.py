"""Progress of a training run: a bar with the loss on a terminal, now and then a line in a log; a row for each epoch."""

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fashion_cli.commands.output.messages import say
from fashion_cli.commands.output.progress import LINE_EVERY, duration, per_second
from fashion_cli.commands.output.render import UNLIMITED
from fashion_cli.training.progress import TRAINING, Progress

Show = Callable[[Progress], None]

MAX_FIGURES = 6  # figures in a row; metrics.jsonl has all
NARROWEST = 9  # columns of a figure
SEPARATOR = "  "


@contextmanager
def show_training(*, quiet: bool = False) -> Iterator[Show]:
    """Show a run while the block trains.

    Args:
        quiet: Show nothing.
    """
    if quiet:
        yield _ignore
    elif sys.stderr.isatty():
        with _bar() as show:
            yield show
    else:
        yield _Lines()


def status(progress: Progress) -> str:
    """What a bar says: "loss 1.234, 310 images/s, recall@1 0.4512"."""
    parts = []
    if math.isfinite(progress.loss):
        parts.append(f"loss {progress.loss:.4g}")
    if progress.images_per_second:
        amount, _, unit = per_second(progress.images_per_second, 1).partition("/")
        parts.append(f"{amount} images/{unit}")
    parts.extend(f"{name} {value:.4f}" for name, value in list(progress.figures.items())[:1])
    return ", ".join(parts)


def heading(progress: Progress, width: int = UNLIMITED) -> str:
    """The names above the rows of epochs, as many as the terminal has room for."""
    names = _fitting_figures(progress, width)
    more = [f"+{len(progress.figures) - len(names)}"] if len(progress.figures) > len(names) else []
    return SEPARATOR.join([f"{'epoch':>7}", f"{'loss':>8}", *(f"{name:>{_width(name)}}" for name in names), *more])


def row(progress: Progress, width: int = UNLIMITED) -> str:
    """An epoch under that heading; a star marks the best so far."""
    done = progress.epoch + 1 if progress.step else 0
    loss = f"{progress.loss:8.4f}" if math.isfinite(progress.loss) else f"{'–':>8}"
    names = _fitting_figures(progress, width)
    values = [f"{value:{_width(name)}.4f}" for name, value in progress.figures.items() if name in names]
    return SEPARATOR.join([f"{f'{done}/{progress.epochs}':>7}", loss, *values, *("*" for _ in [0] if progress.is_best)])


def _fitting_figures(progress: Progress, width: int) -> list[str]:
    """The figures that a row has room for, `MAX_FIGURES` at most."""
    names, left = [], width - len(f"{'epoch':>7}{SEPARATOR}{'loss':>8}") - len(f"{SEPARATOR}+99")
    for name in list(progress.figures)[:MAX_FIGURES]:
        left -= len(SEPARATOR) + _width(name)
        if left < 0:
            break
        names.append(name)
    return names


def sentence(progress: Progress) -> str:
    """An epoch on a line of its own, for logs."""
    done = progress.epoch + 1 if progress.step else 0
    figures = "".join(f", {name} {value:.4f}" for name, value in progress.figures.items())
    loss = f": loss {progress.loss:.4f}" if math.isfinite(progress.loss) else ": before training"
    return f"epoch {done} of {progress.epochs}{loss}{figures}{', the best so far' if progress.is_best else ''}"


class TimeLeft:
    """Seconds to the end of a phase, from its steps in this call; a resumed run has done others before."""

    def __init__(self) -> None:
        self._start: tuple[float, int] | None = None
        self._phase = TRAINING

    def after(self, progress: Progress) -> float | None:
        """None until there is a rate."""
        now = time.monotonic()
        if self._start is None or progress.phase != self._phase:
            self._start, self._phase = (now, progress.step), progress.phase
        begun, first = self._start
        if progress.step <= first:
            return None
        return (progress.steps - progress.step) * (now - begun) / (progress.step - first)


def _width(name: str) -> int:
    return max(NARROWEST, len(name))


def _ignore(_progress: Progress) -> None:
    """Show nothing."""


class _Lines:
    """A line every `LINE_EVERY` seconds, one when a phase begins that takes long, and one per epoch."""

    def __init__(self) -> None:
        self.last_printed = time.monotonic()
        self.left = TimeLeft()
        self.phase = TRAINING

    def __call__(self, progress: Progress) -> None:
        left = self.left.after(progress)
        if progress.measured:
            say(sentence(progress))
        elif time.monotonic() - self.last_printed >= LINE_EVERY or progress.phase not in (TRAINING, self.phase):
            self.last_printed, self.phase = time.monotonic(), progress.phase
            unit, counted = ("step ", "") if progress.phase == TRAINING else ("", " photographs")
            step = f"{progress.phase}: {unit}{progress.step:,} of {progress.steps:,}{counted}"
            remaining = f"{duration(left)} left" if left is not None else ""
            say(", ".join(filter(None, (step, status(progress), remaining))))


@contextmanager
def _bar() -> Iterator[Show]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[status]}", markup=False),
        TextColumn("{task.fields[left]}", markup=False),
    )
    console = Console(stderr=True, highlight=False)
    time_left = TimeLeft()
    printed_headings: set[str] = set()
    with Bar(*columns, console=console, transient=True, redirect_stdout=False) as bar:
        task = bar.add_task("training", total=None, visible=False, status="", left="")  # until there is a first step

        def show(progress: Progress) -> None:
            seconds = time_left.after(progress)
            bar.update(
                task,
                description=progress.phase,
                completed=progress.step,
                total=progress.steps,
                visible=True,
                status=status(progress),
                left=f"{duration(seconds)} left" if seconds is not None else "",
            )
            if progress.measured:
                if (head := heading(progress, console.width)) not in printed_headings:
                    printed_headings.add(head)
                    say(head)
                say(row(progress, console.width))

        yield show
