"""Products on a shop's pages, from what the pages say for machines (schema.org/Product, Open Graph)."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from w3lib.html import remove_tags

from fashion_cli.crawling.availability import availability_of
from fashion_cli.crawling.items import Discovery
from fashion_cli.crawling.prices import read_price
from fashion_cli.crawling.structured import (
    Node,
    Structured,
    as_list,
    crumbs_of,
    nodes_of_type,
    read_structured,
    reference_of,
    text_of,
)
from fashion_cli.crawling.urls import absolute, page_key, page_url, same_owner, site_key
from fashion_cli.products.records import UNAVAILABLE, FoundOffer, FoundProduct

TYPES = ("Product", "ProductGroup", "IndividualProduct", "ProductModel", "SomeProducts")
_OPEN_GRAPH_TYPES = frozenset({"product", "og:product", "product.item", "product.group"})
# Prices that nobody pays: shown crossed out.
_CROSSED_OUT = ("ListPrice", "StrikethroughPrice", "SRP", "MSRP", "SuggestedRetailPrice", "RegularPrice")
LONGEST_NAME = 500  # characters
LONGEST_DESCRIPTION = 5_000
LONGEST_ID = 120
MOST_IMAGES = 100  # of one product


@dataclass(frozen=True)
class Page:
    """A page to read products from.

    Attributes:
        html: Decoded.
        url: Its one address: the canonical one where it names it.
        base: What its relative addresses are relative to.
        source: What the user typed that led here.
    """

    html: str
    url: str
    base: str
    source: str


@dataclass(frozen=True)
class ProductsOfPage:
    """What a page says about products.

    Attributes:
        discoveries: The products that the page is about.
        teased: Pages of products that it only shows in passing, as a list or "you may also like" does.
        notes: What could not be read.
    """

    discoveries: tuple[Discovery, ...]
    teased: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass
class _Described:
    """One product as one syntax describes it."""

    name: str = ""
    url: str = ""
    ident: str = ""
    brand: str = ""
    description: str = ""
    category: str = ""
    sku: str = ""
    keywords: tuple[str, ...] = ()
    images: list[str] = field(default_factory=list)
    offers: list[FoundOffer] = field(default_factory=list)


def read_products(page: Page) -> ProductsOfPage:
    """The products that a page is about, with what all its syntaxes say about them together."""
    data = read_structured(page.html, page.base)
    shop = _shop(data, page)
    notes = list(data.notes)
    readings = [
        [_described(node, page, shop) for node in nodes_of_type(nodes, *TYPES)]
        for nodes in (data.json_ld, data.microdata, data.rdfa)
    ]
    teased: dict[str, None] = {}
    kept = [list(_of_this_page(reading, page, teased)) for reading in readings]
    graph = _from_open_graph(data.open_graph or {}, page, shop)
    if graph is not None:
        kept.append([graph])
    described = _merged([reading for reading in kept if reading])
    crumbs = crumbs_of(data)
    found: dict[str, Discovery] = {}
    for each in described:
        product = _product(each, page, shop, crumbs, alone=len(described) == 1)
        if product is None:
            notes.append("a product without a name")
        elif product.item_id not in found:
            images = tuple(dict.fromkeys(each.images))[:MOST_IMAGES]
            found[product.item_id] = Discovery(product, images, page.source)
    return ProductsOfPage(tuple(found.values()), tuple(teased), tuple(notes))


def _of_this_page(reading: list[_Described], page: Page, teased: dict[str, None]) -> Iterator[_Described]:
    """Those of a page's products that it is about; pages of the others are noted."""
    for each in reading:
        elsewhere = each.url and page_key(each.url) != page_key(page.url)
        if elsewhere and len(reading) > 1:
            teased[each.url] = None
        else:
            yield each


def _merged(readings: list[list[_Described]]) -> list[_Described]:
    """The first syntax that names products, completed by the others where those mean the same product."""
    if not readings:
        return []
    first, *others = readings
    if len(first) == 1:
        for other in others:
            match = other[0] if len(other) == 1 else None
            if match is not None:
                _complete(first[0], match)
    return first


def _complete(product: _Described, other: _Described) -> None:
    for name in ("name", "ident", "brand", "description", "category", "sku", "keywords"):
        if not getattr(product, name):
            setattr(product, name, getattr(other, name))
    product.images = product.images or other.images
    product.offers = product.offers or other.offers


def _described(node: Node, page: Page, shop: str) -> _Described:
    variants = [each for each in as_list(node.get("hasVariant")) if isinstance(each, dict)]
    url = absolute(page.base, reference_of(node.get("url")))
    images = _images(node, page.base)
    offers = list(_offers(node, page, shop, url))
    for variant in variants:
        images += _images(variant, page.base)
        offers += _offers(variant, page, shop, absolute(page.base, reference_of(variant.get("url"))) or url)
    return _Described(
        name=text_of(node.get("name")) or next((name for each in variants if (name := text_of(each.get("name")))), ""),
        url=page_url(url) if url else "",
        ident=next((text for key in _IDENTS if (text := text_of(node.get(key))).lower() not in _NO_IDENTS), ""),
        brand=text_of(node.get("brand")) or text_of(node.get("manufacturer")),
        description=" ".join(remove_tags(text_of(node.get("description"))).split())[:LONGEST_DESCRIPTION],
        category=" > ".join(text for each in as_list(node.get("category")) if (text := text_of(each))),
        sku=text_of(node.get("sku")),
        keywords=_keywords(node.get("keywords")),
        images=images,
        offers=offers,
    )


_IDENTS = ("productGroupID", "productID", "sku", "gtin13", "gtin", "mpn")
# What shops write where they have no number: taken for one, all products would be the same.
_NO_IDENTS = frozenset({"", "-", "0", "n/a", "na", "none", "null", "undefined", "false", "true"})


def _images(node: Node, base: str) -> list[str]:
    found = []
    for value in as_list(node.get("image")):
        told = value
        if isinstance(value, dict):
            told = value.get("contentUrl") or value.get("url") or value.get("@id")
        found += [url for each in as_list(told) if isinstance(each, str) and (url := absolute(base, each))]
    return found


def _offers(node: Node, page: Page, shop: str, url: str) -> Iterator[FoundOffer]:
    for offer in as_list(node.get("offers")):
        if isinstance(offer, dict):
            nested = [each for each in as_list(offer.get("offers")) if isinstance(each, dict)]
            told = [found for each in nested if (found := _offer(each, page, shop, url, offer))]
            if told:
                yield from told
            elif found := _offer(offer, page, shop, url):
                yield found


def _offer(offer: Node, page: Page, shop: str, url: str, around: Node | None = None) -> FoundOffer | None:
    price = _price(offer, text_of(offer.get("priceCurrency")) or text_of((around or {}).get("priceCurrency")))
    if price is None:
        return None
    amount, currency = price
    link = absolute(page.base, reference_of(offer.get("url"))) or url or page.url
    availability = reference_of(offer.get("availability")) or reference_of((around or {}).get("availability"))
    seller = text_of(offer.get("seller")) or text_of(offer.get("offeredBy"))
    return FoundOffer(seller or shop, amount, currency, page_url(link), availability.rstrip("/").rpartition("/")[2])


def _price(offer: Node, currency: str) -> tuple[Decimal, str] | None:
    for name in ("price", "lowPrice"):
        for value in as_list(offer.get(name)):
            if found := read_price(value, currency):
                return found
    specified = []
    for each in as_list(offer.get("priceSpecification")):
        if isinstance(each, dict) and not text_of(each.get("priceType")).endswith(_CROSSED_OUT):
            code = text_of(each.get("priceCurrency")) or currency
            specified += [read_price(_first(each.get(name)), code) for name in ("price", "minPrice")]
    return min((found for found in specified if found), default=None)


def _first(value: Any) -> Any:
    return next(iter(as_list(value)), None)


def _from_open_graph(properties: dict[str, list[str]], page: Page, shop: str) -> _Described | None:
    """A product of Open Graph: `og:type` says so, or there is a price."""

    def told(*names: str) -> str:
        return next((properties[name][0] for name in names if name in properties), "")

    amount = told("product:sale_price:amount", "product:price:amount", "og:price:amount")
    if told("og:type").lower() not in _OPEN_GRAPH_TYPES and not amount:
        return None
    currency = told("product:sale_price:currency", "product:price:currency", "og:price:currency")
    price = read_price(amount, currency) if amount else None
    availability = availability_of(told("product:availability", "og:availability"))
    pictures = properties.get("og:image") or properties.get("og:image:url") or properties.get("og:image:secure_url", [])
    return _Described(
        name=told("og:title"),
        ident=told("product:retailer_item_id", "product:item_group_id"),
        sku=told("product:retailer_item_id"),
        brand=told("product:brand", "og:brand"),
        description=told("og:description")[:LONGEST_DESCRIPTION],
        category=told("product:category"),
        images=[url for each in pictures if (url := absolute(page.base, each))],
        offers=[FoundOffer(shop, *price, page.url, availability)] if price else [],
    )


def _product(each: _Described, page: Page, shop: str, crumbs: tuple[str, ...], *, alone: bool) -> FoundProduct | None:
    if not each.name:
        return None
    own = each.url if each.url and same_owner(each.url, page.url) else ""
    url = page.url if alone else own or page.url
    trail = " > ".join(crumb for crumb in crumbs if crumb != each.name)
    unnamed = page_key(url) if alone or own else f"{page_key(url)} {each.name}"
    ident = each.ident or hashlib.sha256(unnamed.encode()).hexdigest()[:16]
    return FoundProduct(
        item_id=f"{site_key(page.url)}:{''.join(ident.split())[:LONGEST_ID]}",
        name=each.name[:LONGEST_NAME],
        url=url,
        shop=shop,
        offers=_distinct(each.offers),
        keywords=each.keywords,
        brand=each.brand,
        description=each.description,
        category=each.category or trail,
        sku=each.sku,
        source=page.source,
    )


def _distinct(offers: list[FoundOffer]) -> tuple[FoundOffer, ...]:
    """One offer for each shop and link: of several, as of sizes, the lowest that can be bought."""
    best: dict[tuple[str, str], FoundOffer] = {}
    for offer in offers:
        key = (offer.shop, offer.url)
        if key not in best or _rank(offer) < _rank(best[key]):
            best[key] = offer
    return tuple(best.values())


def _rank(offer: FoundOffer) -> tuple[bool, Decimal]:
    return offer.availability in UNAVAILABLE, offer.price


def _keywords(value: Any) -> tuple[str, ...]:
    words = [part.strip() for each in as_list(value) for part in text_of(each).split(",")]
    return tuple(dict.fromkeys(word for word in words if word))[:50]


def _shop(data: Structured, page: Page) -> str:
    """What a shop calls itself, else its host."""
    told = (data.open_graph or {}).get("og:site_name", [""])[0]
    return told or site_key(page.url)
