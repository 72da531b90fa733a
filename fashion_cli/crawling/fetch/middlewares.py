"""What every request passes on its way out, and every answer on its way in: addresses, robots.txt, pace, patience."""

import asyncio
import email.utils
import time
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any, Self

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Response

from fashion_cli.crawling.fetch.addresses import address_refusal, url_refusal
from fashion_cli.crawling.fetch.errors import LeftError, RefusedError, StoppedError, UnreadableRobotsError, told
from fashion_cli.crawling.fetch.resolver import ALLOW_PRIVATE_SETTING, refused_hosts
from fashion_cli.crawling.fetch.robots import AGENT
from fashion_cli.crawling.parse.urls import host_of, same_owner, site_key

BUSY = (429, 503)  # the site asks for a pause
PASSING = (408, 500, 502, 504, 520, 521, 522, 523, 524)  # may be right a moment later
TRIES = 4  # of one address in one call
FIRST_PAUSE = 1.0  # seconds; doubles with each try
SLOWEST = 60.0  # seconds between two requests that answers can bring about; robots.txt may ask for more
LONGEST_PAUSE = 120.0  # seconds; a site that asks for more is left alone for this call


class AddressMiddleware:
    """Refuses addresses that may not be fetched, also those that redirects lead to, and pages of other sites."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(allow_private=crawler.settings.getbool(ALLOW_PRIVATE_SETTING))

    def process_request(self, request: Request) -> None:
        if reason := url_refusal(request.url, allow_private=self._allow_private):
            raise RefusedError("address", reason)
        site = request.meta.get("site", "")
        if site and request.meta.get("redirect_urls") and site_key(request.url) != site:
            first = request.meta["redirect_urls"][0]
            if not (request.meta.get("start") and same_owner(first, request.url)):
                raise RefusedError("site", f"redirects to {site_key(request.url)}, another site")

    def process_response(self, request: Request, response: Response) -> Response:
        """The address that was connected to, once more: what the resolver let through is what is here."""
        peer = response.ip_address
        if peer is not None and not self._allow_private and (reason := address_refusal(str(peer))):
            raise RefusedError("address", f"{host_of(request.url)}: {reason}")
        return response


class RobotsMiddleware(RobotsTxtMiddleware):
    """robots.txt as RFC 9309 has it: one that cannot be read because of the server forbids everything."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._unreachable: dict[str, IgnoreRequest] = {}  # netloc -> why
        self.delays: dict[str, float] = {}  # host -> seconds that its robots.txt asks for

    async def robot_parser(self, request: Request) -> Any:
        found = await super().robot_parser(request)
        netloc = request.url.split("/", 3)[2]
        if netloc in self._unreachable:
            raise self._unreachable[netloc]
        return found

    def process_request_2(self, rp: Any, request: Request) -> None:
        try:
            super().process_request_2(rp, request)
        except IgnoreRequest:
            raise RefusedError("robots", "robots.txt forbids it") from None

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        if response.status >= 500 or response.status == 429:
            self._unreachable[netloc] = UnreadableRobotsError(f"robots.txt cannot be read: HTTP {response.status}")
        if response.status != 200:  # 4xx: there is none, and everything is allowed
            response = response.replace(body=b"")
        await super()._parse_robots(response, netloc, request)
        parser = self._parsers[netloc]
        delay = parser.crawl_delay(AGENT) if parser is not None and hasattr(parser, "crawl_delay") else None
        if delay:
            host = host_of(request.url)
            self.delays[host] = max(delay, self.delays.get(host, 0.0))

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        host = netloc.rpartition("@")[2].partition(":")[0]
        if isinstance(exc, RefusedError | StoppedError | LeftError):
            self._unreachable[netloc] = exc
        elif isinstance(exc, CannotResolveHostError) and host in refused_hosts:
            self._unreachable[netloc] = RefusedError("address", f"{host}: {refused_hosts[host]}")
        else:
            self._unreachable[netloc] = UnreadableRobotsError(f"robots.txt cannot be read: {told(exc)[1]}")
        super()._robots_error(exc, netloc)


class PatienceMiddleware:
    """Waits where a site asks for it, and tries again what may be right a moment later.

    A host that answers 429 or 503 is left alone for as long as it says (`Retry-After`), or longer each time, and is
    asked more slowly from then on.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._until: dict[str, float] = defaultdict(float)  # host -> moment before which nothing is sent
        self._closed: dict[str, LeftError] = {}  # hosts that ask for more patience than a call has
        self._stopping = asyncio.Event()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def stop(self) -> None:
        """Wait for nothing any more."""
        self._stopping.set()

    async def process_request(self, request: Request) -> None:
        host = host_of(request.url)
        if host in self._closed:
            raise self._closed[host]
        while (pause := self._until[host] - time.monotonic()) > 0:
            await self._pause(pause)
            if host in self._closed:
                raise self._closed[host]

    async def process_response(self, request: Request, response: Response) -> Request | Response:
        if request.meta.get("dont_retry") or response.status not in (*BUSY, *PASSING):
            return response
        pause = self._asked_pause(response)
        host = host_of(request.url)
        if pause is not None and pause > LONGEST_PAUSE:
            self._closed[host] = LeftError(f"{host} asks to be left alone for {pause:,.0f} s", response.status)
            raise self._closed[host]
        if response.status in BUSY:
            slowed = pause if pause is not None else self._own_pause(request)
            self._until[host] = time.monotonic() + slowed
            self._slow_down(request)
        return await self._again(request, pause) or response

    async def process_exception(self, request: Request, exception: Exception) -> Request | None:
        if request.meta.get("dont_retry") or not isinstance(exception, _PASSING_ERRORS):
            return None
        if isinstance(exception, CannotResolveHostError) and host_of(request.url) in refused_hosts:
            return None
        return await self._again(request, None)

    async def _again(self, request: Request, pause: float | None) -> Request | None:
        if tries(request) >= TRIES:
            return None
        await self._pause(pause if pause is not None else self._own_pause(request))
        return request.replace(meta={**request.meta, "tries": tries(request) + 1}, dont_filter=True)

    def _own_pause(self, request: Request) -> float:
        return float(FIRST_PAUSE * 2 ** (tries(request) - 1))

    def _asked_pause(self, response: Response) -> float | None:
        said = (response.headers.get("Retry-After") or b"").decode("latin-1").strip()
        if said.isdecimal():
            return float(said[:9])
        try:
            moment = email.utils.parsedate_to_datetime(said)
        except (TypeError, ValueError):
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())

    def _slow_down(self, request: Request) -> None:
        slot = self._crawler.engine.downloader.slots.get(request.meta.get("download_slot", ""))
        if slot is not None:
            slot.delay = min(max(2 * slot.delay, FIRST_PAUSE / 2), max(SLOWEST, slot.delay))

    async def _pause(self, seconds: float) -> None:
        """Wait, unless the crawl is interrupted meanwhile."""
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return
        raise StoppedError("interrupted")


_PASSING_ERRORS = (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
)


def tries(request: Request) -> int:
    """How often a request is sent in this call, this time included."""
    return int(request.meta.get("tries", 1))


class PaceExtension(AutoThrottle):
    """Scrapy's AutoThrottle, never faster than robots.txt asks for."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        crawler.signals.connect(self._hold, signal=signals.request_reached_downloader)

    def _hold(self, request: Request) -> None:
        """Before a request waits for its turn: its host's pace, also where the host is new."""
        slot = self.crawler.engine.downloader.slots.get(request.meta.get("download_slot", ""))
        if slot is not None:
            self._not_faster(slot, request)

    def _response_downloaded(self, response: Response, request: Request, spider: Any) -> None:
        super()._response_downloaded(response, request, spider)
        if (slot := self._get_slot(request, spider)[1]) is not None:
            self._not_faster(slot, request)

    def _not_faster(self, slot: Any, request: Request) -> None:
        robots = self.crawler.get_downloader_middleware(RobotsMiddleware)
        asked = robots.delays.get(host_of(request.url), 0.0) if robots else 0.0
        if asked:
            slot.delay, slot.jitter = max(slot.delay, asked), 0.0  # randomised, it would be shorter now and then


def stop_waiting(crawler: Crawler) -> None:
    """Let go of everything that waits for a moment to come."""
    if (patience := crawler.get_downloader_middleware(PatienceMiddleware)) is not None:
        patience.stop()
