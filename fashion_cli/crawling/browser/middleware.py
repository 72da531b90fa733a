"""`--browser`: pages whose products are put there by scripts are rendered before they are read.

The crawler fetches a page as it fetches every page: with robots.txt, pace, redirects, address rules. Then the browser
gets that page, and everything that its scripts ask for comes through the crawler by the same rules (`proxy.py`).
What the browser shows in the end takes the place of the page's text.
"""

import asyncio
import logging
from typing import TYPE_CHECKING, Self

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest, NotConfigured
from scrapy.http import HtmlResponse, Response

from fashion_cli.crawling.fetch.errors import BrowserError, BrowserStuckError, CrawlInterruptedError

if TYPE_CHECKING:
    from fashion_cli.crawling.browser.session import BrowserSession

BROWSER_SETTING = "BROWSER"  # in Scrapy's settings: whether pages are rendered
RENDER_KEY = "browser"  # in a request's meta: whether this page is
RENDER_ATTEMPTS = 2  # a browser that broke over a page is replaced once

_log = logging.getLogger(__name__)


class BrowserMiddleware:
    """A downloader middleware that renders pages whose request has `meta["browser"]`."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._page_lock = asyncio.Lock()
        self._session: BrowserSession | None = None
        self._stopping = False

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        if not crawler.settings.getbool(BROWSER_SETTING):
            raise NotConfigured
        middleware = cls(crawler)
        crawler.signals.connect(middleware.close, signal=signals.engine_stopped)
        return middleware

    async def process_response(self, request: Request, response: Response) -> Response | Request:
        if not (request.meta.get(RENDER_KEY) and response.status == 200 and isinstance(response, HtmlResponse)):
            return response
        async with self._page_lock:
            html, navigated_to = await self._render(response)
        if navigated_to:
            return self._build_redirect(request, navigated_to)
        headers = response.headers.copy()
        headers["Content-Type"] = "text/html; charset=utf-8"
        return response.replace(
            body=html.encode("utf-8", "replace"), encoding="utf-8", headers=headers, flags=[*response.flags, "rendered"]
        )

    def stop(self) -> None:
        """End rendering: the crawl is being interrupted."""
        self._stopping = True
        if self._session is not None:
            self._session.kill()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
        self._session = None

    async def _render(self, response: HtmlResponse) -> tuple[str, str]:
        """Render a page, with a new browser if the first one breaks."""
        for attempt in range(1, RENDER_ATTEMPTS + 1):
            if self._stopping:
                raise CrawlInterruptedError("interrupted")
            try:
                return await (await self._get_session()).render(response)
            except BrowserError as error:
                await self.close()
                if self._stopping:
                    raise CrawlInterruptedError("interrupted") from error
                if attempt == RENDER_ATTEMPTS or isinstance(error, BrowserStuckError):
                    raise
                _log.info("a new browser for %s: %s", response.url, error)
        raise AssertionError("unreachable")

    async def _get_session(self) -> "BrowserSession":
        from fashion_cli.crawling.browser.session import BrowserSession  # Selenium is for those who want a browser

        if self._session is None:
            engine = self._crawler.engine
            if engine is None:
                raise BrowserError("the crawl is over")
            self._session = await BrowserSession.start(engine, self._crawler.settings["USER_AGENT"])
        return self._session

    def _build_redirect(self, request: Request, url: str) -> Request:
        """As Scrapy's own middleware for redirects does it, and with its limit."""
        times = int(request.meta.get("redirect_times", 0)) + 1
        if times > self._crawler.settings.getint("REDIRECT_MAX_TIMES"):
            raise IgnoreRequest("max redirections reached")
        been = [*request.meta.get("redirect_urls", []), request.url]
        return request.replace(url=url, meta={**request.meta, "redirect_times": times, "redirect_urls": been})


def cancel_rendering(crawler: Crawler) -> None:
    """End the rendering of the present page."""
    if (browser := crawler.get_downloader_middleware(BrowserMiddleware)) is not None:
        browser.stop()
