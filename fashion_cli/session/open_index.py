"""One state of an index, open, with what searches in it need again and again."""

import logging
import time
from collections.abc import Collection
from dataclasses import replace
from functools import cached_property
from threading import Lock

import numpy as np
import numpy.typing as npt

from fashion_cli.embedding.stored_photographs import StoredPhotographs
from fashion_cli.errors import CatalogueError
from fashion_cli.products.hits import ItemsOf, item_ids_of_rows
from fashion_cli.retrieval.category_prior import QueryPrior, gallery_prior
from fashion_cli.retrieval.columns import number_ranges
from fashion_cli.retrieval.facets import Facets, by_group, count_tags, size_of
from fashion_cli.retrieval.filters import Condition, Matches, find_group, match_condition
from fashion_cli.retrieval.gallery import Gallery
from fashion_cli.retrieval.lru_cache import LruCache
from fashion_cli.retrieval.manipulation import TagMeans
from fashion_cli.retrieval.search import Features
from fashion_cli.retrieval.word_search import WordSearch
from fashion_cli.session.query_encoder import QueryEncoder

MAX_CACHED_FILTERS = 64
RETRY = 10.0  # seconds until a catalogue that failed is asked again which items there are

log = logging.getLogger(__name__)
Items = tuple[list[str], npt.NDArray[np.int64]]


class OpenIndex:
    """An index and the models that made it. Threads may share it.

    Args:
        gallery: Open; closed after `retire`.
        encoder: Its models, held until then.
        items_of: The catalogue, asked for the items of photographs.

    Attributes:
        gallery: To search in.
        encoder: Encodes queries.
        means: Mean vectors by tag.
        agreement: Compares kinds of things; None where its model does not say how.
        stored: Looks photographs up by path and content.
        words: Searches it by words.
        row_of: sha256 of a photograph -> its row.
        sha256s: Of every row.
    """

    def __init__(self, gallery: Gallery, encoder: QueryEncoder, items_of: ItemsOf | None) -> None:
        self.gallery, self.encoder = gallery, encoder
        encoder.hold()
        header = gallery.features.header
        gallery.features.header = replace(header, vocabulary=encoder.with_titles(header.vocabulary))
        self.means = TagMeans(gallery)
        self.agreement = gallery_prior(gallery)
        self.stored = StoredPhotographs(gallery.features)
        self.sha256s = gallery.features.sha256s()
        self.row_of = {sha256: row for row, sha256 in reversed(list(enumerate(self.sha256s)))}  # of copies, the first
        self._items_of = items_of
        self._catalogue_items: Items | None = None
        self._fallback_items: Items | None = None  # while the catalogue fails
        self._ask_again_at = 0.0
        self.words = WordSearch(gallery.features)
        self._filters: LruCache[tuple[Condition, str], Matches] = LruCache(MAX_CACHED_FILTERS)
        self._counts: LruCache[int, npt.NDArray[np.int64]] = LruCache(1)
        self._lock = Lock()
        self._users = 0
        self._retired = False

    def __len__(self) -> int:
        return len(self.gallery)

    @property
    def item_ids(self) -> list[str]:
        """The item of each row, as the catalogue says, else the index; "" where nobody knows it."""
        return self._items()[0]

    @property
    def items(self) -> npt.NDArray[np.int64]:
        """(N,) a number for the item of each row; a photograph without an item is its own."""
        return self._items()[1]

    def prior_of(self, query: Features, exchanged: Collection[str] = ()) -> QueryPrior | None:
        """The prior of a query; None where the index has none, or another kind of thing is asked for.

        Args:
            query: What it looks like.
            exchanged: Groups whose tags are not to be those of the query.
        """
        vocabulary = self.gallery.features.header.vocabulary
        changed = {find_group(group, vocabulary) for group in exchanged}
        if self.agreement is None or self.agreement.group.name in changed:
            return None
        return QueryPrior(self.agreement, query.scores)

    def warm(self) -> None:
        """Do once what the first request would otherwise wait for."""
        self._items()
        self.gallery.keep_rows()
        self.gallery.nearest(np.ones((1, self.gallery.manifest.vector_width), np.float32), 1)

    def _items(self) -> Items:
        if self._catalogue_items is not None:
            return self._catalogue_items
        if self._fallback_items is not None and time.monotonic() < self._ask_again_at:
            return self._fallback_items
        try:
            self._catalogue_items = self._number_items(self._items_of)
        except CatalogueError as error:  # the index has to do until the catalogue is there again
            log.warning("items as the index knows them: %s", error)
            self._fallback_items = self._number_items(None)
            self._ask_again_at = time.monotonic() + RETRY
            return self._fallback_items
        return self._catalogue_items

    def _number_items(self, items_of: ItemsOf | None) -> Items:
        ids = item_ids_of_rows(self.gallery.features, items_of)
        numbers: dict[str, int] = {}
        keys = [item or f"\0{sha256}" for item, sha256 in zip(ids, self.sha256s, strict=True)]
        return ids, np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)

    @cached_property
    def tag_counts(self) -> npt.NDArray[np.int64]:
        """(T,) how many photographs show each tag."""
        return count_tags(self.gallery.features)

    @cached_property
    def number_ranges(self) -> dict[str, tuple[float, float]]:
        """The least and the most of each column of numbers."""
        return number_ranges(self.gallery.features)

    def fitting(self, condition: Condition) -> Matches:
        """The rows that meet a condition; the last ones asked for are kept.

        Raises:
            UsageError: If it names what the index does not have.
        """
        key = condition, condition.text  # which its note repeats
        return self._filters.get(key, lambda: match_condition(self.gallery.features, condition))

    def facets(self, rows: npt.NDArray[np.int64] | None, *, one_per_item: bool) -> Facets:
        """What is in a result.

        Args:
            rows: Ascending; None for all.
            one_per_item: Count items, not photographs.
        """
        features, items = self.gallery.features, self.items if one_per_item else None
        if rows is None:
            counts = self._item_counts if one_per_item else self.tag_counts
        else:
            counts = count_tags(features, rows, items)
        return Facets(size_of(features, rows, items), by_group(counts, features.header.vocabulary))

    @property
    def _item_counts(self) -> npt.NDArray[np.int64]:
        """(T,) how many items show each tag; counted again where the catalogue has another word on what items are."""
        items = self.items
        return self._counts.get(id(items), lambda: count_tags(self.gallery.features, None, items))

    def acquire(self) -> None:
        """Count one more user: files stay open until each has called `release`."""
        with self._lock:
            self._users += 1

    def release(self) -> None:
        with self._lock:
            self._users -= 1
            last = self._retired and self._users == 0
        if last:
            self._close()

    def retire(self) -> None:
        """Close as soon as nobody uses it."""
        with self._lock:
            self._retired = True
            unused = self._users == 0
        if unused:
            self._close()

    def _close(self) -> None:
        self.gallery.close()
        self.encoder.release()
