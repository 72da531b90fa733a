"""Readers of files that list photographs or products; the format is detected from the content.

A text with a URL in each line; a table between commas, semicolons, tabs or bars; Google's merchant feed as RSS or Atom;
Excel's workbooks; Parquet. All come out as rows of a heading and its cells.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count, islice
from pathlib import Path
from typing import Any

from lxml import etree

from fashion_cli.crawling.parse.encodings import decode, find_declared_encodings, is_utf16_or_32
from fashion_cli.crawling.parse.workbooks import is_old_workbook, is_workbook, read_workbook
from fashion_cli.errors import CrawlError
from fashion_cli.plurals import counted

BATCH = 4096  # rows
MAX_BYTES = 2**30  # of a text that is read whole
_MAX_CELL = 2**24  # characters
_MAX_NULS = 20  # in the first thousand characters of a text
_DELIMITERS = (",", "\t", ";", "|")
_NO_DELIMITER = "\x1f"
_SEPARATOR_LINE = re.compile(
    r"\"?sep=([,;|\t])\"?", re.IGNORECASE
)  # what Excel takes from a first line, and writes there
_IMAGE_HEADING = re.compile("image|img|photo|picture|이미지|사진|bild")  # which a table may have several times
_HEADING_ROWS = 10  # of a workbook, among which the heading is looked for
_ITEM_NAMES = ("item", "entry", "product")
_URL_START = re.compile(r"\s*[\"']?\s*https?://", re.IGNORECASE)

Note = Callable[[str], None]


class Row(dict[str, str]):
    """The cells of a row by heading, without the empty ones.

    Attributes:
        number: Where it stands, from 1, the heading included: as a spreadsheet counts.
    """

    __slots__ = ("number",)

    def __init__(self, number: int, cells: dict[str, str]) -> None:
        super().__init__(cells)
        self.number = number


@dataclass(frozen=True)
class FeedRows:
    """A file's rows.

    Attributes:
        headings: Folded names of the columns; empty for a list of addresses, whose rows have `image_url` alone.
        rows: Heading -> cell, without the empty ones.
        written: The headings as the file has them.
    """

    headings: tuple[str, ...]
    rows: Iterator[Row]
    written: tuple[str, ...] = ()


def read_rows(path: Path, note: Note, is_heading: Callable[[Sequence[str]], bool] = lambda _: False) -> FeedRows:
    """Read the rows of a file.

    Args:
        note: Called with what had to be left out.
        is_heading: Whether the cells of a workbook's row name its columns; where none of the first rows does, the first
            with two filled cells is taken.

    Raises:
        CrawlError: If it is nothing that lists anything.
        OSError: If it cannot be read.
        ValueError: If it is damaged.
    """
    with path.open("rb") as stream:
        start = stream.read(4)
    if start == b"PAR1":
        return _read_parquet(path)
    if is_workbook(path) or is_old_workbook(path):
        return _read_workbook(path, note, is_heading)
    if start[:2] == b"\x1f\x8b":
        raise CrawlError(f"{path}: compressed by gzip", hint=f"gunzip {path}")
    if path.stat().st_size > MAX_BYTES:
        raise CrawlError(f"{path}: over {MAX_BYTES:,} bytes", hint="split it, or write it as Parquet")
    body = path.read_bytes()
    # In a text without a declaration, UTF-8 comes first: "Näh" in UTF-8 is "N채h" in CP949.
    declared = find_declared_encodings(body[:1000]) if b"<" in body[:8] or is_utf16_or_32(body) else []
    decoded = decode(body, declared or ["utf-8", "cp949"])
    if decoded.text[:1000].count("\x00") > _MAX_NULS:
        raise CrawlError(
            f"{path}: neither text, a workbook nor Parquet",
            hint="one URL in each line, or a table with a column image_url",
        )
    text = decoded.text.replace("\x00", "").lstrip("\ufeff")
    if decoded.broken:
        note(f"not {decoded.encoding}: {counted(decoded.broken, 'letter')}")
    if not text.strip():
        raise CrawlError(f"{path}: an empty list", hint="one URL in each line, or a table with a column image_url")
    if text.lstrip().startswith("<"):
        return _read_xml(text, path)
    return _read_lines(text) if _is_url_list(text) else _read_table(text, note)


def normalize_heading(heading: str) -> str:
    """A column's name in one spelling: "Image Link" and "g:image_link" are `image_link`."""
    return re.sub(r"[\s-]+", "_", re.sub(r"^\s*g:", "", heading).strip().strip("\"'").lower())


def _is_url_list(text: str) -> bool:
    """Whether a text is a list of addresses: each line that says something is one."""
    lines = [line for line in text.splitlines()[:200] if line.strip() and not line.lstrip().startswith("#")]
    return (
        bool(lines)
        and bool(_URL_START.match(lines[0]))
        and not any("\t" in line for line in lines)
        and not _has_more_cells(lines)
    )


def _has_more_cells(lines: list[str]) -> bool:
    """Whether every line goes on behind its address with a comma and something that is no part of it."""
    return all(re.match(r"\s*\"?https?://[^,\s]+\"?[,;](?![\w%.=-]*/)[^/]*$", line) for line in lines)


def _read_lines(text: str) -> FeedRows:
    lines = ((number, line.strip().strip("\"'")) for number, line in enumerate(text.splitlines(), 1))
    return FeedRows((), (Row(number, {"image_url": line}) for number, line in lines if line and line[0] != "#"))


def _read_table(text: str, note: Note) -> FeedRows:
    csv.field_size_limit(_MAX_CELL)
    first = next((line for line in text.splitlines() if line.strip()), "")
    said = _SEPARATOR_LINE.fullmatch(first.strip())
    delimiter = said[1] if said else _guess_delimiter(first)
    rows = enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 1)
    if said:
        next(row for row in rows if row[1])
    heading_number, headings = next((each for each in rows if any(cell.strip() for cell in each[1])), (1, []))
    if any(_URL_START.match(cell) for cell in headings):  # no heading
        place = next(index for index, cell in enumerate(headings) if _URL_START.match(cell))
        numbered = chain([(heading_number, headings)], rows)
        addresses = ((number, cells[place]) for number, cells in numbered if len(cells) > place)
        return FeedRows((), (Row(number, {"image_url": address}) for number, address in addresses))
    folded = tuple(map(normalize_heading, headings))
    return FeedRows(folded, _read_cells(rows, folded, note), tuple(headings))


def _guess_delimiter(line: str) -> str:
    widths = {each: len(next(csv.reader([line], delimiter=each))) for each in _DELIMITERS}
    delimiter = max(widths, key=lambda each: widths[each])
    return delimiter if widths[delimiter] > 1 else _NO_DELIMITER  # one column: commas belong to its addresses


def _read_cells(rows: Iterable[tuple[int, list[str]]], headings: tuple[str, ...], note: Note) -> Iterator[Row]:
    for number, row in rows:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(headings):
            note(f"rows with another number of cells than the {len(headings):,} of the heading")
        yield _build_row(number, zip(headings, row, strict=False))


def _build_row(number: int, cells: Iterable[tuple[str, str]]) -> Row:
    """Heading -> cell. Of columns with one name, the first that is filled, but images of all of them."""
    values: dict[str, str] = {}
    for heading, cell in cells:
        if not cell.strip():
            continue
        if heading in values and _IMAGE_HEADING.search(heading):
            values[heading] += f" | {cell}"
        values.setdefault(heading, cell)
    return Row(number, values)


def _read_workbook(path: Path, note: Note, is_heading: Callable[[Sequence[str]], bool]) -> FeedRows:
    """The sheet of a workbook that has rows. Titles and groups of columns may stand above its heading."""
    sheet = read_workbook(path, note)
    top = list(islice(sheet, _HEADING_ROWS))
    wide = (place for place, (_, cells) in enumerate(top) if sum(bool(cell.strip()) for cell in cells) > 1)
    named = (place for place, (_, cells) in enumerate(top) if is_heading(cells))
    place = next(named, next(wide, None))
    if place is None:
        raise CrawlError(f"{path}: no table", hint="its first row with two filled cells names the columns")
    written = tuple(cell.strip() for cell in top[place][1])
    folded = tuple(map(normalize_heading, written))
    return FeedRows(folded, _read_sheet(chain(top[place + 1 :], sheet), folded), written)


def _read_sheet(sheet: Iterable[tuple[int, list[str]]], headings: tuple[str, ...]) -> Iterator[Row]:
    for number, row in sheet:
        if any(cell.strip() for cell in row):
            yield _build_row(number, zip(headings, row, strict=False))


def _read_xml(text: str, path: Path) -> FeedRows:
    """Google's merchant feed: RSS, or Atom, with the names of its namespace or without."""
    body = re.sub(r"^\s*<\?xml[^>]*\?>", "", text).encode()
    headings: dict[str, None] = {}
    for row in _read_items(body):
        headings.update(dict.fromkeys(row))
    if not headings:
        raise CrawlError(f"{path}: no feed of products", hint="RSS or Atom of Google's Merchant Center, CSV or Parquet")
    return FeedRows(tuple(headings), _read_items(body), tuple(headings))


def _read_items(body: bytes) -> Iterator[Row]:
    """Products one after another, each forgotten before the next: a tree of all takes ten times the file."""
    number = 0
    steps = etree.iterparse(io.BytesIO(body), recover=True, resolve_entities=False, huge_tree=True)
    for _, element in steps:
        if _local_name(element) not in _ITEM_NAMES:
            continue
        number += 1
        yield _build_row(number, ((_local_name(cell), _cell_text(cell)) for cell in element))
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]


def _local_name(element: Any) -> str:
    return normalize_heading(etree.QName(element).localname) if isinstance(element.tag, str) else ""


def _cell_text(element: Any) -> str:
    return "".join(element.itertext()).strip() or str(element.get("href") or "")


def _read_parquet(path: Path) -> FeedRows:
    from pyarrow import ArrowException  # importing it takes a quarter of a second
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(path) as file:
            written = tuple(file.schema_arrow.names)
        headings = tuple(map(normalize_heading, written))
        return FeedRows(headings, _read_batches(path, headings), written)
    except ArrowException as error:
        raise ValueError(str(error)) from error


def _read_batches(path: Path, headings: tuple[str, ...]) -> Iterator[Row]:
    from pyarrow.parquet import ParquetFile

    numbers = count(2)
    with ParquetFile(path) as file:
        for batch in file.iter_batches(BATCH):
            for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                cells = ((heading, _cell_string(value)) for heading, value in zip(headings, values, strict=True))
                yield _build_row(next(numbers), cells)


def _cell_string(value: Any) -> str:
    if value is None:
        return ""
    return " | ".join(map(str, value)) if isinstance(value, list) else str(value)
