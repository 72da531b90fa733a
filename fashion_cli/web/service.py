"""The search behind the page and the REST API: one model, one newest index, one catalogue, any number of clients.

Nothing here blocks the event loop: photographs are decoded and galleries searched by a pool of threads, and inference
has a thread of its own.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from fashion_cli.data.images import Box
from fashion_cli.data.tags import require_language
from fashion_cli.inference.processors import processors
from fashion_cli.products.catalogue import Catalogue
from fashion_cli.session.batching import BusyError
from fashion_cli.session.live_index import LiveIndex
from fashion_cli.session.open_index import OpenIndex
from fashion_cli.session.query_encoder import features_of
from fashion_cli.web.encoded_queries import EncodedQuery, encode_query, encode_stored_row, groups_of
from fashion_cli.web.errors import ApiError, busy_error
from fashion_cli.web.languages import TEXTS
from fashion_cli.web.metrics import Metrics
from fashion_cli.web.parameters import PhotographQuery, SearchFilters, TagsQuery, TextQuery, resolved_language
from fashion_cli.web.pictures import Thumbnails, original, picture
from fashion_cli.web.replies import HealthReply
from fashion_cli.web.searches import SearchBackend

log = logging.getLogger(__name__)
Result = TypeVar("Result")
Rows = npt.NDArray[np.int64]


class SearchService:
    """Serves searches. Its methods are called on one event loop; close it when that has ended.

    Args:
        live: The index; stays the caller's to close.
        metrics: Told about what happens.
        catalogue: The products, if there are any; stays the caller's to close.
        queue: SearchBackend under way at once.
        show_paths: Whether hits say where their files lie.
        keep_metadata: Whether photographs are given with all that their files say, places and owners too.
    """

    def __init__(
        self,
        live: LiveIndex,
        metrics: Metrics,
        catalogue: Catalogue | None = None,
        *,
        queue: int = 128,
        show_paths: bool = False,
        keep_metadata: bool = False,
    ) -> None:
        self.metrics, self.catalogue = metrics, catalogue
        self.keep_metadata = keep_metadata
        self._live, self._queue = live, queue
        self._searches = SearchBackend(metrics, catalogue, show_paths=show_paths)
        self._thumbnails = Thumbnails()
        self._pool = ThreadPoolExecutor(max(2, processors()), thread_name_prefix="search")
        self._under_way = 0
        metrics.watch("fashion_searches_under_way", "SearchBackend under way", lambda: self._under_way)
        metrics.watch("fashion_thumbnail_bytes", "Small pictures in memory", lambda: len(self._thumbnails))
        metrics.watch("fashion_inference_waiting", "Photographs that wait for the model", self._waiting)
        metrics.watch("fashion_index_rows", "Photographs in the index", lambda: self._index_figures()[0])
        metrics.watch("fashion_index_generation", "Generation of the index", lambda: self._index_figures()[1])

    def close(self) -> None:
        """End the threads when what they do is done."""
        self._pool.shutdown()

    # ---- questions

    def health(self) -> HealthReply:
        with self._live.lease() as index:
            rows, generation = len(index), index.gallery.manifest.generation
            catalogue = self.catalogue is not None
            return HealthReply(
                status="ok", model=index.encoder.model, rows=rows, generation=generation, catalogue=catalogue
            )

    async def groups(self, language: str) -> bytes:
        """Every group of tags of the index, and how many photographs show each tag; JSON."""
        with self._live.lease() as index:
            _check_language(index, resolved_language(language))
            return await self._in_pool(
                index, lambda: groups_of(index, resolved_language(language)).model_dump_json().encode()
            )

    async def tags(self, data: bytes, question: TagsQuery) -> bytes:
        """What is on a photograph; JSON of `SeenReply`.

        Raises:
            ApiError: If too much is under way.
            ImageError: If it is no photograph.
            UsageError: If the box reaches beyond it.
        """
        with self._admit(), self._live.lease() as index:
            _check_language(index, question.resolved_language)
            query = await self._encode(index, data, question.part, question.resolved_language)
            return query.description.model_dump_json().encode()

    async def by_photograph(self, data: bytes, question: PhotographQuery) -> bytes:
        """Search by a photograph; JSON of `SearchReply`.

        Raises:
            ApiError: If too much is under way.
            ImageError: If it is no photograph.
            UsageError: If the question names what the index does not have.
            CatalogueError: If prices are asked for and cannot be read.
        """
        start = time.perf_counter()
        with self._admit(), self._live.lease() as index:
            _check_language(index, question.resolved_language)
            query = await self._encode(index, data, question.part, question.resolved_language)
            return await self._in_pool(index, lambda: self._searches.by_query(index, query, question, start))

    async def similar(self, sha256: str, question: SearchFilters) -> bytes:
        """Search by a photograph of the index, without itself and its item; JSON of `SearchReply`.

        Raises:
            ApiError: If it is not in the index, or too much is under way.
            UsageError: As `by_photograph`.
            CatalogueError: As `by_photograph`.
        """
        start = time.perf_counter()
        with self._admit(), self._live.lease() as index:
            row = _row(index, sha256)
            _check_language(index, question.resolved_language)

            def answer() -> bytes:
                query = encode_stored_row(index, row, question.resolved_language)
                same = index.items == index.items[row] if question.one_per_item else np.zeros(len(index), np.bool_)
                same[row] = True
                same |= np.array([each == sha256 for each in index.sha256s], np.bool_)
                return self._searches.by_query(index, query, question, start, without=same)

            return await self._in_pool(index, answer)

    async def by_words(self, question: TextQuery) -> bytes:
        """Search by words: products of the catalogue, else photographs that show the tags they name; JSON.

        Raises:
            ApiError: If too much is under way.
            UsageError: As `by_photograph`.
            CatalogueError: If the catalogue cannot be read.
        """
        start = time.perf_counter()
        with self._admit(), self._live.lease() as index:
            _check_language(index, question.resolved_language)
            return await self._in_pool(index, lambda: self._searches.by_words(index, question, start))

    async def photograph(self, sha256: str, side: int | None) -> bytes:
        """A photograph without metadata (or its very file, where that is kept), or a small JPEG of it.

        Raises:
            ApiError: If it is not in the index, gone or changed.
        """
        with self._live.lease() as index:
            _row(index, sha256)
            if side is None:
                whole = original if self.keep_metadata else picture
                data = await self._in_pool(index, lambda: whole(index, sha256))
            else:
                data = await self._in_pool(index, lambda: self._thumbnails.get(index, sha256, side))
        if data is None:
            raise ApiError(404, "the photograph is gone or was changed", "fashion index brings the index up to date")
        return data

    # ---- on the event loop

    @contextmanager
    def _admit(self) -> Iterator[None]:
        if self._under_way >= self._queue:
            self.metrics.refused.labels("busy").inc()
            raise busy_error()
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    async def _encode(self, index: OpenIndex, data: bytes, box: Box | None, language: str) -> EncodedQuery:
        encoder = index.encoder
        encoder.expected += 1
        try:
            photograph = await self._in_pool(index, lambda: encoder.decode(data, box))
            prediction = encoder.predict(photograph)
        except BusyError:
            self.metrics.refused.labels("busy").inc()
            raise busy_error() from None
        finally:
            encoder.expected -= 1
        predictions = await asyncio.wrap_future(prediction)
        return encode_query(index, features_of(predictions), photograph, language)

    async def _in_pool(self, index: OpenIndex, work: Callable[[], Result]) -> Result:
        """Do something in a thread. The index stays open until it is done, even if nobody waits for it any more."""
        index.acquire()
        try:
            future: Future[Result] = self._pool.submit(work)
        except BaseException:
            index.release()
            raise
        future.add_done_callback(lambda _: index.release())
        return await asyncio.wrap_future(future)

    def _waiting(self) -> int:
        with self._live.lease() as index:
            return index.encoder.waiting

    def _index_figures(self) -> tuple[int, int]:
        with self._live.lease() as index:
            return len(index), index.gallery.manifest.generation


def _check_language(index: OpenIndex, language: str) -> None:
    """Refuse a language that nobody has titles in; those of the page go without."""
    require_language(language, index.encoder.vocabulary, TEXTS)


def _row(index: OpenIndex, sha256: str) -> int:
    row = index.row_of.get(sha256)
    if row is None:
        raise ApiError(404, "no such photograph in the index", "hits say theirs in `photograph`")
    return row
