"""The spider: sends what the frontier hands out, and turns responses into products, photographs and more requests."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from scrapy import Request, Spider
from scrapy.http import Response, TextResponse
from sqlalchemy.exc import DatabaseError
from twisted.python.failure import Failure

from fashion_cli.crawling.browser.middleware import RENDER_KEY
from fashion_cli.crawling.fetch.errors import CrawlInterruptedError, RetryLaterError, build_error_outcome
from fashion_cli.crawling.fetch.middlewares import attempt_number
from fashion_cli.crawling.fetch.robots import read_robot_tags
from fashion_cli.crawling.job import CrawlConfig
from fashion_cli.crawling.page_reader import PageReader, PageResult, build_page_outcome
from fashion_cli.crawling.parse import naver
from fashion_cli.crawling.parse.items import CrawlRequest
from fashion_cli.crawling.parse.links import crawlable_url
from fashion_cli.crawling.parse.sitemaps import MAX_BYTES as SITEMAP_BYTES
from fashion_cli.crawling.parse.sitemaps import SitemapError, is_sitemap_body, read_sitemap
from fashion_cli.crawling.parse.urls import canonical_key, get_host, site_key
from fashion_cli.crawling.settings import MAX_PAGE_BYTES
from fashion_cli.crawling.state.canonicals import delete_canonicals, drop_duplicates, requeue_aliases, save_canonical
from fashion_cli.crawling.state.crawled_products import mark_seen, save_item
from fashion_cli.crawling.state.database import CrawlDatabase
from fashion_cli.crawling.state.frontier import Frontier
from fashion_cli.crawling.state.photographs import RefusedPhotographError, inspect_photograph, save_photograph
from fashion_cli.crawling.state.requests import (
    RequestOutcome,
    add_photograph,
    enqueue,
    record_alias,
    record_outcome,
    requeue_links,
)
from fashion_cli.crawling.stats import CrawlStats
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
MAX_SITEMAP_DEPTH = 5  # lists of lists of lists: nobody has more


class ShopSpider(Spider):
    """Fetches what the frontier hands out, until nothing waits.

    Attributes:
        stopping: Whether the crawl is being interrupted: nothing new is sent, and what is under way is not judged.
        fatal: What made it impossible to go on.
        on_fatal: Called then.
    """

    name = "shop"

    def __init__(
        self, config: CrawlConfig, database: CrawlDatabase, frontier: Frontier, stats: CrawlStats, **options: Any
    ) -> None:
        super().__init__(**options)
        self.frontier = frontier
        self.stopping = False
        self.fatal: Exception | None = None
        self.on_fatal: Callable[[], None] = lambda: None
        self._config = config
        self._database = database
        self._stats = stats
        self._pages = PageReader(database, stats)
        self._sites: dict[str, str] = {}  # source -> site

    async def start(self) -> AsyncIterator[Any]:
        """No start requests: the scheduler has them all."""
        requests: tuple[Request, ...] = ()
        for request in requests:
            yield request

    def build_request(self, request: CrawlRequest) -> Request:
        """Scrapy's form of a request."""
        meta = {
            **request.meta,
            "crawl_request": request,
            "download_maxsize": self._get_size_limit(request),
            "own_slot": "download_slot" in request.meta,
        }
        headers = {"Accept": _ACCEPT[request.kind], **request.headers}
        if request.kind == "page":
            meta |= {"site": self._site(request.source), "start": request.depth == 0, RENDER_KEY: self._config.browser}
        if request.kind in ("page", "sitemap") and self._database.generation > 1:
            headers |= {"If-None-Match": request.etag} if request.etag else {}
            headers |= {"If-Modified-Since": request.last_modified} if request.last_modified else {}
        return Request(
            request.url,
            headers=headers,
            meta=meta,
            callback=self.handle_response,
            errback=self.handle_failure,
            dont_filter=True,
        )

    async def handle_response(self, response: Response) -> None:
        """Handle a response, whatever its status."""
        request: CrawlRequest = response.meta["crawl_request"]
        if self.stopping and response.status != 200:
            return
        try:
            await self._handle(response, request)
        except (FashionError, DatabaseError) as error:  # a full disk: no later request would fare better
            self.abort(error)
        except Exception as error:  # noqa: BLE001  # one page that we cannot read is not the end of the crawl
            _log.critical("a bug while reading %s", response.url, exc_info=True)
            self._record(
                request, RequestOutcome("failed", "bug", f"cannot be read ({type(error).__name__})", response.status)
            )
        finally:
            self.frontier.release(request)

    def handle_failure(self, failure: Failure) -> None:
        """Handle a request that got no response."""
        sent: Request = failure.request  # type: ignore[attr-defined]  # Scrapy's own
        request: CrawlRequest = sent.meta["crawl_request"]
        error = failure.value or Exception("unknown")
        try:
            if isinstance(error, RetryLaterError) and not self.stopping:
                self._postpone_host(request, sent, error)
            elif not self.stopping and not isinstance(error, CrawlInterruptedError):
                limit = self._get_size_limit(request)
                self._record(request, build_error_outcome(error, get_host(sent.url), limit, attempt_number(sent)))
        except DatabaseError as problem:
            self.abort(problem)
        finally:
            self.frontier.release(request)

    def abort(self, error: Exception) -> None:
        """End the crawl: what happened would happen again."""
        if self.fatal is None:
            self.fatal = error
            self.on_fatal()

    async def _handle(self, response: Response, request: CrawlRequest) -> None:
        if request.kind == "naver":
            self._handle_search(response, request)
        elif response.status == 304 and request.kind != "image":
            self._handle_unchanged(response, request)
        elif not 200 <= response.status < 300:
            self._record(request, _build_status_outcome(response))
        elif request.kind == "image":
            await self._handle_image(response, request)
        elif request.kind == "sitemap":
            self._handle_sitemap(response, request, follow=request.follow)
        elif not isinstance(response, TextResponse):
            self._record(request, RequestOutcome("refused", "type", "not a page", response.status))
        elif is_sitemap_body(response.body):
            self._handle_sitemap(response, request, follow=request.follow and request.depth > 0)
        else:
            self._save(request, self._pages.read(response, request, self._resolve_site(response, request)))

    def _handle_sitemap(self, response: Response, request: CrawlRequest, *, follow: bool) -> None:
        try:
            entries = read_sitemap(response.body, response.url)
        except SitemapError as error:
            self._record(request, RequestOutcome("failed", "sitemap", str(error), response.status))
            return
        site = self._site(request.source)
        pages = [url for each in entries.pages if (url := crawlable_url(each, site))]
        if left := len(entries.pages) - len(pages):
            self._stats.add_note(
                f"left out: {counted(left, 'address', 'addresses')} of other sites or of files", response.url
            )
        for each in entries.notes:
            self._stats.add_note(each, response.url)
        requests = [CrawlRequest("page", url, request.source, 1, follow) for url in pages]
        if request.depth < MAX_SITEMAP_DEPTH:
            deeper = request.depth + 1
            requests += [CrawlRequest("sitemap", url, request.source, deeper, follow) for url in entries.sitemaps]
        self._save(request, PageResult(build_page_outcome(response), (), tuple(requests)))

    def _handle_search(self, response: Response, request: CrawlRequest) -> None:
        try:
            results = naver.parse_results(response, request)
        except naver.NaverError as error:
            self._stats.add_note(f"{error} — {error.hint}")
            self._stats.unfinished.append(str(error))
            self._record(request, RequestOutcome("failed", "search", str(error), response.status))
            return
        for each in results.notes:
            self._stats.add_note(each)
        self._save(
            request, PageResult(RequestOutcome("done", http_status=response.status), results.items, results.requests)
        )

    async def _handle_image(self, response: Response, request: CrawlRequest) -> None:
        if keep_out := read_robot_tags(response).keep_out:
            self._record(request, RequestOutcome("refused", "tags", f"the site says {keep_out}", response.status))
            return
        try:
            photo = await asyncio.to_thread(inspect_photograph, response.body, response.url, self._config.min_side)
        except RefusedPhotographError as error:
            self._record(request, RequestOutcome("refused", error.code, str(error), response.status))
            return
        await asyncio.to_thread(save_photograph, Path(self._config.folder), photo, response.body)
        attempts = attempt_number(response.request)
        with self._database.connection.begin():
            is_new = add_photograph(self._database, photo)
            done = RequestOutcome("done", http_status=200, attempts=attempts, sha256=photo.sha256)
            record_outcome(self._database, request, done)
        self._stats.photographs += is_new
        self._stats.duplicates += not is_new

    def _handle_unchanged(self, response: Response, request: CrawlRequest) -> None:
        attempts = attempt_number(response.request)
        outcome = RequestOutcome("done", "unchanged", "", 304, attempts, request.etag, request.last_modified)
        with self._database.connection.begin():
            record_outcome(self._database, request, outcome)
            requeue_links(self._database, request.id)
            mark_seen(self._database, request)
        self._stats.count_outcome(request, outcome)
        self.frontier.refresh()

    def _save(self, request: CrawlRequest, result: PageResult) -> None:
        """Save in one transaction what a page was and all that it led to."""
        with self._database.connection.begin():
            links = enqueue(self._database, result.requests)
            if request.kind == "page":
                delete_canonicals(self._database, request.id)
                drop_duplicates(self._database, (request.url, result.outcome.final_url), result.items)
            if result.canonical:
                save_canonical(self._database, request.id, result.canonical)
            for each in result.items:
                links += save_item(self._database, each, request)
            record_outcome(self._database, request, result.outcome, list(dict.fromkeys(links)))
            if (final_url := result.outcome.final_url) and canonical_key(final_url) != canonical_key(request.url):
                record_alias(self._database, request, final_url)
        self._stats.products += sum(each.product is not None for each in result.items)
        self._stats.count_outcome(request, result.outcome)
        urls = [*(url for each in result.items for url in each.images), *(each.url for each in result.requests)]
        self.frontier.add_hosts({get_host(url) for url in urls})

    def _record(self, request: CrawlRequest, outcome: RequestOutcome) -> None:
        """Save that a request led to nothing."""
        if self.stopping and outcome.status != "done":
            return
        hosts: list[str] = []
        with self._database.connection.begin():
            record_outcome(self._database, request, outcome)
            if request.kind == "page" and outcome.status in ("failed", "refused"):
                hosts = requeue_aliases(self._database, request)
        self._stats.count_outcome(request, outcome)
        self.frontier.add_hosts(hosts)

    def _postpone_host(self, request: CrawlRequest, sent: Request, error: RetryLaterError) -> None:
        """A host asks to be left alone: what waits there waits for another call."""
        if self.frontier.block_host(request):
            outcome = RequestOutcome("pending", "later", str(error), error.status, attempt_number(sent))
            self._stats.count_failure("asked to come back later", sent.url, request, outcome)
            with self._database.connection.begin():
                record_outcome(self._database, request, outcome)

    def _resolve_site(self, response: Response, request: CrawlRequest) -> str:
        """The site that a page belongs to. A start page may lead to another name of its shop: that one counts then."""
        site = self._site(request.source)
        if request.depth == 0 and site_key(response.url) != site:
            site = self._sites[request.source] = site_key(response.url)
            self._database.set_site(request.source, site)
        return site

    def _site(self, source: str) -> str:
        if source not in self._sites:
            self._sites[source] = self._database.get_site(source)
        return self._sites[source]

    def _get_size_limit(self, request: CrawlRequest) -> int:
        return {"image": self._config.max_bytes, "sitemap": SITEMAP_BYTES}.get(request.kind, MAX_PAGE_BYTES)


def _build_status_outcome(response: Response) -> RequestOutcome:
    """The outcome of a response that does not hold what was requested."""
    reason = f"HTTP {response.status}"
    if 300 <= response.status < 400 and (target := response.headers.get("Location")):
        reason = f"redirects to {target.decode('latin-1')[:200]}"
    return RequestOutcome(
        "failed", f"HTTP {response.status}", reason, response.status, attempt_number(response.request)
    )
