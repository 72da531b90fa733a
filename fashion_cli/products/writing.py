"""Changes of a catalogue, each inside a transaction that somebody else begins and ends."""

from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session, selectinload

from fashion_cli.products.orm import Keyword, Offer, OfferPrice, Photograph, Product, Shop, Sighting, Source
from fashion_cli.products.records import Change, FoundPhotograph, FoundProduct
from fashion_cli.products.search_text import to_searchable, to_storable, unique_digest
from fashion_cli.products.validation import ValidOffer

AT_ONCE = 500  # values in one IN


def record(
    session: Session,
    found: FoundProduct,
    offers: Mapping[str, ValidOffer],
    photographs: Sequence[FoundPhotograph],
    seen_at: datetime,
) -> Change:
    """Write what was found about a product. A sighting older than the latest one changes nothing that it said."""
    shops = _shops(session, [found.shop, *(offer.shop for offer in offers.values())])
    source = _source(session, to_storable(found.source))
    product = _known(session, found.item_id)
    new = product is None
    if product is None:
        item_id = to_storable(found.item_id)
        product = Product(digest=unique_digest(item_id), item_id=item_id, first_seen_at=seen_at)
        session.add(product)
    changed, latest = False, new or seen_at >= product.seen_at
    if latest:
        changed = _describe(product, found, shops)
        changed |= _see(product, offers, shops, seen_at)
    product.first_seen_at = min(product.first_seen_at, seen_at)
    changed |= _photograph(product, photographs, latest=latest)
    _sight(product, source, seen_at)
    if new:
        return "new"
    return "changed" if changed else "same"


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


def _known(session: Session, item_id: str) -> Product | None:
    """A product with all that hangs on it, kept from other writers until the transaction ends."""
    return session.scalar(
        select(Product)
        .where(Product.digest == unique_digest(to_storable(item_id)))
        .options(
            selectinload(Product.keywords),
            selectinload(Product.photographs),
            selectinload(Product.offers),
            selectinload(Product.sightings),
        )
        .with_for_update(of=Product)
    )


def _describe(product: Product, found: FoundProduct, shops: Mapping[str, Shop]) -> bool:
    """Take over what a source says; returns whether that is news."""
    keywords = [to_storable(keyword) for keyword in dict.fromkeys(found.keywords)]
    texts = {
        name: to_storable(getattr(found, name)) for name in ("name", "brand", "description", "category", "sku", "url")
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
    shop = shops[to_storable(found.shop)]
    changed |= product.shop is not shop
    product.shop = shop
    return changed


def _see(product: Product, offers: Mapping[str, ValidOffer], shops: Mapping[str, Shop], seen_at: datetime) -> bool:
    """A product is there, with these offers; returns whether that is news."""
    changed = _offer(product, offers, shops, seen_at)
    changed |= product.gone_at is not None
    product.gone_at, product.seen_at = None, seen_at
    return changed


def _offer(product: Product, offers: Mapping[str, ValidOffer], shops: Mapping[str, Shop], seen_at: datetime) -> bool:
    """Take over all offers of a product; returns whether that is news."""
    known = {each.digest: each for each in product.offers}
    changed = False
    for gone in known.keys() - offers.keys():
        if known[gone].withdrawn_at is None:
            known[gone].withdrawn_at, changed = seen_at, True
    for key, found in offers.items():
        offer = known.get(key)
        texts = (found.price, found.currency, found.availability)
        missing_since = (offer.withdrawn_at or product.gone_at) if offer else None
        if offer is None:
            offer = Offer(digest=key, shop=shops[found.shop], url=found.url)
            product.offers.append(offer)
            news = True
        else:
            news = missing_since is not None or (offer.price, offer.currency, offer.availability) != texts
        offer.price, offer.currency, offer.availability = texts
        offer.seen_at, offer.withdrawn_at = seen_at, None
        if news:
            step = OfferPrice(price=found.price, currency=found.currency, availability=found.availability)
            step.seen_at = seen_at
            step.missing_since = min(missing_since, seen_at) if missing_since else None
            offer.history.add(step)
        changed |= news
    return changed


def _photograph(product: Product, photographs: Sequence[FoundPhotograph], *, latest: bool) -> bool:
    """Add photographs; returns whether that is news.

    Those that the latest sighting does not show stay behind the others, because an index knows the product by their
    files.
    """
    known = {each.sha256: each for each in product.photographs}
    texts = {each.sha256: each for each in photographs}
    for sha256, found in texts.items():
        if sha256 in known and not latest:
            continue
        photograph = known.get(sha256)
        if photograph is None:
            photograph = Photograph(sha256=sha256)
            product.photographs.append(photograph)
        photograph.path, photograph.url = to_storable(found.path), to_storable(found.url)
        photograph.width, photograph.height, photograph.position = found.width, found.height, found.position
    if texts:
        _put_first(product, texts.keys() if latest else known.keys())
    return not texts.keys() <= known.keys()


def _put_first(product: Product, sha256s: Set[str]) -> None:
    """Put the other photographs of a product behind these."""
    last = max((each.position for each in product.photographs if each.sha256 in sha256s), default=-1)
    others = [each for each in product.photographs if each.sha256 not in sha256s]
    for position, photograph in enumerate(sorted(others, key=lambda each: (each.position, each.sha256)), last + 1):
        photograph.position = position


def _sight(product: Product, source: Source, seen_at: datetime) -> None:
    """Write down where a product was seen, and when."""
    sighting = next((each for each in product.sightings if each.source_id == source.id), None)
    if sighting is None:
        sighting = Sighting(source_id=source.id, first_seen_at=seen_at, seen_at=seen_at)
        product.sightings.append(sighting)
    sighting.first_seen_at = min(sighting.first_seen_at, seen_at)
    sighting.seen_at = max(sighting.seen_at, seen_at)


def _source(session: Session, location: str) -> Source:
    source = session.scalar(select(Source).where(Source.digest == unique_digest(location)))
    if source is None:
        source = Source(digest=unique_digest(location), location=location)
        session.add(source)
        session.flush()
    return source


def _shops(session: Session, names: Iterable[str]) -> dict[str, Shop]:
    """Shops by name; those that are not there yet are added."""
    wanted = {unique_digest(name): name for name in map(to_storable, names)}
    shops = {shop.name: shop for shop in session.scalars(select(Shop).where(Shop.digest.in_(wanted)))}
    # In one order everywhere: two writers that add the same shops wait for each other once, not in a circle.
    for key in sorted(wanted.keys() - {shop.digest for shop in shops.values()}):
        shops[wanted[key]] = Shop(digest=key, name=wanted[key])
        session.add(shops[wanted[key]])
    session.flush()
    return shops
