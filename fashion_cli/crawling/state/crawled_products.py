"""Products in `crawl.sqlite`, with the requests for their photographs, until the catalogue has them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import and_, false, func, or_, select, update
from sqlalchemy.dialects.sqlite import insert

from fashion_cli.crawling.parse.items import CrawlRequest, ScrapedItem
from fashion_cli.crawling.state.canonicals import has_canonical, save_canonical
from fashion_cli.crawling.state.crawl_tables import canonicals, photographs, product_images, products, requests
from fashion_cli.crawling.state.database import CrawlDatabase
from fashion_cli.crawling.state.requests import enqueue, utc_now
from fashion_cli.products.records import FoundOffer, FoundPhotograph, FoundProduct


@dataclass(frozen=True)
class CompleteProduct:
    """A product whose photographs are all there, or never will be."""

    product: FoundProduct
    photographs: tuple[FoundPhotograph, ...]
    seen_at: datetime


def save_item(database: CrawlDatabase, item: ScrapedItem, page: CrawlRequest | None) -> list[int]:
    """Save a product and enqueue its photographs, in the transaction that is open.

    Where several pages of one round show one product, as a page for each colour does, what they say is put together:
    the same whichever of them is read first.

    Args:
        page: Where; None for a list.

    Returns:
        The ids of the photographs' requests.
    """
    ids = enqueue(database, [CrawlRequest("image", url, item.source) for url in item.images])
    if item.product is None:
        return ids
    product, image_ids, page_id = item.product, ids, page.id if page else None
    stored = database.connection.execute(select(products).where(products.c.item_id == product.item_id)).first()
    if stored and stored.generation == database.generation and (page_id is None or stored.page_id != page_id):
        previous = _from_json(stored.product)
        yields = has_canonical(database, product.item_id, stored.page_id)
        # A page that names no other one is right before one that does, then the first in the alphabet: an order that
        # does not depend on which page was read first.
        first = (bool(item.canonical), product.url, page_id or 0) < (yields, previous.url, stored.page_id or 0)
        older = _images(database, product.item_id)
        product = _merge(product, previous) if first else _merge(previous, product)
        image_ids = list(dict.fromkeys([*ids, *older] if first else [*older, *ids]))
        page_id = page_id if first else stored.page_id
    _write(database, product, page_id, image_ids)
    if page and item.canonical:
        save_canonical(database, page.id, item.canonical, item)
    return ids


def mark_seen(database: CrawlDatabase, page: CrawlRequest) -> None:
    """Mark the products of an unchanged page as seen again, in the transaction that is open."""
    database.connection.execute(
        update(products)
        .where(products.c.page_id == page.id)
        .values(generation=database.generation, seen_at=utc_now(), recorded=0, gone=0)
    )


def iter_complete(database: CrawlDatabase) -> Iterator[CompleteProduct]:
    """Products that the catalogue does not have in this form, and no photograph of which is still to be fetched."""
    pending = (
        select(product_images.c.item_id)
        .join(requests, requests.c.id == product_images.c.request_id)
        .where(requests.c.status == "pending")
    )
    unsettled = (
        select(product_images.c.item_id)
        .join(requests, requests.c.id == product_images.c.request_id)
        .join(photographs, photographs.c.sha256 == requests.c.sha256)
        .where(photographs.c.settled == 0)
    )
    statement = (
        select(products)
        .where(products.c.recorded == 0)
        .where(products.c.item_id.not_in(pending), products.c.item_id.not_in(unsettled))
        .order_by(products.c.item_id)
    )
    with database.connection.begin():
        rows = database.connection.execute(statement).all()
    for row in rows:
        with database.connection.begin():
            pictures = _photographs(database, row.item_id)
        yield CompleteProduct(_from_json(row.product), pictures, datetime.fromisoformat(row.seen_at))


def iter_unrecorded(database: CrawlDatabase) -> Iterator[CompleteProduct]:
    """Products that the catalogue does not have in this form, without photographs.

    Those whose page names another one that is still to be read wait: they may turn out to be that page's.
    """
    waiting = (
        select(canonicals.c.item_id)
        .join(requests, requests.c.key == canonicals.c.target)
        .where(requests.c.status == "pending", requests.c.generation == database.generation)
    )
    there = (products.c.recorded == 0, products.c.gone == 0, products.c.generation == database.generation)
    with database.connection.begin():
        rows = database.connection.execute(select(products).where(*there, products.c.item_id.not_in(waiting))).all()
    for row in rows:
        yield CompleteProduct(_from_json(row.product), (), datetime.fromisoformat(row.seen_at))


def mark_recorded(database: CrawlDatabase, item_id: str) -> None:
    """Mark a product as one that the catalogue has."""
    with database.connection.begin():
        database.connection.execute(update(products).where(products.c.item_id == item_id).values(recorded=1))


def find_gone(database: CrawlDatabase, *, unreached: bool) -> list[str]:
    """Find products that were there in an earlier round and are not in this one.

    A product is gone if the page that showed it was read and does not show it, or is not there (404, 410).

    Args:
        unreached: Also those whose page nothing leads to any more. Only true where everything could be read: a page may
            be unreached because the one that links to it failed.
    """
    looked_at = and_(
        requests.c.generation == database.generation,
        or_(requests.c.status == "done", requests.c.http_status.in_((404, 410))),
    )
    gone_page = or_(looked_at, requests.c.generation < database.generation) if unreached else looked_at
    listed = products.c.page_id.is_(None) if unreached else false()
    statement = (
        select(products.c.item_id)
        .outerjoin(requests, requests.c.id == products.c.page_id)
        .where(products.c.gone == 0, products.c.generation < database.generation)
        .where(or_(gone_page, listed))
        .order_by(products.c.item_id)
    )
    with database.connection.begin():
        return list(database.connection.scalars(statement))


def mark_gone(database: CrawlDatabase, item_ids: Sequence[str]) -> None:
    with database.connection.begin():
        for item_id in item_ids:
            database.connection.execute(update(products).where(products.c.item_id == item_id).values(gone=1))


def has_failures(database: CrawlDatabase) -> bool:
    """Whether anything but photographs failed in this round or waits: then what it leads to is not known.

    A page that is not there (404, 410) leads nowhere, and that is known; not so where a site begins. A site that is
    down, sold or shut to us shows itself there: a start page that is missing or leads nowhere, a redirect to another
    site, a robots.txt that now forbids what was read before.
    """
    pages = and_(requests.c.kind != "image", requests.c.generation == database.generation)
    begins = or_(requests.c.depth == 0, requests.c.kind == "sitemap")
    led_nowhere = requests.c.links.in_(("", "[]"))
    lost = or_(
        requests.c.status == "pending",
        and_(requests.c.status == "failed", or_(requests.c.http_status.not_in((404, 410)), begins)),
        and_(requests.c.status == "refused", ~led_nowhere),
        and_(requests.c.status == "done", requests.c.depth == 0, led_nowhere),
    )
    with database.connection.begin():
        return database.connection.scalar(select(requests.c.id).where(pages, lost).limit(1)) is not None


def _write(database: CrawlDatabase, product: FoundProduct, page_id: int | None, image_ids: Sequence[int]) -> None:
    row = {
        "item_id": product.item_id,
        "product": json.dumps(asdict(product), default=str, ensure_ascii=False),
        "page_id": page_id,
        "seen_at": utc_now(),
        "generation": database.generation,
        "recorded": 0,
        "gone": 0,
    }
    statement = insert(products).values(row)
    database.connection.execute(statement.on_conflict_do_update(index_elements=["item_id"], set_=row))
    database.connection.execute(product_images.delete().where(product_images.c.item_id == product.item_id))
    rows = [
        {"item_id": product.item_id, "position": position, "request_id": request_id}
        for position, request_id in enumerate(image_ids)
    ]
    if rows:
        database.connection.execute(insert(product_images), rows)


def _merge(first: FoundProduct, second: FoundProduct) -> FoundProduct:
    """What two pages say about one product; where they differ, the first is right."""
    shared = {
        name: getattr(first, name) or getattr(second, name) for name in ("brand", "description", "category", "sku")
    }
    offers = {(offer.shop, offer.url): offer for offer in (*second.offers, *first.offers)}  # the first page's is right
    keywords = tuple(dict.fromkeys((*first.keywords, *second.keywords)))
    return replace(first, **shared, offers=tuple(offers[key] for key in sorted(offers)), keywords=keywords)


def _images(database: CrawlDatabase, item_id: str) -> list[int]:
    statement = select(product_images.c.request_id).where(product_images.c.item_id == item_id)
    return list(database.connection.scalars(statement.order_by(product_images.c.position)))


def _photographs(database: CrawlDatabase, item_id: str) -> tuple[FoundPhotograph, ...]:
    """A product's photographs in order, each once, and in place of one that was dropped the one that was kept."""
    original = photographs.alias("kept")
    selection = select(
        product_images.c.position,
        requests.c.url,
        original.c.sha256,
        original.c.path,
        original.c.width,
        original.c.height,
    )
    statement = (
        selection.select_from(product_images)
        .join(requests, requests.c.id == product_images.c.request_id)
        .join(photographs, photographs.c.sha256 == requests.c.sha256)
        .join(original, original.c.sha256 == func.coalesce(func.nullif(photographs.c.like, ""), photographs.c.sha256))
        .where(product_images.c.item_id == item_id)
        .order_by(product_images.c.position)
    )
    pictures: dict[str, FoundPhotograph] = {}
    for row in database.connection.execute(statement):
        if row.sha256 not in pictures:
            pictures[row.sha256] = FoundPhotograph(row.sha256, row.path, row.url, row.width, row.height, len(pictures))
    return tuple(pictures.values())


def _from_json(text: str) -> FoundProduct:
    values = json.loads(text)
    offers = tuple(FoundOffer(**{**offer, "price": Decimal(offer["price"])}) for offer in values["offers"])
    return FoundProduct(**{**values, "offers": offers, "keywords": tuple(values["keywords"])})
