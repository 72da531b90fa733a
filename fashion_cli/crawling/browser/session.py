"""A browser with its gate, for as long as it holds: what its pages ask for is fetched by the crawler."""

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

from fashion_cli.crawling.browser.chromium import PAGE_SECONDS, SETTLE_SECONDS, Browser, BrowserOptions
from fashion_cli.crawling.browser.proxy import FAILED, NOTHING, REFUSED, Answer, Asked, Gate
from fashion_cli.crawling.fetch.errors import BrowserError, BrowserStuckError

PART_SECONDS = 20  # until something that a script asked for has to be there
LONGEST = PAGE_SECONDS + SETTLE_SECONDS + 10  # seconds in which a browser that works is done with any page
KEPT_BYTES = 64 * 1024**2  # scripts and styles that pages share are fetched once
_META = {"allow_offsite": True, "download_timeout": PART_SECONDS, "handle_httpstatus_all": True}
_PASSED = ("accept", "accept-language", "authorization", "origin", "referer", "x-requested-with")
_SHARED = (b"javascript", b"ecmascript", b"text/css", b"wasm")

T = TypeVar("T")
_log = logging.getLogger(__name__)


class BrowserSession:
    """A browser with its gate, and the page that it is showing."""

    def __init__(self, engine: ExecutionEngine) -> None:
        self._engine = engine
        self._folder = tempfile.TemporaryDirectory(prefix="fashion-browser-", ignore_cleanup_errors=True)
        self._thread = ThreadPoolExecutor(1, "browser")  # the driver is told when this thread ends
        self._gate = Gate(self._fetch, Path(self._folder.name))
        self._browser: Browser | None = None
        self._kept: OrderedDict[str, Answer] = OrderedDict()
        self._page: Response | None = None
        self._shown = False
        self._moved = ""
        self._under_way = 0

    @classmethod
    async def begin(cls, engine: ExecutionEngine, user_agent: str) -> Self:
        """Start a browser.

        Raises:
            BrowserError: If there is none.
        """
        session = cls(engine)
        try:
            await session._gate.open()
            profile = Path(session._folder.name) / "profile"
            options = BrowserOptions(session._gate.address, user_agent, profile)
            session._browser = await session._in_thread(lambda: Browser(options))
        except BaseException:
            await session.close()
            raise
        return session

    async def render(self, page: HtmlResponse) -> tuple[str, str]:
        """The page's HTML, or where its scripts want to go instead.

        Raises:
            BrowserError: If the browser does not answer any more: close this session then, and begin another.
        """
        if (browser := self._browser) is None:
            raise BrowserError("the browser is closed")
        self._page, self._shown, self._moved = page, False, ""
        try:
            async with asyncio.timeout(LONGEST):
                html = await self._in_thread(lambda: browser.render(page.url, lambda: self._under_way == 0))
        except TimeoutError:
            browser.kill()
            raise BrowserStuckError("the browser does not answer any more") from None
        finally:
            self._page = None
        if not self._shown:
            raise BrowserStuckError("the browser did not ask for the page")
        return html, self._moved

    def kill(self) -> None:
        """End the browser at once; a page that is being rendered fails."""
        if self._browser is not None:
            self._browser.kill()

    async def close(self) -> None:
        browser, self._browser = self._browser, None
        if browser is not None and self._page is not None:
            browser.kill()  # in the middle of a page: do not wait for it
        await self._gate.close()
        if browser is not None:
            await self._in_thread(browser.close)
        self._thread.shutdown(wait=False)
        self._folder.cleanup()

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    async def _fetch(self, asked: Asked) -> Answer:
        """What the gate answers: the page itself, the place of a redirect by script, or what the crawler may fetch."""
        page = self._page
        if page is None or asked.is_own or asked.is_media:
            return REFUSED
        if asked.is_navigation:
            return self._navigated(asked, page)
        if asked.url in self._kept:
            return self._kept[asked.url]
        self._under_way += 1
        try:
            answer = await self._part(asked, page)
        finally:
            self._under_way -= 1
        self._keep(asked, answer)
        return answer

    def _navigated(self, asked: Asked, page: Response) -> Answer:
        if not self._shown and canonicalize_url(asked.url) == canonicalize_url(page.url):
            self._shown = True
            return _answer(page)
        if self._shown and not asked.is_frame:
            self._moved = asked.url
        return NOTHING

    async def _part(self, asked: Asked, page: Response) -> Answer:
        request = Request(
            asked.url,
            method=asked.method,
            headers={name: value for name, value in asked.headers.items() if name in _PASSED},
            meta={**_META},
            callback=NO_CALLBACK,
            dont_filter=True,
        )
        try:
            return _answer(await self._engine.download_async(request))
        except IgnoreRequest:  # robots.txt, an address that is not public
            return REFUSED
        except Exception as error:  # noqa: BLE001 - whatever ails a part, the page is shown without it
            _log.info("%s, a part of %s: %s", asked.url, page.url, error)
            return FAILED

    def _keep(self, asked: Asked, answer: Answer) -> None:
        kinds = [value.lower().encode() for name, value in answer.headers if name.lower() == "content-type"]
        if asked.method != "GET" or answer.status != 200 or not any(kind in each for each in kinds for kind in _SHARED):
            return
        self._kept[asked.url] = answer
        while sum(len(each.body) for each in self._kept.values()) > KEPT_BYTES:
            self._kept.popitem(last=False)


def _answer(response: Response) -> Answer:
    headers = [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, values in response.headers.items()
        for value in values
    ]
    return Answer(response.status, tuple(headers), response.body)
