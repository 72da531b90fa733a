"""Product nodes of one syntax, and which of them describe the same product."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from fashion_cli.crawling.parse.nodes import Node, as_list, get_reference, get_text, is_of_type, strip_tags
from fashion_cli.crawling.parse.offer_nodes import OfferContext, read_offers
from fashion_cli.crawling.parse.urls import absolute_url, clean_url, same_page, split_urls
from fashion_cli.products.records import FoundOffer

PRODUCT_TYPES = ("Product", "ProductGroup", "IndividualProduct", "ProductModel", "SomeProducts", "Vehicle")
MAX_DESCRIPTION = 5_000
_NUMBER_PROPERTIES = ("productID", "sku", "gtin13", "gtin", "gtin14", "gtin12", "gtin8", "mpn")
# What shops write where they have no number: taken for one, all products would be the same.
_PLACEHOLDER_NUMBERS = frozenset(
    {
        *("-", "--", "---", ".", "?", "0", "00", "000", "-1", "n/a", "na", "n.a.", "none", "null", "nil", "undefined"),
        *("false", "true", "no", "tbd", "tba", "sku", "product", "default", "unknown", "test", "empty", "xxx", "없음"),
    }
)

# Where an ImageObject has its address, the first that is there.
_IMAGE_PROPERTIES = ("contentUrl", "url", "image", "embedUrl", "@id", "@value", "thumbnailUrl")


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
    def has_identity(self) -> bool:
        """Whether an address or a number tells the product apart from others."""
        return bool(self.url or self.number or self.groups)


def read_product_node(node: Node, context: OfferContext, encoding: str) -> DescribedProduct:
    """Read a product's node together with its variants."""
    variants = [each for each in as_list(node.get("hasVariant")) if isinstance(each, dict)]
    url = absolute_url(context.base, get_reference(node.get("url")), encoding)
    link = "" if url and same_page(url, context.page) else url
    images, offers = _read_image_urls(node, context.base, encoding), read_offers(node, context, link)
    bare = []
    for variant in variants:
        own = absolute_url(context.base, get_reference(variant.get("url")), encoding)
        images += _read_image_urls(variant, context.base, encoding)
        offers += read_offers(variant, context, own or link)
        if own and not (variant.get("offers") or variant.get("image")):
            bare.append(clean_url(own))
    groups = _read_groups(node)
    group = next(
        (text for each in as_list(node.get("isVariantOf")) if (text := get_text(_get(each, "productGroupID")))), ""
    )
    return DescribedProduct(
        name=strip_tags(get_text(node.get("name")))
        or next((name for each in variants if (name := strip_tags(get_text(each.get("name"))))), ""),
        url=clean_url(url) if url else "",
        number=_first_number((node.get("productGroupID"), node.get("inProductGroupWithID"), group))
        or _first_number(node.get(name) for name in _NUMBER_PROPERTIES),
        sku=_first_number((node.get("sku"),)),
        brand=get_text(node.get("brand")) or get_text(node.get("manufacturer")),
        description=strip_tags(get_text(node.get("description")))[:MAX_DESCRIPTION],
        category=" > ".join(text for each in as_list(node.get("category")) if (text := get_text(each))),
        keywords=_keywords(node),
        images=images,
        offers=offers,
        groups=groups,
        is_group=is_of_type(node, "ProductGroup") or bool(variants),
        node_id=str(node.get("@id") or ""),
        variant_urls=tuple(bare),
    )


def merge_descriptions(described: Iterable[DescribedProduct]) -> list[DescribedProduct]:
    """Merge descriptions of one product: by group, `@id`, number, then the same name on the page.

    A description that comes first is right; the others fill what it leaves out. Variants add to their group.
    """
    merged: list[DescribedProduct] = []
    for same in (_same_group, _same_node, _same_number, _same_name):
        merged = []
        for each in described:
            match = next((other for other in merged if same(other, each)), None)
            if match is None:
                merged.append(each)
            elif same is _same_group:
                merged[merged.index(match)] = _merge_variant(match, each)
            else:
                fill_missing(match, each)
        described = merged
    return merged


def fill_missing(product: DescribedProduct, other: DescribedProduct) -> None:
    """Fill what a description leaves out from another one."""
    for name in ("name", "url", "number", "sku", "brand", "description", "category", "keywords", "groups"):
        if not getattr(product, name):
            setattr(product, name, getattr(other, name))
    product.images = product.images or other.images
    product.offers = product.offers or other.offers
    product.listed = product.listed and other.listed


def _merge_variant(one: DescribedProduct, other: DescribedProduct) -> DescribedProduct:
    """Merge a variant into its group, or two variants of one group."""
    head, variant = (other, one) if other.is_group and not one.is_group else (one, other)
    fill_missing(head, DescribedProduct(variant.name, "", variant.number, "", variant.brand, variant.description))
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


def _read_groups(node: Node) -> frozenset[str]:
    """Read the names of a node's group: numbers, and `@id`s behind a prefix that no number has."""
    names = [get_text(node.get("inProductGroupWithID")), get_text(node.get("productGroupID"))]
    for each in as_list(node.get("isVariantOf")):
        names.append(get_text(_get(each, "productGroupID")))
        if reference := str(_get(each, "@id") or (each if isinstance(each, str) else "")):
            names.append(f"@id {reference}")
    if is_of_type(node, "ProductGroup") and node.get("@id"):
        names.append(f"@id {node['@id']}")
    return frozenset(name for name in names if name)


def _get(node: object, name: str) -> object:
    return node.get(name) if isinstance(node, dict) else None


def _first_number(values: Iterable[object]) -> str:
    return next(
        (text for each in values if (text := get_text(each)) and text.casefold() not in _PLACEHOLDER_NUMBERS), ""
    )


def _keywords(node: Node) -> tuple[str, ...]:
    words = [part.strip() for each in as_list(node.get("keywords")) for part in get_text(each).split(",")]
    return tuple(dict.fromkeys(word for word in words if word))[:50]


def _read_image_urls(node: Node, base: str, encoding: str) -> list[str]:
    """The absolute URLs of a node's photographs, in the order in which it names them."""
    urls: list[str] = []
    for value in as_list(node.get("image")) or as_list(node.get("photo")) or as_list(node.get("images")):
        for text in _image_texts(value, 0):
            urls += [url for each in split_urls(text) if (url := absolute_url(base, each, encoding))]
    return urls


def _image_texts(value: Any, depth: int) -> list[str]:
    if isinstance(value, str):
        return [value]
    if not isinstance(value, dict) or depth > 3:
        return []
    named = next((value[name] for name in _IMAGE_PROPERTIES if value.get(name)), None)
    return [text for each in as_list(named) for text in _image_texts(each, depth + 1)]
