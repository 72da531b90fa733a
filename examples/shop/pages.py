"""The pages of the small shop, with each product described in schema.org's words (JSON-LD)."""

import json
from collections.abc import Sequence
from html import escape
from typing import Any
from xml.sax.saxutils import escape as xml_escape

from shop.goods import KINDS, Garment

NAME = "The small shop"
PER_PAGE = 12
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; color: #222 }
ul.goods { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: 1rem; padding: 0 }
ul.goods li { list-style: none } img { max-width: 100%; height: auto } nav a { margin-right: 1rem } a { color: #205080 }
"""


def product_path(garment: Garment) -> str:
    return f"/product/{garment.sku}"


def photograph_path(file_name: str) -> str:
    return f"/photographs/{file_name}"


def product_page(garment: Garment, base: str) -> str:
    """A garment's page; `base` is the address of the shop without a slash at its end."""
    views = [
        f'<img src="{photograph_path(view.file_name)}" width="360" height="480" alt="{escape(garment.name)}">'
        for view in garment.photographs
    ]
    stock = "In stock" if garment.available else "Sold out"
    return _page(
        garment.name,
        f"<h1>{escape(garment.name)}</h1><p>{escape(garment.brand)} · ₩{garment.price:,} · {stock}</p>"
        f"{''.join(views)}<p>{escape(garment.description)}</p>"
        f'<p><a href="/category/{garment.category}">More {KINDS[garment.category][2].lower()}</a> · '
        f'<a href="/basket/add?sku={garment.sku}" rel="nofollow">Add to basket</a></p>',
        head=f'<link rel="canonical" href="{base}{product_path(garment)}">{_json_ld(garment, base)}',
    )


def listing(title: str, path: str, garments: Sequence[Garment], page: int) -> str:
    """One page of a list of garments; pages count from 1."""
    shown = garments[(page - 1) * PER_PAGE : page * PER_PAGE]
    goods = "".join(
        f'<li><a href="{product_path(each)}">'
        f'<img src="{photograph_path(each.photographs[0].file_name)}" width="360" height="480" alt="">'
        f"{escape(each.name)}</a><br>₩{each.price:,}</li>"
        for each in shown
    )
    before = f'<a rel="prev" href="{path}?page={page - 1}">Previous</a>' if page > 1 else ""
    after = f'<a rel="next" href="{path}?page={page + 1}">Next</a>' if page * PER_PAGE < len(garments) else ""
    return _page(title, f'<h1>{escape(title)}</h1><ul class="goods">{goods}</ul><nav>{before}{after}</nav>')


def home() -> str:
    return _page(NAME, f"<h1>{NAME}</h1><p>Sixty drawn garments.</p>")


def not_found() -> str:
    return _page("Not found", "<h1>Not found</h1>")


def robots(base: str) -> str:
    return f"User-agent: *\nDisallow: /basket/\nSitemap: {base}/sitemap.xml\n"


def sitemap(garments: Sequence[Garment], base: str) -> str:
    entries = "".join(f"<url><loc>{xml_escape(base + product_path(each))}</loc></url>" for each in garments)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</urlset>'
    )


def _json_ld(garment: Garment, base: str) -> str:
    text = json.dumps(_schema_org(garment, base), ensure_ascii=False).replace("<", "\\u003c")
    return f'<script type="application/ld+json">{text}</script>'


def _schema_org(garment: Garment, base: str) -> dict[str, Any]:
    """https://schema.org/Product, with one https://schema.org/Offer."""
    return {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": garment.name,
        "sku": garment.sku,
        "brand": {"@type": "Brand", "name": garment.brand},
        "category": KINDS[garment.category][2],
        "description": garment.description,
        "keywords": ", ".join(garment.keywords),
        "image": [base + photograph_path(view.file_name) for view in garment.photographs],
        "offers": {
            "@type": "Offer",
            "price": str(garment.price),
            "priceCurrency": "KRW",
            "availability": f"https://schema.org/{'InStock' if garment.available else 'OutOfStock'}",
            "url": base + product_path(garment),
        },
    }


def _page(title: str, body: str, head: str = "") -> str:
    links = "".join(f'<a href="/category/{kind}">{names[2]}</a>' for kind, names in KINDS.items())
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta property="og:site_name" content="{NAME}"><style>{STYLE}</style>'
        f'<meta name="viewport" content="width=device-width">{head}</head>'
        f'<body><nav><a href="/">Home</a><a href="/products">All</a>{links}</nav>{body}</body></html>'
    )
