"""Canonical addresses that pages name, for themselves or for a product, until those have been read.

A product stays where it was seen. It gives way to the page that its own page names (canonical link, `url`) once that
one has shown the same product. A page without products that names another one is read after all if that one fails.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import and_, select, update
from sqlalchemy.dialects.sqlite import insert

from fashion_cli.crawling.parse.items import CrawlRequest, ScrapedItem
from fashion_cli.crawling.parse.urls import canonical_key
from fashion_cli.crawling.state.crawl_tables import canonicals, product_images, products, requests
from fashion_cli.crawling.state.database import CrawlDatabase
from fashion_cli.crawling.state.requests import get_status, request_key

IGNORE_CANONICAL = "ignore_canonical"  # in a request's meta: the address that its page names could not be read


def resolve_canonicals(
    database: CrawlDatabase, items: Iterable[ScrapedItem], canonical: str, url: str, request: CrawlRequest
) -> tuple[ScrapedItem, ...]:
    """A page's products without those that their canonical page has shown already.

    A canonical address stays with a product as long as it is still to be read.

    Args:
        items: Their canonical addresses are of this site or "".
        canonical: What the page calls its address.
        url: Where it was read.
    """
    here = {canonical_key(url), canonical_key(request.url)}
    retained: list[ScrapedItem] = []
    for each in items:
        target = canonical if canonical_key(canonical) not in here else each.canonical
        if not target or canonical_key(target) in here:
            retained.append(replace(each, canonical=""))
            continue
        status, code = get_status(database, "page", target)
        if status == "done" and code != "alias" and _is_shown(database, target, each):
            continue
        retained.append(replace(each, canonical=target if status in ("", "pending") else ""))
    return tuple(retained)


def is_shown_elsewhere(database: CrawlDatabase, items: Sequence[ScrapedItem], request: CrawlRequest) -> bool:
    """Whether other pages of this round have shown all of a page's products: it leads nowhere new."""
    with database.connection.begin():
        for each in items:
            if each.product is None:
                return False
            row = database.connection.execute(
                select(products.c.page_id, products.c.product).where(
                    products.c.item_id == each.product.item_id, products.c.generation == database.generation
                )
            ).first()
            if row is None or row.page_id in (None, request.id) or json.loads(row.product)["name"] != each.product.name:
                return False
    return bool(items)


def save_canonical(database: CrawlDatabase, page_id: int, target: str, item: ScrapedItem | None = None) -> None:
    """Save the canonical address that a page names, in the transaction that is open.

    Args:
        item: Of which product; None for the page itself.
    """
    product = item.product if item else None
    values = {
        "page_id": page_id,
        "item_id": product.item_id if product else "",
        "target": request_key("page", target),
        "name": product.name.casefold() if product and item and not item.has_number else "",
    }
    statement = insert(canonicals).values(values)
    database.connection.execute(statement.on_conflict_do_update(index_elements=["page_id", "item_id"], set_=values))


def delete_canonicals(database: CrawlDatabase, page_id: int) -> None:
    """Delete what a page named before it is read again, in the transaction that is open."""
    database.connection.execute(canonicals.delete().where(canonicals.c.page_id == page_id))


def drop_duplicates(database: CrawlDatabase, urls: Sequence[str], items: Sequence[ScrapedItem]) -> None:
    """Products without a number give way to those of the same name on the page that theirs named.

    Those with a number are put together by it. In the transaction that is open.
    """
    keys = [request_key("page", url) for url in urls if url]
    names = {each.product.name.casefold() for each in items if each.product}
    ids = {each.product.item_id for each in items if each.product}
    rows = database.connection.execute(
        select(canonicals.c.item_id, products.c.recorded)
        .join(products, products.c.item_id == canonicals.c.item_id)
        .where(canonicals.c.target.in_(keys), canonicals.c.name.in_(names), canonicals.c.item_id.not_in(ids))
    ).all()
    for row in rows:
        there = products.c.item_id == row.item_id
        if row.recorded:  # the catalogue has it: it is gone from there
            database.connection.execute(update(products).where(there).values(generation=0))
            continue
        database.connection.execute(product_images.delete().where(product_images.c.item_id == row.item_id))
        database.connection.execute(products.delete().where(there))


def has_canonical(database: CrawlDatabase, item_id: str, page_id: int | None) -> bool:
    """Whether a page names another one as that of a product. In the transaction that is open."""
    which = and_(canonicals.c.item_id == item_id, canonicals.c.page_id == page_id)
    return database.connection.scalar(select(canonicals.c.page_id).where(which)) is not None


def requeue_aliases(database: CrawlDatabase, request: CrawlRequest) -> list[str]:
    """Pages that named one that could not be read wait to be read themselves. In the transaction that is open.

    Returns:
        Their hosts.
    """
    target = request_key("page", request.url)
    which = and_(canonicals.c.target == target, canonicals.c.item_id == "", requests.c.code == "alias")
    rows = database.connection.execute(
        select(requests.c.id, requests.c.host, requests.c.extra)
        .join(canonicals, canonicals.c.page_id == requests.c.id)
        .where(which)
    ).all()
    for row in rows:
        extra = json.loads(row.extra) if row.extra else {"headers": {}, "meta": {}}
        extra["meta"][IGNORE_CANONICAL] = True
        again = {"status": "pending", "code": "", "reason": "", "extra": json.dumps(extra)}
        database.connection.execute(update(requests).where(requests.c.id == row.id).values(**again))
    return [row.host for row in rows]


def _is_shown(database: CrawlDatabase, url: str, item: ScrapedItem) -> bool:
    """Whether a page that was read shows a product."""
    if item.product is None:
        return False
    statement = (
        select(products.c.item_id, products.c.product)
        .join(requests, requests.c.id == products.c.page_id)
        .where(requests.c.key == request_key("page", url))
    )
    with database.connection.begin():
        rows = database.connection.execute(statement).all()
    name = item.product.name.casefold()
    return any(
        row.item_id == item.product.item_id
        or (not item.has_number and json.loads(row.product)["name"].casefold() == name)
        for row in rows
    )
