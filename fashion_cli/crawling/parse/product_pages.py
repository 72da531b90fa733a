"""Products on a shop's pages, from what the pages say for machines (schema.org/Product, Open Graph)."""

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from fashion_cli.crawling.parse.items import Discovery
from fashion_cli.crawling.parse.nodes import Node, breadcrumbs, nodes_of_type, products_and_offers
from fashion_cli.crawling.parse.offer_nodes import OfferContext, read_offers
from fashion_cli.crawling.parse.open_graph import describe_open_graph
from fashion_cli.crawling.parse.product_nodes import TYPES, DescribedProduct, complete, describe, join
from fashion_cli.crawling.parse.structured_data import Structured, read_structured
from fashion_cli.crawling.parse.urls import address, page_key, same_page, site_key
from fashion_cli.plurals import counted
from fashion_cli.products.offers import lowest_per_key
from fashion_cli.products.records import FoundOffer, FoundProduct

LONGEST_NAME = 500  # characters
LONGEST_ID = 120
MOST_IMAGES = 100  # of one product


@dataclass(frozen=True)
class Page:
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
class ProductsOfPage:
    """What a page says about products.

    Attributes:
        discoveries: The products that the page is about.
        teased: Pages of products that it only shows in passing, as a list or "you may also like" does.
        notes: What could not be read or was left out.
    """

    discoveries: tuple[Discovery, ...]
    teased: tuple[str, ...]
    notes: tuple[str, ...]


def read_products(page: Page, now: datetime | None = None) -> ProductsOfPage:
    """The products that a page is about, with what all its syntaxes say about them together.

    Args:
        page: What was fetched.
        now: When prices have to hold; the present moment unless a test says otherwise.
    """
    data = read_structured(page.html, page.base)
    notes = list(data.notes)
    context = OfferContext(
        shop=data.open_graph.get("og:site_name", [""])[0] or site_key(page.url),
        page=page.url,
        base=page.base,
        currency=next((data.open_graph[name][0] for name in _CURRENCIES if name in data.open_graph), ""),
        now=now or datetime.now(UTC),
        notes=notes,
    )
    choice = _Choice(page, data, notes)
    readings = [choice.of_this_page(join(_describe_all(nodes, context, page))) for nodes in data.syntaxes]
    graph = describe_open_graph(data.open_graph, context, page.encoding)
    if graph is not None:
        readings.append([graph])
    described = _merge([reading for reading in readings if reading])
    crumbs = next(filter(None, map(breadcrumbs, data.syntaxes)), ())
    found: dict[str, Discovery] = {}
    for each in described:
        if not each.name:
            notes.append("a product without a name")
            continue
        product = _product(each, page, context.shop, crumbs, alone=len(described) == 1)
        claim = each.url if each.url and not same_page(each.url, page.url) else ""
        images = tuple(dict.fromkeys(each.images))[:MOST_IMAGES]
        if not images:
            notes.append("a product without a photograph")
        discovery = Discovery(product, images, page.source, claim, numbered=bool(each.number))
        found.setdefault(product.item_id, discovery)
    return ProductsOfPage(tuple(found.values()), tuple(choice.teased), tuple(dict.fromkeys(notes)))


_CURRENCIES = ("product:price:currency", "og:price:currency", "product:sale_price:currency")


def _describe_all(nodes: tuple[Node, ...], context: OfferContext, page: Page) -> list[DescribedProduct]:
    lists = tuple(nodes_of_type(nodes, "ItemList", "OfferCatalog", "CollectionPage", "SearchResultsPage"))
    listed = {id(node) for node in nodes_of_type(tuple(map(_untyped, lists)), *TYPES)}
    found = []
    for node, offer in products_and_offers(nodes, TYPES):
        each = describe(node, context, page.encoding)
        if offer is not None and not each.offers:
            each.offers = read_offers({"offers": offer}, context, each.url)
        each.listed = id(node) in listed
        found.append(each)
    return [each for each in found if each.name or each.offers or each.images or each.url]


def _untyped(node: Node) -> Node:
    return {**node, "@type": []}


class _Choice:
    """Which of the products that a page names it is about.

    What a page claims about addresses is compared loosely, and what a person sees (title, heading, links) decides
    where no address does. Several products without address or number are a list.

    Attributes:
        teased: Addresses of products that it only shows in passing.
    """

    def __init__(self, page: Page, data: Structured, notes: list[str]) -> None:
        self._page = page
        self._data = data
        self._notes = notes
        self._headings = (*data.headings, *data.open_graph.get("og:title", ()))
        self.teased: dict[str, None] = {}

    def of_this_page(self, described: list[DescribedProduct]) -> list[DescribedProduct]:
        """Those that it is about; pages of the others are teased."""
        for each in described:
            self.teased |= dict.fromkeys(each.variant_urls)
            self._find_address(each)
        kept = self._kept(described)
        left = [each for each in described if each not in kept]
        self.teased |= dict.fromkeys(each.url for each in left if each.url)
        if nameless := [each for each in left if not each.url]:
            self._notes.append(
                f"{counted(len(nameless), 'product')} without an address or a number that tells them apart:"
                " taken for a list"
            )
        return kept

    def _kept(self, described: list[DescribedProduct]) -> list[DescribedProduct]:
        if len(described) == 1:
            only = described[0]
            return [] if only.listed and self._is_elsewhere(only) else described
        own = self._of_this_address(described)
        if own:
            return own
        seen = [each for each in described if self._is_heading(each.name)]
        longest = [each for each in seen if len(each.name) == max(len(other.name) for other in seen)]
        bare = [each for each in described if not each.url]
        if bare:
            named = [each for each in bare if each in longest] or [each for each in bare if each.number]
            return bare if len(bare) == 1 else named
        return longest if len(longest) == 1 and not longest[0].listed else []

    def _of_this_address(self, described: list[DescribedProduct]) -> list[DescribedProduct]:
        url = self._page.url
        with_url = [each for each in described if each.url]
        return [each for each in with_url if page_key(each.url) == page_key(url)] or [
            each for each in with_url if same_page(each.url, url)
        ]

    def _is_elsewhere(self, product: DescribedProduct) -> bool:
        return bool(product.url) and not same_page(product.url, self._page.url)

    def _find_address(self, product: DescribedProduct) -> None:
        """A product without address whose name leads to another page of the site is only shown in passing."""
        href = self._data.links.get(product.name.casefold(), "")
        url = address(self._page.base, href, self._page.encoding) if href and not product.url else ""
        other = url and site_key(url) == site_key(self._page.url) and not same_page(url, self._page.url)
        if other and not self._is_heading(product.name):
            product.url, product.listed = url, True

    def _is_heading(self, name: str) -> bool:
        """Whether title or heading name a product."""
        if not name:
            return False
        whole = re.compile(rf"(?<!\w){re.escape(name.casefold())}(?!\w)")
        return any(whole.search(each.casefold()) for each in self._headings)


def _merge(readings: list[list[DescribedProduct]]) -> list[DescribedProduct]:
    """The first syntax that names products, completed by the others where those mean the same product."""
    if not readings:
        return []
    first, *others = readings
    for other in others:
        if len(first) == len(other) == 1:
            complete(first[0], other[0])
            continue
        for each in other:
            match = next((known for known in first if len(join([replace(known), replace(each)])) == 1), None)
            if match is not None:
                complete(match, each)
    return first


def _product(each: DescribedProduct, page: Page, shop: str, crumbs: tuple[str, ...], *, alone: bool) -> FoundProduct:
    trail = " > ".join(crumb for crumb in crumbs if crumb != each.name)
    unnamed = page_key(page.url) if alone else f"{page_key(page.url)} {each.name}"
    return FoundProduct(
        item_id=f"{site_key(page.url)}:{_identity(each.number or _digest(unnamed)[:16])}",
        name=each.name[:LONGEST_NAME],
        url=page.url,
        shop=shop,
        offers=_distinct(each.offers),
        keywords=each.keywords,
        brand=each.brand,
        description=each.description,
        category=each.category or trail,
        sku=each.sku,
        source=page.source,
    )


def _identity(number: str) -> str:
    """A number as part of an id. Letter for letter, since `A B` and `AB` are two products; a long one by its digest."""
    return number if len(number) <= LONGEST_ID else f"{number[: LONGEST_ID - 17]}-{_digest(number)[:16]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _distinct(offers: list[FoundOffer]) -> tuple[FoundOffer, ...]:
    """One offer for each shop and link: of several, as of sizes, the lowest that can be bought."""
    return tuple(lowest_per_key((f"{offer.shop}\n{offer.url}", offer) for offer in offers).values())
