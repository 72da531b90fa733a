"""Products as one syntax of a page describes them, and which descriptions are of one product."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from fashion_cli.crawling.parse.image_nodes import images_of
from fashion_cli.crawling.parse.nodes import Node, as_list, is_of_type, reference_of, text_of, without_tags
from fashion_cli.crawling.parse.offer_nodes import OfferContext, read_offers
from fashion_cli.crawling.parse.urls import address, page_url, same_page
from fashion_cli.products.records import FoundOffer

TYPES = ("Product", "ProductGroup", "IndividualProduct", "ProductModel", "SomeProducts", "Vehicle")
LONGEST_DESCRIPTION = 5_000
_NUMBERS = ("productID", "sku", "gtin13", "gtin", "gtin14", "gtin12", "gtin8", "mpn")
# What shops write where they have no number: taken for one, all products would be the same.
_NO_NUMBERS = frozenset(
    {
        *("-", "--", "---", ".", "?", "0", "00", "000", "-1", "n/a", "na", "n.a.", "none", "null", "nil", "undefined"),
        *("false", "true", "no", "tbd", "tba", "sku", "product", "default", "unknown", "test", "empty", "xxx", "없음"),
    }
)


@dataclass
class DescribedProduct:
    """One product.

    Attributes:
        name: "" if it has none.
        url: The address that it claims.
        number: What the shop knows it by; "" if it says none.
        groups: Names of the group of variants that it belongs to.
        is_group: Whether it is the group.
        node_id: `@id` of its node.
        variant_urls: Addresses of variants that say nothing else.
        listed: Whether it stands in a list.
    """

    name: str = ""
    url: str = ""
    number: str = ""
    sku: str = ""
    brand: str = ""
    description: str = ""
    category: str = ""
    keywords: tuple[str, ...] = ()
    images: list[str] = field(default_factory=list)
    offers: list[FoundOffer] = field(default_factory=list)
    groups: frozenset[str] = frozenset()
    is_group: bool = False
    node_id: str = ""
    variant_urls: tuple[str, ...] = ()
    listed: bool = False

    @property
    def is_known(self) -> bool:
        """Whether an address or a number tells it from others."""
        return bool(self.url or self.number or self.groups)


def describe(node: Node, context: OfferContext, encoding: str) -> DescribedProduct:
    """What a product's node says, its variants with it."""
    variants = [each for each in as_list(node.get("hasVariant")) if isinstance(each, dict)]
    url = address(context.base, reference_of(node.get("url")), encoding)
    link = "" if url and same_page(url, context.page) else url
    images, offers = images_of(node, context.base, encoding), read_offers(node, context, link)
    bare = []
    for variant in variants:
        own = address(context.base, reference_of(variant.get("url")), encoding)
        images += images_of(variant, context.base, encoding)
        offers += read_offers(variant, context, own or link)
        if own and not (variant.get("offers") or variant.get("image")):
            bare.append(page_url(own))
    groups = _groups(node)
    group = next(
        (text for each in as_list(node.get("isVariantOf")) if (text := text_of(_value(each, "productGroupID")))), ""
    )
    return DescribedProduct(
        name=without_tags(text_of(node.get("name")))
        or next((name for each in variants if (name := without_tags(text_of(each.get("name"))))), ""),
        url=page_url(url) if url else "",
        number=_first((node.get("productGroupID"), node.get("inProductGroupWithID"), group))
        or _first(node.get(name) for name in _NUMBERS),
        sku=_first((node.get("sku"),)),
        brand=text_of(node.get("brand")) or text_of(node.get("manufacturer")),
        description=without_tags(text_of(node.get("description")))[:LONGEST_DESCRIPTION],
        category=" > ".join(text for each in as_list(node.get("category")) if (text := text_of(each))),
        keywords=_keywords(node),
        images=images,
        offers=offers,
        groups=groups,
        is_group=is_of_type(node, "ProductGroup") or bool(variants),
        node_id=str(node.get("@id") or ""),
        variant_urls=tuple(bare),
    )


def join(described: Iterable[DescribedProduct]) -> list[DescribedProduct]:
    """Descriptions of one product put together: by group, `@id`, number, then the same name on the page.

    A description that comes first is right; the others fill what it leaves out. Variants add to their group.
    """
    joined: list[DescribedProduct] = []
    for same in (_same_group, _same_node, _same_number, _same_name):
        joined = []
        for each in described:
            known = next((other for other in joined if same(other, each)), None)
            if known is None:
                joined.append(each)
            elif same is _same_group:
                joined[joined.index(known)] = _fold(known, each)
            else:
                complete(known, each)
        described = joined
    return joined


def complete(product: DescribedProduct, other: DescribedProduct) -> None:
    """Fill what a description leaves out."""
    for name in ("name", "url", "number", "sku", "brand", "description", "category", "keywords", "groups"):
        if not getattr(product, name):
            setattr(product, name, getattr(other, name))
    product.images = product.images or other.images
    product.offers = product.offers or other.offers
    product.listed = product.listed and other.listed


def _fold(one: DescribedProduct, other: DescribedProduct) -> DescribedProduct:
    """A group and its variants as one product."""
    head, variant = (other, one) if other.is_group and not one.is_group else (one, other)
    complete(head, DescribedProduct(variant.name, "", variant.number, "", variant.brand, variant.description))
    head.images = list(dict.fromkeys([*one.images, *other.images]))
    head.offers = list(dict.fromkeys([*one.offers, *other.offers]))
    head.groups |= variant.groups
    head.category, head.keywords = head.category or variant.category, head.keywords or variant.keywords
    return head


def _same_group(one: DescribedProduct, other: DescribedProduct) -> bool:
    return bool(one.groups & other.groups)


def _same_node(one: DescribedProduct, other: DescribedProduct) -> bool:
    return bool(one.node_id) and one.node_id == other.node_id and not _differ(one, other)


def _same_number(one: DescribedProduct, other: DescribedProduct) -> bool:
    return bool(one.number) and (one.number == other.number or one.sku == other.sku != "")


def _same_name(one: DescribedProduct, other: DescribedProduct) -> bool:
    return bool(one.name) and one.name.casefold() == other.name.casefold() and not _differ(one, other)


def _differ(one: DescribedProduct, other: DescribedProduct) -> bool:
    """Whether numbers or addresses say that two are not the same."""
    if one.number and other.number and one.number != other.number:
        return True
    return bool(one.url and other.url) and not same_page(one.url, other.url)


def _groups(node: Node) -> frozenset[str]:
    """What the node calls its group: numbers, and `@id`s behind a mark that no number has."""
    names = [text_of(node.get("inProductGroupWithID")), text_of(node.get("productGroupID"))]
    for each in as_list(node.get("isVariantOf")):
        names.append(text_of(_value(each, "productGroupID")))
        if reference := str(_value(each, "@id") or (each if isinstance(each, str) else "")):
            names.append(f"@id {reference}")
    if is_of_type(node, "ProductGroup") and node.get("@id"):
        names.append(f"@id {node['@id']}")
    return frozenset(name for name in names if name)


def _value(node: object, name: str) -> object:
    return node.get(name) if isinstance(node, dict) else None


def _first(values: Iterable[object]) -> str:
    return next((text for each in values if (text := text_of(each)) and text.casefold() not in _NO_NUMBERS), "")


def _keywords(node: Node) -> tuple[str, ...]:
    words = [part.strip() for each in as_list(node.get("keywords")) for part in text_of(each).split(",")]
    return tuple(dict.fromkeys(word for word in words if word))[:50]
