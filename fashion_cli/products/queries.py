"""Queries of a catalogue: rows of its tables become `ShownProduct`s. Plain columns, because a page waits for them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from fashion_cli.products.offers import sort_by_price
from fashion_cli.products.orm import Keyword, Offer, OfferPrice, Photograph, Product, Shop, Sighting, Source
from fashion_cli.products.records import FoundPhotograph, PriceObservation, ShownOffer, ShownProduct
from fashion_cli.products.search_text import query_words, to_storable, unique_digest

AT_ONCE = 500  # values in one IN, products in one answer
SAMPLE = 5_000  # products whose words are known for suggestions

_PRODUCTS = select(
    Product.id,
    Product.item_id,
    Product.name,
    Product.brand,
    Product.category,
    Product.description,
    Product.sku,
    Product.url,
    Product.first_seen_at,
    Product.seen_at,
    Product.gone_at,
    Shop.name.label("shop"),
).join(Shop, Product.shop_id == Shop.id)


def distinct_chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """Values without repetition, as many as one query takes."""
    distinct = list(dict.fromkeys(values))
    for start in range(0, len(distinct), AT_ONCE):
        yield distinct[start : start + AT_ONCE]


def by_items(connection: Connection, item_ids: Sequence[str]) -> dict[str, ShownProduct]:
    products: dict[str, ShownProduct] = {}
    for chunk in distinct_chunks([unique_digest(to_storable(item_id)) for item_id in item_ids]):
        rows = connection.execute(_PRODUCTS.where(Product.digest.in_(chunk))).all()
        products |= {product.item_id: product for product in read_products(connection, rows)}
    return {item_id: products[to_storable(item_id)] for item_id in item_ids if to_storable(item_id) in products}


def by_photographs(connection: Connection, sha256s: Sequence[str]) -> dict[str, ShownProduct]:
    """The product of each photograph. Where one shows several: one that is not gone, then whose picture comes first."""
    products_by_sha256: dict[str, ShownProduct] = {}
    for chunk in distinct_chunks(sha256s):
        owners = _owners(connection, chunk)
        rows = connection.execute(_PRODUCTS.where(Product.id.in_(set(owners.values())))).all()
        products = {row.id: product for row, product in zip(rows, read_products(connection, rows), strict=True)}
        # One that vanished between the two queries was deleted by hand.
        products_by_sha256 |= {sha256: products[product] for sha256, product in owners.items() if product in products}
    return products_by_sha256


def item_ids_by_photograph(connection: Connection, sha256s: Sequence[str]) -> dict[str, str]:
    """The `item_id` of each photograph's product, chosen as in `by_photographs`."""
    items: dict[str, str] = {}
    for chunk in distinct_chunks(sha256s):
        owners = _owners(connection, chunk)
        query = select(Product.id, Product.item_id).where(Product.id.in_(set(owners.values())))
        named = {row.id: row.item_id for row in connection.execute(query)}
        items |= {sha256: named[product] for sha256, product in owners.items() if product in named}
    return items


def _owners(connection: Connection, sha256s: Sequence[str]) -> dict[str, int]:
    """Photograph to the id of its product."""
    query = (
        select(Photograph.sha256, Product.gone_at, Photograph.position, Product.id)
        .join(Product, Photograph.product_id == Product.id)
        .where(Photograph.sha256.in_(sha256s))
    )
    best: dict[str, tuple[bool, int, int]] = {}
    for sha256, gone_at, position, product in connection.execute(query).all():
        rank = (gone_at is not None, position, product)
        best[sha256] = min(best.get(sha256, rank), rank)
    return {sha256: product for sha256, (_, _, product) in best.items()}


def unseen_since(connection: Connection, source: str, moment: datetime) -> list[str]:
    """The `item_id` of products that a source had last before a moment, and that no other source has had since."""
    query = (
        select(Product.item_id)
        .join(Sighting, Sighting.product_id == Product.id)
        .join(Source, Source.id == Sighting.source_id)
        .where(
            Source.digest == unique_digest(to_storable(source)),
            Sighting.seen_at < moment,
            Product.seen_at <= Sighting.seen_at,
            Product.gone_at.is_(None),
        )
        .order_by(Product.id)
    )
    return list(connection.scalars(query))


def page(
    connection: Connection, *, words: str, gone: bool | None, after: int, limit: int
) -> tuple[list[ShownProduct], int]:
    """Some products in the order in which they were first recorded.

    Args:
        connection: To the database.
        words: All have to be in name, brand, keywords or category; "" for any product.
        gone: Only those that are gone, or only those that are not; None for both.
        after: The id behind which to go on.
        limit: At most so many.

    Returns:
        The products, and the id of the last.
    """
    query = _PRODUCTS.where(Product.id > after).order_by(Product.id).limit(limit)
    for word in query_words(words):
        query = query.where(Product.words.contains(word, autoescape=True))
    if gone is not None:
        query = query.where(Product.gone_at.is_not(None) if gone else Product.gone_at.is_(None))
    rows = connection.execute(query).all()
    return read_products(connection, rows), rows[-1].id if rows else after


def texts(connection: Connection, stems: Sequence[Sequence[str]]) -> list[tuple[str, str]]:
    """The `item_id` and the searched text of products that are not gone.

    Args:
        connection: To the database.
        stems: Only those whose text has all pieces of one of these; empty for the first `SAMPLE` products.
    """
    query = select(Product.item_id, Product.words).where(Product.gone_at.is_(None)).order_by(Product.id)
    if stems:
        any_of = (
            and_(*(Product.words.contains(to_storable(piece), autoescape=True) for piece in each)) for each in stems
        )
        query = query.where(or_(*any_of))
    else:
        query = query.limit(SAMPLE)
    return [(row.item_id, row.words) for row in connection.execute(query)]


def count(connection: Connection) -> int:
    return connection.scalar(select(func.count()).select_from(Product)) or 0


def photographs(connection: Connection, item_ids: Sequence[str]) -> dict[str, tuple[FoundPhotograph, ...]]:
    """The photographs of each product, the first first."""
    photographs_by_item: dict[str, list[FoundPhotograph]] = defaultdict(list)
    for chunk in distinct_chunks([unique_digest(to_storable(item_id)) for item_id in item_ids]):
        query = (
            select(Product.item_id, Photograph)
            .with_only_columns(
                Product.item_id,
                Photograph.sha256,
                Photograph.path,
                Photograph.url,
                Photograph.width,
                Photograph.height,
                Photograph.position,
            )
            .join(Product, Photograph.product_id == Product.id)
            .where(Product.digest.in_(chunk))
            .order_by(Photograph.product_id, Photograph.position, Photograph.sha256)
        )
        for item_id, sha256, path, url, width, height, position in connection.execute(query).all():
            photographs_by_item[item_id].append(FoundPhotograph(sha256, path, url, width, height, position))
    return {item_id: tuple(each) for item_id, each in photographs_by_item.items()}


def prices(connection: Connection, item_id: str) -> list[PriceObservation]:
    """What became of each offer of a product, the oldest step first."""
    query = (
        select(
            OfferPrice.price,
            OfferPrice.currency,
            OfferPrice.availability,
            OfferPrice.seen_at,
            OfferPrice.missing_since,
            Offer.id.label("offer"),
            Offer.url,
            func.coalesce(Offer.withdrawn_at, Product.gone_at).label("ended_at"),
            Shop.name.label("shop"),
        )
        .select_from(OfferPrice)
        .join(Offer, OfferPrice.offer_id == Offer.id)
        .join(Product, Offer.product_id == Product.id)
        .join(Shop, Offer.shop_id == Shop.id)
        .where(Product.digest == unique_digest(to_storable(item_id)))
        .order_by(OfferPrice.seen_at.desc(), OfferPrice.id.desc())
    )
    steps: list[PriceObservation] = []
    ends: dict[int, Any] = {}
    for row in connection.execute(query).all():
        until = ends.get(row.offer, row.ended_at)
        steps.append(PriceObservation(row.shop, row.price, row.currency, row.url, row.availability, row.seen_at, until))
        ends[row.offer] = row.missing_since or row.seen_at
    return steps[::-1]


def read_products(connection: Connection, rows: Sequence[Any]) -> list[ShownProduct]:
    """Products with their keywords and the latest of their offers: two queries, however many they are."""
    ids = [row.id for row in rows]
    keywords, offers = _keywords(connection, ids), _offers(connection, ids)
    return [_product(row, tuple(keywords[row.id]), offers[row.id]) for row in rows]


def _keywords(connection: Connection, ids: Iterable[int]) -> dict[int, list[str]]:
    query = select(Keyword.product_id, Keyword.keyword).where(Keyword.product_id.in_(ids)).order_by(Keyword.position)
    keywords: dict[int, list[str]] = defaultdict(list)
    for product, keyword in connection.execute(query).all():
        keywords[product].append(keyword)
    return keywords


def _offers(connection: Connection, ids: Iterable[int]) -> dict[int, list[ShownOffer]]:
    query = (
        select(Offer.product_id, Shop.name, Offer.price, Offer.currency, Offer.url, Offer.availability, Offer.seen_at)
        .join(Shop, Offer.shop_id == Shop.id)
        .where(Offer.product_id.in_(ids), Offer.withdrawn_at.is_(None))
        .order_by(Offer.id)
    )
    offers: dict[int, list[ShownOffer]] = defaultdict(list)
    for product, shop, price, currency, url, availability, seen_at in connection.execute(query).all():
        offers[product].append(ShownOffer(shop, price, currency, url, availability, seen_at))
    return offers


def _product(row: Any, keywords: tuple[str, ...], offers: Sequence[ShownOffer]) -> ShownProduct:
    ranked = sort_by_price(offers)
    lowest = ranked[0] if ranked else None
    gone = row.gone_at is not None
    return ShownProduct(
        item_id=row.item_id,
        name=row.name,
        brand=row.brand,
        keywords=keywords,
        category=row.category,
        shop=lowest.shop if lowest else row.shop,
        url=lowest.url if lowest else row.url,
        price=lowest.price if lowest else None,
        currency=lowest.currency if lowest else "",
        offers=ranked,
        available=not gone and (lowest is None or lowest.available),
        gone=gone,
        seen_at=row.seen_at,
        description=row.description,
        sku=row.sku,
        page=row.url,
        first_seen_at=row.first_seen_at,
    )
