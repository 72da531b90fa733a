"""Messages for people on stderr, one line each, never wrapped."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from fashion_cli.errors import ExitCode
from fashion_cli.message_text import printable

if TYPE_CHECKING:
    from fashion_cli.data.missing_files import MissingFiles
    from fashion_cli.inference.pipeline import Skipped

NAMED = 20
NAMED_LABELS = 10


def say(text: str) -> None:
    """Print a line on stderr."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def name_skipped(skipped: "Sequence[Skipped]", done: int, *, strict: bool) -> None:
    """Say which photographs were left out, and why.

    Args:
        skipped: Those photographs.
        done: How many were not.
        strict: Whether one is too many.

    Raises:
        Exit: With `ExitCode.SKIPPED` if there are any and `strict`, with `FAILED` if nothing is left.
    """
    if not skipped:
        return
    say(f"fashion: skipped {len(skipped):,}:")
    for each in skipped[:NAMED]:
        path = printable(each.path)
        reason = " ".join(each.reason.split())
        say(f"  {reason}" if reason.startswith(path) else f"  {path}: {reason}")
    if len(skipped) > NAMED:
        say(f"  and {len(skipped) - NAMED:,} more")
    if strict:
        raise typer.Exit(ExitCode.SKIPPED)
    if not done:
        raise typer.Exit(ExitCode.FAILED)


def name_missing(missing: "MissingFiles") -> None:
    """Say how many of the photographs that were found are not where the index or the map has them."""
    if missing.count:
        photographs = "photograph is" if missing.of == 1 else "photographs are"
        share = f"{missing.count:,} of {missing.of:,} {photographs} not there"
        say(f"fashion: {share}, as {printable(missing.first)} — {missing.hint}")


def name_notes(notes: Sequence[str]) -> None:
    """Say what looks like a mistake in the annotations; each once."""
    for note in dict.fromkeys(notes):
        say(f"fashion: {note}")


def name_unknown(labels: Sequence[str]) -> None:
    """Say which labels of the annotations a model has no tag for."""
    if not labels:
        return
    more = f" and {len(labels) - NAMED_LABELS:,} more" if len(labels) > NAMED_LABELS else ""
    say(f"fashion: the model has no tag for {', '.join(map(printable, labels[:NAMED_LABELS]))}{more}")
