"""From hits and products to what the REST API answers."""

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from urllib.parse import urlsplit

from fashion_cli.data.tags import Tag
from fashion_cli.products.records import ShownOffer, ShownProduct
from fashion_cli.retrieval.search import Hit
from fashion_cli.web.replies import HitReply, OfferReply, ProductReply, SharedTagReply, TagReply

PHOTOGRAPHS = "/api/v1/photographs"
PICTURE_SIDE = 320  # pixels of the small pictures in answers


def tag_reply(tag: Tag) -> TagReply:
    return TagReply(group=tag.group, tag=tag.name, title=tag.title or tag.name, score=tag.score)


def hit_reply(hit: Hit, product: ShownProduct | None, *, show_path: bool) -> HitReply:
    """A hit, with its product.

    Args:
        hit: What was found.
        product: What is on it; None where nobody knows.
        show_path: Say where the file lies.
    """
    return HitReply(
        photograph=hit.sha256,
        image=f"{PHOTOGRAPHS}/{hit.sha256}?size={PICTURE_SIDE}",
        width=hit.width,
        height=hit.height,
        rank=hit.rank,
        retrieval_rank=hit.retrieval_rank,
        cosine=None if math.isnan(hit.cosine) else round(hit.cosine, 6),
        rerank_score=None if math.isnan(hit.rerank_score) else hit.rerank_score,
        agreement=None if math.isnan(hit.agreement) else round(hit.agreement, 4),
        copies=len(hit.copies),
        copy_photographs=list(dict.fromkeys(copy.sha256 for copy in hit.copies)),
        tags=[tag_reply(tag) for tag in hit.tags],
        shared_tags=[
            SharedTagReply(group=tag.group, tag=tag.name, title=tag.title or tag.name) for tag in hit.shared_tags
        ],
        path=_readable(hit.path) if show_path else None,
        product=product_reply(product) if product is not None else None,
        columns=_texts(hit.columns),
    )


def product_reply(product: ShownProduct) -> ProductReply:
    return ProductReply(
        item_id=product.item_id,
        name=product.name,
        brand=product.brand,
        sku=product.sku,
        keywords=list(product.keywords),
        category=product.category,
        shop=product.shop,
        url=web_address(product.url),
        price=None if product.price is None else decimal_text(product.price),
        currency=product.currency,
        available=product.available,
        gone=product.gone,
        seen_at=product.seen_at,
        offers=_offers(product.offers),
    )


def web_address(url: str) -> str:
    """The address, or "" where it is none of the web: what a shop's page claims may be `javascript:…`."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.netloc else ""


def decimal_text(number: Decimal) -> str:
    """A plain decimal number without needless zeros: "39000", "19.9"."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _offers(offers: Sequence[ShownOffer]) -> list[OfferReply]:
    return [
        OfferReply(
            shop=offer.shop,
            price=decimal_text(offer.price),
            currency=offer.currency,
            url=web_address(offer.url),
            available=offer.available,
        )
        for offer in offers
    ]


def _texts(columns: Mapping[str, str]) -> dict[str, str]:
    return {_readable(name): _readable(value) for name, value in columns.items()}


def _readable(text: str) -> str:
    """What JSON can hold: bytes of a file name that are no UTF-8 become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")
