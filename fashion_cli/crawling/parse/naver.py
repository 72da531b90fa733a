"""Naver's shopping search as a source: `naver:"테크웨어"`.

Source: https://developers.naver.com/docs/serviceapi/search/shopping/shopping.md (search > shopping) and
https://developers.naver.com/docs/common/openapiguide/errorcode.md. A search gives at most 100 products a page, from
positions 1 to 1000, ten pages a second and 25,000 a day for one application.

The host's robots.txt is about pages, and is not consulted for the API: whoever has registered an application there was
given the API's own rules, which are kept here. It is consulted for the photographs, which come from other hosts.
"""

import json
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from html import unescape
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from scrapy.http import Response

from fashion_cli.crawling.parse.items import CrawlRequest, ParseResult, ScrapedItem
from fashion_cli.errors import CrawlError
from fashion_cli.products.records import FoundOffer, FoundProduct
from fashion_cli.suggestions import suggest

ENDPOINT = "https://openapi.naver.com/v1/search/shop.json"
SORTS = ("sim", "date", "asc", "dsc")  # most similar, newest, cheapest, dearest first
PER_PAGE = 100  # `display` is at most this
LAST_START = 1000  # `start` is at most this
MAX_PRODUCTS = LAST_START + PER_PAGE - 1  # products that one search can reach
DOWNLOAD_SLOT = "naver-search-api"
# Ten a second are allowed, over all programs of one application; a slot has no say over the others.
SLOT_SETTINGS = {"concurrency": 1, "delay": 0.12, "jitter": 0.0}  # seconds between two requests

# productType: sold new (1-3), second-hand (4-6), discontinued (7-9), announced (10-12).
_AVAILABILITY = {**dict.fromkeys(range(7, 10), "Discontinued"), **dict.fromkeys(range(10, 13), "PreOrder")}
_HIGHLIGHT = re.compile(r"</?b>", re.IGNORECASE)  # what matches the query is marked in titles


class NaverError(CrawlError):
    """The search cannot go on: the credentials, the quota, or what was asked."""


@dataclass(frozen=True)
class NaverSearch:
    """One search.

    Attributes:
        query: What is searched for; becomes the keyword of every product found.
        sort: One of `SORTS`.
        limit: Products at most, from 1 to `MOST`.
        endpoint: Where the API answers.
    """

    query: str
    sort: str = "sim"
    limit: int = MAX_PRODUCTS
    endpoint: str = ENDPOINT

    def __post_init__(self) -> None:
        if not self.query.strip():
            raise NaverError("an empty search", hint="naver:테크웨어")
        if self.sort not in SORTS:
            raise NaverError(f"Naver cannot sort by {self.sort!r}", hint=suggest(self.sort, tuple(SORTS)))
        if not 1 <= self.limit <= MAX_PRODUCTS:
            raise NaverError(f"{self.limit} products of one search", hint=f"Naver shows from 1 to {MAX_PRODUCTS}")

    @property
    def source(self) -> str:
        """As the user types it."""
        return f'naver:"{self.query}"'

    @classmethod
    def from_request(cls, request: CrawlRequest) -> Self:
        """The search that a request belongs to."""
        endpoint, _, query_string = request.url.partition("?")
        parameters = {name: values[0] for name, values in parse_qs(query_string).items()}
        return cls(parameters["query"], parameters["sort"], int(request.meta["naver_limit"]), endpoint)


def first_request(search: NaverSearch) -> CrawlRequest:
    """The first page of results, without credentials: `NaverCredentialsMiddleware` adds them on the way out."""
    return _build_request(search, 1)


def parse_results(response: Response, request: CrawlRequest) -> ParseResult:
    """A page of results: products, each with the photograph that Naver shows, and the next page if there is one.

    Raises:
        NaverError: If Naver refuses, or answers something else than its published format.
    """
    search = NaverSearch.from_request(request)
    if response.status != 200:
        raise build_api_error(response, search)
    try:
        answer = json.loads(response.body)
        total, start, items = int(answer["total"]), int(answer["start"]), answer["items"]
        results = [dict(each) for each in items]
    except (ValueError, TypeError, KeyError) as error:
        raise NaverError(
            f"{search.endpoint} did not answer in the format of Naver's shopping search",
            hint="is --endpoint right?",
        ) from error
    parsed = [_parse_item(each, search) for each in results[: search.limit - start + 1]]
    return ParseResult(
        tuple(each for each in parsed if isinstance(each, ScrapedItem)),
        _next_page(search, start, total, len(results)),
        tuple(each for each in parsed if isinstance(each, str)),
    )


def build_api_error(response: Response, search: NaverSearch) -> NaverError:
    """Build the error of an answer that is one, with what to do."""
    code, status_text = get_error_code(response), f"HTTP {response.status}"
    if code in _ERRORS_BY_CODE:
        message, hint = _ERRORS_BY_CODE[code]
    else:
        message, hint = _ERRORS_BY_STATUS.get(response.status, ("answers with an error", "try again later"))
    return NaverError(f"Naver's shopping search {message} ({code or status_text}): {search.source}", hint=hint)


def get_error_code(response: Response) -> str:
    """`errorCode` of an error answer, "" if there is none: "024", "010", "SE01"."""
    try:
        return str(json.loads(response.body).get("errorCode", ""))
    except (ValueError, AttributeError):
        return ""


# errorCode -> what it means, what to do. The messages of the API itself are not repeated: some quote the request.
_ERRORS_BY_CODE = {
    "010": (
        "has been asked as often as it allows today",
        "call it again tomorrow: the same call goes on from here",
    ),
    "012": ("is being asked faster than it allows", "is another program using the same application? Try again later"),
    "024": ("refuses the credentials", "NAVER_CLIENT_ID and NAVER_CLIENT_SECRET of https://developers.naver.com/apps"),
    "SE01": ("does not understand the search", "use plain words as the query"),
    "SE02": ("does not take that many results a page", "is --endpoint the shopping search?"),
    "SE03": ("does not go that far into the results", f"at most {LAST_START} results can be skipped"),
    "SE04": ("does not know that order", f"one of {', '.join(SORTS)}"),
    "SE05": ("is not at this address", f"the real one is {ENDPOINT}"),
    "SE06": ("cannot read the letters of the search", "use another query"),
    "SE99": ("has an error of its own", "call it again later: the same call goes on from here"),
}
_ERRORS_BY_STATUS = {
    401: ("refuses the credentials", "NAVER_CLIENT_ID and NAVER_CLIENT_SECRET of https://developers.naver.com/apps"),
    403: (
        "is not open to this application",
        "add the search API under API settings at https://developers.naver.com/apps, and use https",
    ),
    404: ("is not at this address", f"the real one is {ENDPOINT}"),
    429: ("is being asked more often than it allows", "call it again later: the same call goes on from here"),
}


def _build_request(search: NaverSearch, start: int) -> CrawlRequest:
    display = min(PER_PAGE, search.limit - start + 1)
    query_string = urlencode({"query": search.query, "display": display, "start": start, "sort": search.sort})
    return CrawlRequest(
        "naver",
        f"{search.endpoint}?{query_string}",
        search.source,
        headers={"Accept": "application/json"},
        meta={
            "naver_limit": search.limit,
            "download_slot": DOWNLOAD_SLOT,
            "autothrottle_dont_adjust_delay": True,  # the API's own rate holds
            "dont_obey_robotstxt": True,  # an API: see above
            "dont_redirect": True,  # credentials go to the endpoint alone
            "dont_retry": True,  # `NaverCredentialsMiddleware` knows what may be asked again
            "handle_httpstatus_all": True,
        },
    )


def _next_page(search: NaverSearch, start: int, total: int, count: int) -> tuple[CrawlRequest, ...]:
    if count == 0 or start == LAST_START or start + PER_PAGE > min(total, search.limit):
        return ()
    return (_build_request(search, min(start + PER_PAGE, LAST_START)),)  # the last page begins inside the one before it


def _parse_item(item: dict[str, Any], search: NaverSearch) -> ScrapedItem | str:
    """One result, or why it is left out."""
    number, name, link = _read_text(item, "productId"), _read_title(item), _read_text(item, "link")
    if not (number and name and link):
        return f"a result of {search.source} has no productId, title or link: {name or number or link}"
    if not _is_url(image := _read_text(item, "image")):
        return f"{name}: Naver has no photograph of it"
    product = FoundProduct(
        item_id=f"naver:{number}",
        name=name,
        url=link,
        shop=_read_text(item, "mallName"),
        offers=_read_offers(item, link),
        keywords=(search.query,),
        brand=_read_text(item, "brand") or _read_text(item, "maker"),
        category=" > ".join(part for level in range(1, 5) if (part := _read_text(item, f"category{level}"))),
        sku=number,
        source=search.source,
    )
    return ScrapedItem(product, (image,), search.source)


def _read_offers(item: dict[str, Any], link: str) -> tuple[FoundOffer, ...]:
    """The lowest price (`lprice`; 0 where Naver knows none). `hprice` is left out: no shop is named for it."""
    try:
        price = Decimal(_read_text(item, "lprice") or 0)
    except InvalidOperation:
        return ()
    if not price.is_finite() or price <= 0:
        return ()
    kind = _read_text(item, "productType")
    availability = _AVAILABILITY.get(int(kind), "InStock") if kind.isdecimal() else ""
    return (FoundOffer(_read_text(item, "mallName"), price, "KRW", link, availability),)


def _read_title(item: dict[str, Any]) -> str:
    return " ".join(unescape(_HIGHLIGHT.sub("", str(item.get("title") or ""))).split())


def _read_text(item: dict[str, Any], key: str) -> str:
    value = item.get(key)
    return unescape(str(value)).strip() if isinstance(value, str | int) else ""


def _is_url(text: str) -> bool:
    return urlsplit(text).scheme in ("http", "https")
