"""Hits page by page, so that pages follow each other whatever re-ranking does.

Re-ranking orders the first `topk` photographs: of the first 48 not in the order in which it puts the first 24. So each
page is re-ranked within itself: page after page shows every photograph once, and the first page is what a search
without pages shows. Where re-ranking chooses among more candidates than a page has, these are the blocks instead.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from fashion_cli.retrieval.search import Hit, SearchOptions


def whole_blocks(options: SearchOptions, offset: int) -> SearchOptions:
    """Options that find what pages up to the one that begins at `offset` are made of, in the order of retrieval."""
    end = offset + options.topk
    if options.rerank and options.candidates:
        end = math.ceil(end / options.candidates) * options.candidates
    return replace(options, topk=end, rerank=False, candidates=0)


def page_of(hits: Sequence[Hit], options: SearchOptions, offset: int) -> tuple[Hit, ...]:
    """One page.

    Args:
        hits: Of `whole_blocks`.
        options: How pages are re-ranked, and how many hits a page has.
        offset: How many hits come before this page.
    """
    if not options.rerank:
        return tuple(hits[offset : offset + options.topk])
    if not options.candidates:
        return _rerank_hits(hits[offset : offset + options.topk], options, offset)
    size = options.candidates
    blocks = [_rerank_hits(hits[start : start + size], options, start) for start in range(0, len(hits), size)]
    return tuple(hit for block in blocks for hit in block)[offset : offset + options.topk]


def _rerank_hits(block: Sequence[Hit], options: SearchOptions, before: int) -> tuple[Hit, ...]:
    """Equations 2 to 4 of the paper, as in `rerank`, for hits that were found already."""
    scores = [options.beta * len(hit.shared_tags) - options.alpha * place for place, hit in enumerate(block, 1)]
    order = sorted(range(len(block)), key=lambda place: -scores[place])  # stable: equals keep their order
    return tuple(
        replace(block[place], rank=before + rank, rerank_score=float(scores[place]))
        for rank, place in enumerate(order, 1)
    )
