"""Lists of image URLs: a text file with one in each line, or a table (CSV, Parquet) with a column of them.

A table may say more: which photographs belong to one product, its name, price and page. The names of columns are those
that shops export to search engines (Google Merchant Center), and simpler ones.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from fashion_cli.crawling.availability import availability_of
from fashion_cli.crawling.items import Discovery
from fashion_cli.crawling.prices import read_price
from fashion_cli.crawling.urls import absolute, site_key
from fashion_cli.errors import CrawlError
from fashion_cli.products.records import FoundOffer, FoundProduct

BATCH = 4096  # rows
_LONGEST_CELL = 2**24  # characters

# What a column is about -> what it may be called, the first that is there.
_NAMES = {
    "image": ("image_url", "image_link", "image", "imageurl", "img_url", "img", "photo", "url"),
    "more": ("additional_image_link", "additional_image_urls", "images"),
    "item_id": ("item_id", "product_id", "id", "sku"),
    "name": ("name", "title", "product_name"),
    "page": ("product_url", "page_url", "link"),
    "price": ("sale_price", "price"),
    "currency": ("currency", "price_currency"),
    "availability": ("availability",),
    "brand": ("brand",),
    "category": ("category", "product_type", "google_product_category"),
    "keywords": ("keywords",),
    "shop": ("shop", "seller", "mall"),
    "description": ("description",),
}

Row = Mapping[str, str]


def read_list(path: Path) -> Iterator[Discovery]:
    """What a list names, row by row; a row without an address is left out.

    Raises:
        CrawlError: If the file cannot be read, or no column holds addresses.
    """
    readers = {".txt": _text, ".csv": _csv, ".parquet": _parquet}
    try:
        for row in readers[path.suffix.lower()](path):
            images = tuple(url for each in _addresses(row) if (url := absolute("", each)))
            if images:
                yield Discovery(_product(row, path), images, str(path))
    except (OSError, ValueError, csv.Error) as error:
        raise CrawlError(
            f"{path}: cannot be read ({' '.join(str(error).split())})", hint="is it what its name says?"
        ) from error


def _text(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig") as lines:
        for line in lines:
            if (url := line.strip()) and not url.startswith("#"):
                yield {"image": url}


def _csv(path: Path) -> Iterator[Row]:
    csv.field_size_limit(_LONGEST_CELL)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.reader(stream)
        first = next(rows, [])
        if any(_is_address(cell) for cell in first):  # no heading
            place = next(number for number, cell in enumerate(first) if _is_address(cell))
            yield {"image": first[place]}
            for row in rows:
                if len(row) > place:
                    yield {"image": row[place]}
            return
        columns = _columns(first, path)
        for row in rows:
            yield {what: row[place] for what, place in columns.items() if place < len(row)}


def _parquet(path: Path) -> Iterator[Row]:
    from pyarrow import ArrowException  # importing it takes a quarter of a second
    from pyarrow.parquet import ParquetFile

    try:
        yield from _rows(ParquetFile(path), path)
    except ArrowException as error:
        raise ValueError(str(error)) from error


def _rows(parquet: Any, path: Path) -> Iterator[Row]:
    with parquet as file:
        names = file.schema_arrow.names
        columns = _columns(names, path)
        for batch in file.iter_batches(BATCH, columns=[names[place] for place in columns.values()]):
            values = {what: batch.column(names[place]).to_pylist() for what, place in columns.items()}
            for row in zip(*values.values(), strict=True):
                yield {what: _cell(value) for what, value in zip(values, row, strict=True)}


def _columns(headings: Iterable[str], path: Path) -> dict[str, int]:
    """Where a table has what: meaning -> place of the column.

    Raises:
        CrawlError: If no column holds addresses of images.
    """
    called = {re.sub(r"[\s-]+", "_", heading.strip().lower()): place for place, heading in enumerate(headings)}
    columns = {
        what: next(called[name] for name in names if name in called)
        for what, names in _NAMES.items()
        if any(name in called for name in names)
    }
    if "image" not in columns:
        raise CrawlError(f"{path}: no column with the URLs of images", hint="call it image_url")
    return columns


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _addresses(row: Row) -> list[str]:
    """The photographs of a row: cells may hold several, between spaces, commas or bars."""
    first = row["image"].strip()
    more = re.split(r"[\s|]+|,(?=https?:)", row.get("more", ""))
    return [*([first] if " " not in first else first.split()), *more]


def _is_address(cell: str) -> bool:
    return cell.strip().lower().startswith(("http://", "https://"))


def _product(row: Row, path: Path) -> FoundProduct | None:
    """The product of a row; None where the row names photographs only."""
    number = row.get("item_id", "").strip()
    if not number:
        return None
    page = absolute("", row.get("page", ""))
    place = site_key(page) if page else path.stem
    shop = row.get("shop", "").strip() or place
    price = read_price(row.get("price", ""), row.get("currency", ""))
    availability = availability_of(row.get("availability", ""))
    return FoundProduct(
        item_id=f"{place}:{number}"[:200],
        name=row.get("name", "").strip() or number,
        url=page,
        shop=shop,
        offers=(FoundOffer(shop, *price, page, availability),) if price else (),
        keywords=tuple(word.strip() for word in row.get("keywords", "").split(",") if word.strip()),
        brand=row.get("brand", "").strip(),
        description=row.get("description", "").strip(),
        category=row.get("category", "").strip(),
        sku=number,
        source=str(path),
    )
