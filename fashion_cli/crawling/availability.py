"""Whether something can be bought, as feeds and pages write it: "in stock", "out_of_stock", "oos"."""

import re

# As Google Merchant Center and Open Graph write it, without blanks -> as schema.org's ItemAvailability does.
_NAMES = {
    "instock": "InStock",
    "outofstock": "OutOfStock",
    "oos": "OutOfStock",
    "preorder": "PreOrder",
    "backorder": "BackOrder",
    "availablefororder": "BackOrder",
    "pending": "BackOrder",
    "discontinued": "Discontinued",
}


def availability_of(text: str) -> str:
    """The name that schema.org has for it; "" if it is none that feeds write."""
    return _NAMES.get(re.sub(r"[\s_-]+", "", text).lower(), "")
