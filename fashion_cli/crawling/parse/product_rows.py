"""A row of a table of products: a product, one of its variants, or one more photograph of it."""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from fashion_cli.crawling.parse.feed_files import Row
from fashion_cli.crawling.parse.nodes import normalize_text, strip_tags
from fashion_cli.crawling.parse.offer_nodes import is_current, read_availability
from fashion_cli.crawling.parse.product_columns import ProductColumns
from fashion_cli.crawling.parse.product_nodes import MAX_DESCRIPTION
from fashion_cli.crawling.parse.urls import absolute_url, site_key, split_urls
from fashion_cli.data.image_formats import IMAGE_SUFFIXES
from fashion_cli.products.availability import is_buyable, is_valid_availability, normalize_availability
from fashion_cli.products.currencies import currency_code
from fashion_cli.products.money import Money, NoPriceError, read_price
from fashion_cli.products.offers import sort_by_price
from fashion_cli.products.records import FoundOffer

LONGEST_ITEM_ID = 200  # characters
_WORD_LISTS = re.compile(r"[,;|]")
_FILE_LISTS = re.compile(r"[|\n]")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ALLOWS_BACKORDERS = frozenset({"1", "yes", "y", "true", "notify", "continue", "예"})
_SOLD_OUT = frozenset({"1", "yes", "y", "true", "t", "예", "품절"})
_COUNT = re.compile(r"(-?\d+(?:\.\d+)?)(?:개|장|벌|pcs|stk|ea)?", re.IGNORECASE)
_ROUNDED_NUMBER = re.compile(r"\d(?:[.,]\d+)?[eE]\+\d+")


@dataclass(frozen=True)
class RowIdentity:
    """What a row is about, and which photographs it names.

    Attributes:
        number: Where it stands.
        key: What the table knows its product by; "" if it says nothing. A variant's is that of its product.
        own: What the table knows the row itself by.
        is_variant: Whether the product is described by another row.
        numbers: Everything by which a photograph may be called: SKU, number, name of the group.
        references: Photographs, as addresses or paths.
        sha256s: Photographs, by the sha256 of their files.
    """

    number: int
    key: str
    own: str
    is_variant: bool
    numbers: tuple[str, ...]
    references: tuple[str, ...]
    sha256s: tuple[str, ...]

    @property
    def label(self) -> str:
        return f"row {self.number:,}" + (f" ({self.own or self.key})" if self.own or self.key else "")


@dataclass(frozen=True)
class RowOptions:
    """How rows are read.

    Attributes:
        columns: Where the table says what.
        currency: ISO 4217, of prices that say none; "" for none.
        shop: Who sells where a row does not say it.
        now: When sales have to be on.
    """

    columns: ProductColumns
    currency: str
    shop: str
    now: datetime


@dataclass(frozen=True)
class RowTexts:
    """What a row says about its product.

    Attributes:
        offer: What it costs; None where the row says no price.
        prices_left_out: What it says instead of a price, and why that is none.
        notes: What else could not be used.
    """

    title: str
    sku: str
    brand: str
    category: str
    keywords: tuple[str, ...]
    description: str
    shop: str
    link: str
    offer: FoundOffer | None
    prices_left_out: tuple[str, ...]
    notes: tuple[str, ...]


def identify_row(row: Row, columns: ProductColumns, shop: str) -> RowIdentity:
    """Read what a row is about.

    Args:
        shop: Who sells where the row does not say it.
    """
    group, parent, number, sku = (normalize_text(columns.get(row, role)) for role in ("group", "parent", "id", "sku"))
    own = number or sku
    references = [each for role in ("path", "image") for text in columns.get_all(row, role) for each in _split(text)]
    sha256s = [each.lower() for text in columns.get_all(row, "sha256") for each in re.split(r"[\s,;|]+", text) if each]
    key = parent or group or own
    link = absolute_url("", columns.get(row, "link"))
    place = site_key(link) if link else normalize_text(columns.get(row, "shop")) or shop
    return RowIdentity(
        row.number,
        key=key,
        own=own,
        is_variant=bool(parent),
        numbers=tuple(dict.fromkeys(each for each in (sku, number, group, key and build_item_id(key, place)) if each)),
        references=tuple(dict.fromkeys(references)),
        sha256s=tuple(dict.fromkeys(sha256s)),
    )


def build_item_id(key: str, place: str) -> str:
    """What the catalogue knows a product by: as a crawl of the same shop calls it, "shop.example:17"."""
    return (key if ":" in key or not place else f"{place}:{key}")[:LONGEST_ITEM_ID]


def is_sha256(text: str) -> bool:
    return bool(_SHA256.fullmatch(text))


def looks_rounded(number: str) -> bool:
    """Whether a spreadsheet made "1.00E+05" of a number."""
    return bool(_ROUNDED_NUMBER.fullmatch(number))


def read_row(row: Row, options: RowOptions) -> RowTexts:
    """Read what a row says about its product."""
    columns, notes, left_out = options.columns, list[str](), list[str]()

    def text(role: str) -> str:
        return strip_tags(columns.get(row, role))

    link = absolute_url("", columns.get(row, "link"))
    shop = text("shop") or options.shop
    words = (normalize_text(each) for each in _WORD_LISTS.split(columns.get(row, "keywords")))
    levels = (normalize_text(row.get(each, "")) for each in columns.levels)
    return RowTexts(
        title=text("title"),
        sku=text("sku") or text("id"),
        brand=text("brand"),
        category=text("category") or " > ".join(each for each in levels if each),
        keywords=tuple(dict.fromkeys(word for word in words if word)),
        description=text("description")[:MAX_DESCRIPTION],
        shop=shop,
        link=link,
        offer=_build_offer(_read_prices(row, options, left_out), _read_availability(row, columns, notes), shop, link),
        prices_left_out=tuple(left_out),
        notes=tuple(notes),
    )


def _build_offer(prices: list[Money], availability: str, shop: str, link: str) -> FoundOffer | None:
    """The lowest price as an offer; None without a price."""
    offers = [FoundOffer(shop, each.amount, each.currency, link, availability) for each in prices]
    return next(iter(sort_by_price(offers)), None)


def _read_prices(row: Row, options: RowOptions, left_out: list[str]) -> list[Money]:
    """The price, and that of a sale while it is on."""
    columns, found = options.columns, list[Money]()
    beside = currency_code(columns.get(row, "currency")) or columns.get(row, "currency")
    in_headings = next(iter(columns.currencies.values()), "")
    for role in ("price", "sale_price"):
        name = next((each for each in columns.headings[role] if row.get(each)), "")
        if not name or (role == "sale_price" and not _is_sale_on(row, options)):
            continue
        of_price = found[0].currency if found else ""
        currency = beside or columns.currencies.get(name, "") or of_price or in_headings or options.currency
        try:
            money = read_price(row[name], currency)
        except NoPriceError as error:
            left_out.append(str(error))
            continue
        found += [money] if money else []
    return found


def _is_sale_on(row: Row, options: RowOptions) -> bool:
    """Whether a sale is on: `2026-01-01T00:00+0900/2026-01-31T23:59+0900`, or two columns."""
    columns = options.columns
    begin, _, end = columns.get(row, "sale_dates").partition("/")
    begin, end = begin or columns.get(row, "sale_start"), end or columns.get(row, "sale_end")
    return is_current(begin, [end], options.now)


def _read_availability(row: Row, columns: ProductColumns, notes: list[str]) -> str:
    """What a row says in all columns that may say that it cannot be bought: the first that does is right."""
    said = [normalize_text(text) for role in ("availability", "published") for text in columns.get_all(row, role)]
    said = ["no" if each == "-1" else each for each in said]  # WooCommerce's private products
    if any(each.casefold() in _SOLD_OUT for each in columns.get_all(row, "sold_out")):
        said.append("SoldOut")
    read = [read_availability(each, notes) for each in said if normalize_availability(each)]
    stock = columns.get(row, "stock")
    if (
        stock
        and is_valid_availability(in_words := normalize_availability(stock))
        and not _COUNT.fullmatch(_plain_number(stock))
    ):
        read.append(in_words)  # "품절"
        stock = ""
    left = _read_stock(stock, notes)
    if closed := next((each for each in read if not is_buyable(each)), ""):
        return closed
    if left is not None and left <= 0:
        allowed = normalize_text(columns.get(row, "backorders")).casefold() in _ALLOWS_BACKORDERS
        return "BackOrder" if allowed else "OutOfStock"
    return next(iter(read), "" if left is None else "InStock")


def _read_stock(text: str, notes: list[str]) -> float | None:
    """How many there are; None where nobody counts them."""
    plain = _plain_number(text)
    if not plain:
        return None
    if number := _COUNT.fullmatch(plain):
        return float(number[1])
    notes.append(f"stock {text.strip()[:40]!r} is no number: taken for not known")
    return None


def _plain_number(text: str) -> str:
    return normalize_text(text).replace(",", "").replace(" ", "")


def _split(text: str) -> list[str]:
    """The addresses and paths in a cell."""
    parts = [part for each in _FILE_LISTS.split(text) for part in _split_part(each)]
    return [each for part in parts if (each := part.strip())]


def _split_part(text: str) -> list[str]:
    if "://" in text or text.strip().startswith("//"):
        return split_urls(text)
    return [each for part in text.split(";") for each in _split_at_commas(part)]


def _split_at_commas(text: str) -> list[str]:
    """Paths between commas, where each is surely one: a name may hold a comma."""
    parts = [each.strip() for each in text.split(",")]
    surely = all(PurePosixPath(each).suffix.lower() in IMAGE_SUFFIXES for each in parts)
    return parts if surely else [text]
