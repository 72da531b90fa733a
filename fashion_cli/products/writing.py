"""Changes of a catalogue, each inside a transaction that somebody else begins and ends."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session, selectinload

from fashion_cli.products.orm import Keyword, Offer, OfferPrice, Photograph, Product, Shop, Sighting, Source
from fashion_cli.products.queries import distinct_chunks
from fashion_cli.products.records import Change, FoundPhotograph, FoundProduct
from fashion_cli.products.search_text import to_searchable, to_storable, unique_digest
from fashion_cli.products.validation import ValidOffer

AT_ONCE = 500  # values in one IN


@dataclass(frozen=True)
class ValidatedProduct:
    """A product that was found, as it is written."""

    product: FoundProduct
    offers: Mapping[str, ValidOffer]
    photographs: Sequence[FoundPhotograph]


def record(
    session: Session, findings: Sequence[ValidatedProduct], seen_at: datetime, claimed: Set[str]
) -> list[Change]:
    """Write what was found about products. A sighting older than the latest one changes nothing that it said.

    Args:
        session: Of a transaction.
        findings: What was found.
        seen_at: When.
        claimed: The sha256 of photographs of which it is known what they show.
    """
    names = [name for each in findings for name in (each.product.shop, *(offer.shop for offer in each.offers.values()))]
    shops = _shops(session, names)
    sources = _sources(session, {to_storable(each.product.source) for each in findings})
    products = _lock_products(session, [each.product.item_id for each in findings])
    changes: list[Change] = []
    for each in findings:
        item_id = to_storable(each.product.item_id)
        product = products.get(item_id)
        if new := product is None:
            product = Product(digest=unique_digest(item_id), item_id=item_id, first_seen_at=seen_at)
            products[item_id] = product
            session.add(product)
        latest = new or seen_at >= product.seen_at
        changed = _update(product, each, shops, seen_at, claimed) if latest else False
        product.first_seen_at = min(product.first_seen_at, seen_at)
        changed |= _update_photographs(product, each.photographs, latest=latest)
        _record_sighting(product, sources[to_storable(each.product.source)], seen_at)
        changes.append("new" if new else "changed" if changed else "same")
    return changes


def _update(
    product: Product, finding: ValidatedProduct, shops: Mapping[str, Shop], seen_at: datetime, claimed: Set[str]
) -> bool:
    """Take over what the latest sighting says; returns whether that is news."""
    changed = _describe(product, finding.product, shops)
    changed |= _mark_present(product, finding.offers, shops, seen_at)
    return changed | _release(product, claimed, {each.sha256 for each in finding.photographs})


def mark_gone(session: Session, item_ids: Iterable[str], at: datetime) -> int:
    """Say of products that their page was not there; returns of how many that is news."""
    digests = [unique_digest(to_storable(item_id)) for item_id in item_ids]
    news = 0
    for start in range(0, len(digests), AT_ONCE):
        there = (Product.gone_at.is_(None), Product.seen_at <= at)
        statement = update(Product).where(Product.digest.in_(digests[start : start + AT_ONCE]), *there)
        result: Any = session.execute(statement.values(gone_at=at), execution_options={"synchronize_session": False})
        news += int(result.rowcount)
    return news


def _lock_products(session: Session, item_ids: Sequence[str]) -> dict[str, Product]:
    """Products with all that hangs on them by `item_id`, kept from other writers until the transaction ends."""
    products: dict[str, Product] = {}
    for chunk in distinct_chunks([unique_digest(to_storable(item_id)) for item_id in item_ids]):
        statement = (
            select(Product)
            .where(Product.digest.in_(chunk))
            .options(
                selectinload(Product.keywords),
                selectinload(Product.photographs),
                selectinload(Product.offers),
                selectinload(Product.sightings),
            )
            .order_by(Product.id)  # in one order everywhere, so that two writers wait once, not in a circle
            .with_for_update(of=Product)
        )
        products |= {product.item_id: product for product in session.scalars(statement)}
    return products


def _describe(product: Product, snapshot: FoundProduct, shops: Mapping[str, Shop]) -> bool:
    """Take over what a source says; returns whether that is news."""
    keywords = [to_storable(keyword) for keyword in dict.fromkeys(snapshot.keywords)]
    texts = {
        name: to_storable(getattr(snapshot, name))
        for name in ("name", "brand", "description", "category", "sku", "url")
    }
    changed = any(getattr(product, name) != text for name, text in texts.items())
    for name, text in texts.items():
        setattr(product, name, text)
    if [each.keyword for each in product.keywords] != keywords:
        changed = True
        del product.keywords[len(keywords) :]
        for place, keyword in enumerate(keywords):
            if place < len(product.keywords):
                product.keywords[place].keyword = keyword
            else:
                product.keywords.append(Keyword(position=place, keyword=keyword))
    product.words = to_searchable((product.name, product.brand, *keywords, product.category))
    shop = shops[to_storable(snapshot.shop)]
    changed |= product.shop is not shop
    product.shop = shop
    return changed


def _mark_present(
    product: Product, offers: Mapping[str, ValidOffer], shops: Mapping[str, Shop], seen_at: datetime
) -> bool:
    """A product is there, with these offers; returns whether that is news."""
    changed = _update_offers(product, offers, shops, seen_at)
    changed |= product.gone_at is not None
    product.gone_at, product.seen_at = None, seen_at
    return changed


def _update_offers(
    product: Product, offers: Mapping[str, ValidOffer], shops: Mapping[str, Shop], seen_at: datetime
) -> bool:
    """Take over all offers of a product; returns whether that is news."""
    stored = {each.digest: each for each in product.offers}
    changed = False
    for gone in stored.keys() - offers.keys():
        if stored[gone].withdrawn_at is None:
            stored[gone].withdrawn_at, changed = seen_at, True
    for key, current in offers.items():
        offer = stored.get(key)
        texts = (current.price, current.currency, current.availability)
        missing_since = (offer.withdrawn_at or product.gone_at) if offer else None
        if offer is None:
            offer = Offer(digest=key, shop=shops[current.shop], url=current.url)
            product.offers.append(offer)
            news = True
        else:
            news = missing_since is not None or (offer.price, offer.currency, offer.availability) != texts
        offer.price, offer.currency, offer.availability = texts
        offer.seen_at, offer.withdrawn_at = seen_at, None
        if news:
            step = OfferPrice(price=current.price, currency=current.currency, availability=current.availability)
            step.seen_at = seen_at
            step.missing_since = min(missing_since, seen_at) if missing_since else None
            offer.history.add(step)
        changed |= news
    return changed


def _update_photographs(product: Product, photographs: Sequence[FoundPhotograph], *, latest: bool) -> bool:
    """Add photographs; returns whether that is news.

    Those that the latest sighting does not show stay behind the others, because an index knows the product by their
    files.
    """
    stored = {each.sha256: each for each in product.photographs}
    texts = {each.sha256: each for each in photographs}
    for sha256, current in texts.items():
        if sha256 in stored and not latest:
            continue
        photograph = stored.get(sha256)
        if photograph is None:
            photograph = Photograph(sha256=sha256)
            product.photographs.append(photograph)
        photograph.path, photograph.url = to_storable(current.path), to_storable(current.url)
        photograph.width, photograph.height, photograph.position = current.width, current.height, current.position
    if texts:
        _put_first(product, texts.keys() if latest else stored.keys())
    return not texts.keys() <= stored.keys()


def _release(product: Product, claimed: Set[str], own: Set[str]) -> bool:
    """Take photographs of other products away; returns whether that is news."""
    others = [each for each in product.photographs if each.sha256 in claimed and each.sha256 not in own]
    for each in others:
        product.photographs.remove(each)
    return bool(others)


def _put_first(product: Product, sha256s: Set[str]) -> None:
    """Put the other photographs of a product behind these."""
    last = max((each.position for each in product.photographs if each.sha256 in sha256s), default=-1)
    others = [each for each in product.photographs if each.sha256 not in sha256s]
    for position, photograph in enumerate(sorted(others, key=lambda each: (each.position, each.sha256)), last + 1):
        photograph.position = position


def _record_sighting(product: Product, source: Source, seen_at: datetime) -> None:
    """Write down where a product was seen, and when."""
    sighting = next((each for each in product.sightings if each.source_id == source.id), None)
    if sighting is None:
        sighting = Sighting(source_id=source.id, first_seen_at=seen_at, seen_at=seen_at)
        product.sightings.append(sighting)
    sighting.first_seen_at = min(sighting.first_seen_at, seen_at)
    sighting.seen_at = max(sighting.seen_at, seen_at)


def _sources(session: Session, locations: Set[str]) -> dict[str, Source]:
    """Sources by location; those that are not there yet are added."""
    sources: dict[str, Source] = {}
    for location in sorted(locations):
        source = session.scalar(select(Source).where(Source.digest == unique_digest(location)))
        if source is None:
            source = Source(digest=unique_digest(location), location=location)
            session.add(source)
            session.flush()
        sources[location] = source
    return sources


def _shops(session: Session, names: Iterable[str]) -> dict[str, Shop]:
    """Shops by name; those that are not there yet are added."""
    names_by_digest = {unique_digest(name): name for name in map(to_storable, names)}
    shops: dict[str, Shop] = {}
    for chunk in distinct_chunks(list(names_by_digest)):
        shops |= {shop.name: shop for shop in session.scalars(select(Shop).where(Shop.digest.in_(chunk)))}
    # In one order everywhere: two writers that add the same shops wait for each other once, not in a circle.
    for key in sorted(names_by_digest.keys() - {shop.digest for shop in shops.values()}):
        shops[names_by_digest[key]] = Shop(digest=key, name=names_by_digest[key])
        session.add(shops[names_by_digest[key]])
    session.flush()
    return shops
