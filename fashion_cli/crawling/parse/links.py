"""The links of a page: other pages, the next page of a list, and its canonical address."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from parsel import Selector
from scrapy.http import TextResponse
from scrapy.linkextractors import IGNORED_EXTENSIONS

from fashion_cli.crawling.parse.urls import (
    absolute_url,
    canonical_key,
    clean_url,
    is_loop,
    is_other_page_of_list,
    site_key,
)

_REFRESH = re.compile(r"""url\s*=\s*["']?([^"']+)""", re.IGNORECASE)
MAX_LINKS = 5_000  # of one page
_FILE_SUFFIXES = tuple(f".{suffix}" for suffix in IGNORED_EXTENSIONS)


@dataclass(frozen=True)
class Links:
    """Where a page leads, within its site.

    Attributes:
        pages: Addresses of other pages, each once, in order.
        pagination: Those of them that are the next or previous page of the same list.
        canonical: The address that the page calls its own; its own address where it names no better one.
    """

    pages: tuple[str, ...]
    pagination: frozenset[str]
    canonical: str


def read_links(response: TextResponse, site: str) -> Links:
    """Read the links of a page. Links marked `nofollow`, to files and to other sites are left out.

    Args:
        site: As `urls.site_key` names it.
    """
    base = get_base_url(response)
    own = clean_url(response.url)
    pages: dict[str, None] = {}
    pagination: set[str] = set()
    for text in response.css("meta[http-equiv='refresh' i]::attr(content)").getall():
        if (match := _REFRESH.search(text)) and (
            url := crawlable_url(absolute_url(base, match[1], response.encoding), site)
        ):
            pages[url] = None
    for element in response.css("a[href], area[href], link[rel][href]"):
        relation = _get_rel(element)
        is_pagination = bool(relation & {"next", "prev", "previous"})
        if (element.root.tag == "link" and not is_pagination) or "nofollow" in relation or "download" in element.attrib:
            continue
        url = crawlable_url(absolute_url(base, element.attrib["href"], response.encoding), site)
        if url and canonical_key(url) != canonical_key(own) and len(pages) < MAX_LINKS:
            pages[url] = None
            if is_pagination:
                pagination.add(url)
    return Links(tuple(pages), frozenset(pagination), _find_canonical(response, base, own, site))


def get_base_url(response: TextResponse) -> str:
    """What a page's addresses are relative to: its `<base>`, wherever it stands. Scrapy looks at the beginning only."""
    href = response.xpath("//base/@href").get()
    return (absolute_url(response.url, href) if href else "") or response.url


def crawlable_url(url: str, site: str) -> str:
    """A page's address as it is visited; "" if it is no page of the site."""
    if not url or site_key(url) != site:
        return ""
    if urlsplit(url).path.lower().endswith(_FILE_SUFFIXES) or is_loop(url):
        return ""
    return clean_url(url)


def _get_rel(element: Selector) -> frozenset[str]:
    return frozenset((element.attrib.get("rel") or "").lower().split())


def _find_canonical(response: TextResponse, base: str, own: str, site: str) -> str:
    """What `rel=canonical` says, in the header or the page, where it can be true.

    The home page as everybody's canonical address and the first page of a list as that of all its pages are common
    mistakes; believing them would lose products.
    """
    named = response.xpath("//head//link[@href]")
    texts = [each.attrib["href"] for each in named if "canonical" in _get_rel(each)]
    for value in response.headers.getlist("Link"):
        for part in value.decode("latin-1").split(","):
            target, _, parameters = part.partition(";")
            if "canonical" in parameters.lower() and "rel" in parameters.lower():
                texts.append(target.strip().strip("<>"))
    candidates = [
        url for each in texts if (url := absolute_url(base, _add_missing_scheme(each, own), response.encoding))
    ]
    if any(canonical_key(each) == canonical_key(own) for each in candidates):
        return own  # of two, the one that can be true
    canonical = next((each for each in candidates if _is_plausible_canonical(each, own, site)), "")
    return clean_url(canonical) if canonical else own


def _is_plausible_canonical(canonical: str, own: str, site: str) -> bool:
    home = urlsplit(canonical).path in ("", "/") and not urlsplit(canonical).query
    return site_key(canonical) == site and not home and not is_other_page_of_list(own, canonical)


def _add_missing_scheme(text: str, own: str) -> str:
    """An address whose author forgot `http://`: read as browsers do, it would lie below the page."""
    host = urlsplit(own).netloc
    return f"//{text.strip()}" if host and text.strip().startswith(f"{host}/") else text
