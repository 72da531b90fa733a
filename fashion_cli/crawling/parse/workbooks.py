"""Excel's workbooks (.xlsx): the cells of the sheet that has a table, as texts. Formulas are not evaluated.

Rows are read one after another, and what a workbook says of its own size is not believed: a file of some kilobytes may
unpack to gigabytes, and a sheet with one row may claim a million.
"""

import re
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

from fashion_cli.errors import CrawlError
from fashion_cli.products.currencies import SIGN, currency_code
from fashion_cli.products.money import JsonNumber

MAX_BYTES = 2**30  # of all parts of a workbook, unpacked
MAX_COLUMNS = 1000
MAX_EMPTY_ROWS = 10_000  # behind one another: what follows is formatting
_EXACT = 10**15  # whole numbers below it are what they seem
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"
_CONTENT = "[Content_Types].xml"
# What openpyxl raises where parts of a workbook are missing, cut off or not what they should be.
_DAMAGES = (
    zipfile.BadZipFile,
    SyntaxError,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    OSError,
    EOFError,
    IndexError,
)
_LEADING_ZEROS = re.compile(r"0{2,20}")
_FORMAT_CURRENCY = re.compile(r'\[\$([^\]-]+)|"([^"]+)"|([$€£¥₩₹₽₺₫₱₪₴])')

NumberedRow = tuple[int, list[str]]


def is_workbook(path: Path) -> bool:
    """Whether a file is a workbook, by its content."""
    if _read_start(path) != _ZIP:
        return False
    try:
        with zipfile.ZipFile(path) as parts:
            return _CONTENT in parts.namelist()
    except (zipfile.BadZipFile, NotImplementedError):
        return False


def is_old_workbook(path: Path) -> bool:
    """Whether a file is a workbook of Excel before 2007, or one with a password."""
    return _read_start(path) == _OLE


def read_workbook(path: Path, note: Callable[[str], None]) -> Iterator[NumberedRow]:
    """Read the first sheet with cells: the number of each row, from 1, and its cells.

    Args:
        note: Called with what had to be left out.

    Raises:
        CrawlError: If it is no workbook that can be read, at the first row.
    """
    if is_old_workbook(path):
        raise CrawlError(
            f"{path}: a workbook of Excel before 2007, or one with a password", hint="save it as .xlsx or CSV, UTF-8"
        )
    from openpyxl import load_workbook

    _require_size(path)
    # By its name alone, openpyxl would refuse a workbook without a suffix.
    with path.open("rb") as stream:
        try:
            with _ignoring_warnings():
                workbook = load_workbook(stream, read_only=True, data_only=True, keep_links=False)
            yield from _read_sheets(workbook, note)
        except _DAMAGES as error:
            raise CrawlError(
                f"{path}: a damaged workbook ({' '.join(str(error).split())})", hint="save it anew, as .xlsx or CSV"
            ) from error


@contextmanager
def _ignoring_warnings() -> Iterator[None]:
    """Do not pass on what openpyxl warns of: colours, rules, pictures and impossible dates do not matter here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _read_start(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(4)


def _require_size(path: Path) -> None:
    with zipfile.ZipFile(path) as parts:
        unpacked = sum(part.file_size for part in parts.infolist())
    if unpacked > MAX_BYTES:
        raise CrawlError(
            f"{path}: {unpacked:,} bytes when it is unpacked, over the limit of {MAX_BYTES:,}",
            hint="save its table as CSV",
        )


def _read_sheets(workbook: Any, note: Callable[[str], None]) -> Iterator[NumberedRow]:
    filled = [sheet for sheet in workbook.worksheets if next(_read_rows(sheet, note), None) is not None]
    if len(filled) > 1:
        others = ", ".join(repr(sheet.title) for sheet in filled[1:])
        note(f"only the first sheet with a table is read, {filled[0].title!r}, and not {others}")
    if filled:
        yield from _read_rows(filled[0], note)


def _read_rows(sheet: Any, note: Callable[[str], None]) -> Iterator[NumberedRow]:
    """Rows with a filled cell."""
    sheet.reset_dimensions()
    rows, empty = sheet.iter_rows(), 0
    for number in count(1):
        with _ignoring_warnings():
            row = next(rows, None)
        if row is None:
            return
        cells = [_cell_text(cell) for cell in row[:MAX_COLUMNS]]
        if any(cells):
            empty = 0
            if len(row) > MAX_COLUMNS and any(cell.value is not None for cell in row[MAX_COLUMNS:]):
                note(f"columns behind the first {MAX_COLUMNS:,} are left out")
            yield number, cells
        elif (empty := empty + 1) == MAX_EMPTY_ROWS:
            return


def _cell_text(cell: Any) -> str:
    """A cell as a person sees it, as far as that changes what it says: leading zeros, a currency, a date."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | Decimal):
        return _number_text(value, cell.number_format or "")
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value)


def _number_text(value: Any, number_format: str) -> str:
    whole = abs(value) < _EXACT and value == int(value)
    text = str(int(value)) if whole else str(value)
    if whole and _LEADING_ZEROS.fullmatch(number_format):
        return text.zfill(len(number_format))
    if currency := _currency_of(number_format):
        fraction = text.partition(".")[2]
        return f"{text}0 {currency}" if len(fraction) == 3 else f"{text} {currency}"  # "1.299 EUR" would be a thousand
    return JsonNumber(text)


def _currency_of(number_format: str) -> str:
    """The currency that a number is shown with; "" without one."""
    for groups in _FORMAT_CURRENCY.findall(number_format):
        text = next(filter(None, groups)).strip()
        if code := currency_code(text):
            return code
        if sign := SIGN.fullmatch(text.casefold()):
            return currency_code(sign.group())
    return ""
