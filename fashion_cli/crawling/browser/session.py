"""A browser session: Chromium behind the intercepting proxy, whose requests the crawler answers."""

import asyncio
import logging
import tempfile
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self, TypeVar

from scrapy import Request
from scrapy.core.engine import ExecutionEngine
from scrapy.exceptions import IgnoreRequest
from scrapy.http import HtmlResponse, Response
from scrapy.http.request import NO_CALLBACK
from w3lib.url import canonicalize_url

from fashion_cli.crawling.browser.chromium import PAGE_TIMEOUT, SETTLE_TIMEOUT, Browser, BrowserOptions
from fashion_cli.crawling.browser.proxy import (
    BAD_GATEWAY,
    FORBIDDEN,
    NO_CONTENT,
    InterceptingProxy,
    ProxyRequest,
    ProxyResponse,
)
from fashion_cli.crawling.fetch.errors import BrowserError, BrowserStuckError

SUBRESOURCE_TIMEOUT = 20  # until something that a script asked for has to be there
RENDER_TIMEOUT = PAGE_TIMEOUT + SETTLE_TIMEOUT + 10  # seconds in which a browser that works is done with any page
CACHE_BYTES = 64 * 1024**2  # scripts and styles that pages share are fetched once
# `dont_retry`: a script gets the error, as in any browser, and decides for itself whether to ask again.
_SUBRESOURCE_META = {"dont_retry": True, "download_timeout": SUBRESOURCE_TIMEOUT, "handle_httpstatus_all": True}
_FORWARDED_HEADERS = ("accept", "accept-language", "authorization", "origin", "referer", "x-requested-with")
_CACHED_TYPES = (b"javascript", b"ecmascript", b"text/css", b"wasm")

T = TypeVar("T")
_log = logging.getLogger(__name__)


class BrowserSession:
    """A browser behind its proxy, and the page that it is rendering."""

    def __init__(self, engine: ExecutionEngine) -> None:
        self._engine = engine
        self._folder = tempfile.TemporaryDirectory(prefix="fashion-browser-", ignore_cleanup_errors=True)
        self._thread = ThreadPoolExecutor(1, "browser")  # the driver is told when this thread ends
        self._proxy = InterceptingProxy(self._fetch, Path(self._folder.name))
        self._browser: Browser | None = None
        self._cache: OrderedDict[str, ProxyResponse] = OrderedDict()
        self._page: Response | None = None
        self._page_served = False
        self._navigated_to = ""
        self._open_requests = 0

    @classmethod
    async def start(cls, engine: ExecutionEngine, user_agent: str) -> Self:
        """Start a browser.

        Raises:
            BrowserError: If there is none.
        """
        session = cls(engine)
        try:
            await session._proxy.open()
            profile = Path(session._folder.name) / "profile"
            options = BrowserOptions(session._proxy.address, user_agent, profile)
            session._browser = await session._run_in_thread(lambda: Browser(options))
        except BaseException:
            await session.close()
            raise
        return session

    async def render(self, page: HtmlResponse) -> tuple[str, str]:
        """Render a page: its HTML, and where its scripts want to go instead.

        Raises:
            BrowserError: If the browser does not answer any more: close this session then, and begin another.
        """
        if (browser := self._browser) is None:
            raise BrowserError("the browser is closed")
        self._page, self._page_served, self._navigated_to = page, False, ""
        try:
            async with asyncio.timeout(RENDER_TIMEOUT):
                html = await self._run_in_thread(
                    lambda: browser.render(page.url, lambda: self._open_requests == 0, lambda: self._navigated_to != "")
                )
        except TimeoutError:
            browser.kill()
            raise BrowserStuckError("the browser does not answer any more") from None
        finally:
            self._page = None
        if not self._page_served:
            raise BrowserStuckError("the browser did not ask for the page")
        return html, self._navigated_to

    def kill(self) -> None:
        """End the browser at once; a page that is being rendered fails."""
        if self._browser is not None:
            self._browser.kill()

    async def close(self) -> None:
        browser, self._browser = self._browser, None
        if browser is not None and self._page is not None:
            browser.kill()  # in the middle of a page: do not wait for it
        await self._proxy.close()
        if browser is not None:
            await self._run_in_thread(browser.close)
        self._thread.shutdown(wait=False)
        self._folder.cleanup()

    async def _run_in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    async def _fetch(self, request: ProxyRequest) -> ProxyResponse:
        """Answer the browser with the page itself, or with what the crawler may fetch for it."""
        page = self._page
        if page is None or request.is_browser_internal or request.is_media:
            return FORBIDDEN
        if request.is_navigation:
            return self._answer_navigation(request, page)
        if request.url in self._cache:
            return self._cache[request.url]
        self._open_requests += 1
        try:
            response = await self._fetch_subresource(request, page)
        finally:
            self._open_requests -= 1
        self._cache_response(request, response)
        return response

    def _answer_navigation(self, request: ProxyRequest, page: Response) -> ProxyResponse:
        if not self._page_served and canonicalize_url(request.url) == canonicalize_url(page.url):
            self._page_served = True
            return _to_proxy_response(page)
        if self._page_served and not request.is_frame:
            self._navigated_to = request.url
        return NO_CONTENT

    async def _fetch_subresource(self, request: ProxyRequest, page: Response) -> ProxyResponse:
        scrapy_request = Request(
            request.url,
            method=request.method,
            headers={name: value for name, value in request.headers.items() if name in _FORWARDED_HEADERS},
            meta=dict(_SUBRESOURCE_META),
            callback=NO_CALLBACK,
            dont_filter=True,
        )
        try:
            return _to_proxy_response(await self._engine.download_async(scrapy_request))
        except IgnoreRequest:  # robots.txt, an address that is not public
            return FORBIDDEN
        except Exception as error:  # noqa: BLE001 - whatever ails a part, the page is shown without it
            _log.info("%s, a part of %s: %s", request.url, page.url, error)
            return BAD_GATEWAY

    def _cache_response(self, request: ProxyRequest, response: ProxyResponse) -> None:
        kinds = [value.lower().encode() for name, value in response.headers if name.lower() == "content-type"]
        if (
            request.method != "GET"
            or response.status != 200
            or not any(kind in each for each in kinds for kind in _CACHED_TYPES)
        ):
            return
        self._cache[request.url] = response
        while sum(len(each.body) for each in self._cache.values()) > CACHE_BYTES:
            self._cache.popitem(last=False)


def _to_proxy_response(response: Response) -> ProxyResponse:
    headers = [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, values in response.headers.items()
        for value in values
    ]
    return ProxyResponse(response.status, tuple(headers), response.body)
