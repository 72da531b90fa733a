"""Reads a shop's page: its products, the requests that it leads to, and the canonical address that it names."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from scrapy.http import Response, TextResponse

from fashion_cli.crawling.fetch.middlewares import attempt_number
from fashion_cli.crawling.fetch.robots import read_robot_tags
from fashion_cli.crawling.parse.encodings import decode_page
from fashion_cli.crawling.parse.items import CrawlRequest, ScrapedItem
from fashion_cli.crawling.parse.links import Links, crawlable_url, get_base_url, read_links
from fashion_cli.crawling.parse.product_pages import HtmlPage, PageProducts, read_products
from fashion_cli.crawling.parse.urls import canonical_key, clean_url
from fashion_cli.crawling.state.canonicals import IGNORE_CANONICAL, is_shown_elsewhere, resolve_canonicals
from fashion_cli.crawling.state.database import CrawlDatabase
from fashion_cli.crawling.state.requests import RequestOutcome, get_status
from fashion_cli.crawling.stats import CrawlStats
from fashion_cli.plurals import counted


@dataclass(frozen=True)
class PageResult:
    """The result of reading a page: its outcome, its products, and the requests that it leads to.

    Attributes:
        outcome: Of its request.
        items: The products that it keeps.
        requests: What else to fetch.
        canonical: The address that is read in its place; "" if none is.
    """

    outcome: RequestOutcome
    items: tuple[ScrapedItem, ...] = ()
    requests: tuple[CrawlRequest, ...] = ()
    canonical: str = ""


class PageReader:
    """Reads pages; what could not be used is noted in the stats."""

    def __init__(self, database: CrawlDatabase, stats: CrawlStats) -> None:
        self._database = database
        self._stats = stats

    def read(self, response: TextResponse, request: CrawlRequest, site: str) -> PageResult:
        """Read one page.

        Args:
            response: As it was received.
            request: It may have been redirected since.
            site: Links to other sites are left out; see `urls.site_key`.
        """
        page = self._decode(response)
        links, tags = read_links(page, site), read_robot_tags(page)
        products = PageProducts((), (), ())
        if tags.keep_out:
            self._stats.refused[f"the site says {tags.keep_out}"] += 1
        else:
            html = HtmlPage(page.text, clean_url(page.url), get_base_url(page), request.source, page.encoding)
            products = read_products(html)
        for each in products.notes:
            self._stats.add_note(each, page.url)
        if not products.items and self._is_alias(page, request, links.canonical):
            canonical_request = _build_request(request, links.canonical)
            return PageResult(_build_alias_outcome(page, links.canonical), (), (canonical_request,), links.canonical)
        return self._select(page, request, products, links, site, follow=request.follow and not tags.nofollow)

    def _decode(self, response: TextResponse) -> TextResponse:
        """A page in the encoding that it is in, which need not be the one that it declares."""
        declared = (response.headers.get("Content-Type") or b"").decode("latin-1")
        decoded = decode_page(response.body, declared)
        if decoded.broken:
            self._stats.add_note(f"not {decoded.encoding}: {counted(decoded.broken, 'letter')}", response.url)
        return response.replace(encoding=decoded.encoding)

    def _is_alias(self, page: TextResponse, request: CrawlRequest, canonical: str) -> bool:
        """Whether another address shows the same page, and is or will be read."""
        if request.meta.get(IGNORE_CANONICAL):
            return False
        requested, arrived = canonical_key(request.url), canonical_key(clean_url(page.url))
        if arrived != requested and get_status(self._database, "page", clean_url(page.url))[0] == "done":
            return True  # a redirect to a page that was read
        if canonical_key(canonical) in (arrived, requested):
            return False
        status, code = get_status(self._database, "page", canonical)
        return status in ("", "pending") or (status == "done" and code != "alias")

    def _select(
        self,
        page: TextResponse,
        request: CrawlRequest,
        products: PageProducts,
        links: Links,
        site: str,
        *,
        follow: bool,
    ) -> PageResult:
        """Select the products that no canonical page shows, and the requests that follow."""
        url = clean_url(page.url)
        canonical = url if request.meta.get(IGNORE_CANONICAL) else links.canonical
        items = [replace(each, canonical=crawlable_url(each.canonical, site)) for each in products.items]
        own_items = resolve_canonicals(self._database, items, canonical, url, request)
        if items and not own_items:
            return PageResult(_build_alias_outcome(page, canonical))
        targets = dict.fromkeys(each.canonical for each in own_items if each.canonical)
        requests = [_build_request(request, target) for target in targets]
        if follow and not is_shown_elsewhere(self._database, own_items, request):
            listed = [url for each in products.listed_urls if (url := crawlable_url(each, site))]
            if len(listed) < len(products.listed_urls):
                self._stats.add_note("products at addresses that are no pages of this site are left out", page.url)
            requests += _follow_links(request, links, listed)
        return PageResult(build_page_outcome(page), own_items, tuple(requests))


def build_page_outcome(response: Response) -> RequestOutcome:
    """The outcome of a page or a sitemap that was read."""
    etag, last_modified = ((response.headers.get(name) or b"").decode("latin-1") for name in ("ETag", "Last-Modified"))
    return RequestOutcome(
        "done",
        http_status=response.status,
        attempts=attempt_number(response.request),
        etag=etag,
        last_modified=last_modified,
        final_url=clean_url(response.url),
    )


def _build_alias_outcome(page: TextResponse, canonical: str) -> RequestOutcome:
    return replace(build_page_outcome(page), code="alias", reason=f"another address of {canonical}")


def _build_request(request: CrawlRequest, url: str) -> CrawlRequest:
    """A request for another address of the same page: as near to the start."""
    return CrawlRequest("page", url, request.source, request.depth, request.follow)


def _follow_links(request: CrawlRequest, links: Links, listed: Iterable[str]) -> list[CrawlRequest]:
    """Requests for the pages that a page leads to.

    The next page of a list is as near as the first, however long the list. One that shows what the page before it
    showed is farther away, so that a list without end comes to an end.
    """
    page_urls = sorted(set(links.pages) - links.pagination)
    digest = hashlib.sha256("\n".join(page_urls).encode()).hexdigest()[:16]
    is_new = digest != request.meta.get("list")
    requests = []
    for url in dict.fromkeys((*links.pages, *listed)):
        is_next = url in links.pagination
        meta = {"list": digest} if is_next else {}
        requests.append(
            CrawlRequest("page", url, request.source, request.depth + (not (is_next and is_new)), meta=meta)
        )
    return requests
