"""A product as Open Graph describes it."""

from fashion_cli.crawling.parse.nodes import strip_tags
from fashion_cli.crawling.parse.offer_nodes import OfferContext, parse_price, read_availability
from fashion_cli.crawling.parse.product_nodes import MAX_DESCRIPTION, DescribedProduct
from fashion_cli.crawling.parse.urls import absolute_url
from fashion_cli.products.money import Money
from fashion_cli.products.offers import sort_by_price
from fashion_cli.products.records import FoundOffer

Properties = dict[str, list[str]]

_TYPES = frozenset({"product", "og:product", "product.item", "product.group"})
_PRICES = ("product:sale_price", "product:price", "og:price")


def read_open_graph_product(properties: Properties, context: OfferContext, encoding: str) -> DescribedProduct | None:
    """A product: `og:type` says so, or there is a price."""

    def first(*names: str) -> str:
        return next((properties[name][0] for name in names if name in properties), "")

    priced = any(f"{name}:amount" in properties for name in _PRICES)
    if first("og:type").lower() not in _TYPES and not priced:
        return None
    availability = read_availability(first("product:availability", "og:availability"), context.notes)
    prices = [price for name in _PRICES if (price := _price(properties, name, context))]
    offers = [FoundOffer(context.shop, each.amount, each.currency, context.page, availability) for each in prices]
    pictures = properties.get("og:image") or properties.get("og:image:url") or properties.get("og:image:secure_url", [])
    return DescribedProduct(
        name=strip_tags(first("og:title")),
        number=first("product:item_group_id", "product:retailer_item_id"),
        sku=first("product:retailer_item_id"),
        brand=first("product:brand", "og:brand"),
        description=strip_tags(first("og:description"))[:MAX_DESCRIPTION],
        category=first("product:category"),
        images=[url for each in pictures if (url := absolute_url(context.base, each, encoding))],
        offers=list(sort_by_price(offers)[:1]),
    )


def _price(properties: Properties, name: str, context: OfferContext) -> Money | None:
    """The first price that can be read of several with one name."""
    currency = next(iter(properties.get(f"{name}:currency", ())), context.currency)
    prices = (parse_price(amount, currency, context.notes) for amount in properties.get(f"{name}:amount", ()))
    return next(filter(None, prices), None)
