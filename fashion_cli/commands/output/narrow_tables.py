"""Stacked tables, a line for each cell, where a terminal is too narrow for columns."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

LEAST = 12  # columns that a value needs behind its heading; with fewer it stands on lines of its own
INDENT = 2


def print_stacked(
    console: "Console", titles: Sequence[str], rows: Sequence[Sequence[str]], wraps: Sequence[bool], width: int
) -> None:
    """Print each row as a block: a line for each cell, with its heading in front.

    No line is wider than the terminal but those with a word that is, and no path is ever broken.

    Args:
        console: Where to.
        titles: The headings.
        rows: Cells, each on one line.
        wraps: Whether a cell of the column may go on in a second line, between words.
        width: Of the terminal.
    """
    from rich.cells import cell_len
    from rich.text import Text

    heading = max(map(cell_len, titles)) + INDENT
    for number, row in enumerate(rows):
        if number:
            console.print()
        for title, cell, may_wrap in zip(titles, row, wraps, strict=True):
            room = width - heading
            on_same_line = cell_len(cell) <= room or (may_wrap and room >= LEAST)
            start = title + " " * (heading - cell_len(title) if on_same_line else 0)
            indent = heading if on_same_line else INDENT
            lines = list(_fill(cell, max(width - indent, 1))) if may_wrap else [cell]
            if not on_same_line:
                console.print(Text(start, style="bold"), soft_wrap=True)
            for place, line in enumerate(lines):
                before = Text(start, style="bold") if on_same_line and not place else Text(" " * indent)
                console.print(before + Text(line), soft_wrap=True)


def _fill(text: str, width: int) -> Iterator[str]:
    """Lines of whole words, as long as they may be; East Asian characters fill two columns."""
    from rich.cells import cell_len

    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if line and cell_len(longer) > width:
            yield line
            line = word
        else:
            line = longer
    yield line
