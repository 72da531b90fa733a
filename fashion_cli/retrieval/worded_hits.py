"""The hits of a search by words. The command line, the server and `Gallery.search` all search by words through this."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fashion_cli.errors import UsageError
from fashion_cli.retrieval.gallery import Gallery
from fashion_cli.retrieval.search import Hit, SearchOptions, describe_rows
from fashion_cli.retrieval.word_search import rank_by_confidence

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class WordedHits:
    """The hits of a search by words.

    Attributes:
        hits: The surest first.
        rows: Of all that the words describe, hits or not, ascending.
    """

    hits: tuple[Hit, ...]
    rows: Rows


def find_by_words(
    gallery: Gallery,
    sureness: npt.NDArray[np.float32],
    options: SearchOptions,
    *,
    allowed: Rows | None = None,
    items: Rows | None = None,
    offset: int = 0,
) -> WordedHits:
    """Search by words, the surest first. Words have no cosine, share no tags and are not re-ranked.

    Args:
        gallery: Where.
        sureness: (N,) of `WordSearch.sureness`.
        options: How many hits, and the language of their tags.
        allowed: The only rows that may be hits, ascending; None for all.
        items: (N,) a number for each row: of rows with one number only the surest is a hit. None for all.
        offset: How many hits come before these.
    """
    rows = rank_by_confidence(sureness, allowed)
    best = rows if items is None else rows[np.sort(np.unique(items[rows], return_index=True)[1])]
    best = best[offset : offset + options.topk]
    present = np.zeros(len(gallery.features.header.vocabulary), np.bool_)
    cosines = np.full(len(best), np.nan, np.float32)
    hits = describe_rows(gallery, best, cosines, present, replace(options, rerank=False))
    ranked = (replace(hit, rank=hit.rank + offset, retrieval_rank=hit.retrieval_rank + offset) for hit in hits)
    return WordedHits(tuple(ranked), np.sort(rows))


def require_photograph(options: Mapping[str, object], where: str) -> None:
    """Make sure that words are not searched with what only a photograph can be searched with.

    Args:
        options: What such an option is called -> its value; None, False and what is empty are not given, 0 is.
        where: What filters are called.

    Raises:
        UsageError: Naming the first that is given.
    """
    named = next((option for option, value in options.items() if value or (value == 0 and value is not False)), "")
    if named:
        raise UsageError(f"{named} needs a photograph to be like", hint=f"words are narrowed down by {where}")
