"""Where a page leads: its links, the next page of a list, and the address that it calls its own."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from parsel import Selector
from scrapy.http import TextResponse
from scrapy.linkextractors import IGNORED_EXTENSIONS

from fashion_cli.crawling.parse.urls import address, is_loop, page_key, page_url, site_key, turns_pages

_REFRESH = re.compile(r"""url\s*=\s*["']?([^"']+)""", re.IGNORECASE)
MOST_LINKS = 5_000  # of one page
_FILES = tuple(f".{suffix}" for suffix in IGNORED_EXTENSIONS)


@dataclass(frozen=True)
class Links:
    """Where a page leads, within its site.

    Attributes:
        pages: Addresses of other pages, each once, in order.
        following: Those of them that are the next or previous page of the same list.
        canonical: The address that the page calls its own; its own address where it names no better one.
    """

    pages: tuple[str, ...]
    following: frozenset[str]
    canonical: str


def read_links(response: TextResponse, site: str) -> Links:
    """Where a page leads. Links marked `nofollow`, to files and to other sites are left out.

    Args:
        response: The page.
        site: As `urls.site_key` names it.
    """
    base = base_of(response)
    own = page_url(response.url)
    pages: dict[str, None] = {}
    following: set[str] = set()
    for text in response.css("meta[http-equiv='refresh' i]::attr(content)").getall():
        if (match := _REFRESH.search(text)) and (url := visited(address(base, match[1], response.encoding), site)):
            pages[url] = None
    for element in response.css("a[href], area[href], link[rel][href]"):
        relation = _relation(element)
        turning = bool(relation & {"next", "prev", "previous"})
        if (element.root.tag == "link" and not turning) or "nofollow" in relation or "download" in element.attrib:
            continue
        url = visited(address(base, element.attrib["href"], response.encoding), site)
        if url and page_key(url) != page_key(own) and len(pages) < MOST_LINKS:
            pages[url] = None
            if turning:
                following.add(url)
    return Links(tuple(pages), frozenset(following), _canonical(response, base, own, site))


def base_of(response: TextResponse) -> str:
    """What a page's addresses are relative to: its `<base>`, wherever it stands. Scrapy looks at the beginning only."""
    href = response.xpath("//base/@href").get()
    return (address(response.url, href) if href else "") or response.url


def visited(url: str, site: str) -> str:
    """A page's address as it is visited; "" if it is no page of the site."""
    if not url or site_key(url) != site:
        return ""
    if urlsplit(url).path.lower().endswith(_FILES) or is_loop(url):
        return ""
    return page_url(url)


def _relation(element: Selector) -> frozenset[str]:
    return frozenset((element.attrib.get("rel") or "").lower().split())


def _canonical(response: TextResponse, base: str, own: str, site: str) -> str:
    """What `rel=canonical` says, in the header or the page, where it can be true.

    The home page as everybody's canonical address and the first page of a list as that of all its pages are common
    mistakes; believing them would lose products.
    """
    named = response.xpath("//head//link[@href]")
    texts = [each.attrib["href"] for each in named if "canonical" in _relation(each)]
    for value in response.headers.getlist("Link"):
        for part in value.decode("latin-1").split(","):
            target, _, parameters = part.partition(";")
            if "canonical" in parameters.lower() and "rel" in parameters.lower():
                texts.append(target.strip().strip("<>"))
    claims = [url for each in texts if (url := address(base, _with_scheme(each, own), response.encoding))]
    if any(page_key(each) == page_key(own) for each in claims):
        return own  # of two, the one that can be true
    canonical = next((each for each in claims if _may_be_true(each, own, site)), "")
    return page_url(canonical) if canonical else own


def _may_be_true(canonical: str, own: str, site: str) -> bool:
    home = urlsplit(canonical).path in ("", "/") and not urlsplit(canonical).query
    return site_key(canonical) == site and not home and not turns_pages(own, canonical)


def _with_scheme(text: str, own: str) -> str:
    """An address whose author forgot `http://`: read as browsers do, it would lie below the page."""
    host = urlsplit(own).netloc
    return f"//{text.strip()}" if host and text.strip().startswith(f"{host}/") else text
