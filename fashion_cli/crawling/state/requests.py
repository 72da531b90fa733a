"""What a crawl's memory knows of each address: one row, what came of it, and what it led to."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import and_, case, func, literal, or_, select, update
from sqlalchemy.dialects.sqlite import insert

from fashion_cli.crawling.parse.items import Kind, Visit
from fashion_cli.crawling.parse.urls import host_of, page_key
from fashion_cli.crawling.state.crawl_tables import photographs, visits
from fashion_cli.crawling.state.database import Memory

AT_ONCE = 500  # values in one IN
_PRIORITY: dict[Kind, int] = {"image": 20, "sitemap": 10, "naver": 5, "page": 0}


@dataclass(frozen=True)
class Outcome:
    """What came of a visit.

    Attributes:
        status: "done", "failed" or "refused"; "pending" for what waits for another call, with the reason.
        code: What kind of reason, in one word.
        reason: In words; "" where there is nothing to say.
        http_status: 0 where there was no answer.
        attempts: Requests that it took, in this call.
        sha256: Of the photograph.
        arrived: The address at the end of all redirects.
    """

    status: str
    code: str = ""
    reason: str = ""
    http_status: int = 0
    attempts: int = 1
    etag: str = ""
    last_modified: str = ""
    sha256: str = ""
    arrived: str = ""


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


def visit_key(kind: Kind, url: str) -> str:
    """What makes two visits one."""
    return f"{kind} {page_key(url) if kind == 'page' else url}"


def now() -> str:
    """UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def enqueue(memory: Memory, found: Sequence[Visit], *, again: bool = False) -> list[int]:
    """Add visits that are not known yet, in the transaction that is open.

    In a later round, what is reached waits to be fetched again; photographs only if they failed.

    Args:
        memory: Where to.
        found: The visits.
        again: Also fetch again what failed or was refused before: for what a user has just typed.

    Returns:
        Their rows' ids, without repetition, in the order given.
    """
    unique = {visit_key(visit.kind, visit.url): visit for visit in found}
    rows = [_row(memory, key, visit) for key, visit in unique.items()]
    if not rows:
        return []
    statement = insert(visits)
    images = visits.c.kind == "image"
    waits = or_(
        and_(visits.c.generation < memory.generation, or_(~images, visits.c.status == "failed")),
        and_(literal(again), or_(visits.c.status == "failed", visits.c.status == "refused")),
    )
    statement = statement.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "status": case((waits, "pending"), else_=visits.c.status),
            "generation": memory.generation,
            "depth": func.min(visits.c.depth, statement.excluded.depth),
            "follow": func.max(visits.c.follow, statement.excluded.follow),
        },
    )
    memory.connection.execute(statement, rows)
    return _ids(memory, list(unique))


def add(memory: Memory, found: Iterable[Visit], *, again: bool = False) -> None:
    """`enqueue` in transactions of its own, for any number of visits."""
    batch: list[Visit] = []
    for visit in found:
        batch.append(visit)
        if len(batch) == AT_ONCE:
            with memory.connection.begin():
                enqueue(memory, batch, again=again)
            batch = []
    with memory.connection.begin():
        enqueue(memory, batch, again=again)


def reach_again(memory: Memory, page_id: int) -> None:
    """What a page led to when it was last read is reached in this round too, in the transaction that is open."""
    links = memory.connection.scalar(select(visits.c.links).where(visits.c.id == page_id))
    ids = json.loads(links or "[]")
    images = visits.c.kind == "image"
    waits = and_(visits.c.generation < memory.generation, or_(~images, visits.c.status == "failed"))
    for start in range(0, len(ids), AT_ONCE):
        memory.connection.execute(
            update(visits)
            .where(visits.c.id.in_(ids[start : start + AT_ONCE]))
            .values(status=case((waits, "pending"), else_=visits.c.status), generation=memory.generation)
        )


def settle(memory: Memory, visit: Visit, outcome: Outcome, links: Sequence[int] | None = None) -> None:
    """Write down what came of a visit, in the transaction that is open.

    Args:
        memory: Where to.
        visit: The one that was fetched.
        outcome: What came of it.
        links: What it led to; None for the same as before.
    """
    values: dict[str, Any] = {
        "status": outcome.status,
        "code": outcome.code,
        "reason": outcome.reason[:500],
        "http_status": outcome.http_status,
        "attempts": visits.c.attempts + outcome.attempts,
        "fetched_at": now(),
    }
    if outcome.status == "done":
        values |= {"etag": outcome.etag, "last_modified": outcome.last_modified, "sha256": outcome.sha256}
    if links is not None:
        values["links"] = json.dumps(links, separators=(",", ":"))
    memory.connection.execute(update(visits).where(visits.c.id == visit.id).values(values))


def keep_photograph(memory: Memory, photo: Photo) -> bool:
    """Write down a photograph, in the transaction that is open; returns whether it is a new one."""
    statement = insert(photographs).values(**vars(photo), settled=0).on_conflict_do_nothing()
    return memory.connection.execute(statement).rowcount > 0


def stand_in(memory: Memory, visit: Visit, arrived: str) -> None:
    """A visit was redirected, and read in place of the address where it arrived. In the transaction that is open."""
    row = _row(memory, visit_key("page", arrived), Visit("page", arrived, visit.source, visit.depth, visit.follow))
    values = {"status": "done", "code": "alias", "reason": f"read as {visit.url}"[:500], "fetched_at": now()}
    statement = insert(visits).values({**row, **values})
    waits = visits.c.status == "pending"
    memory.connection.execute(
        statement.on_conflict_do_update(
            index_elements=["key"], set_={**values, "generation": memory.generation}, where=waits
        )
    )


def code_of(memory: Memory, kind: Kind, url: str) -> tuple[str, str]:
    """Status and code of an address; empty if this round did not come across it yet."""
    statement = select(visits.c.status, visits.c.code).where(
        visits.c.key == visit_key(kind, url), visits.c.generation == memory.generation
    )
    with memory.connection.begin():
        row = memory.connection.execute(statement).first()
    return (row.status, row.code) if row else ("", "")


def _row(memory: Memory, key: str, visit: Visit) -> dict[str, Any]:
    extra = {"headers": visit.headers, "meta": visit.meta}
    return {
        "key": key,
        "kind": visit.kind,
        "url": visit.url,
        "host": host_of(visit.url),
        "priority": _PRIORITY[visit.kind],
        "depth": visit.depth,
        "follow": int(visit.follow),
        "source_id": memory.source_id(visit.source),
        "extra": json.dumps(extra) if any(extra.values()) else "",
        "generation": memory.generation,
        "status": "pending",
    }


def _ids(memory: Memory, keys: list[str]) -> list[int]:
    found: dict[str, int] = {}
    for start in range(0, len(keys), AT_ONCE):
        part = keys[start : start + AT_ONCE]
        rows = memory.connection.execute(select(visits.c.key, visits.c.id).where(visits.c.key.in_(part)))
        found |= {row.key: row.id for row in rows}
    return [found[key] for key in keys]
