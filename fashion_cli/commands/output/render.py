"""Rows on stdout: a table for people, JSON, JSON lines, CSV or paths for programs. Nothing else goes there.

Everything is UTF-8, whatever the terminal says, and a path's bytes that are not UTF-8 come out as they are.
"""

import errno
import io
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import typer

from fashion_cli.commands.cli.options import Format, RowFormat
from fashion_cli.commands.output.narrow_tables import print_stacked
from fashion_cli.errors import ExitCode, OutputError
from fashion_cli.message_text import printable

if TYPE_CHECKING:
    from fashion_cli.data.tags import Tag

UNLIMITED = 100_000  # columns of a table that no terminal has to show
NARROWEST = 12  # columns left to a text that wraps
GAP = 3  # columns between two of a table


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        title: Its heading.
        numeric: Whether it is set flush right.
        wraps: Whether its text may go on in a second line; a path may not.
    """

    title: str
    numeric: bool = False
    wraps: bool = False


RANK, PATH = Column("rank", numeric=True), Column("path")  # of every table of photographs that were found
SEPARATOR = ";"  # between values in one CSV cell
# What some reader of CSV takes for the end of a cell or a line, drops or trims. Python's own writer knows two of these,
# and a carriage return since 3.11.9 only.
_QUOTED = re.compile(r'[",\x00-\x1f\x7f-\x9f\u2028\u2029]|^\s|\s$')


@dataclass(frozen=True)
class ResultWriters:
    """Results of a search or a recommendation in each format that programs read, made when they are needed.

    Attributes:
        documents: A JSON object for each query.
        lines: A JSON object for each photograph.
        cells: The heading of a CSV table, then its rows.
        paths: Of the photographs.
    """

    documents: Callable[[], list[dict[str, Any]]]
    lines: Callable[[], Iterable[dict[str, Any]]]
    cells: Callable[[], Iterable[Sequence[object]]]
    paths: Callable[[], Iterable[str]]


def on_terminal() -> bool:
    """Whether a person reads stdout."""
    return sys.stdout.isatty()


@overload
def choose_format(name: RowFormat | None) -> RowFormat: ...
@overload
def choose_format(name: Format | None) -> Format: ...
def choose_format(name: Format | None) -> Format:
    """The format asked for, else a table on a terminal and JSON lines in a pipe."""
    return name or ("table" if on_terminal() else "jsonl")


def emit(text: str) -> None:
    """Write to stdout.

    Raises:
        Exit: If the reader has seen enough, as `head` does.
        OutputError: If it cannot be written, for example on a full disk.
    """
    try:
        sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        abandon_stdout()
        raise typer.Exit(ExitCode.DONE) from None
    except OSError as error:
        abandon_stdout()
        raise output_error(error) from error


def output_error(error: OSError) -> OutputError:
    """What to say where stdout cannot be written."""
    if error.errno == errno.EBADF:
        return OutputError("standard output is closed", hint="send it somewhere: > FILE, or > /dev/null")
    return OutputError(f"standard output: {error.strerror}", hint="write to another disk")


def abandon_stdout() -> None:
    """Point stdout at nothing, so that Python does not complain at exit about what is still in its buffer."""
    with suppress(OSError, ValueError):  # ValueError: it is no real file, as under test
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def as_json(value: object, *, indent: int | None = None) -> str:
    """A value as JSON on one line, or indented. NaN is refused.

    Characters stand for themselves; only text that UTF-8 cannot hold, as some paths, is escaped.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False, indent=indent)
    return text


def as_csv(rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV lines (RFC 4180, but for the line's end).

    Cells hold what was found, character by character, also where a spreadsheet would take it for a formula: programs
    read them, and a path that begins with "-" has to stay one.
    """
    return "".join(f"{_csv_line(row)}\n" for row in rows)


def _csv_line(row: Sequence[object]) -> str:
    """Cells with commas between; one cell that is empty has to show."""
    return ",".join(map(_csv_cell, row)) or ('""' if row else "")


def _csv_cell(value: object) -> str:
    text = "" if value is None else str(value)
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def as_table(columns: Sequence[Column], rows: Sequence[Sequence[str]], title: str = "") -> str:
    """Rows as a table that is no wider than the terminal, or `COLUMNS`; where that is too narrow, under each other.

    No path is ever cut. In a pipe without `COLUMNS` a table is as wide as it wants to be.

    Args:
        columns: The headings.
        rows: Cells; what would move the cursor or not be UTF-8 is shown as an escape.
        title: A line above.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    texts = [[printable(cell) for cell in row] for row in rows]
    cells = [[Text(each) for each in row] for row in texts]
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(
            Text(column.title),
            justify="right" if column.numeric else "left",
            no_wrap=not column.wraps,
            overflow="fold",
        )
    for row in cells:
        table.add_row(*row)
    stream = io.StringIO()
    terminal = on_terminal()
    width = table_width()
    console = Console(file=stream, force_terminal=terminal, width=width, highlight=False, legacy_windows=False)
    if title:
        console.print(Text(printable(title), style="bold"), soft_wrap=True)
    if _minimum_width(columns, cells) <= width:
        console.print(table, soft_wrap=True)
    else:
        titles = [column.title for column in columns]
        print_stacked(console, titles, texts, [column.wraps for column in columns], width)
    return "\n".join(line.rstrip(" ") for line in stream.getvalue().splitlines()) + "\n"


def table_width() -> int:
    """The columns that a table may take: `COLUMNS` where it is a number above 0, else the terminal's."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns[:9]) > 0:
        return min(int(columns[:9]), UNLIMITED)
    return shutil.get_terminal_size().columns if on_terminal() else UNLIMITED


def emit_results(answers: ResultWriters, format_name: Format, *, null: bool = False) -> None:
    """Print results for programs.

    Args:
        answers: What was.
        format_name: How; a table is for people.
        null: Paths end with NUL instead of a newline.
    """
    match format_name:
        case "json":
            emit(as_json(answers.documents(), indent=2) + "\n")
        case "jsonl":
            emit("".join(f"{as_json(line)}\n" for line in answers.lines()))
        case "csv":
            emit(as_csv(answers.cells()))
        case "paths":
            end = "\0" if null else "\n"
            emit("".join(f"{path}{end}" for path in answers.paths()))


def display_path(path: str) -> str:
    """A path as short as it can be: relative where it lies under the working directory."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except (ValueError, OSError):  # OSError: the working directory is gone
        return path


def tag_names(tags: "Iterable[Tag]") -> str:
    """Tags as people read them: "dress, red"."""
    return ", ".join(tag.name for tag in tags)


def tag_cell(tags: "Iterable[Tag]") -> str:
    """Tags in one CSV cell: "category:dress;colour:red"."""
    return SEPARATOR.join(map(str, tags))


def tags_by_group(tags: "Iterable[Tag]") -> dict[str, dict[str, float]]:
    """Tags as programs read them: group to name to score."""
    groups: dict[str, dict[str, float]] = {}
    for tag in tags:
        groups.setdefault(tag.group, {})[tag.name] = tag.score
    return groups


def _minimum_width(columns: Sequence[Column], cells: Sequence[Sequence[Any]]) -> int:
    """The width at which nothing is cut that may not wrap, and what may wrap breaks no word."""
    from rich.cells import cell_len

    total = -GAP  # no column stands behind the last one
    for place, column in enumerate(columns):
        widths = [len(column.title), *(row[place].cell_len for row in cells)]
        words = [len(column.title), *(cell_len(word) for row in cells for word in row[place].plain.split())]
        total += GAP + (min(max(widths), max(NARROWEST, *words)) if column.wraps else max(widths))
    return total
