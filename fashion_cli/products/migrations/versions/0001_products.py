"""Products, photographs, offers with their prices, shops, keywords, and where products were seen.

Written out, not taken from `tables.py`: what was released stays as it was while the tables move on.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")
TIME = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
PRICE = sa.Numeric(18, 4)
DIGEST = sa.String(64)
OPTIONS: dict[str, Any] = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin", "mysql_engine": "InnoDB"}


def upgrade() -> None:
    for table, text in (("shops", "name"), ("sources", "location")):
        op.create_table(table, _id(), _must("digest", DIGEST), _must(text, TEXT), *_keys(table, "digest"), **OPTIONS)
    _products()
    _offers()
    op.create_table(
        "keywords",
        _must("product_id", sa.Integer()),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        _must("keyword", TEXT),
        _belongs("keywords", "product_id", "products"),
        sa.PrimaryKeyConstraint("product_id", "position", name="pk_keywords"),
        **OPTIONS,
    )
    op.create_table(
        "photographs",
        _must("product_id", sa.Integer()),
        _must("sha256", DIGEST),
        *(_must(name, TEXT) for name in ("path", "url")),
        *(_must(name, sa.Integer()) for name in ("width", "height", "position")),
        _belongs("photographs", "product_id", "products"),
        sa.PrimaryKeyConstraint("product_id", "sha256", name="pk_photographs"),
        **OPTIONS,
    )
    op.create_index("ix_photographs_sha256", "photographs", ["sha256"])
    op.create_table(
        "sightings",
        *(_must(name, sa.Integer()) for name in ("product_id", "source_id")),
        *(_must(name, TIME) for name in ("first_seen_at", "seen_at")),
        _belongs("sightings", "product_id", "products"),
        _names("sightings", "source_id", "sources"),
        sa.PrimaryKeyConstraint("product_id", "source_id", name="pk_sightings"),
        **OPTIONS,
    )
    op.create_index("ix_sightings_source_id", "sightings", ["source_id"])


def _products() -> None:
    op.create_table(
        "products",
        _id(),
        _must("digest", DIGEST),
        *(_must(name, TEXT) for name in ("item_id", "name", "brand", "description", "category", "sku", "url")),
        _must("shop_id", sa.Integer()),
        *(_must(name, TIME) for name in ("first_seen_at", "seen_at")),
        sa.Column("gone_at", TIME, nullable=True),
        _must("words", TEXT),
        _names("products", "shop_id", "shops"),
        *_keys("products", "digest"),
        **OPTIONS,
    )
    op.create_index("ix_products_shop_id", "products", ["shop_id"])


def _offers() -> None:
    op.create_table(
        "offers",
        _id(),
        _must("product_id", sa.Integer()),
        _must("digest", DIGEST),
        _must("shop_id", sa.Integer()),
        _must("url", TEXT),
        *_price(),
        sa.Column("withdrawn_at", TIME, nullable=True),
        _belongs("offers", "product_id", "products"),
        _names("offers", "shop_id", "shops"),
        *_keys("offers", "product_id", "digest"),
        **OPTIONS,
    )
    op.create_index("ix_offers_shop_id", "offers", ["shop_id"])
    op.create_table(
        "prices",
        _id(),
        _must("offer_id", sa.Integer()),
        *_price(),
        sa.Column("missing_since", TIME, nullable=True),
        _belongs("prices", "offer_id", "offers"),
        sa.PrimaryKeyConstraint("id", name="pk_prices"),
        **OPTIONS,
    )
    op.create_index("ix_prices_offer_id", "prices", ["offer_id"])


def _id() -> sa.Column[int]:
    return _must("id", sa.Integer())


def _must(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _price() -> tuple[sa.Column[Any], ...]:
    return (
        _must("price", PRICE),
        _must("currency", sa.String(8)),
        _must("availability", sa.String(64)),
        _must("seen_at", TIME),
    )


def _keys(table: str, *unique: str) -> tuple[sa.Constraint, ...]:
    """A primary key, and columns that are unique together."""
    return (
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.UniqueConstraint(*unique, name=f"uq_{table}_{'_'.join(unique)}"),
    )


def _belongs(table: str, column: str, parent: str) -> sa.Constraint:
    """A row that goes with its parent."""
    return sa.ForeignKeyConstraint([column], [f"{parent}.id"], name=f"fk_{table}_{column}", ondelete="CASCADE")


def _names(table: str, column: str, named: str) -> sa.Constraint:
    """A row that needs the other one to stay."""
    return sa.ForeignKeyConstraint([column], [f"{named}.id"], name=f"fk_{table}_{column}")
