"""A search in one state of an index, from a question to the JSON of its answer. Runs in a thread."""

import logging
import time
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from fashion_cli.errors import CatalogueError, UsageError
from fashion_cli.products.catalogue import Catalogue
from fashion_cli.products.records import ShownProduct
from fashion_cli.retrieval.filters import Condition
from fashion_cli.retrieval.manipulation import exchange
from fashion_cli.retrieval.search import Hit, SearchOptions, describe_rows, find_hits
from fashion_cli.web.answers import hit_reply
from fashion_cli.web.looks import Look
from fashion_cli.web.metrics import Metrics
from fashion_cli.web.open_index import OpenIndex
from fashion_cli.web.prices import PriceTable
from fashion_cli.web.questions import Narrowing, WordsQuestion
from fashion_cli.web.replies import SearchReply, SeenReply
from fashion_cli.web.words import rows_of_products, rows_of_tags

log = logging.getLogger(__name__)
Rows = npt.NDArray[np.int64]


class Searches:
    """Searches and answers. Threads may share it.

    Args:
        metrics: Told where the catalogue fails.
        catalogue: The products, if there are any.
        show_paths: Whether hits say where their files lie.
    """

    def __init__(self, metrics: Metrics, catalogue: Catalogue | None, *, show_paths: bool) -> None:
        self._metrics, self._catalogue, self._show_paths = metrics, catalogue, show_paths
        self._prices = PriceTable(catalogue) if catalogue is not None else None

    def like(
        self,
        index: OpenIndex,
        look: Look,
        question: Narrowing,
        start: float,
        without: npt.NDArray[np.bool_] | None = None,
    ) -> bytes:
        """What looks like a query; JSON of `SearchReply`.

        Args:
            index: Where.
            look: The query.
            question: Which hits.
            start: When it was asked, by `time.perf_counter`.
            without: (N,) rows that may be no hits.

        Raises:
            UsageError: If the question names what the index does not have.
            CatalogueError: If prices are asked for and cannot be read.
        """
        wanted = question.wanted
        vector, present = exchange(look.features, look.present, wanted, index.gallery, index.means)
        rows = self._rows(index, question, wanted, without)
        hits = find_hits(
            index.gallery,
            vector,
            present,
            question.options,
            rows=rows,
            items=index.items if question.one_per_item else None,
        )
        return self._reply(index, hits, question, look.said, start)

    def worded(self, index: OpenIndex, question: WordsQuestion, start: float) -> bytes:
        """What words find; JSON of `SearchReply`.

        Raises:
            UsageError: As `like`, and if something else than the words is to be like.
            CatalogueError: If the catalogue cannot be read.
        """
        if question.but:
            raise UsageError("`but` needs a photograph to be like", hint="use `where`")
        rows = self._rows(index, question, {}, None)
        products = self._catalogue.find(question.keyword, limit=len(index)) if self._catalogue is not None else []
        chosen = rows_of_products(index, products, rows, one_per_item=question.one_per_item)
        if not len(chosen):
            chosen = rows_of_tags(index, question.keyword, rows, one_per_item=question.one_per_item)
        chosen = chosen[: question.topk]
        nothing = np.zeros(len(index.gallery.features.header.vocabulary), np.bool_)
        order = np.linspace(1, 0, len(chosen) or 1, dtype=np.float32)[: len(chosen)]  # keeps the order of `chosen`
        options = SearchOptions(topk=question.topk, rerank=False, language=question.spoken)
        hits = describe_rows(index.gallery, chosen, order, nothing, options)
        return self._reply(index, hits, question, None, start, by_words=True)

    def _rows(
        self,
        index: OpenIndex,
        question: Narrowing,
        wanted: Mapping[str, str],
        without: npt.NDArray[np.bool_] | None,
    ) -> Rows | None:
        """The rows that may be hits; None for all."""
        conditions = [Condition.parse(text) for text in question.where]
        conditions += [Condition(group, (tag,)) for group, tag in wanted.items()]
        prices = question.prices
        if not conditions and not prices and without is None:
            return None
        fits = np.ones(len(index), np.bool_) if without is None else ~without
        for condition in conditions:
            fits &= index.fitting(condition)
        if prices:
            if self._prices is None:
                raise UsageError("there is no catalogue to know prices from", hint="fashion serve --catalog FILE|URL")
            fits &= self._prices.rows(index, prices)
        return np.flatnonzero(fits).astype(np.int64)

    def _reply(  # what was found, for what
        self,
        index: OpenIndex,
        hits: Sequence[Hit],
        question: Narrowing,
        said: SeenReply | None,
        start: float,
        *,
        by_words: bool = False,
    ) -> bytes:
        products = self._products([hit.sha256 for hit in hits])
        prices = question.prices
        shown = [hit for hit in hits if prices.fits(products.get(hit.sha256))]
        reply = SearchReply(
            query=said,
            hits=[
                hit_reply(hit, products.get(hit.sha256), show_path=self._show_paths, by_words=by_words) for hit in shown
            ],
            searched=len(index),
            generation=index.gallery.manifest.generation,
            seconds=round(time.perf_counter() - start, 6),
        )
        return reply.model_dump_json().encode()

    def _products(self, sha256s: Sequence[str]) -> Mapping[str, ShownProduct]:
        """The products of photographs; none where the catalogue fails, which the log says."""
        if self._catalogue is None or not sha256s:
            return {}
        try:
            return self._catalogue.by_photographs(sha256s)
        except CatalogueError as error:
            self._metrics.catalogue_failures.inc()
            log.warning("hits without products: %s", error)
            return {}
