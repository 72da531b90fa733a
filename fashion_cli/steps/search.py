"""Find the photographs of a gallery that are nearest to a query, re-ranked by shared clothing attributes."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fashion_cli.checked_fields import CheckedFields
from fashion_cli.data.images import Box
from fashion_cli.data.tags import Tag, named_tags, present_tags
from fashion_cli.errors import CatalogueError, UsageError
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.inference.pipeline import Skipped
from fashion_cli.inference.queries import query_features
from fashion_cli.inference.stored_photographs import StoredPhotographs
from fashion_cli.products.hits import products_of
from fashion_cli.products.records import ShownProduct
from fashion_cli.retrieval.candidates import Scope
from fashion_cli.retrieval.category_prior import KindAgreement, QueryPrior, gallery_prior
from fashion_cli.retrieval.gallery import Gallery
from fashion_cli.retrieval.rerank import ALPHA, BETA
from fashion_cli.retrieval.search import (
    Features,
    Hit,
    SearchOptions,
    allowed_rows,
    combine,
    find_hits,
    percentile_sample,
)

__all__ = ["Hit", "QueryPart", "QueryResult", "SearchConfig", "SearchReport", "search_gallery"]


@dataclass(frozen=True)
class QueryPart(CheckedFields):
    """A photograph of a query and its weight; a negative weight searches away from it."""

    path: Path
    weight: float = 1.0


@dataclass(frozen=True)
class SearchConfig(CheckedFields):
    """What to look for, and where.

    Attributes:
        queries: Each is one search; several parts of a query add up by their weights.
        index: The index directory.
        inference: How the model runs; an empty `model` is the index's own.
        topk: How many hits, from 1.
        rerank: Order the hits by rank and shared tags.
        alpha: What one rank costs.
        beta: What one shared tag brings.
        where: "group=tag[,tag]"; all must hold.
        exact: Compare with every photograph, whatever the index is.
        box: The part of each query photograph to look for.
        min_percentile: Only hits nearer than this percentage of the gallery.
        largest_gap: Only hits before the largest drop of the cosine.
        prior: Prefer hits that are the same kind of thing as the query, where the index's model can tell.
        collapse: Of photographs that are the same picture only the best is a hit.
        exclude_self: Leave out the query's own photographs, by path and by content.
        catalog: The product catalogue; None for the index's own, "" for none.
        root: The folder that the index's photographs lie below now; None for what the index says.
    """

    queries: tuple[tuple[QueryPart, ...], ...]
    index: Path
    inference: InferenceOptions
    topk: int = 50
    rerank: bool = True
    alpha: float = ALPHA
    beta: float = BETA
    where: tuple[str, ...] = ()
    exact: bool = False
    box: Box | None = None
    min_percentile: float | None = None
    largest_gap: bool = False
    prior: bool = True
    collapse: bool = True
    exclude_self: bool = False
    catalog: str | None = None
    root: Path | None = None


@dataclass(frozen=True)
class QueryResult:
    """What was found for one query.

    Attributes:
        query: Its parts.
        tags: What it shows.
        hits: The best first.
        products: What the catalogue says now about those that are in it, by the photograph's sha256.
    """

    query: tuple[QueryPart, ...]
    tags: tuple[Tag, ...]
    hits: tuple[Hit, ...]
    products: Mapping[str, ShownProduct] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The query in words: "a.jpg", or "a.jpg:1 + b.jpg:-0.5"."""
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
    """

    results: tuple[QueryResult, ...]
    skipped: tuple[Skipped, ...]
    rows: int
    index: Path
    kind: str
    note: str
    seconds: float
    catalog: str = ""


def search_gallery(config: SearchConfig) -> SearchReport:
    """Search.

    Raises:
        UsageError: If an option is out of range or names what the gallery does not have.
        CatalogueError: If the catalogue that was asked for cannot be read.
        IndexDirectoryError: If there is no index, or it is another model's.
        ImageError: If the box reaches beyond a query.
    """
    start = time.perf_counter()
    options = _options(config)
    if not config.queries:
        raise UsageError("no query", hint="give a photograph")
    with Gallery.open(config.index, config.root) as gallery:
        allowed = allowed_rows(gallery, config.where)
        paths = list(dict.fromkeys(part.path for query in config.queries for part in query))
        features, skipped = query_features(gallery, paths, config.inference, config.box)
        sample = percentile_sample(gallery) if config.min_percentile is not None else None
        searcher = _Searcher(
            gallery,
            options,
            allowed,
            sample,
            prior=gallery_prior(gallery) if config.prior else None,
            stored=StoredPhotographs(gallery.features) if config.exclude_self else None,
        )
        results = tuple(
            searcher.search(query, features) for query in config.queries if all(part.path in features for part in query)
        )
        exact = config.exact or allowed is not None
        kind = "exact" if exact else gallery.kind
        own = gallery.catalog
        results, catalog, without = _with_products(results, own if config.catalog is None else config.catalog, own)
        note = "; ".join(filter(None, (gallery.note, without)))
        seconds = time.perf_counter() - start
        return SearchReport(results, skipped, len(gallery), config.index, kind, note, seconds, catalog)


def _with_products(
    results: tuple[QueryResult, ...], location: str, own: str
) -> tuple[tuple[QueryResult, ...], str, str]:
    """Look up the products of all hits.

    Args:
        results: What was found.
        location: Of the catalogue; "" for none.
        own: The one that the index names: without it there are hits all the same.

    Returns:
        The results with products, the catalogue that was asked, and why there are no products.

    Raises:
        CatalogueError: If a catalogue that somebody asked for cannot be read.
    """
    if not location:
        return results, "", ""
    try:
        from fashion_cli.products.catalogue import Catalogue

        with Catalogue.open(location) as catalogue:
            products = products_of([hit for result in results for hit in result.hits], catalogue)
            return tuple(replace(result, products=products) for result in results), catalogue.location, ""
    except (CatalogueError, ModuleNotFoundError) as error:
        if location != own:
            raise
        return results, "", f"hits without their products: {error}"


def _options(config: SearchConfig) -> SearchOptions:
    return SearchOptions(
        topk=config.topk,
        rerank=config.rerank,
        alpha=config.alpha,
        beta=config.beta,
        exact=config.exact,
        min_percentile=config.min_percentile,
        largest_gap=config.largest_gap,
        collapse=config.collapse,
    )


@dataclass(frozen=True)
class _Searcher:
    """What all queries of a search have in common."""

    gallery: Gallery
    options: SearchOptions
    allowed: npt.NDArray[np.int64] | None
    sample: npt.NDArray[np.float32] | None
    prior: KindAgreement | None
    stored: StoredPhotographs | None

    def search(self, query: tuple[QueryPart, ...], features: Mapping[Path, Features]) -> QueryResult:
        """What is found for one query."""
        wanted = combine([features[part.path] for part in query], [part.weight for part in query])
        vocabulary = self.gallery.features.header.vocabulary
        present = present_tags(wanted.scores[None], vocabulary)[0]
        hits = find_hits(
            self.gallery,
            wanted.vector,
            present,
            self.options,
            scope=Scope(rows=self.allowed, without=self._own_rows(query)),
            sample=self.sample,
            prior=QueryPrior(self.prior, wanted.scores) if self.prior is not None else None,
        )
        return QueryResult(query, named_tags(wanted.scores, present, vocabulary), hits)

    def _own_rows(self, query: tuple[QueryPart, ...]) -> frozenset[int]:
        if self.stored is None:
            return frozenset()
        return frozenset().union(*(self.stored.own_rows(part.path) for part in query))
