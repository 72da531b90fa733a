"""Products that a crawl found, with the addresses of their photographs, until the catalogue has them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import and_, false, func, or_, select, update
from sqlalchemy.dialects.sqlite import insert

from fashion_cli.crawling.parse.items import Discovery, Visit
from fashion_cli.crawling.state.canonicals import is_claiming, remember_claim
from fashion_cli.crawling.state.crawl_tables import claims, photographs, product_images, products, visits
from fashion_cli.crawling.state.database import Memory
from fashion_cli.crawling.state.requests import enqueue, now
from fashion_cli.products.records import FoundOffer, FoundPhotograph, FoundProduct


@dataclass(frozen=True)
class Ready:
    """A product whose photographs are all there, or never will be."""

    product: FoundProduct
    photographs: tuple[FoundPhotograph, ...]
    seen_at: datetime


def note(memory: Memory, discovery: Discovery, page: Visit | None) -> list[int]:
    """Remember a product and what to fetch for it, in the transaction that is open.

    Where several pages of one round show one product, as a page for each colour does, what they say is put together:
    the same whichever of them is read first.

    Args:
        memory: Where to.
        discovery: What was found.
        page: Where; None for a list.

    Returns:
        The ids of the photographs' visits.
    """
    images = [Visit("image", url, discovery.source) for url in dict.fromkeys(discovery.images)]
    if discovery.product is None:
        return enqueue(memory, images)
    ids = enqueue(memory, images)
    product, shown, page_id = discovery.product, ids, page.id if page else None
    known = memory.connection.execute(select(products).where(products.c.item_id == product.item_id)).first()
    if known and known.generation == memory.generation and (page_id is None or known.page_id != page_id):
        before = _from_json(known.product)
        claiming = is_claiming(memory, product.item_id, known.page_id)
        first = (bool(discovery.claim), product.url, page_id or 0) < (claiming, before.url, known.page_id or 0)
        older = _images(memory, product.item_id)
        product = _together(product, before) if first else _together(before, product)
        shown = list(dict.fromkeys([*ids, *older] if first else [*older, *ids]))
        page_id = page_id if first else known.page_id
    _write(memory, product, page_id, shown)
    if page and discovery.claim:
        remember_claim(memory, page.id, discovery.claim, discovery)
    return ids


def see_again(memory: Memory, page: Visit) -> None:
    """A page is as before, and so are its products. In the transaction that is open."""
    memory.connection.execute(
        update(products)
        .where(products.c.page_id == page.id)
        .values(generation=memory.generation, seen_at=now(), recorded=0, gone=0)
    )


def ready(memory: Memory) -> Iterator[Ready]:
    """Products that the catalogue does not have in this form, and no photograph of which is still to be fetched."""
    pending = (
        select(product_images.c.item_id)
        .join(visits, visits.c.id == product_images.c.visit_id)
        .where(visits.c.status == "pending")
    )
    unsettled = (
        select(product_images.c.item_id)
        .join(visits, visits.c.id == product_images.c.visit_id)
        .join(photographs, photographs.c.sha256 == visits.c.sha256)
        .where(photographs.c.settled == 0)
    )
    wanted = (
        select(products)
        .where(products.c.recorded == 0)
        .where(products.c.item_id.not_in(pending), products.c.item_id.not_in(unsettled))
        .order_by(products.c.item_id)
    )
    with memory.connection.begin():
        rows = memory.connection.execute(wanted).all()
    for row in rows:
        with memory.connection.begin():
            shown = _photographs(memory, row.item_id)
        yield Ready(_from_json(row.product), shown, datetime.fromisoformat(row.seen_at))


def found_so_far(memory: Memory) -> Iterator[Ready]:
    """Products that the catalogue does not have in this form, without photographs.

    Those whose page names another one that is still to be read wait: they may turn out to be that page's.
    """
    waiting = (
        select(claims.c.item_id)
        .join(visits, visits.c.key == claims.c.target)
        .where(visits.c.status == "pending", visits.c.generation == memory.generation)
    )
    there = (products.c.recorded == 0, products.c.gone == 0, products.c.generation == memory.generation)
    with memory.connection.begin():
        rows = memory.connection.execute(select(products).where(*there, products.c.item_id.not_in(waiting))).all()
    for row in rows:
        yield Ready(_from_json(row.product), (), datetime.fromisoformat(row.seen_at))


def recorded(memory: Memory, item_id: str) -> None:
    """The catalogue has a product."""
    with memory.connection.begin():
        memory.connection.execute(update(products).where(products.c.item_id == item_id).values(recorded=1))


def gone(memory: Memory, *, unreached: bool) -> list[str]:
    """Products that were there in an earlier round and are not in this one.

    A product is gone if the page that showed it was read and does not show it, or is not there (404, 410).

    Args:
        memory: Of which crawl.
        unreached: Also those whose page nothing leads to any more. Only true where everything could be read: a page may
            be unreached because the one that links to it failed.
    """
    looked_at = and_(
        visits.c.generation == memory.generation,
        or_(visits.c.status == "done", visits.c.http_status.in_((404, 410))),
    )
    gone_page = or_(looked_at, visits.c.generation < memory.generation) if unreached else looked_at
    listed = products.c.page_id.is_(None) if unreached else false()
    statement = (
        select(products.c.item_id)
        .outerjoin(visits, visits.c.id == products.c.page_id)
        .where(products.c.gone == 0, products.c.generation < memory.generation)
        .where(or_(gone_page, listed))
        .order_by(products.c.item_id)
    )
    with memory.connection.begin():
        return list(memory.connection.scalars(statement))


def mark_gone(memory: Memory, item_ids: Sequence[str]) -> None:
    with memory.connection.begin():
        for item_id in item_ids:
            memory.connection.execute(update(products).where(products.c.item_id == item_id).values(gone=1))


def troubled(memory: Memory) -> bool:
    """Whether anything but photographs failed in this round or waits: then what it leads to is not known.

    A page that is not there (404, 410) leads nowhere, and that is known; not so where a site begins. A site that is
    down, sold or shut to us shows itself there: a start page that is missing or leads nowhere, a redirect to another
    site, a robots.txt that now forbids what was read before.
    """
    pages = and_(visits.c.kind != "image", visits.c.generation == memory.generation)
    begins = or_(visits.c.depth == 0, visits.c.kind == "sitemap")
    led_nowhere = visits.c.links.in_(("", "[]"))
    lost = or_(
        visits.c.status == "pending",
        and_(visits.c.status == "failed", or_(visits.c.http_status.not_in((404, 410)), begins)),
        and_(visits.c.status == "refused", ~led_nowhere),
        and_(visits.c.status == "done", visits.c.depth == 0, led_nowhere),
    )
    with memory.connection.begin():
        return memory.connection.scalar(select(visits.c.id).where(pages, lost).limit(1)) is not None


def _write(memory: Memory, product: FoundProduct, page_id: int | None, shown: Sequence[int]) -> None:
    row = {
        "item_id": product.item_id,
        "product": json.dumps(asdict(product), default=str, ensure_ascii=False),
        "page_id": page_id,
        "seen_at": now(),
        "generation": memory.generation,
        "recorded": 0,
        "gone": 0,
    }
    statement = insert(products).values(row)
    memory.connection.execute(statement.on_conflict_do_update(index_elements=["item_id"], set_=row))
    memory.connection.execute(product_images.delete().where(product_images.c.item_id == product.item_id))
    rows = [
        {"item_id": product.item_id, "position": position, "visit_id": visit_id}
        for position, visit_id in enumerate(shown)
    ]
    if rows:
        memory.connection.execute(insert(product_images), rows)


def _together(first: FoundProduct, second: FoundProduct) -> FoundProduct:
    """What two pages say about one product; where they differ, the first is right."""
    told = {name: getattr(first, name) or getattr(second, name) for name in ("brand", "description", "category", "sku")}
    offers = {(offer.shop, offer.url): offer for offer in (*second.offers, *first.offers)}  # the first page's is right
    keywords = tuple(dict.fromkeys((*first.keywords, *second.keywords)))
    return replace(first, **told, offers=tuple(offers[key] for key in sorted(offers)), keywords=keywords)


def _images(memory: Memory, item_id: str) -> list[int]:
    statement = select(product_images.c.visit_id).where(product_images.c.item_id == item_id)
    return list(memory.connection.scalars(statement.order_by(product_images.c.position)))


def _photographs(memory: Memory, item_id: str) -> tuple[FoundPhotograph, ...]:
    """A product's photographs in order, each once, and in place of one that was dropped the one that was kept."""
    kept = photographs.alias("kept")
    shown = select(product_images.c.position, visits.c.url, kept.c.sha256, kept.c.path, kept.c.width, kept.c.height)
    statement = (
        shown.select_from(product_images)
        .join(visits, visits.c.id == product_images.c.visit_id)
        .join(photographs, photographs.c.sha256 == visits.c.sha256)
        .join(kept, kept.c.sha256 == func.coalesce(func.nullif(photographs.c.like, ""), photographs.c.sha256))
        .where(product_images.c.item_id == item_id)
        .order_by(product_images.c.position)
    )
    found: dict[str, FoundPhotograph] = {}
    for row in memory.connection.execute(statement):
        if row.sha256 not in found:
            found[row.sha256] = FoundPhotograph(row.sha256, row.path, row.url, row.width, row.height, len(found))
    return tuple(found.values())


def _from_json(text: str) -> FoundProduct:
    values = json.loads(text)
    offers = tuple(FoundOffer(**{**offer, "price": Decimal(offer["price"])}) for offer in values["offers"])
    return FoundProduct(**{**values, "offers": offers, "keywords": tuple(values["keywords"])})
