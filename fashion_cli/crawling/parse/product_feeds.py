"""Lists of image URLs and feeds of products: which photographs belong to one product, its name, price and page.

The names of columns are those that shops export to search engines (Google Merchant Center), and simpler ones.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from fashion_cli.crawling.parse.feed_files import Note, Row, read_rows
from fashion_cli.crawling.parse.items import ScrapedItem
from fashion_cli.crawling.parse.nodes import normalize_text, strip_tags
from fashion_cli.crawling.parse.offer_nodes import is_current, parse_price, read_availability
from fashion_cli.crawling.parse.urls import absolute_url, site_key, split_urls
from fashion_cli.errors import CrawlError
from fashion_cli.products.money import Money
from fashion_cli.products.offers import sort_by_price
from fashion_cli.products.records import FoundOffer, FoundProduct

# What a column is about -> what it may be called, the first that is there.
_COLUMN_NAMES = {
    "image": ("image_url", "image_link", "image", "imageurl", "img_url", "img", "photo", "image_src", "url"),
    "more": ("additional_image_link", "additional_image_links", "additional_image_urls", "images"),
    "item_id": ("item_id", "product_id", "id", "sku", "g_id"),
    "name": ("name", "title", "product_name"),
    "page": ("product_url", "page_url", "link"),
    "price": ("price", "regular_price"),
    "sale_price": ("sale_price",),
    "sale_dates": ("sale_price_effective_date",),
    "currency": ("currency", "price_currency"),
    "availability": ("availability", "stock_status"),
    "brand": ("brand",),
    "category": ("category", "product_type", "google_product_category"),
    "keywords": ("keywords",),
    "shop": ("shop", "seller", "mall"),
    "description": ("description",),
}


def read_product_feed(path: Path, note: Note = lambda _: None) -> Iterator[ScrapedItem]:
    """Read a list row by row.

    Args:
        note: Called with what is left out: rows without an address, prices, cells. Once for each.

    Raises:
        CrawlError: If the file cannot be read, or no column holds addresses.
    """
    try:
        feed = read_rows(path, note)
        columns = _map_columns(feed.headings, path) if feed.headings else {"image": ("image_url",)}
        for row in feed.rows:
            cells = {what: text for what, names in columns.items() if (text := _first_filled(row, names))}
            images = _read_images(cells, note)
            if images:
                yield ScrapedItem(_build_product(cells, path, note), images, str(path))
            else:
                note(f"rows without the address of a photograph are left out, such as {_quote_row(cells)}")
    except (OSError, ValueError) as error:
        raise CrawlError(
            f"{path}: cannot be read ({' '.join(str(error).split())})",
            hint="one URL in each line, or a table with a column image_url",
        ) from error


def _map_columns(headings: tuple[str, ...], path: Path) -> dict[str, tuple[str, ...]]:
    """Where a table has what: meaning -> names of columns, the likeliest first.

    Raises:
        CrawlError: If no column holds addresses of images.
    """
    columns = {what: tuple(name for name in names if name in headings) for what, names in _COLUMN_NAMES.items()}
    if not columns["image"]:
        named = ", ".join(heading for heading in headings[:8] if heading)
        raise CrawlError(f"{path}: no column with the URLs of images among {named}", hint="call it image_url")
    return columns


def _first_filled(row: Row, names: tuple[str, ...]) -> str:
    return next((row[name] for name in names if row.get(name)), "")


def _read_images(cells: dict[str, str], note: Note) -> tuple[str, ...]:
    urls: dict[str, None] = {}
    for text in (cells.get("image", ""), cells.get("more", "")):
        for each in split_urls(text):
            if url := absolute_url("", each):
                urls[url] = None
            else:
                note(f"cells that are no address are left out, such as {each[:60]!r}")
    return tuple(urls)


def _quote_row(cells: dict[str, str]) -> str:
    return repr(next(iter(cells.values()), "")[:60])


def _build_product(cells: dict[str, str], path: Path, note: Note) -> FoundProduct | None:
    """The product of a row; None where the row names photographs only."""
    number = normalize_text(cells.get("item_id", ""))
    if not number:
        return None
    page = absolute_url("", cells.get("page", ""))
    place = site_key(page) if page else path.stem
    shop = normalize_text(cells.get("shop", "")) or place
    notes: list[str] = []
    availability = read_availability(normalize_text(cells.get("availability", "")), notes)
    offers = [FoundOffer(shop, each.amount, each.currency, page, availability) for each in _read_prices(cells, notes)]
    for text in notes:
        note(text)
    return FoundProduct(
        item_id=f"{place}:{number}"[:200],
        name=strip_tags(cells.get("name", "")) or number,
        url=page,
        shop=shop,
        offers=sort_by_price(offers)[:1],
        keywords=tuple(word.strip() for word in cells.get("keywords", "").split(",") if word.strip()),
        brand=strip_tags(cells.get("brand", "")),
        description=strip_tags(cells.get("description", "")),
        category=normalize_text(cells.get("category", "")),
        sku=number,
        source=str(path),
    )


def _read_prices(cells: dict[str, str], notes: list[str]) -> list[Money]:
    """The price, and that of a sale while it lasts."""
    prices = []
    for what in ("price", "sale_price"):
        if what == "sale_price" and not _is_sale_on(cells.get("sale_dates", "")):
            continue
        if money := parse_price(cells.get(what, ""), cells.get("currency", ""), notes):
            prices.append(money)
    return prices


def _is_sale_on(dates: str) -> bool:
    """Whether a sale is on: `2026-01-01T00:00+0900/2026-01-31T23:59+0900`."""
    begin, _, end = dates.partition("/")
    return is_current(begin, [end], datetime.now(UTC))
