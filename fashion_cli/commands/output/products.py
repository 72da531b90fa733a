"""Products of the catalogue, as people and as programs read them."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from fashion_cli.products.records import ShownOffer, ShownProduct

# Columns of a CSV file beside the hits of a search.
CELLS = ("product", "brand", "sku", "price", "currency", "shop", "url", "available")
# A spreadsheet runs what begins so; one that is set to Korean or Japanese also in full width.
FORMULA = ("=", "+", "-", "@", "\t", "\n", "＝", "＋", "－", "＠")
NONE = "–"


def format_price(price: Decimal | None, currency: str) -> str:
    """A price for people: "19,900 KRW"."""
    return NONE if price is None else f"{price:,f} {currency}"


def moment(time: datetime | None) -> str:
    """A time for programs: ISO 8601, UTC, to the second."""
    return "" if time is None else time.strftime("%Y-%m-%dT%H:%M:%SZ")


def product_words(product: ShownProduct | None) -> tuple[str, str, str, str, str]:
    """Name, SKU, price, shop and link in a table."""
    if product is None:
        return "", "", "", "", ""
    name = f"{product.name} (gone)" if product.gone else product.name
    return name, product.sku, format_price(product.price, product.currency), product.shop, product.url


def product_cells(product: ShownProduct | None) -> tuple[object, ...]:
    """A product in the columns `CELLS`."""
    if product is None:
        return ("",) * len(CELLS)
    price = "" if product.price is None else f"{product.price:f}"
    texts = (product.name, product.brand, product.sku, price, product.currency, product.shop, product.url)
    return (*map(harmless, texts), str(product.available).lower())


def product_document(product: ShownProduct | None) -> dict[str, Any] | None:
    """A product in JSON; None stays None. Prices are text, which holds every digit."""
    if product is None:
        return None
    return {
        "item_id": product.item_id,
        "name": product.name,
        "brand": product.brand,
        "sku": product.sku,
        "keywords": list(product.keywords),
        "category": product.category,
        "shop": product.shop,
        "url": product.url,
        **_price(product),
        "available": product.available,
        "gone": product.gone,
        "seen_at": moment(product.seen_at),
        "offers": [_offer(offer) for offer in product.offers],
    }


def harmless(text: str) -> str:
    """A text that a spreadsheet shows instead of running it: names come from other people's pages."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")  # a lone \r is not quoted, and ends a row
    return f"'{lines}" if lines.startswith(FORMULA) else lines


def _offer(offer: ShownOffer) -> Mapping[str, Any]:
    return {
        "shop": offer.shop,
        **_price(offer),
        "url": offer.url,
        "availability": offer.availability,
        "seen_at": moment(offer.seen_at),
    }


def _price(priced: ShownProduct | ShownOffer) -> dict[str, str | None]:
    return {"price": None if priced.price is None else f"{priced.price:f}", "currency": priced.currency}
