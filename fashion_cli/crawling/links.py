"""Where a page leads: its links, the next page of a list, and the address that it calls its own."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from parsel import Selector
from scrapy.http import TextResponse
from scrapy.linkextractors import IGNORED_EXTENSIONS
from scrapy.utils.response import get_base_url

from fashion_cli.crawling.urls import absolute, is_loop, page_key, page_url, site_key, turns_pages

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
    base = get_base_url(response)
    own = page_url(response.url)
    pages: dict[str, None] = {}
    following: set[str] = set()
    for element in response.css("a[href], area[href], link[rel][href]"):
        relation = _relation(element)
        turning = bool(relation & {"next", "prev", "previous"})
        if (element.root.tag == "link" and not turning) or "nofollow" in relation or "download" in element.attrib:
            continue
        url = visited(absolute(base, element.attrib["href"]), site)
        if url and page_key(url) != page_key(own) and len(pages) < MOST_LINKS:
            pages[url] = None
            if turning:
                following.add(url)
    return Links(tuple(pages), frozenset(following), _canonical(response, base, own, site))


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
    said = [element.attrib["href"] for element in response.css("link[href][rel~='canonical' i]")]
    for value in response.headers.getlist("Link"):
        for part in value.decode("latin-1").split(","):
            target, _, parameters = part.partition(";")
            if "canonical" in parameters.lower() and "rel" in parameters.lower():
                said.append(target.strip().strip("<>"))
    canonical = next((url for each in said if (url := absolute(base, each))), "")
    if not canonical or site_key(canonical) != site or page_key(canonical) == page_key(own):
        return own
    home = urlsplit(canonical).path in ("", "/") and not urlsplit(canonical).query
    return own if home or turns_pages(own, canonical) else page_url(canonical)
