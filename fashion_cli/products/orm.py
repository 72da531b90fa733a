"""The tables of the catalogue. `migrations/` makes them; a test compares the two on every database."""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, MetaData, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, WriteOnlyMapped, mapped_column, relationship

from fashion_cli.products.column_types import Digest, LongText, Price, UtcTime

# Names of constraints, so that a later migration can say which one it means on every database.
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
# MariaDB and MySQL: all of Unicode, compared as it is, and transactions.
TABLE_OPTIONS = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin", "mysql_engine": "InnoDB"}


class Table(DeclarativeBase):
    """What all tables have in common."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {str: LongText, Decimal: Price, datetime: UtcTime}
    __table_args__: Any = TABLE_OPTIONS


class Shop(Table):
    """Who sells."""

    __tablename__ = "shops"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(Digest, unique=True)  # of the name
    name: Mapped[str]


class Source(Table):
    """Where products are looked for: what the user typed."""

    __tablename__ = "sources"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(Digest, unique=True)  # of the location
    location: Mapped[str]


class Product(Table):
    """What a shop sells, as it was described last."""

    __tablename__ = "products"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(Digest, unique=True)  # of the item_id
    item_id: Mapped[str]
    name: Mapped[str]
    brand: Mapped[str]
    description: Mapped[str]
    category: Mapped[str]
    sku: Mapped[str]
    url: Mapped[str]
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"), index=True)
    first_seen_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    gone_at: Mapped[datetime | None]
    words: Mapped[str]  # what `find` looks into, folded by `data.words.folded`

    shop: Mapped[Shop] = relationship(lazy="joined", innerjoin=True)
    keywords: Mapped[list["Keyword"]] = relationship(order_by="Keyword.position", cascade="all, delete-orphan")
    photographs: Mapped[list["Photograph"]] = relationship(cascade="all, delete-orphan")
    offers: Mapped[list["Offer"]] = relationship(order_by="Offer.id", cascade="all, delete-orphan")
    sightings: Mapped[list["Sighting"]] = relationship(cascade="all, delete-orphan")


class Sighting(Table):
    """A product in a source."""

    __tablename__ = "sightings"

    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"), primary_key=True, index=True)
    first_seen_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class Keyword(Table):
    """A word that a source files a product under."""

    __tablename__ = "keywords"

    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    keyword: Mapped[str]


class Photograph(Table):
    """A file of the crawl's folder. The same file may show several products."""

    __tablename__ = "photographs"

    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), primary_key=True)
    sha256: Mapped[str] = mapped_column(Digest, primary_key=True, index=True)
    path: Mapped[str]
    url: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    position: Mapped[int]


class Offer(Table):
    """What a shop asked for a product when it was last seen."""

    __tablename__ = "offers"
    __table_args__ = (UniqueConstraint("product_id", "digest"), TABLE_OPTIONS)

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))
    digest: Mapped[str] = mapped_column(Digest)  # of shop and url
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"), index=True)
    url: Mapped[str]
    price: Mapped[Decimal]
    currency: Mapped[str] = mapped_column(String(8))
    availability: Mapped[str] = mapped_column(String(64))
    seen_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]  # the first time that the product was seen without it

    shop: Mapped[Shop] = relationship(lazy="joined", innerjoin=True)
    history: WriteOnlyMapped["OfferPrice"] = relationship(cascade="all, delete-orphan")


class OfferPrice(Table):
    """A step in the history of an offer: what it became, and when that was seen.

    `missing_since` is told where it came back: since when it had been withdrawn, or its product gone.
    """

    __tablename__ = "prices"

    id: Mapped[int] = mapped_column(primary_key=True)
    offer_id: Mapped[int] = mapped_column(ForeignKey("offers.id", ondelete="CASCADE"), index=True)
    price: Mapped[Decimal]
    currency: Mapped[str] = mapped_column(String(8))
    availability: Mapped[str] = mapped_column(String(64))
    seen_at: Mapped[datetime]
    missing_since: Mapped[datetime | None]
