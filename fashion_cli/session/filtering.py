"""Which rows of an open index filters leave, the catalogue's prices among what they can be about."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fashion_cli.data.words import folded
from fashion_cli.products.lookup import ProductLookup
from fashion_cli.products.price_column import PRICE
from fashion_cli.retrieval.filters import Condition, is_unknown, match_condition
from fashion_cli.session.open_index import OpenIndex


def rows_meeting(index: OpenIndex, conditions: Sequence[Condition]) -> npt.NDArray[np.int64] | None:
    """The rows that meet all conditions; None without any."""
    if not conditions:
        return None
    fits = np.logical_and.reduce([_fitting(index, condition) for condition in conditions])
    return np.flatnonzero(fits).astype(np.int64)


def _fitting(index: OpenIndex, condition: Condition) -> npt.NDArray[np.bool_]:
    features, location = index.gallery.features, index.gallery.catalog
    if not location or folded(condition.name) != PRICE or not is_unknown(features, condition.name):
        return index.fitting(condition).rows
    with ProductLookup(location, required=False) as products:  # prices change while the index stays
        return match_condition(features, condition, {PRICE: lambda: products.prices(features)}).rows
