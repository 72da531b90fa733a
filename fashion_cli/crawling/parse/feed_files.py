"""Readers of files that list photographs or products; the format is detected from the content.

A text with a URL in each line; a table between commas, semicolons, tabs or bars; Google's merchant feed as RSS or Atom;
Parquet. All come out as rows of a heading and its cells.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from fashion_cli.crawling.parse.encodings import decode, find_declared_encodings, is_utf16_or_32
from fashion_cli.errors import CrawlError
from fashion_cli.plurals import counted

BATCH = 4096  # rows
MAX_BYTES = 2**30  # of a text that is read whole
_MAX_CELL = 2**24  # characters
_DELIMITERS = (",", "\t", ";", "|")
_NO_DELIMITER = "\x1f"
_URL_START = re.compile(r"\s*[\"']?\s*https?://", re.IGNORECASE)

Row = Mapping[str, str]
Note = Callable[[str], None]


@dataclass(frozen=True)
class FeedRows:
    """A file's rows.

    Attributes:
        headings: Folded names of the columns; empty for a list of addresses, whose rows have `image_url` alone.
        rows: Heading -> cell, without the empty ones.
    """

    headings: tuple[str, ...]
    rows: Iterator[Row]


def read_rows(path: Path, note: Note) -> FeedRows:
    """Read the rows of a file.

    Args:
        note: Called with what had to be left out.

    Raises:
        CrawlError: If it is nothing that lists anything.
        OSError: If it cannot be read.
        ValueError: If it is damaged.
    """
    with path.open("rb") as stream:
        start = stream.read(4)
    if start == b"PAR1":
        return _read_parquet(path)
    if path.stat().st_size > MAX_BYTES:
        raise CrawlError(f"{path}: over {MAX_BYTES:,} bytes", hint="split it, or write it as Parquet")
    body = path.read_bytes()
    if body[:1000].count(0) > 20 and not is_utf16_or_32(body):
        raise CrawlError(
            f"{path}: neither text nor Parquet", hint="one URL in each line, or a table with a column image_url"
        )
    decoded = decode(body, find_declared_encodings(body[:1000]) or ["cp949"])
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
    lines = (line.strip().strip("\"'") for line in text.splitlines())
    return FeedRows((), ({"image_url": line} for line in lines if line and not line.startswith("#")))


def _read_table(text: str, note: Note) -> FeedRows:
    csv.field_size_limit(_MAX_CELL)
    first = next((line for line in text.splitlines() if line.strip()), "")
    widths = {each: len(next(csv.reader([first], delimiter=each))) for each in _DELIMITERS}
    delimiter = max(widths, key=lambda each: widths[each])
    if widths[delimiter] == 1:
        delimiter = _NO_DELIMITER  # one column: commas belong to its addresses
    rows = csv.reader(io.StringIO(text.lstrip("\r\n"), newline=""), delimiter=delimiter)
    headings = next(rows, [])
    if any(_URL_START.match(cell) for cell in headings):  # no heading
        place = next(number for number, cell in enumerate(headings) if _URL_START.match(cell))
        cells = (row[place] for row in [headings, *rows] if len(row) > place)
        return FeedRows((), ({"image_url": cell} for cell in cells))
    folded = tuple(map(normalize_heading, headings))
    return FeedRows(folded, _read_cells(rows, folded, note))


def _read_cells(rows: Iterable[list[str]], headings: tuple[str, ...], note: Note) -> Iterator[Row]:
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(headings):
            note(f"rows with another number of cells than the {len(headings):,} of the heading")
        yield _build_row(zip(headings, row, strict=False))


def _build_row(cells: Iterable[tuple[str, str]]) -> Row:
    """Heading -> cell. Of columns with one name, the first that is filled, but images of all of them."""
    found: dict[str, str] = {}
    for heading, cell in cells:
        if not cell.strip():
            continue
        if heading.startswith("additional_image") and heading in found:
            found[heading] += f" | {cell}"
        found.setdefault(heading, cell)
    return found


def _read_xml(text: str, path: Path) -> FeedRows:
    """Google's merchant feed: RSS, or Atom, with the names of its namespace or without."""
    plain = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    root = etree.fromstring(plain.encode(), etree.XMLParser(recover=True, resolve_entities=False, huge_tree=True))
    items = [] if root is None else [each for each in root.iter() if _local_name(each) in ("item", "entry", "product")]
    if not items:
        raise CrawlError(f"{path}: no feed of products", hint="RSS or Atom of Google's Merchant Center, CSV or Parquet")
    rows = [_build_row((_local_name(cell), _cell_text(cell)) for cell in item) for item in items]
    return FeedRows(tuple({name: None for row in rows for name in row}), iter(rows))


def _local_name(element: Any) -> str:
    return normalize_heading(etree.QName(element).localname) if isinstance(element.tag, str) else ""


def _cell_text(element: Any) -> str:
    return "".join(element.itertext()).strip() or str(element.get("href") or "")


def _read_parquet(path: Path) -> FeedRows:
    from pyarrow import ArrowException  # importing it takes a quarter of a second
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(path) as file:
            headings = tuple(map(normalize_heading, file.schema_arrow.names))
        return FeedRows(headings, _read_batches(path, headings))
    except ArrowException as error:
        raise ValueError(str(error)) from error


def _read_batches(path: Path, headings: tuple[str, ...]) -> Iterator[Row]:
    from pyarrow.parquet import ParquetFile

    with ParquetFile(path) as file:
        for batch in file.iter_batches(BATCH):
            for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                yield _build_row(
                    (heading, _cell_string(value)) for heading, value in zip(headings, values, strict=True)
                )


def _cell_string(value: Any) -> str:
    if value is None:
        return ""
    return " | ".join(map(str, value)) if isinstance(value, list) else str(value)
