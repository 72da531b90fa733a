"""What pages claim about addresses, until the other address has been read.

A product stays where it was seen. It gives way to the page that its own page names (canonical link, `url`) once that
one has shown the same product. A page without products that names another one is read after all if that one fails.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import and_, select, update
from sqlalchemy.dialects.sqlite import insert

from fashion_cli.crawling.parse.items import Discovery, Visit
from fashion_cli.crawling.parse.urls import page_key
from fashion_cli.crawling.state.crawl_tables import claims, product_images, products, visits
from fashion_cli.crawling.state.database import Memory
from fashion_cli.crawling.state.requests import code_of, visit_key

IGNORE_CANONICAL = "ignore_canonical"  # in a visit's meta: the address that its page names could not be read


@dataclass(frozen=True)
class Examined:
    """Products of a page with the claims that are still to be tested.

    Attributes:
        discoveries: Those that the page keeps.
        targets: Addresses to visit.
    """

    discoveries: tuple[Discovery, ...]
    targets: tuple[str, ...]


def examine_claims(memory: Memory, found: Sequence[Discovery], canonical: str, own: str, visit: Visit) -> Examined:
    """Drop products that another page has shown already, and remember which page is to be asked for the others.

    Args:
        memory: Of the crawl.
        found: The page's products; their claims are addresses of this site or "".
        canonical: What the page calls its address.
        own: Where it was read.
        visit: What was asked for.
    """
    here = {page_key(own), page_key(visit.url)}
    kept: list[Discovery] = []
    targets: dict[str, None] = {}
    for each in found:
        target = canonical if page_key(canonical) not in here else each.claim
        if not target or page_key(target) in here:
            kept.append(replace(each, claim=""))
            continue
        status, code = code_of(memory, "page", target)
        if status == "done" and code != "alias" and _is_shown(memory, target, each):
            continue
        waits = status in ("", "pending")
        kept.append(replace(each, claim=target if waits else ""))
        targets |= {target: None} if waits else {}
    return Examined(tuple(kept), tuple(targets))


def is_shown_elsewhere(memory: Memory, found: Sequence[Discovery], visit: Visit) -> bool:
    """Whether other pages of this round have shown all of a page's products: it leads nowhere new."""
    with memory.connection.begin():
        for each in found:
            if each.product is None:
                return False
            row = memory.connection.execute(
                select(products.c.page_id, products.c.product).where(
                    products.c.item_id == each.product.item_id, products.c.generation == memory.generation
                )
            ).first()
            if row is None or row.page_id in (None, visit.id) or json.loads(row.product)["name"] != each.product.name:
                return False
    return bool(found)


def remember_claim(memory: Memory, page_id: int, target: str, discovery: Discovery | None = None) -> None:
    """Write down what a page claims, in the transaction that is open.

    Args:
        memory: Where to.
        page_id: Of the visit to the page.
        target: The address.
        discovery: Of which product; None for the page itself.
    """
    product = discovery.product if discovery else None
    values = {
        "page_id": page_id,
        "item_id": product.item_id if product else "",
        "target": visit_key("page", target),
        "name": product.name.casefold() if product and discovery and not discovery.numbered else "",
    }
    statement = insert(claims).values(values)
    memory.connection.execute(statement.on_conflict_do_update(index_elements=["page_id", "item_id"], set_=values))


def forget_claims(memory: Memory, page_id: int) -> None:
    """A page is read again. In the transaction that is open."""
    memory.connection.execute(claims.delete().where(claims.c.page_id == page_id))


def yield_to(memory: Memory, urls: Sequence[str], shown: Sequence[Discovery]) -> None:
    """Products without a number give way to those of the same name on the page that theirs named.

    Those with a number are put together by it. In the transaction that is open.
    """
    keys = [visit_key("page", url) for url in urls if url]
    names = {each.product.name.casefold() for each in shown if each.product}
    ids = {each.product.item_id for each in shown if each.product}
    rows = memory.connection.execute(
        select(claims.c.item_id, products.c.recorded)
        .join(products, products.c.item_id == claims.c.item_id)
        .where(claims.c.target.in_(keys), claims.c.name.in_(names), claims.c.item_id.not_in(ids))
    ).all()
    for row in rows:
        there = products.c.item_id == row.item_id
        if row.recorded:  # the catalogue has it: it is gone from there
            memory.connection.execute(update(products).where(there).values(generation=0))
            continue
        memory.connection.execute(product_images.delete().where(product_images.c.item_id == row.item_id))
        memory.connection.execute(products.delete().where(there))


def is_claiming(memory: Memory, item_id: str, page_id: int | None) -> bool:
    """Whether a page names another one as that of a product. In the transaction that is open."""
    which = and_(claims.c.item_id == item_id, claims.c.page_id == page_id)
    return memory.connection.scalar(select(claims.c.page_id).where(which)) is not None


def read_aliases_again(memory: Memory, visit: Visit) -> list[str]:
    """Pages that named one that could not be read wait to be read themselves. In the transaction that is open.

    Returns:
        Their hosts.
    """
    target = visit_key("page", visit.url)
    which = and_(claims.c.target == target, claims.c.item_id == "", visits.c.code == "alias")
    rows = memory.connection.execute(
        select(visits.c.id, visits.c.host, visits.c.extra).join(claims, claims.c.page_id == visits.c.id).where(which)
    ).all()
    for row in rows:
        extra = json.loads(row.extra) if row.extra else {"headers": {}, "meta": {}}
        extra["meta"][IGNORE_CANONICAL] = True
        again = {"status": "pending", "code": "", "reason": "", "extra": json.dumps(extra)}
        memory.connection.execute(update(visits).where(visits.c.id == row.id).values(**again))
    return [row.host for row in rows]


def _is_shown(memory: Memory, url: str, discovery: Discovery) -> bool:
    """Whether a page that was read shows a product."""
    if discovery.product is None:
        return False
    statement = (
        select(products.c.item_id, products.c.product)
        .join(visits, visits.c.id == products.c.page_id)
        .where(visits.c.key == visit_key("page", url))
    )
    with memory.connection.begin():
        rows = memory.connection.execute(statement).all()
    name = discovery.product.name.casefold()
    return any(
        row.item_id == discovery.product.item_id
        or (not discovery.numbered and json.loads(row.product)["name"].casefold() == name)
        for row in rows
    )
