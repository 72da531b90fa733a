"""Tables of products as shops export them, written by plain code."""

import csv
import io
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

HEADINGS = ("id", "title", "image_link", "price", "availability", "brand")
ROWS = (
    ("SK-1", "Coat, long", "https://cdn.example/i/coat.png", "59.00 EUR", "in stock", "Nähwerk"),
    ("SK-2", "코트 “겨울”", "https://cdn.example/i/winter.png", "39,000원", "품절", "한울"),
    ("SK-3", "Tom & Jerry tee", "https://cdn.example/i/tee.png?v=3", "1.299,50 EUR", "preorder", ""),
)
# item_id, name, price, currency, whether it can be bought, brand
EXPECTED = [
    ("SK-1", "Coat, long", "59", "EUR", True, "Nähwerk"),
    ("SK-2", "코트 “겨울”", "39000", "KRW", False, "한울"),
    ("SK-3", "Tom & Jerry tee", "1299.5", "EUR", True, ""),
]

Table = Sequence[Sequence[object]]


def as_csv(rows: Table, delimiter: str = ",") -> str:
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter).writerows(rows)
    return stream.getvalue()


def as_rss(rows: Table) -> str:
    heading, *others = rows
    items = (
        "".join(f"<g:{name}>{escape(str(cell))}</g:{name}>" for name, cell in zip(heading, row, strict=True))
        for row in others
    )
    inside = "".join(f"<item>{item}</item>" for item in items)
    return f'<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>{inside}</channel></rss>'


def as_atom(rows: Table) -> str:
    rss = as_rss(rows).replace("item>", "entry>").replace("<channel>", "").replace("</channel>", "")
    return '<?xml version="1.0"?>' + rss.replace(
        '<rss version="2.0"', '<feed xmlns="http://www.w3.org/2005/Atom"'
    ).replace("</rss>", "</feed>")


def write_workbook(path: Path, rows: Table, formats: dict[str, str] | None = None) -> Path:
    """Write a workbook; `formats` says how single cells are shown."""
    from openpyxl import Workbook

    workbook = Workbook()
    sheet = workbook.active
    for row in rows:
        sheet.append(list(row))
    for cell, number_format in (formats or {}).items():
        sheet[cell].number_format = number_format
    workbook.save(path)
    return path


def _text(encoding: str, delimiter: str = ",") -> Callable[[Path, Table], object]:
    return lambda path, rows: path.write_bytes(as_csv(rows, delimiter).encode(encoding))


WRITERS: dict[str, Callable[[Path, Table], object]] = {
    "utf-8.csv": _text("utf-8"),
    "bom.csv": _text("utf-8-sig"),
    "utf-16.txt": _text("utf-16", "\t"),
    "utf-16-le.csv": _text("utf-16-le", ";"),
    "semicolon.csv": _text("utf-8", ";"),
    "google.txt": _text("utf-8", "\t"),
    "feed.xml": lambda path, rows: path.write_text(as_rss(rows), "utf-8"),
    "atom.xml": lambda path, rows: path.write_text(as_atom(rows), "utf-8"),
    "utf-16.xml": lambda path, rows: path.write_bytes(as_rss(rows).encode("utf-16")),
    "book.xlsx": write_workbook,
    "book-without-suffix": write_workbook,
}
