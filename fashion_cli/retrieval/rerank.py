"""Re-ranking by shared clothing attributes.

Lim & Nang, "Fashion image retrieval using clothing attributes", equations 2 to 4: the first hits of the
vector search are ordered anew by their rank and by the number of tags that they share with the query.
"""

import numpy as np
import numpy.typing as npt

ALPHA = 2.0  # the weight of the rank; the paper's -2, its sign taken once
BETA = 2.0  # the weight of each shared tag


def shared_tags(query_present: npt.NDArray[np.bool_], hit_present: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which tags each hit has in common with the query.

    Args:
        query_present: (T,) whether the query has each tag.
        hit_present: (k, T) the same of each hit.

    Returns:
        (k, T); its sum along the second axis is what `rerank` wants.
    """
    return hit_present & query_present


def rerank_scores(
    cosines: npt.NDArray[np.float32], shared: npt.NDArray[np.int64], alpha: float = ALPHA, beta: float = BETA
) -> npt.NDArray[np.float64]:
    """(k,) `-alpha * rank + beta * shared`; ranks count from 1 by falling cosine, ties in the order given.

    Args:
        cosines: (k,) of the hits with the query.
        shared: (k,) how many tags each hit shares with the query.
        alpha: What one rank costs.
        beta: What one shared tag brings.
    """
    ranks = np.empty(len(cosines), np.int64)
    ranks[np.argsort(-cosines, kind="stable")] = np.arange(1, len(cosines) + 1)
    return -alpha * ranks + beta * shared


def rerank(
    cosines: npt.NDArray[np.float32], shared: npt.NDArray[np.int64], alpha: float = ALPHA, beta: float = BETA
) -> npt.NDArray[np.int64]:
    """The new order of the hits.

    Args:
        cosines: (k,) of the hits with the query.
        shared: (k,) how many tags each hit shares with the query.
        alpha: What one rank costs.
        beta: What one shared tag brings.

    Returns:
        (k,) places in the arguments, best score first; equals keep the order of retrieval.
    """
    retrieval = np.argsort(-cosines, kind="stable")
    again = np.argsort(-rerank_scores(cosines, shared, alpha, beta)[retrieval], kind="stable")
    return retrieval[again].astype(np.int64)


def rerank_lists(
    shared: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64], alpha: float = ALPHA, beta: float = BETA
) -> npt.NDArray[np.int64]:
    """The new order of the hits of many queries at once; each row as `rerank` has it.

    Args:
        shared: (Q, k) how many tags each hit shares with its query; hits in the order of retrieval.
        lengths: (Q,) how many of its k hits each query has; what stands behind them stays there.
        alpha: What one rank costs.
        beta: What one shared tag brings.

    Returns:
        (Q, k) places in each row of `shared`, best score first; equals keep the order of retrieval.
    """
    places = np.arange(shared.shape[1])
    scores = -alpha * (places + 1) + beta * shared
    scores[places >= lengths[:, None]] = -np.inf
    return np.argsort(-scores, axis=1, kind="stable").astype(np.int64)
