"""The tables of `crawl.sqlite`, a crawl's database. Plain SQL types only, so that any SQLite shell can read it."""

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)

VERSION = "1"

metadata = MetaData()

properties = Table(
    "facts",  # version, generation, complete, rules
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)

sources = Table(
    "sources",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("text", Text, nullable=False, unique=True),  # as typed
    Column("site", Text, nullable=False, server_default=""),  # whose pages are read; see `urls.site_key`
)

requests = Table(
    "visits",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False, unique=True),  # kind, and the one spelling of the address
    Column("kind", String, nullable=False),
    Column("url", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("depth", Integer, nullable=False),
    Column("follow", Integer, nullable=False),
    Column("source_id", Integer, ForeignKey("sources.id"), nullable=False),
    Column("extra", Text, nullable=False, server_default=""),  # headers and meta of the request, JSON
    Column("generation", Integer, nullable=False),  # the round of --update that reached it last
    Column("status", String, nullable=False),  # pending, done, failed, refused
    Column("code", String, nullable=False, server_default=""),  # what kind of reason
    Column("reason", Text, nullable=False, server_default=""),
    Column("http_status", Integer, nullable=False, server_default=text("0")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("fetched_at", Text, nullable=False, server_default=""),  # UTC, ISO 8601
    Column("etag", Text, nullable=False, server_default=""),
    Column("last_modified", Text, nullable=False, server_default=""),
    Column("links", Text, nullable=False, server_default=""),  # ids of the requests that it led to, JSON
    Column("sha256", String, nullable=False, server_default=""),  # of a photograph
)
Index("visits_by_host", requests.c.status, requests.c.host, requests.c.priority.desc(), requests.c.depth, requests.c.id)

photographs = Table(
    "photographs",
    metadata,
    Column("sha256", String, primary_key=True),  # of the file's bytes
    Column("path", Text, nullable=False),  # relative to the folder
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("size", Integer, nullable=False),  # bytes
    Column("phash", String, nullable=False),  # 16 hexadecimal digits
    Column("colours", LargeBinary, nullable=False),  # 16 x 16 pixels, RGB
    Column("url", Text, nullable=False),
    Column("settled", Integer, nullable=False),  # compared with all others
    Column("like", String, nullable=False, server_default=""),  # the one that is kept in its place
)

products = Table(
    "products",
    metadata,
    Column("item_id", String, primary_key=True),
    Column("product", Text, nullable=False),  # JSON
    Column("page_id", Integer, ForeignKey("visits.id")),  # NULL: from a list
    Column("seen_at", Text, nullable=False),  # UTC, ISO 8601
    Column("generation", Integer, nullable=False),
    Column("recorded", Integer, nullable=False),  # in the catalogue, with all photographs
    Column("gone", Integer, nullable=False, server_default=text("0")),
)
Index("products_by_page", products.c.page_id)
Index("products_by_record", products.c.recorded)

product_images = Table(
    "product_images",
    metadata,
    Column("item_id", String, ForeignKey("products.item_id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("visit_id", Integer, ForeignKey("visits.id"), key="request_id", nullable=False),
    PrimaryKeyConstraint("item_id", "position"),
)
Index("product_images_by_visit", product_images.c.request_id)

canonicals = Table(
    "claims",
    metadata,
    Column("page_id", Integer, ForeignKey("visits.id"), nullable=False),
    Column("item_id", String, nullable=False),  # "": the page itself
    Column("target", Text, nullable=False),  # key of the request to the address that it names
    Column("name", Text, nullable=False),  # of a product without a number, folded; else ""
    PrimaryKeyConstraint("page_id", "item_id"),
)
Index("claims_by_target", canonicals.c.target)
