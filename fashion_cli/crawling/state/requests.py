"""Requests in `crawl.sqlite`: one row for each address, with its outcome and the requests that it led to."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import and_, case, func, literal, or_, select, update
from sqlalchemy.dialects.sqlite import insert

from fashion_cli.crawling.parse.items import CrawlRequest, Kind
from fashion_cli.crawling.parse.urls import canonical_key, get_host
from fashion_cli.crawling.state.crawl_tables import photographs, requests
from fashion_cli.crawling.state.database import CrawlDatabase

MAX_IN_VALUES = 500  # values in one IN
_PRIORITY: dict[Kind, int] = {"image": 20, "sitemap": 10, "naver": 5, "page": 0}


@dataclass(frozen=True)
class RequestOutcome:
    """The outcome of a request: its status, with code and reason where it failed or was refused.

    Attributes:
        status: "done", "failed" or "refused"; "pending" for what waits for another call, with the reason.
        code: What kind of reason, in one word.
        reason: In words; "" where there is nothing to say.
        http_status: 0 where there was no answer.
        attempts: Requests that it took, in this call.
        sha256: Of the photograph.
        final_url: The address at the end of all redirects.
    """

    status: str
    code: str = ""
    reason: str = ""
    http_status: int = 0
    attempts: int = 1
    etag: str = ""
    last_modified: str = ""
    sha256: str = ""
    final_url: str = ""


@dataclass(frozen=True)
class Photo:
    """A photograph's row: see `crawl_tables.photographs`."""

    sha256: str
    path: str
    width: int
    height: int
    size: int
    phash: str
    colours: bytes
    url: str


def request_key(kind: Kind, url: str) -> str:
    """The key under which a request is kept once: its kind, and the one spelling of its address."""
    return f"{kind} {canonical_key(url) if kind == 'page' else url}"


def utc_now() -> str:
    """The present moment in UTC, as ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def enqueue(database: CrawlDatabase, batch: Sequence[CrawlRequest], *, again: bool = False) -> list[int]:
    """Add requests that are not known yet, in the transaction that is open.

    In a later round, what is reached waits to be fetched again; photographs only if they failed.

    Args:
        again: Also fetch again what failed or was refused before: for what a user has just typed.

    Returns:
        Their rows' ids, without repetition, in the order given.
    """
    unique = {request_key(request.kind, request.url): request for request in batch}
    rows = [_row(database, key, request) for key, request in unique.items()]
    if not rows:
        return []
    statement = insert(requests)
    images = requests.c.kind == "image"
    waits = or_(
        and_(requests.c.generation < database.generation, or_(~images, requests.c.status == "failed")),
        and_(literal(again), or_(requests.c.status == "failed", requests.c.status == "refused")),
    )
    statement = statement.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "status": case((waits, "pending"), else_=requests.c.status),
            "generation": database.generation,
            "depth": func.min(requests.c.depth, statement.excluded.depth),
            "follow": func.max(requests.c.follow, statement.excluded.follow),
        },
    )
    database.connection.execute(statement, rows)
    return _ids(database, list(unique))


def enqueue_all(database: CrawlDatabase, crawl_requests: Iterable[CrawlRequest], *, again: bool = False) -> None:
    """`enqueue` in transactions of its own, for any number of requests."""
    waiting = iter(crawl_requests)
    while batch := list(islice(waiting, MAX_IN_VALUES)):
        with database.connection.begin():
            enqueue(database, batch, again=again)


def requeue_links(database: CrawlDatabase, page_id: int) -> None:
    """Enqueue what an unchanged page led to when it was last read, in the transaction that is open."""
    links = database.connection.scalar(select(requests.c.links).where(requests.c.id == page_id))
    ids = json.loads(links or "[]")
    images = requests.c.kind == "image"
    waits = and_(requests.c.generation < database.generation, or_(~images, requests.c.status == "failed"))
    for start in range(0, len(ids), MAX_IN_VALUES):
        database.connection.execute(
            update(requests)
            .where(requests.c.id.in_(ids[start : start + MAX_IN_VALUES]))
            .values(status=case((waits, "pending"), else_=requests.c.status), generation=database.generation)
        )


def record_outcome(
    database: CrawlDatabase, request: CrawlRequest, outcome: RequestOutcome, links: Sequence[int] | None = None
) -> None:
    """Save the outcome of a request, in the transaction that is open.

    Args:
        links: What it led to; None for the same as before.
    """
    values: dict[str, Any] = {
        "status": outcome.status,
        "code": outcome.code,
        "reason": outcome.reason[:500],
        "http_status": outcome.http_status,
        "attempts": requests.c.attempts + outcome.attempts,
        "fetched_at": utc_now(),
    }
    if outcome.status == "done":
        values |= {"etag": outcome.etag, "last_modified": outcome.last_modified, "sha256": outcome.sha256}
    if links is not None:
        values["links"] = json.dumps(links, separators=(",", ":"))
    database.connection.execute(update(requests).where(requests.c.id == request.id).values(values))


def add_photograph(database: CrawlDatabase, photo: Photo) -> bool:
    """Save a photograph, in the transaction that is open; returns whether it is a new one."""
    statement = insert(photographs).values(**vars(photo), settled=0).on_conflict_do_nothing()
    return database.connection.execute(statement).rowcount > 0


def record_alias(database: CrawlDatabase, request: CrawlRequest, final_url: str) -> None:
    """Mark the address at the end of a redirect as read, in the transaction that is open."""
    row = _row(
        database,
        request_key("page", final_url),
        CrawlRequest("page", final_url, request.source, request.depth, request.follow),
    )
    values = {"status": "done", "code": "alias", "reason": f"read as {request.url}"[:500], "fetched_at": utc_now()}
    statement = insert(requests).values({**row, **values})
    waits = requests.c.status == "pending"
    database.connection.execute(
        statement.on_conflict_do_update(
            index_elements=["key"], set_={**values, "generation": database.generation}, where=waits
        )
    )


def get_status(database: CrawlDatabase, kind: Kind, url: str) -> tuple[str, str]:
    """Look up status and code of an address; empty if this round did not come across it yet."""
    statement = select(requests.c.status, requests.c.code).where(
        requests.c.key == request_key(kind, url), requests.c.generation == database.generation
    )
    with database.connection.begin():
        row = database.connection.execute(statement).first()
    return (row.status, row.code) if row else ("", "")


def _row(database: CrawlDatabase, key: str, request: CrawlRequest) -> dict[str, Any]:
    extra = {"headers": request.headers, "meta": request.meta}
    return {
        "key": key,
        "kind": request.kind,
        "url": request.url,
        "host": get_host(request.url),
        "priority": _PRIORITY[request.kind],
        "depth": request.depth,
        "follow": int(request.follow),
        "source_id": database.source_id(request.source),
        "extra": json.dumps(extra) if any(extra.values()) else "",
        "generation": database.generation,
        "status": "pending",
    }


def _ids(database: CrawlDatabase, keys: list[str]) -> list[int]:
    ids: dict[str, int] = {}
    for start in range(0, len(keys), MAX_IN_VALUES):
        part = keys[start : start + MAX_IN_VALUES]
        rows = database.connection.execute(select(requests.c.key, requests.c.id).where(requests.c.key.in_(part)))
        ids |= {row.key: row.id for row in rows}
    return [ids[key] for key in keys]
