"""Pages whose data for machines is not what it should be: what each is, and what it says."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.shop.photographs import photograph
from tests.shop.server import Reply, Visit

PLACE = "/page/"
JPEG = "image/jpeg"


def script(values: Any) -> str:
    text = values if isinstance(values, str) else json.dumps(values, ensure_ascii=False)
    return f'<script type="application/ld+json">{text}</script>'


def product(name: str, offers: Any = None, **values: Any) -> dict[str, Any]:
    offer = {"@type": "Offer", "price": 48, "priceCurrency": "EUR"} if offers is None else offers
    return {"@type": "Product", "name": name, "sku": name, "image": f"/photo/{name}.jpg", "offers": offer, **values}


OTHER = product("Other", url=f"{PLACE}other")


@dataclass(frozen=True)
class OddPage:
    """One page.

    Attributes:
        what: In words, for the documentation.
        head: Of the page.
        body: Of the page.
        charset: That its bytes are in.
        kind: Of its `Content-Type`.
        more: Other paths of its server.
    """

    what: str
    head: str = ""
    body: str = ""
    charset: str = "utf-8"
    kind: str = "text/html; charset=utf-8"
    more: Mapping[str, Reply] = field(default_factory=dict)

    @property
    def reply(self) -> Reply:
        text = f"<!DOCTYPE html><html><head><title>Shop</title>{self.head}</head><body>{self.body}</body></html>"
        return Reply(kind=self.kind, body=text.encode(self.charset))


def _canonical(place: str) -> str:
    return f'<link rel="canonical" href="{place}">'


def _specifications(*values: dict[str, Any]) -> dict[str, Any]:
    plain = {"@type": "UnitPriceSpecification", "price": "48.00", "priceCurrency": "EUR"}
    return {"@type": "Offer", "priceCurrency": "EUR", "priceSpecification": [{**plain, **each} for each in values]}


def _available(text: str) -> dict[str, Any]:
    return {"@type": "Offer", "price": 48, "priceCurrency": "EUR", "availability": text}


def _spelled(text: Any, currency: str = "") -> dict[str, Any]:
    return {"@type": "Offer", "price": text, **({"priceCurrency": currency} if currency else {})}


def _microdata(name: str, image: str) -> str:
    return (
        f'<div itemscope itemtype="https://schema.org/Product"><h1 itemprop="name">{name}</h1><meta itemprop="sku" '
        f'content="{name}">{image}<div itemprop="offers" itemscope itemtype="https://schema.org/Offer"><meta '
        'itemprop="price" content="48"><meta itemprop="priceCurrency" content="EUR"></div></div>'
    )


ODD_PAGES: dict[str, OddPage] = {
    # Claims about addresses.
    "canonical-gone": OddPage(
        "a canonical address that is not there", _canonical("/nowhere") + script(product("canonical-gone"))
    ),
    "canonical-list": OddPage(
        "a canonical address that is a list", _canonical("/") + _canonical("/list") + script(product("canonical-list"))
    ),
    "canonical-bare": OddPage(
        "a canonical address without `http://`",
        '<link rel="canonical" href="HOST/page/canonical-bare">' + script(product("canonical-bare")),
    ),
    "url-slash": OddPage(
        "a `url` with another slash, beside another product",
        script([product("url-slash", url=f"{PLACE}url-slash/"), OTHER]),
    ),
    "url-tracked": OddPage(
        "a `url` on a test server, with a variant, beside another product",
        script([product("url-tracked", url=f"https://test.shop.example{PLACE}url-tracked?variant=9"), OTHER]),
    ),
    "other": OddPage("the other product", script(OTHER)),
    # Several blocks.
    "two-blocks": OddPage(
        "a theme's block with the price and a review app's with the rating",
        script({"@type": "Product", "name": "two-blocks", "aggregateRating": {"ratingValue": 5}})
        + script(product("two-blocks")),
    ),
    "miniatures": OddPage(
        "a list of products without addresses or numbers",
        script([{"@type": "Product", "name": f"mini {number}", "image": "/photo/m.jpg"} for number in range(3)]),
    ),
    # What is a price.
    "delivery": OddPage(
        "a price for delivery",
        script(product("delivery", _specifications({}, {"@type": "DeliveryChargeSpecification", "price": 4}))),
    ),
    "tier": OddPage(
        "a price from ten pieces on",
        script(product("tier", _specifications({}, {"price": 39, "eligibleQuantity": {"minValue": 10}}))),
    ),
    "expired": OddPage(
        "the price of a sale that is over",
        script(product("expired", _specifications({}, {"price": 29, "validThrough": "2021-01-31"}))),
    ),
    "bare-price": OddPage("a price without a currency", script(product("bare-price", _spelled("48.00")))),
    "apostrophe": OddPage("“1’248.–” francs", script(product("apostrophe", _spelled("1’248.–", "CHF")))),
    "forint": OddPage("“12.490” forints", script(product("forint", _spelled("12.490", "HUF")))),
    "digits": OddPage("the JSON number `48.000` in won", script('{"@type":"Product","name":"digits","sku":"digits",'
        '"image":"/photo/digits.jpg","offers":{"price":48.000,"priceCurrency":"KRW"}}')),
    # Availability.
    "pumjeol": OddPage("“일시품절”", script(product("pumjeol", _available("일시품절")))),
    "shouted": OddPage("`schema:OUTOFSTOCK`", script(product("shouted", _available("schema:OUTOFSTOCK")))),
    "unknown-word": OddPage("“perhaps” as availability", script(product("unknown-word", _available("perhaps")))),
    # Photographs.
    "lazy": OddPage(
        "a photograph in `data-src`",
        body=_microdata("lazy", '<img itemprop="image" src="/placeholder.gif" data-src="/photo/lazy.jpg">'),
    ),
    "entities": OddPage(
        "a photograph's address with `&amp;`",
        script(product("entities")).replace("/photo/entities.jpg", "/photo/entities.jpg?a=1&amp;b=2"),
    ),
    "late-base": OddPage(
        "a `<base>` far below",
        f'<!-- {"x" * 5000} --><base href="/photo/">' + script(product("late-base", image="late-base.jpg")),
    ),
    # Encodings.
    "undeclared": OddPage(
        "an EUC-KR page that says UTF-8", script(product("undeclared", description="따뜻한 겨울 외투")), charset="cp949"
    ),
    "broken-json": OddPage("JSON-LD that is no JSON", script('{"@type": "Product", "name": "5" heel"}')),
}  # fmt: skip


def answer(visit: Visit) -> Reply | None:
    """The reply of a shop that has all of these pages."""
    if visit.path in ("/", "/list"):
        links = "".join(f'<a href="{PLACE}{name}">x</a>' for name in ODD_PAGES)
        return Reply(body=f"<html><title>Shop</title>{links}</html>".encode())
    if visit.path.startswith("/photo/"):
        return Reply(kind=JPEG, body=photograph(sum(map(ord, visit.path)) * 7 + len(visit.path)))
    page = ODD_PAGES.get(visit.path.removeprefix(PLACE)) if visit.path.startswith(PLACE) else None
    if page is None:
        return None
    host = visit.base.partition("//")[2].encode()
    return Reply(kind=page.kind, body=page.reply.body.replace(b"HOST", host))  # type: ignore[union-attr]
