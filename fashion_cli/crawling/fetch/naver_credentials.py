"""Credentials and pace of Naver's search API, where requests leave the crawler.

Credentials are added to a request when it is sent and to nothing else, so that they are in no log, no file of the crawl
and no message.
"""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest, NotConfigured
from scrapy.http import Response

from fashion_cli.crawling.parse.naver import NaverError, get_error_code

ENDPOINT_SETTING = "NAVER_ENDPOINT"  # in Scrapy's settings: where credentials may go; set by whoever searches
_BACKOFF = (1.0, 2.0, 4.0)  # seconds before the first, second, third time that a request is sent again
_RATE = "012"  # errorCode: more than ten requests in this second, as opposed to "010", the day's quota


@dataclass(frozen=True)
class Credentials:
    """Of an application registered at https://developers.naver.com/apps."""

    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """`NAVER_CLIENT_ID` and `NAVER_CLIENT_SECRET`.

        Raises:
            NaverError: If one is missing, or cannot be sent in a header.
        """
        variables = os.environ if environment is None else environment
        names = ("NAVER_CLIENT_ID", "NAVER_CLIENT_SECRET")
        values = [variables.get(name, "").strip() for name in names]
        if missing := [name for name, value in zip(names, values, strict=True) if not value]:
            raise NaverError(
                f"Naver's shopping search needs {' and '.join(missing)} in the environment",
                hint="register an application for the search API at https://developers.naver.com/apps",
            )
        for name, value in zip(names, values, strict=True):
            if not (value.isascii() and value.isprintable()):
                raise NaverError(f"{name} holds characters that a header cannot carry", hint="copy it again")
        return cls(*values)


class NaverCredentialsMiddleware:
    """A downloader middleware: credentials on the way out, and another try after a moment where the API asks for one.

    Args:
        endpoint: The only address that they are sent to.
    """

    def __init__(self, credentials: Credentials, endpoint: str, waits: tuple[float, ...] = _BACKOFF) -> None:
        self._credentials = credentials
        self._endpoint = endpoint
        self._waits = waits

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        endpoint = crawler.settings.get(ENDPOINT_SETTING)
        if not endpoint:
            raise NotConfigured
        return cls(Credentials.from_environment(), endpoint)

    def process_request(self, request: Request) -> None:
        if "naver_limit" not in request.meta:
            return
        if request.url.partition("?")[0] != self._endpoint:
            raise IgnoreRequest("credentials are for the search API alone")
        request.headers["X-Naver-Client-Id"] = self._credentials.client_id
        request.headers["X-Naver-Client-Secret"] = self._credentials.client_secret

    async def process_response(self, request: Request, response: Response) -> Request | Response:
        if "naver_limit" not in request.meta:
            return response
        for name in ("X-Naver-Client-Id", "X-Naver-Client-Secret"):
            request.headers.pop(name, None)
        attempt = int(request.meta.get("naver_attempt", 0))
        if not _is_transient(response) or attempt >= len(self._waits):
            return response
        await asyncio.sleep(self._waits[attempt])
        return request.replace(meta={**request.meta, "naver_attempt": attempt + 1}, dont_filter=True)


def _is_transient(response: Response) -> bool:
    """Whether the reason is one that passes by itself: too many in one second, or an error of the service."""
    return response.status >= 500 or (response.status == 429 and get_error_code(response) == _RATE)
