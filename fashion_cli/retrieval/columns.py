"""The columns that a table brought into a gallery: by name, as texts, as numbers."""

import math
import re
from collections.abc import Collection, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from fashion_cli.data.features import FeatureFile
from fashion_cli.errors import UsageError

ITEM_COLUMN = "item_id"  # a name, even where it is written in digits
LABEL = "label/"  # before the names of a manifest's own columns in a feature file
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?", re.ASCII)


def display_name(column: str) -> str:
    """A column as its table calls it."""
    return column.removeprefix(LABEL)


def qualify_names(columns: Iterable[str], own: Collection[str]) -> dict[str, str]:
    """The names of a table's columns in a file that has columns of its own: `columns.NAME` where it has that name.

    Args:
        columns: As the table calls them.
        own: The file's own.
    """
    return {name: f"columns.{name}" if name in own else name for name in columns}


def find_column(features: FeatureFile, name: str) -> str:
    """The file's column for a name, in any case where it is the only one; "" where there is none.

    Raises:
        UsageError: If it may be one of several.
    """
    columns = features.column_names
    exact = next((each for each in (name, LABEL + name) if each in columns), "")
    if exact:
        return exact
    near = [each for each in columns if name.casefold() in (each.casefold(), display_name(each).casefold())]
    if len(near) > 1:
        names = " or ".join(repr(display_name(each)) for each in near)
        raise UsageError(f"column {name!r}: {names}?", hint="write it as the table does")
    return near[0] if near else ""


def number(text: str) -> float:
    """The finite number that a text is, as programs write it: no thousands, no currency. NaN where it is none."""
    value = float(text) if _NUMBER.fullmatch(text.strip()) else math.nan
    return value if math.isfinite(value) else math.nan


def numbers(cells: Sequence[str]) -> npt.NDArray[np.float64]:
    """(N,) the numbers of a column; NaN where there is none."""
    return np.array([number(cell) for cell in cells], np.float64)


def is_mostly_numbers(cells: Sequence[str]) -> bool:
    """Whether at least half of the cells that are filled are numbers."""
    filled = [cell for cell in cells if cell.strip()]
    return bool(filled) and 2 * sum(not np.isnan(number(cell)) for cell in filled) >= len(filled)


def text_column_names(features: FeatureFile) -> dict[str, list[str]]:
    """The columns that are no numbers, by name."""
    columns = {name: features.column(name) for name in features.column_names}
    return {name: cells for name, cells in columns.items() if name == ITEM_COLUMN or not is_mostly_numbers(cells)}


def number_ranges(features: FeatureFile) -> dict[str, tuple[float, float]]:
    """The least and the most number of each column of numbers, by the name that its table gives it."""
    columns = {name: features.column(name) for name in features.column_names if name != ITEM_COLUMN}
    values_by_name = {display_name(name): numbers(cells) for name, cells in columns.items() if is_mostly_numbers(cells)}
    return {name: (float(np.nanmin(values)), float(np.nanmax(values))) for name, values in values_by_name.items()}
