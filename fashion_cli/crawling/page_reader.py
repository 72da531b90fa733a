"""What a page of a shop comes to: its products, where it leads, and which other address it names as its own."""

from dataclasses import dataclass, replace

from scrapy.http import TextResponse

from fashion_cli.crawling.fetch.robots import robot_tags
from fashion_cli.crawling.parse.encodings import decode_page
from fashion_cli.crawling.parse.items import Discovery, Visit
from fashion_cli.crawling.parse.links import Links, base_of, read_links, visited
from fashion_cli.crawling.parse.product_pages import Page, ProductsOfPage, read_products
from fashion_cli.crawling.parse.urls import page_url
from fashion_cli.crawling.responses import is_alias, pages_to_visit, seen
from fashion_cli.crawling.state.canonicals import IGNORE_CANONICAL, examine_claims, is_shown_elsewhere
from fashion_cli.crawling.state.database import Memory
from fashion_cli.crawling.state.requests import Outcome
from fashion_cli.crawling.stats import Tally
from fashion_cli.plurals import counted


@dataclass(frozen=True)
class ReadPage:
    """A page that was read.

    Attributes:
        outcome: Of the visit.
        discoveries: The products that it keeps.
        visits: What else to fetch.
        claim: The address that it names as its own, where that one is read in its place; else "".
    """

    outcome: Outcome
    discoveries: tuple[Discovery, ...] = ()
    visits: tuple[Visit, ...] = ()
    claim: str = ""


class PageReader:
    """Reads pages; what could not be used goes into the tally.

    Args:
        memory: Of the crawl.
        tally: Of this call.
    """

    def __init__(self, memory: Memory, tally: Tally) -> None:
        self._memory = memory
        self._tally = tally

    def read(self, response: TextResponse, visit: Visit, site: str) -> ReadPage:
        """Read one.

        Args:
            response: As it came.
            visit: What was asked for.
            site: Whose pages are read.
        """
        page = self._decoded(response)
        links, tags, own = read_links(page, site), robot_tags(page), page_url(page.url)
        html = ProductsOfPage((), (), ())
        if tags.keep_out:
            self._tally.refused[f"the site says {tags.keep_out}"] += 1
        else:
            html = read_products(Page(page.text, own, base_of(page), visit.source, page.encoding))
        for each in html.notes:
            self._tally.note(each, page.url)
        if not html.discoveries and is_alias(self._memory, links.canonical, own, visit):
            found = Visit("page", links.canonical, visit.source, visit.depth, visit.follow)
            return ReadPage(_alias(page, links.canonical), (), (found,), links.canonical)
        return self._products(page, visit, html, links, site, follow=visit.follow and not tags.nofollow)

    def _products(
        self, page: TextResponse, visit: Visit, html: ProductsOfPage, links: Links, site: str, *, follow: bool
    ) -> ReadPage:
        own = page_url(page.url)
        canonical = own if visit.meta.get(IGNORE_CANONICAL) else links.canonical
        claiming = [replace(each, claim=visited(each.claim, site)) for each in html.discoveries]
        examined = examine_claims(self._memory, claiming, canonical, own, visit)
        if html.discoveries and not examined.discoveries:
            return ReadPage(_alias(page, canonical))
        found = [Visit("page", url, visit.source, visit.depth, visit.follow) for url in examined.targets]
        if follow and not is_shown_elsewhere(self._memory, examined.discoveries, visit):
            teased = [url for each in html.teased if (url := visited(each, site))]
            if len(teased) < len(html.teased):
                self._tally.note("products at addresses that are no pages of this site are left out", page.url)
            found += pages_to_visit(visit, links, teased)
        return ReadPage(seen(page), examined.discoveries, tuple(found))

    def _decoded(self, response: TextResponse) -> TextResponse:
        """A page in the encoding that it is in, which need not be the one that it declares."""
        declared = (response.headers.get("Content-Type") or b"").decode("latin-1")
        decoded = decode_page(response.body, declared)
        if decoded.broken:
            self._tally.note(f"not {decoded.encoding}: {counted(decoded.broken, 'letter')}", response.url)
        return response.replace(encoding=decoded.encoding)


def _alias(page: TextResponse, canonical: str) -> Outcome:
    return replace(seen(page), code="alias", reason=f"another address of {canonical}")
