"""What is still to be fetched, handed out one by one."""

import json
from collections import defaultdict, deque
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, and_, false, func, or_, select

from fashion_cli.crawling.parse.items import Visit
from fashion_cli.crawling.parse.urls import host_of
from fashion_cli.crawling.state.crawl_tables import sources, visits
from fashion_cli.crawling.state.database import Memory

LOADED = 200  # visits of one host that are held in memory


class Frontier:
    """Hands out what is to be fetched, fairly among hosts and never more of one host at once than it bears.

    Args:
        memory: Where visits are kept.
        per_host: Visits of one host at once, at most.
        max_pages: Pages in this round, at most.
        max_depth: Deeper pages stay where they are.
    """

    def __init__(self, memory: Memory, *, per_host: int, max_pages: int, max_depth: int) -> None:
        self._memory = memory
        self._per_host = per_host
        self._max_depth = max_depth
        self._loaded: dict[str, deque[Visit]] = defaultdict(deque)
        self._out: dict[int, Visit] = {}  # handed out, and not settled
        self._busy: dict[str, int] = defaultdict(int)
        self._exhausted: set[str] = set()  # hosts of which nothing waits
        self._turn: deque[str] = deque()
        self._left: set[str] = set()  # hosts that want to be left alone
        self._pages = max_pages - self._pages_done()
        self._enough = False  # pages wait already for all that may be read: no sitemap has to name more
        self.refresh()

    def refresh(self) -> None:
        """Look again which hosts wait: after visits were added."""
        with self._memory.connection.begin():
            waiting = select(visits.c.host).where(self._waiting()).distinct()
            hosts = list(self._memory.connection.scalars(waiting))
        self._exhausted.clear()
        self._turn.extend(host for host in hosts if host not in self._turn and host not in self._left)

    def added(self, hosts: Iterable[str]) -> None:
        """Visits of these hosts were added."""
        for host in hosts:
            self._exhausted.discard(host)
            self._loaded.pop(host, None)  # what was added may come before what was loaded
            if host not in self._turn and host not in self._left:
                self._turn.append(host)

    def take(self) -> Visit | None:
        """The next visit; None if every host is busy or nothing waits."""
        for _ in range(len(self._turn)):
            host = self._turn[0]
            self._turn.rotate(-1)
            if self._busy[host] >= self._per_host:
                continue
            if (visit := self._next(host)) is not None:
                self._out[visit.id] = visit
                self._busy[host] += 1
                self._pages -= visit.kind == "page"
                return visit
            self._turn.remove(host)
            self._exhausted.add(host)
        return None

    def release(self, visit: Visit) -> None:
        """A visit was settled."""
        if self._out.pop(visit.id, None) is not None:
            host = host_of(visit.url)
            self._busy[host] -= 1
            if not self._busy[host]:
                del self._busy[host]

    def leave(self, visit: Visit) -> bool:
        """Hand out nothing more of a visit's host; returns whether that is news. The visit waits for another call."""
        host = host_of(visit.url)
        news = host not in self._left
        self._left.add(host)
        if host in self._turn:
            self._turn.remove(host)
        self.release(visit)
        return news

    def waits(self) -> bool:
        """Whether anything waits or is being fetched."""
        return bool(self._turn)

    def left(self) -> int:
        """How many visits wait, those beyond the limits among them."""
        with self._memory.connection.begin():
            return self._count(visits.c.status == "pending")

    def progress_left(self) -> int:
        """How many visits wait within the limits."""
        with self._memory.connection.begin():
            return self._count(self._waiting())

    def progress(self) -> tuple[int, int]:
        """How many visits of this round are settled, and how many there are within the limits."""
        with self._memory.connection.begin():
            waiting = self._count(self._waiting())
            settled = self._count(and_(visits.c.status != "pending", visits.c.generation == self._memory.generation))
        return settled, settled + waiting

    def _next(self, host: str) -> Visit | None:
        if host in self._exhausted:
            return None
        for _ in range(2):
            loaded = self._loaded[host]
            while loaded:
                visit = loaded.popleft()
                if visit.id not in self._out and self._wanted(visit):
                    return visit
            self._loaded[host] = self._load(host)
            if not self._loaded[host]:
                del self._loaded[host]
                return None
        return None

    def _load(self, host: str) -> deque[Visit]:
        order = (visits.c.priority.desc(), visits.c.depth, visits.c.id)
        statement = select(visits, sources.c.text.label("source")).join(sources, sources.c.id == visits.c.source_id)
        with self._memory.connection.begin():
            waiting = statement.where(self._waiting(), visits.c.host == host).order_by(*order)
            rows = self._memory.connection.execute(waiting.limit(LOADED + len(self._out))).all()
        return deque(each for row in rows if (each := _visit(row)).id not in self._out)

    def _wanted(self, visit: Visit) -> bool:
        if visit.kind == "sitemap":
            return self._needs_sitemaps()
        return visit.kind != "page" or self._pages > 0

    def _waiting(self) -> Any:
        """What may be handed out. In a transaction that is open."""
        pages = visits.c.kind == "page"
        allowed = visits.c.depth <= self._max_depth if self._pages > 0 else false()
        others = visits.c.kind != "sitemap" if self._is_enough() else ~pages
        return and_(visits.c.status == "pending", or_(and_(~pages, others), and_(pages, allowed)))

    def _needs_sitemaps(self) -> bool:
        if not self._enough:
            with self._memory.connection.begin():
                self._is_enough()
        return not self._enough

    def _is_enough(self) -> bool:
        """Whether as many pages wait as may still be read: large shops have thousands of sitemaps.

        With each page that is handed out, both numbers become less by one: what is enough stays enough.
        """
        if not self._enough:
            near = and_(visits.c.kind == "page", visits.c.status == "pending", visits.c.depth <= self._max_depth)
            some = select(visits.c.id).where(near).limit(max(self._pages, 0)).subquery()
            waiting = int(self._memory.connection.scalar(select(func.count()).select_from(some)) or 0)
            self._enough = waiting >= self._pages + len([each for each in self._out.values() if each.kind == "page"])
        return self._enough

    def _pages_done(self) -> int:
        this_round = and_(visits.c.kind == "page", visits.c.generation == self._memory.generation)
        with self._memory.connection.begin():
            return self._count(and_(this_round, visits.c.status != "pending", visits.c.attempts > 0))

    def _count(self, condition: Any) -> int:
        return int(self._memory.connection.scalar(select(func.count()).select_from(visits).where(condition)) or 0)


def _visit(row: Row[Any]) -> Visit:
    extra = json.loads(row.extra) if row.extra else {"headers": {}, "meta": {}}
    return Visit(
        kind=row.kind,
        url=row.url,
        source=row.source,
        depth=row.depth,
        follow=bool(row.follow),
        headers=extra["headers"],
        meta=extra["meta"],
        id=row.id,
        attempts=row.attempts,
        etag=row.etag,
        last_modified=row.last_modified,
    )
