"""The catalogue's prices as a column of a gallery: `--where 'price<30'` where no table has a column of that name."""

from collections import Counter
from collections.abc import Iterable, Sequence

from fashion_cli.products.records import ShownProduct

PRICE = "price"


def main_currency(products: Iterable[ShownProduct]) -> str:
    """The currency that most products are sold in; "" where none has a price. Prices of two do not compare."""
    counts = Counter(product.currency for product in products if product.currency)
    return max(sorted(counts), key=counts.__getitem__, default="")


def price_column(products: Sequence[ShownProduct], item_ids: Sequence[str]) -> list[str]:
    """The lowest price of each photograph's product, as a number; "" where there is none in the main currency.

    Args:
        products: Of the catalogue.
        item_ids: Of every photograph of the gallery; "" where nobody knows it.
    """
    currency = main_currency(products)
    prices = {
        product.item_id: f"{product.price:f}"
        for product in products
        if product.price is not None and product.currency == currency
    }
    return [prices.get(item_id, "") for item_id in item_ids]
