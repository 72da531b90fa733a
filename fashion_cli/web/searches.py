"""A search in one state of an index, from a question to the JSON of its answer. Runs in a thread."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from fashion_cli.errors import CatalogueError, UsageError
from fashion_cli.products.catalogue import Catalogue
from fashion_cli.products.hits import products_of
from fashion_cli.products.records import ShownProduct
from fashion_cli.retrieval.candidates import Scope
from fashion_cli.retrieval.filters import Condition
from fashion_cli.retrieval.manipulation import exchange, keeping
from fashion_cli.retrieval.search import Hit, SearchOptions, describe_rows, find_hits
from fashion_cli.session.open_index import OpenIndex
from fashion_cli.web.answers import hit_reply
from fashion_cli.web.looks import Look
from fashion_cli.web.metrics import Metrics
from fashion_cli.web.prices import PriceFilter, PriceTable
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
        prices = self._prices_of(question)
        vector, present = exchange(look.features, look.present, wanted, index.gallery, index.means)
        rows = self._rows(index, question, wanted, prices, without)
        hits = find_hits(
            index.gallery,
            vector,
            present,
            keeping(question.options) if wanted else question.options,
            scope=Scope(rows, index.items if question.one_per_item else None),
            prior=index.prior_of(look.features, wanted) if question.prior else None,
        )
        return self._reply(index, hits, prices, look.said, start)

    def worded(self, index: OpenIndex, question: WordsQuestion, start: float) -> bytes:
        """What words find; JSON of `SearchReply`.

        Raises:
            UsageError: As `like`, and if something else than the words is to be like.
            CatalogueError: If the catalogue cannot be read.
        """
        if question.but:
            raise UsageError("`but` needs a photograph to be like", hint="use `where`")
        prices = self._prices_of(question)
        rows = self._rows(index, question, {}, prices, None)
        products = self._products_named(question.keyword)
        chosen = rows_of_products(index, products, rows, most=question.topk, one_per_item=question.one_per_item)
        if not len(chosen):
            chosen = rows_of_tags(index, question.keyword, rows, one_per_item=question.one_per_item)
        chosen = chosen[: question.topk]
        nothing = np.zeros(len(index.gallery.features.header.vocabulary), np.bool_)
        order = np.linspace(1, 0, len(chosen) or 1, dtype=np.float32)[: len(chosen)]  # keeps the order of `chosen`
        options = SearchOptions(topk=question.topk, rerank=False, language=question.spoken)
        hits = describe_rows(index.gallery, chosen, order, nothing, options)
        return self._reply(index, hits, prices, None, start, by_words=True)

    def _prices_of(self, question: Narrowing) -> PriceFilter:
        """What a question says of prices, with the currency that it means.

        Raises:
            UsageError: If there is no catalogue to know prices from.
            CatalogueError: If it cannot be read.
        """
        wanted = question.prices
        if not wanted:
            return wanted
        if self._prices is None:
            raise UsageError("there is no catalogue to know prices from", hint="fashion serve --catalog FILE|URL")
        return self._prices.settled(wanted)

    def _products_named(self, words: str) -> Iterator[ShownProduct]:
        """Products that are not gone, read as they are asked for."""
        if self._catalogue is not None and words.strip():
            yield from self._catalogue.products(words=words, gone=False)

    def _rows(
        self,
        index: OpenIndex,
        question: Narrowing,
        wanted: Mapping[str, str],
        prices: PriceFilter,
        without: npt.NDArray[np.bool_] | None,
    ) -> Rows | None:
        """The rows that may be hits; None for all."""
        conditions = [Condition.parse(text) for text in question.where]
        conditions += [Condition(group, (tag,)) for group, tag in wanted.items()]
        if not conditions and not prices and without is None:
            return None
        fits = np.ones(len(index), np.bool_) if without is None else ~without
        for condition in conditions:
            fits &= index.fitting(condition)
        if prices and self._prices is not None:
            fits &= self._prices.rows(index, prices)
        return np.flatnonzero(fits).astype(np.int64)

    def _reply(  # what was found, for what
        self,
        index: OpenIndex,
        hits: Sequence[Hit],
        prices: PriceFilter,
        said: SeenReply | None,
        start: float,
        *,
        by_words: bool = False,
    ) -> bytes:
        products = self._products(hits)
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

    def _products(self, hits: Sequence[Hit]) -> Mapping[str, ShownProduct]:
        """The products of photographs; none where the catalogue fails, which the log says."""
        if self._catalogue is None or not hits:
            return {}
        try:
            return products_of(hits, self._catalogue)
        except CatalogueError as error:
            self._metrics.catalogue_failures.inc()
            log.warning("hits without products: %s", error)
            return {}
