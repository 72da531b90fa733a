"""Products as a crawl would find them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from fashion_cli.products.records import FoundOffer, FoundPhotograph, FoundProduct

START = datetime(2026, 3, 1, 9, 30, 15, 123456, tzinfo=UTC)
SHOP = "https://shop.example"


def later(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def offer(price: str = "19900", shop: str = "Shop", **more: Any) -> FoundOffer:
    given: dict[str, Any] = {"currency": "KRW", "url": f"{SHOP}/{shop}/p", "availability": "InStock", **more}
    return FoundOffer(shop, Decimal(price), **given)


def product(number: int = 1, *offers: FoundOffer, **more: Any) -> FoundProduct:
    plain = FoundProduct(
        item_id=f"shop.example:{number}",
        name=f"Denim jacket {number}",
        url=f"{SHOP}/p/{number}",
        shop="Shop",
        offers=offers or (offer(),),
        keywords=("techwear", "테크웨어"),
        brand="Nähwerk",
        description="Two pockets.",
        category="Outerwear > Jackets",
        sku=f"J-{number}",
        source=f"{SHOP}/sitemap.xml",
    )
    return replace(plain, **more)


def photograph(number: int, position: int = 0) -> FoundPhotograph:
    sha256 = f"{number:064x}"
    path = f"photographs/{sha256[:2]}/{sha256}.jpg"
    return FoundPhotograph(sha256, path, f"{SHOP}/images/{number}.jpg", 600, 800, position)
