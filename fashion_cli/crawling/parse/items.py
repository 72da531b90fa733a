"""Scraped items and the requests of a crawl: plain values that all its parts share."""

from dataclasses import dataclass, field
from typing import Any, Literal

from fashion_cli.products.records import FoundProduct

Kind = Literal["page", "sitemap", "image", "naver"]


@dataclass(frozen=True)
class ScrapedItem:
    """A product with its photographs, or photographs alone.

    Attributes:
        product: None where a source knows photographs only, as a list of URLs does.
        images: Absolute URLs in the order that the source gives them, the main photograph first.
        source: What the user typed: a start page, a sitemap, `naver:…`, a list's name.
        canonical: The product's canonical address by its page, if it is another one; "" if it says none.
        has_number: Whether the shop has a number for it; else it is known by its page.
    """

    product: FoundProduct | None
    images: tuple[str, ...]
    source: str
    canonical: str = ""
    has_number: bool = True


@dataclass(frozen=True)
class CrawlRequest:
    """One address that a crawl has to fetch, as `crawl.sqlite` keeps it.

    Attributes:
        kind: What reads the response.
        source: What the user typed that led here.
        depth: Links from the start page; 0 for the start page itself.
        follow: Whether links on the page are visited too.
        headers: To send beside the usual ones. Never credentials: this is written to disk.
        meta: For Scrapy's `Request.meta`; what JSON can hold.
        id: Its row in the crawl's database; 0 before it has one.
        attempts: How often it was tried before.
        etag: Of the copy that was read last, for conditional requests.
        last_modified: Of the same.
    """

    kind: Kind
    url: str
    source: str
    depth: int = 0
    follow: bool = True
    headers: dict[str, str] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)
    id: int = 0
    attempts: int = 0
    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True)
class ParseResult:
    """What was read from one response.

    Attributes:
        items: Products and photographs.
        requests: What else to fetch.
        notes: What was wrong with the response without making it useless, one line each.
    """

    items: tuple[ScrapedItem, ...] = ()
    requests: tuple[CrawlRequest, ...] = ()
    notes: tuple[str, ...] = ()
