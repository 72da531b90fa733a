"""The frontier: requests that are still to be sent, handed out one by one."""

import json
from collections import defaultdict, deque
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, and_, false, func, or_, select

from fashion_cli.crawling.parse.items import CrawlRequest
from fashion_cli.crawling.parse.urls import get_host
from fashion_cli.crawling.state.crawl_tables import requests, sources
from fashion_cli.crawling.state.database import CrawlDatabase

BUFFER_SIZE = 200  # requests of one host that are held in memory


class Frontier:
    """Hands out requests, host by host in turn, and never more of one host at once than it bears.

    Args:
        per_host: Requests of one host at once, at most.
        max_pages: Pages in this round, at most.
        max_depth: Deeper pages stay where they are.
    """

    def __init__(self, database: CrawlDatabase, *, per_host: int, max_pages: int, max_depth: int) -> None:
        self._database = database
        self._per_host = per_host
        self._max_depth = max_depth
        self._buffers: dict[str, deque[CrawlRequest]] = defaultdict(deque)
        self._in_progress: dict[int, CrawlRequest] = {}  # handed out, and not settled
        self._active_per_host: dict[str, int] = defaultdict(int)
        self._host_queue: deque[str] = deque()  # hosts of which something waits, whose turn is next first
        self._blocked_hosts: set[str] = set()  # hosts that want to be left alone
        self._pages = max_pages - self._pages_done()
        self._enough_pages = False  # pages wait already for all that may be read: no sitemap has to name more
        self.refresh()

    def refresh(self) -> None:
        """Look up again of which hosts requests wait."""
        with self._database.connection.begin():
            waiting = select(requests.c.host).where(self._waiting_condition()).distinct()
            hosts = list(self._database.connection.scalars(waiting))
        self._host_queue.extend(
            host for host in hosts if host not in self._host_queue and host not in self._blocked_hosts
        )

    def add_hosts(self, hosts: Iterable[str]) -> None:
        """Take note that requests of these hosts were added."""
        for host in hosts:
            self._buffers.pop(host, None)  # what was added may come before what was loaded
            if host not in self._host_queue and host not in self._blocked_hosts:
                self._host_queue.append(host)

    def pop(self) -> CrawlRequest | None:
        """Hand out the next request; None if every host is busy or nothing waits."""
        for _ in range(len(self._host_queue)):
            host = self._host_queue[0]
            self._host_queue.rotate(-1)
            if self._active_per_host[host] >= self._per_host:
                continue
            if (request := self._pop_of_host(host)) is not None:
                self._in_progress[request.id] = request
                self._active_per_host[host] += 1
                self._pages -= request.kind == "page"
                return request
            self._host_queue.remove(host)
        return None

    def release(self, request: CrawlRequest) -> None:
        """Take back a request that has an outcome."""
        if self._in_progress.pop(request.id, None) is not None:
            host = get_host(request.url)
            self._active_per_host[host] -= 1
            if not self._active_per_host[host]:
                del self._active_per_host[host]

    def block_host(self, request: CrawlRequest) -> bool:
        """Hand out nothing more of a request's host; returns whether that is news. It waits for the next call."""
        host = get_host(request.url)
        news = host not in self._blocked_hosts
        self._blocked_hosts.add(host)
        if host in self._host_queue:
            self._host_queue.remove(host)
        self.release(request)
        return news

    def has_waiting(self) -> bool:
        """Whether anything waits or is being fetched."""
        return bool(self._host_queue)

    def count_pending(self) -> int:
        """Count the requests that wait, those beyond the limits among them."""
        with self._database.connection.begin():
            return self._count(requests.c.status == "pending")

    def count_within_limits(self) -> int:
        """Count the requests that wait within the limits."""
        with self._database.connection.begin():
            return self._count(self._waiting_condition())

    def progress(self) -> tuple[int, int]:
        """Count the requests of this round that are finished, and all that there are within the limits."""
        with self._database.connection.begin():
            waiting = self._count(self._waiting_condition())
            finished = self._count(
                and_(requests.c.status != "pending", requests.c.generation == self._database.generation)
            )
        return finished, finished + waiting

    def _pop_of_host(self, host: str) -> CrawlRequest | None:
        for _ in range(2):
            loaded = self._buffers[host]
            while loaded:
                request = loaded.popleft()
                if request.id not in self._in_progress and self._is_needed(request):
                    return request
            self._buffers[host] = self._load(host)
            if not self._buffers[host]:
                del self._buffers[host]
                return None
        return None

    def _load(self, host: str) -> deque[CrawlRequest]:
        order = (requests.c.priority.desc(), requests.c.depth, requests.c.id)
        statement = select(requests, sources.c.text.label("source")).join(sources, sources.c.id == requests.c.source_id)
        with self._database.connection.begin():
            waiting = statement.where(self._waiting_condition(), requests.c.host == host).order_by(*order)
            rows = self._database.connection.execute(waiting.limit(BUFFER_SIZE + len(self._in_progress))).all()
        return deque(each for row in rows if (each := _build_request(row)).id not in self._in_progress)

    def _is_needed(self, request: CrawlRequest) -> bool:
        if request.kind == "sitemap":
            return self._needs_sitemaps()
        return request.kind != "page" or self._pages > 0

    def _waiting_condition(self) -> Any:
        """What may be handed out. In a transaction that is open."""
        pages = requests.c.kind == "page"
        allowed = requests.c.depth <= self._max_depth if self._pages > 0 else false()
        others = requests.c.kind != "sitemap" if self._has_enough_pages() else ~pages
        return and_(requests.c.status == "pending", or_(and_(~pages, others), and_(pages, allowed)))

    def _needs_sitemaps(self) -> bool:
        if not self._enough_pages:
            with self._database.connection.begin():
                self._has_enough_pages()
        return not self._enough_pages

    def _has_enough_pages(self) -> bool:
        """Whether as many pages wait as may still be read: large shops have thousands of sitemaps.

        With each page that is handed out, both numbers become less by one: what is enough stays enough.
        """
        if not self._enough_pages:
            near = and_(requests.c.kind == "page", requests.c.status == "pending", requests.c.depth <= self._max_depth)
            some = select(requests.c.id).where(near).limit(max(self._pages, 0)).subquery()
            waiting = int(self._database.connection.scalar(select(func.count()).select_from(some)) or 0)
            self._enough_pages = waiting >= self._pages + len(
                [each for each in self._in_progress.values() if each.kind == "page"]
            )
        return self._enough_pages

    def _pages_done(self) -> int:
        this_round = and_(requests.c.kind == "page", requests.c.generation == self._database.generation)
        with self._database.connection.begin():
            return self._count(and_(this_round, requests.c.status != "pending", requests.c.attempts > 0))

    def _count(self, condition: Any) -> int:
        return int(self._database.connection.scalar(select(func.count()).select_from(requests).where(condition)) or 0)


def _build_request(row: Row[Any]) -> CrawlRequest:
    extra = json.loads(row.extra) if row.extra else {"headers": {}, "meta": {}}
    return CrawlRequest(
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
