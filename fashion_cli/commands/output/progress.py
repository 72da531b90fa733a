"""Progress of long work: a bar on a terminal, now and then a line in a log."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fashion_cli.commands.output.messages import say

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.progress import Task

Progress = Callable[[int, int], None]  # (done, total); total 0 is not known yet

LINE_EVERY = 30.0  # seconds, where stderr is no terminal


@contextmanager
def show_progress(what: str, *, quiet: bool = False, unit: str = "photographs") -> Iterator[Progress]:
    """Show progress while the block runs.

    Args:
        what: The work, in one or two words.
        quiet: Show nothing.
        unit: What is counted.
    """
    if quiet:
        yield _ignore
    elif sys.stderr.isatty():
        with _bar(what, unit) as progress:
            yield progress
    else:
        yield _Lines(what, unit)


def per_second(done: float, seconds: float) -> str:
    """A rate: "8.3/s", "362/s", "4.2/min"; "" where there is none yet."""
    if not (done and seconds > 0):
        return ""
    rate = done / seconds
    if rate < 1:
        return f"{60 * rate:,.1f}/min"
    return f"{rate:,.1f}/s" if rate < 10 else f"{rate:,.0f}/s"


def duration(seconds: float) -> str:
    """Seconds in words: "0.41 s", "2 min 05 s", "3 h 20 min"."""
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"


def _ignore(_done: int, _total: int) -> None:
    """Show nothing."""


class _Lines:
    """A line with rate and time left, every `LINE_EVERY` seconds."""

    def __init__(self, what: str, unit: str) -> None:
        self.what, self.unit = what, unit
        self.start = self.last_printed = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self.last_printed < LINE_EVERY:
            return
        self.last_printed = now
        seconds = now - self.start
        share = f"{done:,} of {total:,}" if total else f"{done:,}"
        left = f"{duration((total - done) * seconds / done)} left" if total and done else ""
        say(", ".join(filter(None, (f"{self.what}: {share} {self.unit}", per_second(done, seconds), left))))


@contextmanager
def _bar(what: str, unit: str) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        ProgressColumn,
        SpinnerColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bar
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: "Task") -> Text:
            return Text(per_second(task.completed, task.elapsed or 0.0))

    class DeterminateColumn(ProgressColumn):
        """Shows another column as soon as the total is known: a bar without an end says nothing."""

        def __init__(self, column: ProgressColumn) -> None:
            super().__init__()
            self._column = column

        def render(self, task: "Task") -> "RenderableType":
            return self._column.render(task) if task.total else ""

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        *map(DeterminateColumn, (BarColumn(), MofNCompleteColumn(), TextColumn(unit, markup=False), Rate())),
        DeterminateColumn(TimeRemainingColumn(compact=True)),
    )
    console = Console(stderr=True, highlight=False)
    # stderr is redirected so that messages appear above the bar; stdout belongs to the data.
    with Bar(*columns, console=console, transient=True, redirect_stdout=False) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)
