"""What a site asks of robots: robots.txt, `X-Robots-Tag` and `<meta name="robots">`.

`noai` and `noimageai` (DeviantArt, 2022) ask not to be used for machine learning; the vectors of an index are made by a
learned model. `noindex`, `noimageindex` and `none` ask not to be found in a search, which is what an index is for.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import CannotResolveHostError, IgnoreRequest
from scrapy.http import Response, TextResponse

from fashion_cli.crawling.fetch.errors import (
    CrawlInterruptedError,
    RefusedError,
    RetryLaterError,
    RobotsUnavailableError,
    classify_error,
)
from fashion_cli.crawling.fetch.resolver import refused_hosts
from fashion_cli.crawling.parse.urls import get_host

ROBOT_NAME = "fashion-cli"  # the product token of our user agent, RFC 9309 section 2.2.1
_KEEP_OUT = frozenset({"noai", "noimageai", "noindex", "noimageindex", "none"})
_RULES = _KEEP_OUT | {
    *("all", "index", "follow", "nofollow", "noarchive", "nocache", "nosnippet", "notranslate", "indexifembedded"),
    *("noodp", "noydir", "nositelinkssearchbox"),
}
_WITH_VALUE = ("max-snippet", "max-image-preview", "max-video-preview", "unavailable_after")


@dataclass(frozen=True)
class RobotTags:
    """What holds for one response.

    Attributes:
        keep_out: The rule that forbids to keep its products and photographs; "" if none does.
        nofollow: Whether its links are not to be followed.
    """

    keep_out: str
    nofollow: bool


def read_robot_tags(response: Response) -> RobotTags:
    """What a response's headers and, on a page, its `<meta>` elements ask of us."""
    rules = set(_parse_robots_tags(value.decode("latin-1") for value in response.headers.getlist("X-Robots-Tag")))
    if isinstance(response, TextResponse):
        for element in response.css("meta[name][content]"):
            if element.attrib["name"].strip().lower() in ("robots", ROBOT_NAME):
                rules |= {rule.strip().lower() for rule in element.attrib["content"].split(",")}
    keep_out = sorted(rules & _KEEP_OUT)
    return RobotTags(keep_out[0] if keep_out else "", bool(rules & {"nofollow", "none"}))


def _parse_robots_tags(values: Iterable[str]) -> Iterable[str]:
    """The rules of `X-Robots-Tag` that are for everybody or for us: `noai`, `otherbot: noai`, `fashion-cli: noai`."""
    for value in values:
        for_us = True
        for part in value.lower().split(","):
            before, colon, after = (text.strip() for text in part.partition(":"))
            if not colon or before in _WITH_VALUE:
                rule = before
            else:  # names the robot that this rule and those behind it are for
                for_us, rule = before in ("*", ROBOT_NAME), after
            if for_us and rule in _RULES:
                yield rule


class RobotsMiddleware(RobotsTxtMiddleware):
    """robots.txt as RFC 9309 has it: one that cannot be read because of the server forbids everything."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._unreachable: dict[str, IgnoreRequest] = {}  # netloc -> why
        self.delays: dict[str, float] = {}  # host -> seconds that its robots.txt asks for

    async def robot_parser(self, request: Request) -> Any:
        parser = await super().robot_parser(request)
        netloc = request.url.split("/", 3)[2]
        if netloc in self._unreachable:
            raise self._unreachable[netloc]
        return parser

    def process_request_2(self, rp: Any, request: Request) -> None:
        try:
            super().process_request_2(rp, request)
        except IgnoreRequest:
            raise RefusedError("robots", "robots.txt forbids it") from None

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        if response.status >= 500 or response.status == 429:
            self._unreachable[netloc] = RobotsUnavailableError(f"robots.txt cannot be read: HTTP {response.status}")
        if response.status != 200:  # 4xx: there is none, and everything is allowed
            response = response.replace(body=b"")
        await super()._parse_robots(response, netloc, request)
        parser = self._parsers[netloc]
        delay = parser.crawl_delay(ROBOT_NAME) if parser is not None and hasattr(parser, "crawl_delay") else None
        if delay:
            host = get_host(request.url)
            self.delays[host] = max(delay, self.delays.get(host, 0.0))

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        host = netloc.rpartition("@")[2].partition(":")[0]
        if isinstance(exc, RefusedError | CrawlInterruptedError | RetryLaterError):
            self._unreachable[netloc] = exc
        elif isinstance(exc, CannotResolveHostError) and host in refused_hosts:
            self._unreachable[netloc] = RefusedError("address", f"{host}: {refused_hosts[host]}")
        else:
            self._unreachable[netloc] = RobotsUnavailableError(f"robots.txt cannot be read: {classify_error(exc)[1]}")
        super()._robots_error(exc, netloc)
