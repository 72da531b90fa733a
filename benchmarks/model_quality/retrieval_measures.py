"""What vectors find as they are: nothing is fitted, nothing re-ranked, no prior."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.home_to_shop import Query, graded_queries, home_queries
from benchmarks.model_quality.features import Embedded
from benchmarks.model_quality.made_photographs import close_ups, copies, garments
from benchmarks.model_quality.resampling import Measure, mean_of, measure, weighted_mean
from fashion_cli.data.annotations import Annotation, read_manifest
from fashion_cli.metrics.ranking import has_relevant_item, ndcg

# What models are chosen by: the mean over these sets of the mean of two figures each.
POOLED = {
    "views": ("recall@1", "recall@10"),
    "garments": ("recall@1", "recall@20"),
    "copies": ("recall@1", "recall@20"),
    "close-ups": ("recall@1", "recall@5"),
}
LIKE_QUERY = 2  # a grade from here on

Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Search:
    """Queries among a gallery.

    Attributes:
        name: Of the set.
        queries: Q photographs.
        gallery: G photographs; the query itself is never a hit.
        right: (Q, G) which hits are right.
        clusters: (Q,) queries of one text succeed and fail together.
        recall: The cutoffs at which one right hit is enough.
        precision: The cutoffs at which the share of right hits counts.
    """

    name: str
    queries: tuple[Path, ...]
    gallery: tuple[Path, ...]
    right: Flags
    clusters: tuple[str, ...]
    recall: tuple[int, ...] = ()
    precision: tuple[int, ...] = ()


@dataclass(frozen=True)
class Retrieval:
    """All that is searched for.

    Attributes:
        searches: With right and wrong hits.
        graded: Queries whose hits have grades.
        shop: What these search.
    """

    searches: tuple[Search, ...]
    graded: tuple[Query, ...]
    shop: tuple[Path, ...]

    @property
    def photographs(self) -> Iterator[Path]:
        for search in self.searches:
            yield from search.queries
            yield from search.gallery
        yield from (query.path for query in self.graded)
        yield from self.shop


def retrieval(data: Path, work: Path) -> Retrieval:
    """The searches of all sets; what has to be made for them lies in `work`."""
    catalog = list(read_manifest(data / "catalog" / "catalog.csv"))
    searches = (
        _views(data, catalog),
        _copies(data, work, catalog),
        _garments(data, work),
        _close_ups(data, work),
        _same_type_and_colour(catalog),
        _home(data, catalog),
    )
    return Retrieval(searches, tuple(graded_queries(data)), tuple(each.path for each in catalog))


def retrieval_measures(searched: Retrieval, embedded: Embedded) -> Iterator[Measure]:
    """The figures of all searches, then the one to choose by."""
    found: dict[str, Measure] = {}
    for search in searched.searches:
        for each in _search_measures(search, embedded):
            found[each.name] = each
            yield each
    yield from _graded_measures(searched, embedded)
    yield pooled(found)


def pooled(found: dict[str, Measure]) -> Measure:
    """The figure to choose by: every set counts the same, and within it both figures."""
    parts = [mean_of(name, [found[f"{name}: {figure}"] for figure in figures]) for name, figures in POOLED.items()]
    queries = [found[f"{name}: {figures[0]}"] for name, figures in POOLED.items()]
    mean = mean_of("pooled retrieval", parts)
    return Measure(mean.name, mean.value, mean.draws, sum(q.rows for q in queries), sum(q.clusters for q in queries))


# ---- the sets


def _views(data: Path, catalog: Sequence[Annotation]) -> Search:
    views = list(read_manifest(data / "views" / "views.csv"))
    items = np.array([each.values["item_id"] for each in views] + [""] * len(catalog))
    queries = [each for each in views if each.split == "val"]
    right = np.array([each.values["item_id"] for each in queries])[:, None] == items
    gallery = tuple(each.path for each in (*views, *catalog))
    clusters = tuple(each.values["product"] for each in queries)
    return _search("views", queries, gallery, right, clusters, recall=(1, 10, 50))


def _copies(data: Path, work: Path, catalog: Sequence[Annotation]) -> Search:
    made = copies(data, work)
    items = np.array([each.values["item_id"] for each in catalog])
    right = np.array([each.values["item_id"] for each in made])[:, None] == items
    gallery = tuple(each.path for each in catalog)
    return _search("copies", made, gallery, right, [each.values["item_id"] for each in made], recall=(1, 20))


def _garments(data: Path, work: Path) -> Search:
    made = garments(data, work)
    street = list(read_manifest(data / "street" / "street.csv"))
    whole = [each.values["photograph"] for each in made]
    right = np.array(whole)[:, None] == np.array([each.path.stem for each in street])
    return _search("garments", made, tuple(each.path for each in street), right, whole, recall=(1, 20))


def _close_ups(data: Path, work: Path) -> Search:
    made = close_ups(data, work)
    first, second = ([each for each in made if each.values["kind"] == kind] for kind in ("first", "second"))
    right = np.eye(len(first), dtype=np.bool_)
    senders = [each.values["photograph"] for each in first]
    return _search("close-ups", first, tuple(each.path for each in second), right, senders, recall=(1, 5))


def _same_type_and_colour(catalog: Sequence[Annotation]) -> Search:
    """Queries with at least ten others to find, so that all of the first ten can be right."""
    kinds = np.array([f"{each.values['article_type']}\0{each.values['base_colour']}" for each in catalog])
    _, members, counts = np.unique(kinds, return_inverse=True, return_counts=True)
    rows = [row for row, each in enumerate(catalog) if each.split == "val" and counts[members[row]] > 10]
    queries = [catalog[row] for row in rows]
    gallery = tuple(each.path for each in catalog)
    right = kinds[rows][:, None] == kinds
    return _search("same type and colour", queries, gallery, right, [str(q.path) for q in queries], precision=(10,))


def _home(data: Path, catalog: Sequence[Annotation]) -> Search:
    """The senders stand in the manifest; which article types are the same kind, in `home_to_shop`."""
    senders = {each.path: each.values["sender"] for each in read_manifest(data / "clothing" / "clothing.csv")}
    queries = home_queries(data)
    gallery = tuple(each.path for each in catalog)
    right = np.array([[path in query.right for path in gallery] for query in queries])
    paths = tuple(query.path for query in queries)
    return Search("home to shop", paths, gallery, right, tuple(senders[path] for path in paths), precision=(5,))


def _search(
    name: str,
    queries: Sequence[Annotation],
    gallery: tuple[Path, ...],
    right: Flags,
    clusters: Sequence[str],
    *,
    recall: tuple[int, ...] = (),
    precision: tuple[int, ...] = (),
) -> Search:
    return Search(name, tuple(each.path for each in queries), gallery, right, tuple(clusters), recall, precision)


# ---- measuring


def _search_measures(search: Search, embedded: Embedded) -> Iterator[Measure]:
    hits = ranked(embedded, search.queries, search.gallery)[:, : max((*search.recall, *search.precision))]
    relevance = np.take_along_axis(search.right, hits, axis=1)
    for k in search.recall:
        yield measure(
            f"{search.name}: recall@{k}", search.name, search.clusters, weighted_mean(has_relevant_item(relevance, k))
        )
    for k in search.precision:
        yield measure(
            f"{search.name}: precision@{k}", search.name, search.clusters, weighted_mean(relevance[:, :k].mean(axis=1))
        )


def _graded_measures(searched: Retrieval, embedded: Embedded) -> Iterator[Measure]:
    """Hits that nobody judged are passed over; how many of the first ten those are stands beside."""
    hits = ranked(embedded, [query.path for query in searched.graded], searched.shop)
    lists = [
        graded_figures(query, [searched.shop[place] for place in order])
        for query, order in zip(searched.graded, hits, strict=True)
    ]
    for name in lists[0]:
        values = np.array([figures[name] for figures in lists])
        known = ~np.isnan(values)  # nothing that was judged may be like the query
        clusters = [query.cluster for query, there in zip(searched.graded, known, strict=True) if there]
        yield measure(f"judged home to shop: {name}", "judged", clusters, weighted_mean(values[known]))


def graded_figures(query: Query, hits: Sequence[Path]) -> dict[str, float]:
    """The figures of one list of hits, the nearest first."""
    grades = np.array([query.grades[hit] for hit in hits if hit in query.grades], np.int64)
    return {
        "nDCG@10": ndcg(grades, np.array(list(query.grades.values())), 10),
        f"precision@5 of grade {LIKE_QUERY} or more": float((grades[:5] >= LIKE_QUERY).mean()),
        "not judged of the first 10": float(np.mean([hit not in query.grades for hit in hits[:10]])),
    }


def ranked(embedded: Embedded, queries: Sequence[Path], gallery: Sequence[Path]) -> Rows:
    """(Q, G) places in the gallery, the nearest first; the query itself comes last."""
    asked, there = embedded.places(queries), embedded.places(gallery)
    cosines = embedded.vectors[asked] @ embedded.vectors[there].T
    cosines[asked[:, None] == there] = -np.inf
    return np.argsort(-cosines, axis=1, kind="stable")
