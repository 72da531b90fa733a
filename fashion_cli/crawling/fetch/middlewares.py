"""Downloader middlewares and the throttle: which URLs may be fetched, how fast, and what is tried again."""

import asyncio
import email.utils
import time
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any, Self

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
)
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Response

from fashion_cli.crawling.fetch.addresses import check_address, check_url
from fashion_cli.crawling.fetch.errors import (
    CrawlInterruptedError,
    RefusedError,
    RetryLaterError,
)
from fashion_cli.crawling.fetch.resolver import ALLOW_PRIVATE_SETTING, refused_hosts
from fashion_cli.crawling.fetch.robots import RobotsMiddleware
from fashion_cli.crawling.parse.urls import get_host, same_domain, site_key

BUSY_STATUSES = (429, 503)  # the site asks for a pause
TRANSIENT_STATUSES = (408, 500, 502, 504, 520, 521, 522, 523, 524)  # may be right a moment later
MAX_ATTEMPTS = 4  # of one address in one call
FIRST_BACKOFF = 1.0  # seconds; doubles with each try
MAX_DELAY = 60.0  # seconds between two requests that answers can bring about; robots.txt may ask for more
MAX_RETRY_AFTER = 120.0  # seconds; a site that asks for more is left alone for this call


class UrlPolicyMiddleware:
    """Refuses URLs that may not be fetched, also those that redirects lead to, and pages of other sites."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(allow_private=crawler.settings.getbool(ALLOW_PRIVATE_SETTING))

    def process_request(self, request: Request) -> None:
        if reason := check_url(request.url, allow_private=self._allow_private):
            raise RefusedError("address", reason)
        site = request.meta.get("site", "")
        if site and request.meta.get("redirect_urls") and site_key(request.url) != site:
            first = request.meta["redirect_urls"][0]
            if not (request.meta.get("start") and same_domain(first, request.url)):
                raise RefusedError("site", f"redirects to {site_key(request.url)}, another site")

    def process_response(self, request: Request, response: Response) -> Response:
        """Check the address that was connected to, once more: it has to be one that the resolver let through."""
        peer = response.ip_address
        if peer is not None and not self._allow_private and (reason := check_address(str(peer))):
            raise RefusedError("address", f"{get_host(request.url)}: {reason}")
        return response


class BackoffMiddleware:
    """Waits where a site asks for it, and retries what may be right a moment later.

    A host that answers 429 or 503 is left alone for as long as it says (`Retry-After`), or longer each time, and is
    asked more slowly from then on.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._not_before: dict[str, float] = defaultdict(float)  # host -> moment before which nothing is sent
        self._postponed: dict[str, RetryLaterError] = {}  # hosts that ask for more patience than a call has
        self._stopping = asyncio.Event()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def stop(self) -> None:
        """End all waiting."""
        self._stopping.set()

    async def process_request(self, request: Request) -> None:
        host = get_host(request.url)
        if host in self._postponed:
            raise self._postponed[host]
        while (pause := self._not_before[host] - time.monotonic()) > 0:
            await self._sleep(pause)
            if host in self._postponed:
                raise self._postponed[host]

    async def process_response(self, request: Request, response: Response) -> Request | Response:
        if request.meta.get("own_slot") or response.status not in (*BUSY_STATUSES, *TRANSIENT_STATUSES):
            return response
        pause = self._parse_retry_after(response)
        host = get_host(request.url)
        if pause is not None and pause > MAX_RETRY_AFTER:
            self._postponed[host] = RetryLaterError(f"{host} asks to be left alone for {pause:,.0f} s", response.status)
            raise self._postponed[host]
        if response.status in BUSY_STATUSES:
            slowed = pause if pause is not None else self._backoff(request)
            self._not_before[host] = time.monotonic() + slowed
            self._slow_down(request)
        return await self._retry(request, pause) or response

    async def process_exception(self, request: Request, exception: Exception) -> Request | None:
        if not isinstance(exception, _TRANSIENT_ERRORS):
            return None
        if isinstance(exception, CannotResolveHostError) and get_host(request.url) in refused_hosts:
            return None
        return await self._retry(request, None)

    async def _retry(self, request: Request, pause: float | None) -> Request | None:
        if request.meta.get("dont_retry") or attempt_number(request) >= MAX_ATTEMPTS:
            return None
        await self._sleep(pause if pause is not None else self._backoff(request))
        return request.replace(meta={**request.meta, "tries": attempt_number(request) + 1}, dont_filter=True)

    def _backoff(self, request: Request) -> float:
        return float(FIRST_BACKOFF * 2 ** (attempt_number(request) - 1))

    def _parse_retry_after(self, response: Response) -> float | None:
        value = (response.headers.get("Retry-After") or b"").decode("latin-1").strip()
        if value.isdecimal():
            return float(value[:9])
        try:
            moment = email.utils.parsedate_to_datetime(value)
        except (TypeError, ValueError):
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())

    def _slow_down(self, request: Request) -> None:
        slot = self._crawler.engine.downloader.slots.get(request.meta.get("download_slot", ""))
        if slot is not None:
            slot.delay = min(max(2 * slot.delay, FIRST_BACKOFF / 2), max(MAX_DELAY, slot.delay))

    async def _sleep(self, seconds: float) -> None:
        """Wait, unless the crawl is interrupted meanwhile."""
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return
        raise CrawlInterruptedError("interrupted")


_TRANSIENT_ERRORS = (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
)


def attempt_number(request: Request | None) -> int:
    """The number of times that a request was sent in this call, this time included."""
    return int(request.meta.get("tries", 1)) if request else 1


class CrawlDelayThrottle(AutoThrottle):
    """Scrapy's AutoThrottle, never faster than robots.txt asks for."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        crawler.signals.connect(self._apply_before_download, signal=signals.request_reached_downloader)

    def _apply_before_download(self, request: Request) -> None:
        """Set its host's pace before a request waits for its turn, also where the host is new."""
        slot = self.crawler.engine.downloader.slots.get(request.meta.get("download_slot", ""))
        if slot is not None:
            self._enforce_crawl_delay(slot, request)

    def _response_downloaded(self, response: Response, request: Request, spider: Any) -> None:
        super()._response_downloaded(response, request, spider)
        if (slot := self._get_slot(request, spider)[1]) is not None:
            self._enforce_crawl_delay(slot, request)

    def _enforce_crawl_delay(self, slot: Any, request: Request) -> None:
        robots = self.crawler.get_downloader_middleware(RobotsMiddleware)
        delay = robots.delays.get(get_host(request.url), 0.0) if robots else 0.0
        if delay:
            slot.delay, slot.jitter = max(slot.delay, delay), 0.0  # randomised, it would be shorter now and then


def cancel_waiting(crawler: Crawler) -> None:
    """End all waiting for a moment to come: the crawl is being interrupted."""
    if (patience := crawler.get_downloader_middleware(BackoffMiddleware)) is not None:
        patience.stop()
