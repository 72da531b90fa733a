"""Searches in one state of an index, from a query to the JSON of its reply. Runs in a thread."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fashion_cli.data.words import folded
from fashion_cli.errors import CatalogueError, UsageError
from fashion_cli.products.catalogue import Catalogue
from fashion_cli.products.hits import products_of
from fashion_cli.products.keyword_texts import ProductTexts
from fashion_cli.products.price_column import PRICE
from fashion_cli.products.records import ShownProduct
from fashion_cli.retrieval.candidates import Scope
from fashion_cli.retrieval.facets import Facets
from fashion_cli.retrieval.filters import Condition, Matches, is_unknown, match_condition
from fashion_cli.retrieval.manipulation import exchange, keeping
from fashion_cli.retrieval.paging import page_of, whole_blocks
from fashion_cli.retrieval.search import AllowedRows, Hit, find_hits
from fashion_cli.retrieval.worded_hits import find_by_words, require_photograph
from fashion_cli.session.open_index import OpenIndex
from fashion_cli.web.encoded_queries import EncodedQuery
from fashion_cli.web.metrics import Metrics
from fashion_cli.web.parameters import SearchFilters, TextQuery
from fashion_cli.web.prices import PriceFilter, PriceTable
from fashion_cli.web.replies import SearchReply, SeenReply
from fashion_cli.web.reply_building import hit_reply

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _SearchResult:
    """The result of a search.

    Attributes:
        hits: The best first.
        facets: Of all that it could have shown.
        notes: What people should know about the filters.
        description: What is on the query; None for words.
    """

    hits: Sequence[Hit]
    facets: Facets
    notes: tuple[str, ...]
    description: SeenReply | None = None


class SearchBackend:
    """Runs searches and builds their replies. Threads may share it.

    Args:
        metrics: Told where the catalogue fails.
        catalogue: The products, if there are any.
        show_paths: Whether hits say where their files lie.
    """

    def __init__(self, metrics: Metrics, catalogue: Catalogue | None, *, show_paths: bool) -> None:
        self._metrics, self._catalogue, self._show_paths = metrics, catalogue, show_paths
        self._prices = PriceTable(catalogue) if catalogue is not None else None

    def by_query(
        self,
        index: OpenIndex,
        query: EncodedQuery,
        question: SearchFilters,
        start: float,
        without: npt.NDArray[np.bool_] | None = None,
    ) -> bytes:
        """Search by an encoded photograph; JSON of `SearchReply`.

        Args:
            index: Where.
            query: The query.
            question: Which hits.
            start: When it was asked, by `time.perf_counter`.
            without: (N,) rows that may be no hits.

        Raises:
            UsageError: If the question names what the index does not have.
            CatalogueError: If prices are asked for and cannot be read.
        """
        exchanges = question.exchanges
        prices = self._prices_of(question)
        vector, present = exchange(query.features, query.present, exchanges, index.gallery, index.means)
        allowed = self._allowed(index, question, prices, without)
        options = keeping(question.options) if exchanges else question.options
        hits = find_hits(
            index.gallery,
            vector,
            present,
            whole_blocks(options, question.offset) if question.offset else options,
            scope=Scope(allowed.rows, index.items if question.one_per_item else None),
            prior=index.prior_of(query.features, exchanges) if question.prior else None,
        )
        if question.offset:
            hits = page_of(hits, options, question.offset)
        facets = index.facets(allowed.rows, one_per_item=question.one_per_item)
        return self._reply(index, _SearchResult(hits, facets, allowed.notes, query.description), prices, start)

    def by_words(self, index: OpenIndex, question: TextQuery, start: float) -> bytes:
        """Search by words; JSON of `SearchReply`.

        Raises:
            UsageError: As `by_query`, and if something else than the words is to be like.
            UnknownWordsError: If words name nothing that there is.
            CatalogueError: If the catalogue cannot be read.
        """
        require_photograph({"`but`": question.but}, "`where`")
        prices = self._prices_of(question)
        allowed = self._allowed(index, question, prices, None)
        texts = () if self._catalogue is None else (ProductTexts(self._catalogue, index.item_ids),)
        result = find_by_words(
            index.gallery,
            index.words.sureness(question.keyword, texts),
            question.options,
            allowed=allowed.rows,
            items=index.items if question.one_per_item else None,
            offset=question.offset,
        )
        facets = index.facets(result.rows, one_per_item=question.one_per_item)
        return self._reply(index, _SearchResult(result.hits, facets, allowed.notes), prices, start)

    def _prices_of(self, question: SearchFilters) -> PriceFilter:
        """The price filter of a query, in the currency that it means.

        Raises:
            UsageError: If there is no catalogue to know prices from.
            CatalogueError: If it cannot be read.
        """
        price_filter = question.prices
        if not price_filter:
            return price_filter
        if self._prices is None:
            raise UsageError("there is no catalogue to know prices from", hint="fashion serve --catalog FILE|URL")
        return self._prices.resolve_currency(price_filter)

    def _allowed(
        self, index: OpenIndex, question: SearchFilters, prices: PriceFilter, without: npt.NDArray[np.bool_] | None
    ) -> AllowedRows:
        """The rows that may be hits."""
        matches = [self._fitting(index, condition) for condition in question.conditions]
        if not matches and not prices and without is None:
            return AllowedRows(None)
        fits = np.ones(len(index), np.bool_) if without is None else ~without
        for match in matches:
            fits &= match.rows
        if prices and self._prices is not None:
            fits &= self._prices.rows(index, prices)
        return AllowedRows(np.flatnonzero(fits).astype(np.int64), tuple(match.note for match in matches if match.note))

    def _fitting(self, index: OpenIndex, condition: Condition) -> Matches:
        """The rows that meet a condition; `price` is the catalogue's where no table has such a column."""
        table, features = self._prices, index.gallery.features
        if table is None or folded(condition.name) != PRICE or not is_unknown(features, condition.name):
            return index.fitting(condition)
        return match_condition(features, condition, {PRICE: lambda: table.column(index)})

    def _reply(self, index: OpenIndex, result: "_SearchResult", prices: PriceFilter, start: float) -> bytes:
        products = self._products(result.hits)
        hits = [hit for hit in result.hits if prices.fits(products.get(hit.sha256))]
        reply = SearchReply(
            query=result.description,
            hits=[hit_reply(hit, products.get(hit.sha256), show_path=self._show_paths) for hit in hits],
            total=result.facets.total,
            counts={group: dict(counts) for group, counts in result.facets.counts.items()},
            searched=len(index),
            generation=index.gallery.manifest.generation,
            seconds=round(time.perf_counter() - start, 6),
            notes=list(result.notes),
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
