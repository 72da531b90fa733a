"""Products and prices of a catalogue, in every format."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, Literal

from fashion_cli.atomic_files import atomic_text
from fashion_cli.commands.cli.options import RowFormat
from fashion_cli.commands.output.products import format_price, harmless, moment, product_document, product_words
from fashion_cli.commands.output.render import SEPARATOR, Column, as_csv, as_json, as_table, emit
from fashion_cli.products.records import FoundPhotograph, PriceObservation, ShownProduct

AT_ONCE = 500  # lines written together
TEXTS = ("item_id", "name", "brand", "category")

LIST_CELLS = (*TEXTS, "keywords", "price", "currency", "shop", "url", "available", "gone", "seen_at")
EXPORT_CELLS = (*LIST_CELLS, "first_seen_at", "page", "sku", "description", "offers", "photographs")
PRICE_CELLS = ("seen_at", "until", "shop", "price", "currency", "availability", "url")
PRODUCT_COLUMNS = (
    Column("item"),
    Column("product", wraps=True),
    Column("price", numeric=True),
    Column("shop", wraps=True),
    Column("seen"),
)
PRICE_COLUMNS = (
    Column("seen"),
    Column("until"),
    Column("shop", wraps=True),
    Column("price", numeric=True),
    Column("availability"),
)


def show_products(products: Iterable[ShownProduct], format_name: RowFormat) -> None:
    """Print products.

    Args:
        products: Which; read as they are printed, except for a table and JSON.
        format_name: How.
    """
    match format_name:
        case "table":
            emit(as_table(PRODUCT_COLUMNS, [_table_row(product) for product in products]))
        case "json":
            emit(as_json([product_document(product) for product in products], indent=2) + "\n")
        case "jsonl":
            _emit(f"{as_json(product_document(product))}\n" for product in products)
        case "csv":
            _emit(chain([as_csv([LIST_CELLS])], (as_csv([_cells(product)]) for product in products)))


Exported = Iterable[tuple[ShownProduct, tuple[FoundPhotograph, ...]]]


def write_products(exported: Exported, format_name: Literal["csv", "jsonl"], out: Path | None) -> None:
    """Write products with their photographs to a file, whole or not at all, or to stdout.

    Raises:
        OutputError: If it cannot be written.
    """
    lines = _csv_lines(exported) if format_name == "csv" else _json_lines(exported)
    if out is None:
        _emit(lines)
        return
    with atomic_text(out) as stream:
        stream.writelines(lines)


def show_prices(prices: Sequence[PriceObservation], format_name: RowFormat) -> None:
    """Print the history of a product's offers."""
    match format_name:
        case "table":
            emit(as_table(PRICE_COLUMNS, [_price_row(price) for price in prices]))
        case "json":
            emit(as_json([_price_document(price) for price in prices], indent=2) + "\n")
        case "jsonl":
            _emit(f"{as_json(_price_document(price))}\n" for price in prices)
        case "csv":
            rows = ([harmless(str(value or "")) for value in _price_document(price).values()] for price in prices)
            emit(as_csv([PRICE_CELLS, *rows]))


def _emit(lines: Iterable[str]) -> None:
    """Write lines as they come, many at once."""
    lines = iter(lines)
    while text := "".join(islice(lines, AT_ONCE)):
        emit(text)


def _table_row(product: ShownProduct) -> list[str]:
    name, _, price, shop, _ = product_words(product)
    return [product.item_id, name, price, shop, f"{product.seen_at:%Y-%m-%d %H:%M}"]


def _cells(product: ShownProduct) -> list[object]:
    return [
        *(harmless(getattr(product, name)) for name in TEXTS),
        harmless(SEPARATOR.join(product.keywords)),
        "" if product.price is None else f"{product.price:f}",
        product.currency,
        harmless(product.shop),
        harmless(product.url),
        *(str(value).lower() for value in (product.available, product.gone)),
        moment(product.seen_at),
    ]


def _csv_lines(exported: Exported) -> Iterator[str]:
    yield as_csv([EXPORT_CELLS])
    for product, photographs in exported:
        document = product_document(product) or {}
        cells = [
            *_cells(product),
            moment(product.first_seen_at),
            *(harmless(text) for text in (product.page, product.sku, product.description)),
            as_json(document["offers"]),
            harmless(SEPARATOR.join(photograph.path for photograph in photographs)),
        ]
        yield as_csv([cells])


def _json_lines(exported: Exported) -> Iterator[str]:
    for product, photographs in exported:
        document = {
            **(product_document(product) or {}),
            "first_seen_at": moment(product.first_seen_at),
            "page": product.page,
            "description": product.description,
            "photographs": [vars(photograph) for photograph in photographs],
        }
        yield f"{as_json(document)}\n"


def _price_row(price: PriceObservation) -> list[str]:
    until = f"{price.until:%Y-%m-%d %H:%M}" if price.until else ""
    amount = format_price(price.price, price.currency)
    return [f"{price.seen_at:%Y-%m-%d %H:%M}", until, price.shop, amount, price.availability]


def _price_document(price: PriceObservation) -> dict[str, Any]:
    return {
        "seen_at": moment(price.seen_at),
        "until": moment(price.until) or None,
        "shop": price.shop,
        "price": f"{price.price:f}",
        "currency": price.currency,
        "availability": price.availability,
        "url": price.url,
    }
