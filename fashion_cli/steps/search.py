"""Find the photographs of a gallery that are nearest to a query, re-ranked by shared clothing attributes."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fashion_cli.checked_fields import CheckedFields
from fashion_cli.data.images import Box
from fashion_cli.data.missing_files import MissingFiles, find_missing
from fashion_cli.data.tags import Tag, named_tags, present_tags
from fashion_cli.embedding.queries import photographs_in, query_features
from fashion_cli.embedding.stored_photographs import StoredPhotographs
from fashion_cli.embedding.tag_titles import add_titles
from fashion_cli.errors import UsageError
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.inference.pipeline import Skipped
from fashion_cli.products.lookup import ProductLookup
from fashion_cli.products.price_column import PRICE
from fashion_cli.products.records import ShownProduct
from fashion_cli.retrieval.candidates import Scope
from fashion_cli.retrieval.category_prior import QueryPrior, gallery_prior
from fashion_cli.retrieval.facets import Facets, by_group, count_tags, size_of
from fashion_cli.retrieval.filters import Condition, find_group
from fashion_cli.retrieval.gallery import Gallery
from fashion_cli.retrieval.manipulation import TagMeans, conditions_of, exchange, keeping, parse_exchanges
from fashion_cli.retrieval.search import (
    Features,
    Hit,
    SearchOptions,
    allowed_rows,
    combine,
    find_hits,
    percentile_sample,
)
from fashion_cli.retrieval.word_search import WordSearch
from fashion_cli.retrieval.worded_hits import find_by_words, require_photograph

__all__ = ["Hit", "QueryPart", "QueryResult", "SearchConfig", "SearchReport", "search_gallery"]


@dataclass(frozen=True)
class QueryPart(CheckedFields):
    """A photograph of a query and its weight; a negative weight searches away from it."""

    path: Path
    weight: float = 1.0


Query = tuple[QueryPart, ...] | str  # photographs, or words


@dataclass(frozen=True)
class SearchConfig(CheckedFields):
    """What to look for, and where.

    Attributes:
        queries: Each is one search: words, or photographs that add up by their weights. A folder that is the only part
            of a query stands for a query by each of its photographs.
        index: The index directory.
        inference: How the model runs; an empty `model` is the index's own.
        options: Which hits, and in which order.
        where: As `Condition.parse` reads them; all must hold.
        but: "group=tag": like the photographs, but with this tag; each group once.
        box: The part of each query photograph to look for.
        prior: Prefer hits that are the same kind of thing as the query, where the index's model can tell.
        exclude_self: Leave out the query's own photographs, by path and by content.
        catalog: The product catalogue; None for the index's own, "" for none.
        root: The folder that the index's photographs lie below now; None for what the index says.
        facets: Count the tags within each result.
    """

    queries: tuple[Query, ...]
    index: Path
    inference: InferenceOptions
    options: SearchOptions = field(default_factory=SearchOptions)
    where: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    box: Box | None = None
    prior: bool = True
    exclude_self: bool = False
    catalog: str | None = None
    root: Path | None = None
    facets: bool = False


@dataclass(frozen=True)
class QueryResult:
    """What was found for one query.

    Attributes:
        query: Its parts; empty where words were searched for.
        tags: What it shows.
        hits: The best first.
        products: What the catalogue says now about those that are in it, by the photograph's sha256.
        words: What was searched for instead of photographs.
        facets: Of all photographs that filters and words leave, hits or not.
    """

    query: tuple[QueryPart, ...]
    tags: tuple[Tag, ...]
    hits: tuple[Hit, ...]
    products: Mapping[str, ShownProduct] = field(default_factory=dict)
    words: str = ""
    facets: Facets | None = None

    @property
    def label(self) -> str:
        """The query in words: "a.jpg", or "a.jpg:1 + b.jpg:-0.5", or the words themselves."""
        if self.words:
            return self.words
        if len(self.query) == 1 and self.query[0].weight == 1:
            return str(self.query[0].path)
        return " + ".join(f"{part.path}:{part.weight:g}" for part in self.query)


@dataclass(frozen=True)
class SearchReport:
    """What was found.

    Attributes:
        results: One per query that could be read, in order.
        skipped: Query photographs that could not be read.
        rows: Photographs in the gallery.
        index: The index directory.
        kind: How neighbours were found: "annoy" or "exact".
        note: What people should know about the index; mostly empty.
        seconds: In all.
        catalog: The product catalogue that was asked, without a password; "" without one.
        missing: How many photographs of the hits are not where the index has them.
    """

    results: tuple[QueryResult, ...]
    skipped: tuple[Skipped, ...]
    rows: int
    index: Path
    kind: str
    note: str
    seconds: float
    catalog: str = ""
    missing: MissingFiles = field(default_factory=MissingFiles)


def search_gallery(config: SearchConfig) -> SearchReport:
    """Search a gallery for each query.

    Raises:
        UsageError: If an option is out of range or names what the gallery does not have.
        UnknownWordsError: If words name nothing that there is.
        CatalogueError: If the catalogue that was asked for cannot be read.
        IndexDirectoryError: If there is no index, or it is another model's.
        ImageError: If the box reaches beyond a query.
    """
    start = time.perf_counter()
    if not config.queries:
        raise UsageError("no query", hint="give a photograph, or words")
    queries, skipped_folders = _expand_folders(config.queries)
    photographs = [query for query in queries if not isinstance(query, str)]
    _require_photographs(config, photographs)
    with Gallery.open(config.index, config.root) as gallery:
        own = gallery.catalog
        location = own if config.catalog is None else config.catalog
        add_titles(gallery, config.inference)
        with ProductLookup(location, required=location != own) as products:
            search = _Searching(gallery, config, products)
            features, skipped = search.look_at(photographs)
            results = tuple(
                replace(result, products=products.products_of(result.hits))
                for result in search.answers(queries, features)
            )
        notes = filter(None, (gallery.note, *search.notes, products.note))
        return SearchReport(
            results=results,
            skipped=(*skipped_folders, *skipped),
            rows=len(gallery),
            index=config.index,
            kind="exact" if config.options.exact or search.narrowed else gallery.kind,
            note="; ".join(notes),
            seconds=time.perf_counter() - start,
            catalog=products.location,
            missing=find_missing((hit.path for result in results for hit in result.hits), gallery.moved_hint),
        )


def _expand_folders(queries: Sequence[Query]) -> tuple[list[Query], list[Skipped]]:
    """Expand each folder to the photographs in it; also what could not be looked into."""
    expanded: list[Query] = []
    skipped: list[Skipped] = []
    for query in queries:
        if isinstance(query, str) or len(query) != 1 or not query[0].path.is_dir():
            expanded.append(query)
            continue
        images, unreadable = photographs_in(query[0].path)
        expanded += [(replace(query[0], path=image),) for image in images]
        skipped += unreadable
    return expanded, skipped


def _require_photographs(config: SearchConfig, photographs: Sequence[Query]) -> None:
    """Make sure that options which only photographs can have come with some.

    Raises:
        UsageError: If it is not.
    """
    if not photographs:
        photograph_options = {
            "--but": config.but,
            "--box": config.box,
            "--min-percentile": config.options.min_percentile,
            "--largest-gap": config.options.largest_gap,
        }
        require_photograph(photograph_options, "--where")
    if config.but and any(isinstance(query, str) for query in config.queries):
        raise UsageError("--but needs photographs to be like, not words", hint="search for the words alone")


class _Searching:
    """What all queries of a call have in common.

    Args:
        gallery: Where.
        config: What and how.
        products: The catalogue.

    Attributes:
        notes: What people should know about the filters.
        narrowed: Whether filters leave some photographs out.
    """

    def __init__(self, gallery: Gallery, config: SearchConfig, products: ProductLookup) -> None:
        self._gallery, self._config, self._options, self._products = gallery, config, config.options, products
        self._exchanges = parse_exchanges(config.but)
        conditions = [Condition.parse(text) for text in config.where]
        further = {PRICE: lambda: products.prices(gallery.features)} if products.location else None
        allowed = allowed_rows(gallery, [*conditions, *conditions_of(self._exchanges)], further)
        self._rows, self.notes = allowed.rows, allowed.notes
        self.narrowed = allowed.rows is not None
        self._facets = self._count(allowed.rows)
        self._sample = percentile_sample(gallery) if config.options.min_percentile is not None else None
        self._means = TagMeans(gallery)
        prior = gallery_prior(gallery) if config.prior else None
        changed = {find_group(group, gallery.features.header.vocabulary) for group in self._exchanges}
        self._prior = None if prior is None or prior.group.name in changed else prior
        self._stored = StoredPhotographs(gallery.features) if config.exclude_self else None

    def look_at(self, queries: Sequence[Query]) -> tuple[dict[Path, Features], tuple[Skipped, ...]]:
        """The features of all photographs of queries."""
        paths = list(dict.fromkeys(part.path for query in queries if not isinstance(query, str) for part in query))
        return query_features(self._gallery, paths, self._config.inference, self._config.box) if paths else ({}, ())

    def answers(self, queries: Sequence[Query], features: Mapping[Path, Features]) -> Iterator[QueryResult]:
        """What is found for each query whose photographs could be read."""
        word_search = WordSearch(self._gallery.features)
        texts = self._products.texts(self._gallery.features) if any(isinstance(each, str) for each in queries) else ()
        for query in queries:
            if isinstance(query, str):
                yield self._by_words(query, word_search.sureness(query, texts))
            elif all(part.path in features for part in query):
                yield self._by_photographs(query, [features[part.path] for part in query])

    def _by_photographs(self, query: tuple[QueryPart, ...], features: Sequence[Features]) -> QueryResult:
        combined = combine(features, [part.weight for part in query])
        vocabulary = self._gallery.features.header.vocabulary
        present = present_tags(combined.scores[None], vocabulary)[0]
        tags = named_tags(combined.scores, present, vocabulary)
        vector, shared = exchange(combined, present, self._exchanges, self._gallery, self._means)
        options = keeping(self._options) if self._exchanges else self._options
        hits = find_hits(
            self._gallery,
            vector,
            shared,
            options,
            scope=Scope(rows=self._rows, without=self._own_rows(query)),
            sample=self._sample,
            prior=QueryPrior(self._prior, combined.scores) if self._prior is not None else None,
        )
        return QueryResult(query, tags, hits, facets=self._facets)

    def _own_rows(self, query: tuple[QueryPart, ...]) -> frozenset[int]:
        if self._stored is None:
            return frozenset()
        return frozenset().union(*(self._stored.rows_of_photograph(part.path) for part in query))

    def _by_words(self, words: str, sureness: npt.NDArray[np.float32]) -> QueryResult:
        result = find_by_words(self._gallery, sureness, self._options, allowed=self._rows)
        return QueryResult((), (), result.hits, words=words, facets=self._count(result.rows))

    def _count(self, rows: npt.NDArray[np.int64] | None) -> Facets:
        features = self._gallery.features
        if not self._config.facets:
            return Facets(size_of(features, rows))
        return Facets(size_of(features, rows), by_group(count_tags(features, rows), features.header.vocabulary))
