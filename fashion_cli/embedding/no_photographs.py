"""The error where a command found no photograph: an empty folder, files of other kinds, an empty list."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from fashion_cli.errors import UsageError
from fashion_cli.inference.pipeline import Skipped
from fashion_cli.message_text import printable
from fashion_cli.plurals import counted
from fashion_cli.suggestions import shorten

NAMED = 3  # the most folders that a message names
COUNTED = 100_000  # files are counted up to here: a whole disk must not keep an error waiting


def no_photographs(
    sources: Sequence[Path], manifest: Path | None = None, *, listed: bool = False, unreadable: Sequence[Skipped] = ()
) -> UsageError:
    """The error about sources without a photograph, which says what is there instead.

    Args:
        sources: Folders and files that were looked through.
        manifest: The table that was to name the photographs, or None.
        listed: The sources are a list that a program wrote.
        unreadable: Folders that could not be looked into.
    """
    if not sources and manifest is not None:
        return UsageError(f"{printable(manifest)}: no photographs: the table has no rows", hint="a row a photograph")
    if not sources:
        where = "standard input: no photographs: the list is empty" if listed else "no photographs given"
        return UsageError(where, hint="name folders or photographs, or a path a line on standard input with -")
    names = [printable(source) for source in sources]
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    message = f"{', '.join(names[:NAMED])}{more}: no photographs{_what_is_there(sources)}"
    if unreadable:
        message += f"; {printable(unreadable[0].path)}: {unreadable[0].reason}"
    return UsageError(message, hint="give folders or files with photographs: .jpg, .png, .webp, .heic, …")


def _what_is_there(sources: Sequence[Path]) -> str:
    suffixes: Counter[str] = Counter()
    hidden = 0
    for name in _files(sources):
        if name.startswith("."):
            hidden += 1
        else:
            suffixes[os.path.splitext(name)[1].lower() or "without a suffix"] += 1
    if suffixes:
        return f" among {counted(suffixes.total(), 'file')} ({shorten([each for each, _ in suffixes.most_common()])})"
    return f"; {counted(hidden, 'file')} there, hidden, left out" if hidden else ", nothing at all"


def _files(sources: Sequence[Path]) -> Iterator[str]:
    """The names of files in folders and below, those in hidden folders with a dot in front."""
    count = 0
    for source in sources:
        for folder, _, names in os.walk(source):
            inside = Path(folder).relative_to(source).parts
            mark = "." if any(part.startswith(".") for part in inside) else ""
            for name in names:
                yield mark + name
                count += 1
                if count >= COUNTED:
                    return
