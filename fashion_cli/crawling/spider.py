"""The one spider: visits go out as requests, and what comes back becomes products, photographs and more visits."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from scrapy import Request, Spider
from scrapy.http import Response, TextResponse
from sqlalchemy.exc import DatabaseError
from twisted.python.failure import Failure

from fashion_cli.crawling.browser.middleware import RENDER
from fashion_cli.crawling.fetch.errors import LeftError, StoppedError, outcome_of
from fashion_cli.crawling.fetch.middlewares import tries
from fashion_cli.crawling.fetch.robots import robot_tags
from fashion_cli.crawling.job import CrawlConfig, Trouble
from fashion_cli.crawling.page_reader import PageReader
from fashion_cli.crawling.parse import naver
from fashion_cli.crawling.parse.items import Discovery, Visit
from fashion_cli.crawling.parse.links import visited
from fashion_cli.crawling.parse.sitemaps import MAX_BYTES as SITEMAP_BYTES
from fashion_cli.crawling.parse.sitemaps import SitemapError, is_sitemap_body, read_sitemap
from fashion_cli.crawling.parse.urls import host_of, page_key, site_key
from fashion_cli.crawling.responses import seen, sent
from fashion_cli.crawling.settings import PAGE_BYTES
from fashion_cli.crawling.state.canonicals import (
    forget_claims,
    read_aliases_again,
    remember_claim,
    yield_to,
)
from fashion_cli.crawling.state.crawled_products import note, see_again
from fashion_cli.crawling.state.database import Memory
from fashion_cli.crawling.state.frontier import Frontier
from fashion_cli.crawling.state.photographs import Limits, RefusedPhotographError, check, store
from fashion_cli.crawling.state.requests import (
    Outcome,
    enqueue,
    keep_photograph,
    reach_again,
    settle,
    stand_in,
)
from fashion_cli.crawling.stats import Tally
from fashion_cli.data.image_formats import WEB_FORMATS
from fashion_cli.errors import FashionError
from fashion_cli.plurals import counted

_log = logging.getLogger(__name__)
_ACCEPT = {
    "image": ",".join(each.media_type for each in WEB_FORMATS),
    "page": "text/html,application/xhtml+xml;q=0.9",
    "sitemap": "application/xml,text/xml,application/gzip,text/plain;q=0.9",
    "naver": "application/json",
}
DEEPEST_SITEMAP = 5  # lists of lists of lists: nobody has more


class ShopSpider(Spider):
    """Fetches what the frontier hands out, until nothing waits.

    Attributes:
        stopping: Whether the crawl is being interrupted: nothing new is sent, and what is under way is not judged.
        fatal: What made it impossible to go on.
    """

    name = "shop"

    def __init__(self, config: CrawlConfig, memory: Memory, frontier: Frontier, tally: Tally, **options: Any) -> None:
        super().__init__(**options)
        self.config = config
        self.memory = memory
        self.frontier = frontier
        self.tally = tally
        self.stopping = False
        self.fatal: Exception | None = None
        self.on_fatal: Callable[[], None] = lambda: None
        self._folder = Path(config.folder)
        self._limits = Limits(config.min_side)
        self._pages = PageReader(memory, tally)
        self._sites: dict[str, str] = {}  # source -> site
        self._none: tuple[Request, ...] = ()

    async def start(self) -> AsyncIterator[Any]:
        """Nothing: the scheduler has it all."""
        for request in self._none:
            yield request

    def request_of(self, visit: Visit) -> Request:
        """A visit as a request."""
        meta: dict[str, Any] = {**visit.meta, "visit": visit, "download_maxsize": self._max_bytes(visit)}
        headers = {"Accept": _ACCEPT[visit.kind], **visit.headers}
        if visit.kind == "page":
            meta |= {"site": self._site(visit.source), "start": visit.depth == 0, RENDER: self.config.browser}
        if visit.kind in ("page", "sitemap") and self.memory.generation > 1:
            headers |= {"If-None-Match": visit.etag} if visit.etag else {}
            headers |= {"If-Modified-Since": visit.last_modified} if visit.last_modified else {}
        meta["own_slot"] = "download_slot" in visit.meta
        return Request(
            visit.url, headers=headers, meta=meta, callback=self.received, errback=self.failed, dont_filter=True
        )

    async def received(self, response: Response) -> None:
        """An answer, whatever it says."""
        visit: Visit = response.meta["visit"]
        if self.stopping and response.status != 200:
            return
        readers = {"page": self._page, "sitemap": self._sitemap, "naver": self._search}
        try:
            if visit.kind == "image":
                await self._image(response, visit)
            else:
                readers[visit.kind](response, visit)
        except (FashionError, DatabaseError) as error:  # a full disk: no later visit would fare better
            self.give_up(error)
        except Exception as error:  # noqa: BLE001  # one page that we cannot read is not the end of the crawl
            _log.critical("a bug while reading %s", response.url, exc_info=True)
            self._settled(visit, Outcome("failed", "bug", f"cannot be read ({type(error).__name__})", response.status))
        finally:
            self.frontier.release(visit)

    def failed(self, failure: Failure) -> None:
        """No answer."""
        request: Request = failure.request  # type: ignore[attr-defined]  # Scrapy's own
        visit: Visit = request.meta["visit"]
        error = failure.value or Exception("unknown")
        if self.stopping or isinstance(error, StoppedError):
            self.frontier.release(visit)
            return
        if isinstance(error, LeftError):
            self._left(visit, request, error)
            return
        try:
            self._settled(visit, outcome_of(error, host_of(request.url), self._max_bytes(visit), tries(request)))
        except DatabaseError as problem:
            self.give_up(problem)
        finally:
            self.frontier.release(visit)

    def _left(self, visit: Visit, request: Request, error: LeftError) -> None:
        """A host wants to be left alone: what waits there waits for another call."""
        if self.frontier.leave(visit):
            self.tally.failed["asked to come back later"] += 1
            self.tally.failures.append(Trouble(request.url, str(error), error.status, visit.attempts + tries(request)))
            with self.memory.connection.begin():
                settle(self.memory, visit, Outcome("pending", "later", str(error), error.status, tries(request)))

    def _page(self, response: Response, visit: Visit) -> None:
        if response.status == 304:
            self._unchanged(response, visit)
            return
        if not self._usable(response, visit):
            return
        if not isinstance(response, TextResponse):
            self._settled(visit, Outcome("refused", "type", "not a page", response.status))
            return
        if is_sitemap_body(response.body):
            self._sitemap(response, replace(visit, follow=visit.follow and visit.depth > 0))
            return
        read = self._pages.read(response, visit, self._arrived(response, visit))
        self._done(visit, read.outcome, read.discoveries, read.visits, read.claim)

    def _sitemap(self, response: Response, visit: Visit) -> None:
        if response.status == 304:
            self._unchanged(response, visit)
            return
        if not self._usable(response, visit):
            return
        try:
            entries = read_sitemap(response.body, response.url)
        except SitemapError as error:
            self._settled(visit, Outcome("failed", "sitemap", str(error), response.status))
            return
        site = self._site(visit.source)
        pages = [url for each in entries.pages if (url := visited(each, site))]
        if len(pages) < len(entries.pages):
            left = len(entries.pages) - len(pages)
            self.tally.note(
                f"left out: {counted(left, 'address', 'addresses')} of other sites or of files", response.url
            )
        for each in entries.notes:
            self.tally.note(each, response.url)
        found = [Visit("page", url, visit.source, 1, visit.follow) for url in pages]
        if visit.depth < DEEPEST_SITEMAP:
            deeper = visit.depth + 1
            found += [Visit("sitemap", url, visit.source, deeper, visit.follow) for url in entries.sitemaps]
        self._done(visit, seen(response), (), found)

    def _search(self, response: Response, visit: Visit) -> None:
        try:
            found = naver.read(response, visit)
        except naver.NaverError as error:
            self.tally.note(f"{error} — {error.hint}")
            self.tally.unfinished.append(str(error))
            self._settled(visit, Outcome("failed", "search", str(error), response.status))
            return
        for each in found.notes:
            self.tally.note(each)
        self._done(visit, Outcome("done", http_status=response.status), found.discoveries, found.visits)

    async def _image(self, response: Response, visit: Visit) -> None:
        if not self._usable(response, visit):
            return
        if keep_out := robot_tags(response).keep_out:
            self._settled(visit, Outcome("refused", "tags", f"the site says {keep_out}", response.status))
            return
        try:
            photo = await asyncio.to_thread(check, response.body, response.url, self._limits)
        except RefusedPhotographError as error:
            self._settled(visit, Outcome("refused", error.code, str(error), response.status))
            return
        await asyncio.to_thread(store, self._folder, photo, response.body)
        outcome = Outcome("done", http_status=200, attempts=sent(response), sha256=photo.sha256)
        with self.memory.connection.begin():
            new = keep_photograph(self.memory, photo)
            settle(self.memory, visit, outcome)
        self.tally.photographs += new
        self.tally.duplicates += not new

    def _usable(self, response: Response, visit: Visit) -> bool:
        """Whether an answer holds what was asked for; if not, that is written down."""
        if 200 <= response.status < 300:
            return True
        reason = f"HTTP {response.status}"
        if 300 <= response.status < 400:
            target = (response.headers.get("Location") or b"").decode("latin-1")
            reason = f"redirects to {target[:200]}" if target else reason
        outcome = Outcome("failed", f"HTTP {response.status}", reason, response.status, sent(response))
        self._settled(visit, outcome)
        return False

    def _arrived(self, response: Response, visit: Visit) -> str:
        """The site that a page belongs to. A start page may lead to another name of its shop: that one counts then."""
        site = self._site(visit.source)
        if visit.depth == 0 and site_key(response.url) != site:
            site = self._sites[visit.source] = site_key(response.url)
            self.memory.remember_site(visit.source, site)
        return site

    def _unchanged(self, response: Response, visit: Visit) -> None:
        outcome = Outcome("done", "unchanged", "", 304, sent(response), visit.etag, visit.last_modified)
        with self.memory.connection.begin():
            settle(self.memory, visit, outcome)
            reach_again(self.memory, visit.id)
            see_again(self.memory, visit)
        self.tally.settled(visit, outcome)
        self.frontier.refresh()

    def _done(
        self,
        visit: Visit,
        outcome: Outcome,
        discoveries: Iterable[Discovery],
        found: Sequence[Visit],
        claim: str = "",
    ) -> None:
        """Write down at once what a page was and all that it led to."""
        discoveries = tuple(discoveries)
        with self.memory.connection.begin():
            links = enqueue(self.memory, found)
            if visit.kind == "page":
                forget_claims(self.memory, visit.id)
                yield_to(self.memory, (visit.url, outcome.arrived), discoveries)
            if claim:
                remember_claim(self.memory, visit.id, claim)
            for each in discoveries:
                links += note(self.memory, each, visit)
            settle(self.memory, visit, outcome, list(dict.fromkeys(links)))
            if (arrived := outcome.arrived) and page_key(arrived) != page_key(visit.url):
                stand_in(self.memory, visit, arrived)
        self.tally.products += len([each for each in discoveries if each.product])
        self.tally.settled(visit, outcome)
        images = [url for each in discoveries for url in each.images]
        self.frontier.added({host_of(url) for url in (*images, *(each.url for each in found))})

    def _settled(self, visit: Visit, outcome: Outcome) -> None:
        if self.stopping and outcome.status != "done":
            return
        hosts: list[str] = []
        with self.memory.connection.begin():
            settle(self.memory, visit, outcome)
            if visit.kind == "page" and outcome.status in ("failed", "refused"):
                hosts = read_aliases_again(self.memory, visit)
        self.tally.settled(visit, outcome)
        self.frontier.added(hosts)

    def give_up(self, error: Exception) -> None:
        """End the crawl: what happened would happen again."""
        if self.fatal is None:
            self.fatal = error
            self.on_fatal()

    def _site(self, source: str) -> str:
        if source not in self._sites:
            self._sites[source] = self.memory.site(source)
        return self._sites[source]

    def _max_bytes(self, visit: Visit) -> int:
        limits = {"image": self.config.max_bytes, "sitemap": SITEMAP_BYTES}
        return limits.get(visit.kind, PAGE_BYTES)
