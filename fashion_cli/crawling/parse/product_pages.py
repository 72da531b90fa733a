"""Products of a shop's page, from its structured data (schema.org/Product, Open Graph)."""

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from fashion_cli.crawling.parse.items import ScrapedItem
from fashion_cli.crawling.parse.nodes import Node, find_nodes, find_products, get_breadcrumbs
from fashion_cli.crawling.parse.offer_nodes import OfferContext, read_offers
from fashion_cli.crawling.parse.open_graph import read_open_graph_product
from fashion_cli.crawling.parse.product_nodes import (
    PRODUCT_TYPES,
    DescribedProduct,
    fill_missing,
    merge_descriptions,
    read_product_node,
)
from fashion_cli.crawling.parse.structured_data import StructuredData, read_structured_data
from fashion_cli.crawling.parse.urls import absolute_url, canonical_key, same_page, site_key
from fashion_cli.plurals import counted
from fashion_cli.products.offers import lowest_per_key
from fashion_cli.products.records import FoundOffer, FoundProduct

MAX_NAME = 500  # characters
MAX_ID = 120
MAX_IMAGES = 100  # of one product


@dataclass(frozen=True)
class HtmlPage:
    """A page to read products from.

    Attributes:
        html: Decoded.
        url: Where it was found.
        base: What its relative addresses are relative to.
        source: What the user typed that led here.
        encoding: That it is written in.
    """

    html: str
    url: str
    base: str
    source: str
    encoding: str = "utf-8"


@dataclass(frozen=True)
class PageProducts:
    """What a page says about products.

    Attributes:
        items: The products that the page is about.
        listed_urls: Pages of products that it only shows in passing, as a list or "you may also like" does.
        notes: What could not be read or was left out.
    """

    items: tuple[ScrapedItem, ...]
    listed_urls: tuple[str, ...]
    notes: tuple[str, ...]


def read_products(page: HtmlPage, now: datetime | None = None) -> PageProducts:
    """Read the products that a page is about, with what all its syntaxes say about them together.

    Args:
        now: When prices have to hold; the present moment unless a test says otherwise.
    """
    data = read_structured_data(page.html, page.base)
    notes = list(data.notes)
    context = OfferContext(
        shop=data.open_graph.get("og:site_name", [""])[0] or site_key(page.url),
        page=page.url,
        base=page.base,
        currency=next((data.open_graph[name][0] for name in _CURRENCIES if name in data.open_graph), ""),
        now=now or datetime.now(UTC),
        notes=notes,
    )
    choice = _ProductSelector(page, data, notes)
    readings = [choice.select(merge_descriptions(_read_nodes(nodes, context, page))) for nodes in data.syntaxes]
    graph = read_open_graph_product(data.open_graph, context, page.encoding)
    if graph is not None:
        readings.append([graph])
    described = _merge_syntaxes([reading for reading in readings if reading])
    crumbs = next(filter(None, map(get_breadcrumbs, data.syntaxes)), ())
    items: dict[str, ScrapedItem] = {}
    for each in described:
        if not each.name:
            notes.append("a product without a name")
            continue
        product = _build_product(each, page, context.shop, crumbs, alone=len(described) == 1)
        canonical = each.url if each.url and not same_page(each.url, page.url) else ""
        images = tuple(dict.fromkeys(each.images))[:MAX_IMAGES]
        if not images:
            notes.append("a product without a photograph")
        item = ScrapedItem(product, images, page.source, canonical, has_number=bool(each.number))
        items.setdefault(product.item_id, item)
    return PageProducts(tuple(items.values()), tuple(choice.listed_urls), tuple(dict.fromkeys(notes)))


_CURRENCIES = ("product:price:currency", "og:price:currency", "product:sale_price:currency")


def _read_nodes(nodes: tuple[Node, ...], context: OfferContext, page: HtmlPage) -> list[DescribedProduct]:
    lists = tuple(find_nodes(nodes, "ItemList", "OfferCatalog", "CollectionPage", "SearchResultsPage"))
    listed = {id(node) for node in find_nodes(tuple(map(_remove_type, lists)), *PRODUCT_TYPES)}
    products = []
    for node, offer in find_products(nodes, PRODUCT_TYPES):
        each = read_product_node(node, context, page.encoding)
        if offer is not None and not each.offers:
            each.offers = read_offers({"offers": offer}, context, each.url)
        each.listed = id(node) in listed
        products.append(each)
    return [each for each in products if each.name or each.offers or each.images or each.url]


def _remove_type(node: Node) -> Node:
    return {**node, "@type": []}


class _ProductSelector:
    """Selects those products of a page that it is about.

    What a page claims about addresses is compared loosely, and what a person sees (title, heading, links) decides
    where no address does. Several products without address or number are a list.

    Attributes:
        listed_urls: Addresses of products that it only shows in passing.
    """

    def __init__(self, page: HtmlPage, data: StructuredData, notes: list[str]) -> None:
        self._page = page
        self._data = data
        self._notes = notes
        self._headings = (*data.headings, *data.open_graph.get("og:title", ()))
        self.listed_urls: dict[str, None] = {}

    def select(self, described: list[DescribedProduct]) -> list[DescribedProduct]:
        """Select those that the page is about; the URLs of the others are listed."""
        for each in described:
            self.listed_urls |= dict.fromkeys(each.variant_urls)
            self._find_url(each)
        own = self._select_own(described)
        left = [each for each in described if each not in own]
        self.listed_urls |= dict.fromkeys(each.url for each in left if each.url)
        if nameless := [each for each in left if not each.url]:
            self._notes.append(
                f"{counted(len(nameless), 'product')} without an address or a number that tells them apart:"
                " taken for a list"
            )
        return own

    def _select_own(self, described: list[DescribedProduct]) -> list[DescribedProduct]:
        if len(described) == 1:
            only = described[0]
            return [] if only.listed and self._is_elsewhere(only) else described
        own = self._match_url(described)
        if own:
            return own
        seen = [each for each in described if self._is_heading(each.name)]
        longest = [each for each in seen if len(each.name) == max(len(other.name) for other in seen)]
        bare = [each for each in described if not each.url]
        if bare:
            named = [each for each in bare if each in longest] or [each for each in bare if each.number]
            return bare if len(bare) == 1 else named
        return longest if len(longest) == 1 and not longest[0].listed else []

    def _match_url(self, described: list[DescribedProduct]) -> list[DescribedProduct]:
        url = self._page.url
        with_url = [each for each in described if each.url]
        return [each for each in with_url if canonical_key(each.url) == canonical_key(url)] or [
            each for each in with_url if same_page(each.url, url)
        ]

    def _is_elsewhere(self, product: DescribedProduct) -> bool:
        return bool(product.url) and not same_page(product.url, self._page.url)

    def _find_url(self, product: DescribedProduct) -> None:
        """A product without address whose name leads to another page of the site is only shown in passing."""
        href = self._data.links.get(product.name.casefold(), "")
        url = absolute_url(self._page.base, href, self._page.encoding) if href and not product.url else ""
        other = url and site_key(url) == site_key(self._page.url) and not same_page(url, self._page.url)
        if other and not self._is_heading(product.name):
            product.url, product.listed = url, True

    def _is_heading(self, name: str) -> bool:
        """Whether title or heading name a product."""
        if not name:
            return False
        whole = re.compile(rf"(?<!\w){re.escape(name.casefold())}(?!\w)")
        return any(whole.search(each.casefold()) for each in self._headings)


def _merge_syntaxes(readings: list[list[DescribedProduct]]) -> list[DescribedProduct]:
    """The first syntax that names products, completed by the others where those mean the same product."""
    if not readings:
        return []
    first, *others = readings
    for other in others:
        if len(first) == len(other) == 1:
            fill_missing(first[0], other[0])
            continue
        for each in other:
            match = next(
                (candidate for candidate in first if len(merge_descriptions([replace(candidate), replace(each)])) == 1),
                None,
            )
            if match is not None:
                fill_missing(match, each)
    return first


def _build_product(
    each: DescribedProduct, page: HtmlPage, shop: str, crumbs: tuple[str, ...], *, alone: bool
) -> FoundProduct:
    trail = " > ".join(crumb for crumb in crumbs if crumb != each.name)
    unnamed = canonical_key(page.url) if alone else f"{canonical_key(page.url)} {each.name}"
    return FoundProduct(
        item_id=f"{site_key(page.url)}:{_shorten_number(each.number or _digest(unnamed)[:16])}",
        name=each.name[:MAX_NAME],
        url=page.url,
        shop=shop,
        offers=_lowest_offers(each.offers),
        keywords=each.keywords,
        brand=each.brand,
        description=each.description,
        category=each.category or trail,
        sku=each.sku,
        source=page.source,
    )


def _shorten_number(number: str) -> str:
    """A number as part of an id. Letter for letter, since `A B` and `AB` are two products; a long one by its digest."""
    return number if len(number) <= MAX_ID else f"{number[: MAX_ID - 17]}-{_digest(number)[:16]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _lowest_offers(offers: list[FoundOffer]) -> tuple[FoundOffer, ...]:
    """One offer for each shop and link: of several, as of sizes, the lowest that can be bought."""
    return tuple(lowest_per_key((f"{offer.shop}\n{offer.url}", offer) for offer in offers).values())
