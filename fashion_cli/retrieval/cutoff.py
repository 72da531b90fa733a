"""Where a list of hits ends. A fixed cosine cannot say: cosines differ from query to query and model to model."""

import numpy as np
import numpy.typing as npt

from fashion_cli.retrieval.duplicates import SAME_PICTURE


def above_percentile(
    hits: npt.NDArray[np.float32], gallery: npt.NDArray[np.float32], percentile: float
) -> npt.NDArray[np.bool_]:
    """Which hits are nearer than that share of the gallery.

    Args:
        hits: (k,) cosines.
        gallery: (N,) cosines of the query with a fair sample of the gallery.
        percentile: In [0, 100].

    Returns:
        (k,).
    """
    return hits >= np.percentile(gallery, percentile)


def before_largest_gap(hits: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Which hits stand before the largest drop from one to the next.

    The drop behind the query itself, where it is in the gallery, does not count: it says nothing about the others.

    Args:
        hits: (k,) scores, falling: cosines, perhaps lowered by a prior.

    Returns:
        (k,); all of them where there is no drop.
    """
    mask = np.ones(len(hits), np.bool_)
    copies = int((hits >= SAME_PICTURE).sum())
    drops = hits[copies:-1] - hits[copies + 1 :]
    if len(drops) and drops.max() > 0:
        mask[copies + int(np.argmax(drops)) + 1 :] = False
    return mask
