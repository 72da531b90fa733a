"""The retrieval protocol: queries, gallery, and the relevant items of each query.

Liu et al., DeepFashion (CVPR 2016), section 5: photographs of a garment are searched with another photograph of it. A
query's own row is never among its hits, whatever shares its item is relevant, and a query without anything relevant in
the gallery is left out.
"""

import os
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fashion_cli.checked_fields import CheckedFields
from fashion_cli.data.annotations import (
    Annotation,
    names_a_source,
    near_splits,
    of_split,
    read_annotations,
    require_column,
)
from fashion_cli.data.images import find_images
from fashion_cli.embedding.cached_features import FeatureSubset
from fashion_cli.errors import AnnotationError


@dataclass(frozen=True)
class BenchmarkDefaults:
    """The splits and columns that a dataset's authors measure with.

    Attributes:
        split: Whose photographs are queries; "" all.
        gallery_split: Whose photographs are found; "" all.
        domain: The `domain` of queries; "" any.
        gallery_domain: The `domain` of what is found; "" any.
        item: The column that names items.
        by: The column that parts are made of; "" none.
    """

    split: str = "val"
    gallery_split: str = ""
    domain: str = ""
    gallery_domain: str = ""
    item: str = "item_id"
    by: str = ""


# The first two: Liu et al., section 5. A folder per class knows no items: its classes take their place.
BENCHMARK_DEFAULTS = {
    "inshop": BenchmarkDefaults("query", "gallery", by="category"),
    "c2s": BenchmarkDefaults("test", "test", domain="consumer", gallery_domain="shop"),
    "folder": BenchmarkDefaults(item="class"),
}


@dataclass(frozen=True)
class RetrievalOptions(CheckedFields):
    """What is measured on. None everywhere stands for what the dataset's authors do.

    Attributes:
        data: As `read_annotations` takes it: `inshop:DIR`, `c2s:DIR`, a CSV manifest, ...
        split: Whose photographs are queries; "" all.
        gallery_split: Whose photographs are found; "" all.
        distractors: More manifests and folders for the gallery; nothing in them is relevant.
        item_column: Photographs with the same value show the same item; "" is an unknown one, a distractor.
        by: A column; figures are given for each of its values too. "" none.
    """

    data: str
    split: str | None = None
    gallery_split: str | None = None
    distractors: tuple[Path, ...] = ()
    item_column: str | None = None
    by: str | None = None

    @property
    def published(self) -> BenchmarkDefaults:
        """The defaults of the dataset's authors."""
        kind = self.data.partition(":")[0] if names_a_source(self.data) else ""
        return BENCHMARK_DEFAULTS.get(kind, BenchmarkDefaults())

    @property
    def effective(self) -> BenchmarkDefaults:
        """The options, with the published defaults where they are silent.

        With other queries than the published ones the gallery is their split, unless it was every photograph anyway.
        """
        defaults = self.published
        split = defaults.split if self.split is None else self.split
        gallery = defaults.gallery_split if split == defaults.split else defaults.gallery_split and split
        return BenchmarkDefaults(
            split=split,
            gallery_split=gallery if self.gallery_split is None else self.gallery_split,
            domain=defaults.domain,
            gallery_domain=defaults.gallery_domain,
            item=defaults.item if self.item_column is None else self.item_column,
            by=defaults.by if self.by is None else self.by,
        )


@dataclass(frozen=True)
class ListedPhotographs:
    """The photographs that a measurement needs.

    Attributes:
        annotations: Those of the data source.
        paths: Theirs, and behind them the distractors'.
        notes: What looks like a mistake in the annotations.
    """

    annotations: tuple[Annotation, ...]
    paths: tuple[Path, ...]
    notes: tuple[str, ...] = ()


def list_photographs(options: RetrievalOptions) -> ListedPhotographs:
    """Read the annotations and look through the distractors.

    Raises:
        AnnotationError: If the source lacks a column or a split.
        UsageError: If a distractor folder does not exist.
    """
    setup = options.effective
    everything = list(read_annotations(options.data))
    for column in filter(None, (setup.item, setup.by)):
        require_column(options.data, everything, column)
    queries = of_split(options.data, everything, setup.split)
    gallery = of_split(options.data, everything, setup.gallery_split)
    needed = {id(each) for each in queries if _of_domain(each, setup.domain)}
    needed |= {id(each) for each in gallery if _of_domain(each, setup.gallery_domain)}
    annotations = tuple(each for each in everything if id(each) in needed)
    paths = [annotation.path for annotation in annotations]
    annotated = {os.path.abspath(path) for path in paths}
    paths += [path for path in _distractors(options.distractors) if os.path.abspath(path) not in annotated]
    splits = dict.fromkeys((setup.split, setup.gallery_split))
    notes = tuple(note for split in splits for note in near_splits(options.data, everything, split))
    return ListedPhotographs(annotations, tuple(paths), notes)


@dataclass(frozen=True)
class RetrievalSplit:
    """Queries, gallery and relevant items. Every query has something relevant in the gallery.

    Attributes:
        queries: (Q,) rows of the feature file.
        items: Q names of what is on them.
        parts: Q values of the column `by`; "" without one.
        gallery: (G,) rows of the feature file, each once.
        left_out: (Q,) the place in `gallery` of the query itself; -1 where it is not there.
        relevant: What is relevant for each query.
        without_relevant_item: How many more queries there were, with nothing relevant in the gallery.
    """

    queries: npt.NDArray[np.int64]
    items: tuple[str, ...]
    parts: tuple[str, ...]
    gallery: npt.NDArray[np.int64]
    left_out: npt.NDArray[np.int64]
    relevant: "RelevantItems"
    without_relevant_item: int

    def __len__(self) -> int:
        return len(self.queries)


class RelevantItems:
    """Which places of the gallery are relevant for each query, computed anew at each call.

    Args:
        queries: Q names of items.
        gallery: G names of items; "" is relevant for nobody.
        left_out: (Q,) places that are not relevant for a query, or -1.

    Attributes:
        counts: (Q,) how many each query has.
    """

    def __init__(self, queries: Sequence[str], gallery: Sequence[str], left_out: npt.NDArray[np.int64]) -> None:
        numbers = {item: number for number, item in enumerate(dict.fromkeys(filter(None, gallery)))}
        gallery_items = np.array([numbers.get(item, -1) for item in gallery], np.int64)
        query_items = np.array([numbers.get(item, -2) for item in queries], np.int64)
        self._places = np.argsort(gallery_items, kind="stable")  # (G,) those of one item together
        self._starts = np.searchsorted(gallery_items[self._places], query_items, side="left")
        self._ends = np.searchsorted(gallery_items[self._places], query_items, side="right")
        self._left_out = left_out
        padded = np.append(gallery_items, -1)  # a left out place of -1 is of no item
        self.counts = self._ends - self._starts - (padded[left_out] == query_items)

    def of(self, queries: slice) -> npt.NDArray[np.int64]:
        """(N,) the places of some queries, those of the first one first."""
        bounds = zip(self._starts[queries], self._ends[queries], self._left_out[queries], strict=True)
        places = [(self._places[start:end], own) for start, end, own in bounds]
        return np.concatenate([each[each != own] for each, own in places])

    def take(self, queries: npt.NDArray[np.intp]) -> "RelevantItems":
        """The same for some of the queries."""
        taken = copy(self)
        for name in ("_starts", "_ends", "_left_out", "counts"):
            setattr(taken, name, getattr(self, name)[queries])
        return taken


def split_queries(options: RetrievalOptions, photographs: ListedPhotographs, features: FeatureSubset) -> RetrievalSplit:
    """Queries and gallery among the photographs that could be read.

    Raises:
        AnnotationError: If no query has anything relevant in the gallery.
    """
    setup = options.effective
    queries: dict[int, Annotation] = {}
    gallery: dict[int, str] = {}
    for place, row in zip(features.places.tolist(), features.rows.tolist(), strict=True):
        if place >= len(photographs.annotations):
            gallery[row] = ""
            continue
        annotation = photographs.annotations[place]
        if setup.gallery_split in ("", annotation.split) and _of_domain(annotation, setup.gallery_domain):
            gallery[row] = annotation.values[setup.item]
        is_query = setup.split in ("", annotation.split) and _of_domain(annotation, setup.domain)
        if is_query and annotation.values[setup.item]:
            queries[row] = annotation
    place_of = {row: place for place, row in enumerate(gallery)}
    left_out = np.array([place_of.get(row, -1) for row in queries], np.int64)
    items = [annotation.values[setup.item] for annotation in queries.values()]
    parts = [annotation.values[setup.by] if setup.by else "" for annotation in queries.values()]
    relevant = RelevantItems(items, tuple(gallery.values()), left_out)
    answerable = np.flatnonzero(relevant.counts)
    if not len(answerable):
        unread = f"; {len(features.skipped):,} of {len(photographs.paths):,} cannot be read" if features.skipped else ""
        raise AnnotationError(
            f"{options.data}: no query has another photograph of its item in the gallery{unread}",
            hint=f"the first: {features.skipped[0].reason}"
            if features.skipped
            else f"the column {setup.item!r} names the item that photographs share",
        )
    return RetrievalSplit(
        queries=np.array(list(queries), np.int64)[answerable],
        items=tuple(items[query] for query in answerable),
        parts=tuple(parts[query] for query in answerable),
        gallery=np.array(list(gallery), np.int64),
        left_out=left_out[answerable],
        relevant=relevant.take(answerable),
        without_relevant_item=len(queries) - len(answerable),
    )


def _of_domain(annotation: Annotation, domain: str) -> bool:
    return not domain or annotation.values.get("domain", "") == domain


def _distractors(sources: Sequence[Path]) -> Iterator[Path]:
    for source in sources:
        if source.suffix.lower() == ".csv" or names_a_source(str(source)):
            yield from (annotation.path for annotation in read_annotations(str(source)))
        else:
            yield from find_images([source])
