"""The configuration and the report of a crawl: plain values that travel between two processes as JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from fashion_cli.checked_fields import CheckedFields
from fashion_cli.errors import UsageError

MAX_PAGES = 10_000
MAX_DEPTH = 20
DELAY = 0.5  # seconds
PER_HOST = 2
MIN_SIDE = 100  # pixels
MAX_BYTES = 25 * 2**20
NEAR_BITS = 4  # bits of 64
TIMEOUT = 60.0  # seconds


@dataclass(frozen=True)
class CrawlConfig(CheckedFields):
    """What to crawl, and how.

    Attributes:
        sources: As typed; empty to go on with those that the folder remembers.
        folder: Where photographs, the catalogue and the crawl's database go.
        catalog: SQLAlchemy URL or file of the product catalogue; "" for `catalogue.sqlite` in the folder.
        contact: Where the owner of a site can complain: a URL or an e-mail address; goes into the user agent.
        max_pages: Pages at most, sitemaps not counted.
        max_depth: Links from a start page at most.
        delay: Seconds between two requests to one host, at least.
        per_host: Requests to one host at once, at most.
        min_side: A photograph with a shorter side is refused; pixels.
        max_bytes: A longer photograph is refused, also a compressed one that becomes longer.
        near: Photographs whose perceptual hashes differ in at most so many of 64 bits are one; -1: only equal files.
        timeout: Seconds for one request in all.
        allow_private: Also fetch from this computer and its network.
        browser: Render pages in a browser before they are read.
        update: Look at every page again: new prices, new products, what is gone.
        retry_failed: Try again what failed.
        endpoint: Of Naver's search API; "" for the real one.
        limit: Products of one search, at most.
        verbose: Log what is fetched, on stderr.
    """

    sources: tuple[str, ...]
    folder: str
    catalog: str = ""
    contact: str = ""
    max_pages: int = MAX_PAGES
    max_depth: int = MAX_DEPTH
    delay: float = DELAY
    per_host: int = PER_HOST
    min_side: int = MIN_SIDE
    max_bytes: int = MAX_BYTES
    near: int = NEAR_BITS
    timeout: float = TIMEOUT
    allow_private: bool = False
    browser: bool = False
    update: bool = False
    retry_failed: bool = False
    endpoint: str = ""
    limit: int = 0
    verbose: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if any(not value.isprintable() for value in (self.contact, *self.sources)):
            raise UsageError("a source or the contact holds characters that cannot be printed", hint="type it again")
        if not (self.contact.isascii()):
            raise UsageError(f"contact {self.contact!r}: not ASCII", hint="a URL or an e-mail address")

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        values = json.loads(text)
        return cls(**{**values, "sources": tuple(values["sources"])})


@dataclass(frozen=True)
class FailedRequest:
    """A request that failed.

    Attributes:
        reason: Why, on one line.
        status: Of HTTP; 0 where there was no answer.
        attempts: How often it was tried in all calls.
    """

    url: str
    reason: str
    status: int
    attempts: int


@dataclass(frozen=True)
class CrawlReport:
    """What one call did, and what the folder holds now.

    Attributes:
        pages: Pages and sitemaps read.
        unchanged: Of those, how many the site said were as before.
        products: Products found, new or seen again.
        photographs: Photographs that were kept.
        duplicates: Photographs that the folder had already, byte by byte.
        near_duplicates: Photographs that look like one in the folder, and were dropped.
        refused: Reason -> how many addresses and photographs were not wanted.
        failed: Reason -> how many could not be fetched.
        failures: The first of those.
        gone: Products that are not there any more.
        left: Addresses that limits or an interruption kept from being fetched.
        notes: What else a person should know, one line each.
        bytes: Received, before decompression; of refused and failed answers too.
        seconds: In all.
        all_products: In the folder.
        all_photographs: In the folder.
        requests: Sent, robots.txt among them.
        unfinished: Searches that were ended early, by a quota for example, and why.
    """

    folder: str
    catalog: str
    pages: int = 0
    unchanged: int = 0
    products: int = 0
    photographs: int = 0
    duplicates: int = 0
    near_duplicates: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    failed: Mapping[str, int] = field(default_factory=dict)
    failures: tuple[FailedRequest, ...] = ()
    gone: int = 0
    left: int = 0
    notes: tuple[str, ...] = ()
    bytes: int = 0
    seconds: float = 0.0
    all_products: int = 0
    all_photographs: int = 0
    requests: int = 0
    unfinished: tuple[str, ...] = ()

    @property
    def fetched_nothing(self) -> bool:
        """Whether every address that was tried failed or was refused."""
        got = self.pages or self.photographs or self.duplicates or self.near_duplicates
        return not got and bool(self.failed or self.refused)

    def to_values(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return asdict(self)

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        failures = tuple(FailedRequest(**each) for each in values["failures"])
        listed = {name: tuple(values[name]) for name in ("notes", "unfinished")}
        return cls(**{**values, "failures": failures, **listed})
