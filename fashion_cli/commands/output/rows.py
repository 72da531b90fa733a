"""Figures and lists, as a table for people or as JSON and CSV for programs."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fashion_cli.commands.cli.options import RowFormat
from fashion_cli.commands.output.render import Column, as_csv, as_json, as_table, emit

DECIMALS = 4  # of figures


@dataclass(frozen=True)
class Rows:
    """Rows under headings.

    Attributes:
        names: Of the columns.
        values: One per name in each row; None and NaN where there is nothing to say.
        prose: Names of columns whose texts may go on in a second line of a table.
        decimals: Names of columns of figures -> how many decimals a table shows, where not `DECIMALS`.
    """

    names: tuple[str, ...]
    values: Sequence[Sequence[object]]
    prose: tuple[str, ...] = ()
    decimals: Mapping[str, int] = field(default_factory=dict)


def show_rows(rows: Rows, format_name: RowFormat, title: str = "") -> None:
    """Print rows.

    Args:
        rows: What to print.
        format_name: How.
        title: A line above a table; other formats have none.
    """
    match format_name:
        case "table":
            emit(_table(rows, title))
        case "json":
            emit(as_json([_document(rows.names, row) for row in rows.values], indent=2) + "\n")
        case "jsonl":
            emit("".join(f"{as_json(_document(rows.names, row))}\n" for row in rows.values))
        case "csv":
            emit(as_csv([rows.names, *([_plain(value) for value in row] for row in rows.values)]))


def _table(rows: Rows, title: str) -> str:
    columns = []
    for place, name in enumerate(rows.names):
        numeric = all(row[place] is None or isinstance(row[place], int | float) for row in rows.values)
        columns.append(Column(name, numeric=numeric, wraps=name in rows.prose))
    decimals = [rows.decimals.get(name, DECIMALS) for name in rows.names]
    cells = [[_cell(value, places) for value, places in zip(row, decimals, strict=True)] for row in rows.values]
    return as_table(columns, cells, title)


def _document(names: Sequence[str], row: Sequence[object]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in zip(names, row, strict=True)}


def _plain(value: object) -> object:
    """What every format can hold: a figure that could not be measured is nothing, not NaN."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _cell(value: object, decimals: int) -> str:
    plain = _plain(value)
    if plain is None:
        return "–"
    if isinstance(plain, bool):
        return "yes" if plain else "no"
    if isinstance(plain, float):
        return f"{plain:,.{decimals}f}"
    return f"{plain:,}" if isinstance(plain, int) else str(plain)
