"""What the test shop sells, and how each kind of shop page says it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

GARMENTS = ("Shirt 셔츠", "Dress 원피스", "Coat 코트", "Skirt 치마", "Bag 가방", "Hat 모자", "Shoe 신발")
VIEWS = 2
KEPT_PRICES = 4  # of every so many products, one keeps its price in the second season


@dataclass(frozen=True)
class Product:
    """One product, told by a page in one of `LAYOUTS`.

    Attributes:
        number: From 0; decides everything else.
        season: 1, or 2 after the shop has changed its prices.
    """

    number: int
    season: int = 1

    @property
    def sku(self) -> str:
        return f"A-{self.number:04d}"

    @property
    def name(self) -> str:
        return f"{GARMENTS[self.number % len(GARMENTS)]} <{self.number}> & “co”"

    @property
    def brand(self) -> str:
        return "Moru 모루"

    @property
    def price(self) -> int:
        """South Korean won."""
        base = 10_000 + 100 * self.number
        return base if self.season == 1 or self.number % KEPT_PRICES == 0 else base + 5_000

    @property
    def path(self) -> str:
        return f"/goods/{self.number}"

    @property
    def layout(self) -> str:
        names = list(LAYOUTS)
        return names[self.number % len(names)]

    @property
    def images(self) -> tuple[str, ...]:
        return tuple(f"/photos/{self.number}-{view}.jpg" for view in range(VIEWS))


@dataclass(frozen=True)
class Page:
    """A page as the server sends it."""

    text: str
    charset: str = "utf-8"
    declared: str | None = "utf-8"  # in Content-Type; None: nowhere but in the page


def page(title: str, body: str, head: str = "") -> str:
    return f"<!doctype html><html><head><title>{escape(title)}</title>{head}</head><body>{body}</body></html>"


def script(text: str) -> str:
    return f'<script type="application/ld+json">{text}</script>'


def described(product: Product, base: str, images: tuple[str, ...] | None = None, **more: Any) -> dict[str, Any]:
    """https://schema.org/Product."""
    return {
        "@context": "https://schema.org/",
        "@type": "Product",
        "name": product.name,
        "sku": product.sku,
        "brand": {"@type": "Brand", "name": product.brand},
        "image": list(images if images is not None else (base + each for each in product.images)),
        "offers": offer(product),
        **more,
    }


def offer(product: Product) -> dict[str, Any]:
    return {
        "@type": "Offer",
        "price": str(product.price),
        "priceCurrency": "KRW",
        "availability": "https://schema.org/InStock",
    }


def told(product: Product, base: str) -> Page:
    return LAYOUTS[product.layout](product, base)


def _json_ld(product: Product, base: str) -> Page:
    return Page(page(product.name, "", script(json.dumps(described(product, base)))))


def _graph(product: Product, base: str) -> Page:
    """One graph with all there is on the page; images without a scheme."""
    images = tuple(base.removeprefix("http:") + each for each in product.images)
    described_product = {"@id": "#p", **described(product, base, images)}
    rest = [{"@type": "WebSite", "name": "shop"}, {"@type": "BreadcrumbList", "itemListElement": []}]
    text = json.dumps({"@context": "https://schema.org", "@graph": [*rest, described_product]})
    return Page(page(product.name, "", script(text)))


def _listed(product: Product, base: str) -> Page:
    """A list at the top, image objects, and names of types in a list."""
    images = [{"@type": "ImageObject", "url": base + each} for each in product.images]
    values = {**described(product, base), "@type": ["Product", "Thing"], "image": images, "offers": [offer(product)]}
    return Page(page(product.name, "", script(json.dumps([{"@type": "Organization"}, values]))))


def _aggregate(product: Product, base: str) -> Page:
    """From … to …: the lowest counts."""
    offers = {
        "@type": "AggregateOffer",
        "lowPrice": product.price,
        "highPrice": product.price * 3,
        "priceCurrency": "KRW",
        "offerCount": 3,
    }
    return Page(page(product.name, "", script(json.dumps(described(product, base, offers=offers)))))


def _malformed(product: Product, base: str) -> Page:
    """What templates get wrong: a line break inside a string, commas too many, comments, a semicolon."""
    good = json.dumps(described(product, base, description="two\nlines"))
    broken = good.replace("two\\nlines", "two\nlines").replace("}]", "},]")
    wrongs = (broken[:-1] + ",}", f"<!--\n{good}\n-->", f"/* the product */ {broken}", f"{good};")
    return Page(page(product.name, "", script(wrongs[product.number // len(LAYOUTS) % len(wrongs)])))


def _microdata(product: Product, base: str) -> Page:
    """Relative addresses, under a base that is not the page's."""
    images = "".join(f'<img itemprop="image" src="{each.rpartition("/")[2]}">' for each in product.images)
    body = (
        f'<div itemscope itemtype="http://schema.org/Product"><h1 itemprop="name">{escape(product.name)}</h1>{images}'
        f'<meta itemprop="sku" content="{product.sku}"><span itemprop="brand">{product.brand}</span>'
        '<div itemprop="offers" itemscope itemtype="http://schema.org/Offer">'
        f'<span itemprop="price" content="{product.price}">₩{product.price:,}</span>'
        '<meta itemprop="priceCurrency" content="KRW"></div></div>'
    )
    return Page(page(product.name, body, '<base href="/photos/">'))


def _rdfa(product: Product, base: str) -> Page:
    images = "".join(f'<img property="image" src="..{each}">' for each in product.images)
    body = (
        f'<div vocab="https://schema.org/" typeof="Product"><h1 property="name">{escape(product.name)}</h1>{images}'
        f'<meta property="sku" content="{product.sku}"><div property="offers" typeof="Offer">'
        f'<meta property="price" content="{product.price}"><meta property="priceCurrency" content="KRW"></div></div>'
    )
    return Page(page(product.name, body))


def _open_graph(product: Product, base: str) -> Page:
    named = (
        ("og:type", "product"),
        ("og:title", product.name),
        *(("og:image", base + each) for each in product.images),
        ("og:url", base + product.path),
        ("product:price:amount", str(product.price)),
        ("product:price:currency", "KRW"),
        ("product:retailer_item_id", product.sku),
    )
    head = "".join(f'<meta property="{name}" content="{escape(value)}">' for name, value in named)
    return Page(page(product.name, "", head))


def _korean(product: Product, base: str) -> Page:
    """A page in the encoding of older Korean shops, which it names in a meta element only."""
    text = json.dumps(described(product, base), ensure_ascii=False)
    return Page(page(product.name, "", '<meta charset="euc-kr">' + script(text)), "cp949", None)


def _misnamed(product: Product, base: str) -> Page:
    """The same encoding, under a wrong name in the header."""
    text = json.dumps(described(product, base))
    return Page(page(product.name, "<p>모루 코트</p>", script(text)), "cp949", "utf-8")


LAYOUTS: dict[str, Callable[[Product, str], Page]] = {
    "json-ld": _json_ld,
    "graph": _graph,
    "listed": _listed,
    "aggregate": _aggregate,
    "malformed": _malformed,
    "microdata": _microdata,
    "rdfa": _rdfa,
    "open-graph": _open_graph,
    "korean": _korean,
    "misnamed": _misnamed,
}


def goods(count: int, season: int = 1) -> Iterator[Product]:
    """The products of a season; every tenth of the first is not there any more in the second."""
    for number in range(count):
        if season == 1 or number % 10 != 3:
            yield Product(number, season)
