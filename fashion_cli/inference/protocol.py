"""How retrieval is measured: who asks, who answers, what is right, and at which ranks it stands.

Liu et al., DeepFashion (CVPR 2016), section 5: photographs of a garment are searched with another photograph of it. A
query's own row is never among its hits, whatever shares its item is right, and a query without anything right in the
gallery is left out.
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
from fashion_cli.data.features import FeatureFile
from fashion_cli.data.images import find_images
from fashion_cli.data.tags import present_tags
from fashion_cli.errors import AnnotationError, UsageError
from fashion_cli.inference.on_demand import OnDemand
from fashion_cli.metrics.ranking import RightRanks
from fashion_cli.retrieval.exact import ExactIndex
from fashion_cli.retrieval.ranks import ranks_of_rows

QUERIES_AT_ONCE = 4096
RIGHT_AT_ONCE = 4_000_000  # right photographs of the queries that are ranked at once: 32 MiB of row numbers
ROWS_AT_ONCE = 8192


@dataclass(frozen=True)
class Published:
    """What a dataset's authors measure.

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
PROTOCOLS = {
    "inshop": Published("query", "gallery", by="category"),
    "c2s": Published("test", "test", domain="consumer", gallery_domain="shop"),
    "folder": Published(item="class"),
}


@dataclass(frozen=True)
class ProtocolOptions(CheckedFields):
    """What is measured on. None everywhere stands for what the dataset's authors do.

    Attributes:
        data: As `read_annotations` takes it: `inshop:DIR`, `c2s:DIR`, a CSV manifest, ...
        split: Whose photographs are queries; "" all.
        gallery_split: Whose photographs are found; "" all.
        distractors: More manifests and folders for the gallery; nothing in them is right.
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
    def published(self) -> Published:
        """What the dataset's authors measure."""
        kind = self.data.partition(":")[0] if names_a_source(self.data) else ""
        return PROTOCOLS.get(kind, Published())

    @property
    def in_force(self) -> Published:
        """What is measured: the options, and what is published where they are silent.

        With other queries than the published ones the gallery is their split, unless it was every photograph anyway.
        """
        known = self.published
        split = known.split if self.split is None else self.split
        gallery = known.gallery_split if split == known.split else known.gallery_split and split
        return Published(
            split=split,
            gallery_split=gallery if self.gallery_split is None else self.gallery_split,
            domain=known.domain,
            gallery_domain=known.gallery_domain,
            item=known.item if self.item_column is None else self.item_column,
            by=known.by if self.by is None else self.by,
        )


@dataclass(frozen=True)
class Listed:
    """The photographs that a measurement needs.

    Attributes:
        annotations: Those of the data source.
        paths: Theirs, and behind them the distractors'.
        notes: What looks like a mistake in the annotations.
    """

    annotations: tuple[Annotation, ...]
    paths: tuple[Path, ...]
    notes: tuple[str, ...] = ()


def list_photographs(options: ProtocolOptions) -> Listed:
    """Read the annotations and look through the distractors.

    Raises:
        AnnotationError: If the source lacks a column or a split.
        UsageError: If a distractor folder does not exist.
    """
    asked = options.in_force
    everything = list(read_annotations(options.data))
    for column in filter(None, (asked.item, asked.by)):
        require_column(options.data, everything, column)
    queries = of_split(options.data, everything, asked.split)
    gallery = of_split(options.data, everything, asked.gallery_split)
    needed = {id(each) for each in queries if _of_domain(each, asked.domain)}
    needed |= {id(each) for each in gallery if _of_domain(each, asked.gallery_domain)}
    annotations = tuple(each for each in everything if id(each) in needed)
    paths = [annotation.path for annotation in annotations]
    known = {os.path.abspath(path) for path in paths}
    paths += [path for path in _distractors(options.distractors) if os.path.abspath(path) not in known]
    splits = dict.fromkeys((asked.split, asked.gallery_split))
    notes = tuple(note for split in splits for note in near_splits(options.data, everything, split))
    return Listed(annotations, tuple(paths), notes)


@dataclass(frozen=True)
class Protocol:
    """Who asks, who answers, and what is right. Every query has something right in the gallery.

    Attributes:
        queries: (Q,) rows of the feature file.
        items: Q names of what is on them.
        parts: Q values of the column `by`; "" without one.
        gallery: (G,) rows of the feature file, each once.
        left_out: (Q,) the place in `gallery` of the query itself; -1 where it is not there.
        right: What is right for each query.
        without_right_item: How many more queries there were, with nothing right in the gallery.
    """

    queries: npt.NDArray[np.int64]
    items: tuple[str, ...]
    parts: tuple[str, ...]
    gallery: npt.NDArray[np.int64]
    left_out: npt.NDArray[np.int64]
    right: "RightPlaces"
    without_right_item: int

    def __len__(self) -> int:
        return len(self.queries)


class RightPlaces:
    """Which places of the gallery are right for each query, made anew whenever they are asked for.

    Args:
        queries: Q names of items.
        gallery: G names of items; "" is right for nobody.
        left_out: (Q,) places that are not right for a query, or -1.

    Attributes:
        counts: (Q,) how many each query has.
    """

    def __init__(self, queries: Sequence[str], gallery: Sequence[str], left_out: npt.NDArray[np.int64]) -> None:
        numbers = {item: number for number, item in enumerate(dict.fromkeys(filter(None, gallery)))}
        shown = np.array([numbers.get(item, -1) for item in gallery], np.int64)
        asked = np.array([numbers.get(item, -2) for item in queries], np.int64)
        self._places = np.argsort(shown, kind="stable")  # (G,) those of one item together
        self._starts = np.searchsorted(shown[self._places], asked, side="left")
        self._ends = np.searchsorted(shown[self._places], asked, side="right")
        self._left_out = left_out
        known = np.append(shown, -1)  # a left out place of -1 is of no item
        self.counts = self._ends - self._starts - (known[left_out] == asked)

    def of(self, queries: slice) -> npt.NDArray[np.int64]:
        """(N,) the places of some queries, those of the first one first."""
        bounds = zip(self._starts[queries], self._ends[queries], self._left_out[queries], strict=True)
        places = [(self._places[start:end], own) for start, end, own in bounds]
        return np.concatenate([each[each != own] for each, own in places])

    def take(self, queries: npt.NDArray[np.intp]) -> "RightPlaces":
        """The same for some of the queries."""
        taken = copy(self)
        for name in ("_starts", "_ends", "_left_out", "counts"):
            setattr(taken, name, getattr(self, name)[queries])
        return taken


def make_protocol(options: ProtocolOptions, listed: Listed, found: OnDemand) -> Protocol:
    """Who asks and who answers, of the photographs that could be read.

    Raises:
        AnnotationError: If no query has anything right in the gallery.
    """
    asked = options.in_force
    queries: dict[int, Annotation] = {}
    gallery: dict[int, str] = {}
    for place, row in zip(found.places.tolist(), found.rows.tolist(), strict=True):
        if place >= len(listed.annotations):
            gallery[row] = ""
            continue
        annotation = listed.annotations[place]
        if asked.gallery_split in ("", annotation.split) and _of_domain(annotation, asked.gallery_domain):
            gallery[row] = annotation.values[asked.item]
        is_query = asked.split in ("", annotation.split) and _of_domain(annotation, asked.domain)
        if is_query and annotation.values[asked.item]:
            queries[row] = annotation
    place_of = {row: place for place, row in enumerate(gallery)}
    left_out = np.array([place_of.get(row, -1) for row in queries], np.int64)
    items = [annotation.values[asked.item] for annotation in queries.values()]
    parts = [annotation.values[asked.by] if asked.by else "" for annotation in queries.values()]
    right = RightPlaces(items, tuple(gallery.values()), left_out)
    answerable = np.flatnonzero(right.counts)
    if not len(answerable):
        unread = f"; {len(found.skipped):,} of {len(listed.paths):,} cannot be read" if found.skipped else ""
        raise AnnotationError(
            f"{options.data}: no query has another photograph of its item in the gallery{unread}",
            hint=f"the first: {found.skipped[0].reason}"
            if found.skipped
            else f"the column {asked.item!r} names the item that photographs share",
        )
    return Protocol(
        queries=np.array(list(queries), np.int64)[answerable],
        items=tuple(items[query] for query in answerable),
        parts=tuple(parts[query] for query in answerable),
        gallery=np.array(list(gallery), np.int64),
        left_out=left_out[answerable],
        right=right.take(answerable),
        without_right_item=len(queries) - len(answerable),
    )


@dataclass(frozen=True)
class Ranked:
    """The lists of some queries, in the order of the protocol.

    Attributes:
        right: The ranks of what is right.
        shared: (B, K) how many tags each of the first hits shares with its query.
        lengths: (B,) how many hits there are, up to K.
    """

    right: RightRanks
    shared: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]


def rank_photographs(protocol: Protocol, features: FeatureFile, topk: int = 0) -> Iterator[Ranked]:
    """Rank the gallery for each query, as an exact search does: by cosine, of equal ones the earlier row first.

    Memory holds the gallery's vectors as they are stored, a bit for each of its tags, and beyond that an amount that
    depends on neither queries nor gallery.

    Args:
        protocol: Who asks and who answers.
        features: Their vectors and scores.
        topk: How many hits of each query shared tags are counted for.

    Raises:
        UsageError: If shared tags are wanted of a model that has no tags.
    """
    index = ExactIndex(features.vectors(protocol.gallery))
    tags = _Tags(features) if topk else None
    for block in _blocks(protocol):
        rows, left_out = protocol.queries[block], protocol.left_out[block]
        vectors = features.vectors(rows).astype(np.float32)
        counts = protocol.right.counts[block]
        starts = np.cumsum(counts) - counts
        right = ranks_of_rows(index, vectors, protocol.right.of(block), starts, left_out)
        shared, lengths = np.empty((len(rows), 0), np.int64), np.zeros(len(rows), np.int64)
        if tags is not None:
            hits = _first_hits(index, vectors, left_out, topk)
            lengths = (hits >= 0).sum(axis=1)
            shared = tags.shared(rows, protocol.gallery[hits])
        yield Ranked(RightRanks(right, starts), shared, lengths)


def _blocks(protocol: Protocol) -> Iterator[slice]:
    """Queries that are ranked together: not too many, and not with too many right photographs."""
    ends = np.cumsum(protocol.right.counts)
    start = before = 0
    while start < len(protocol):
        full = int(np.searchsorted(ends, before + RIGHT_AT_ONCE, side="right"))
        stop = min(max(full, start + 1), start + QUERIES_AT_ONCE, len(protocol))
        yield slice(start, stop)
        start, before = stop, int(ends[stop - 1])


def _first_hits(
    index: ExactIndex, vectors: npt.NDArray[np.float32], left_out: npt.NDArray[np.int64], topk: int
) -> npt.NDArray[np.int64]:
    """(B, K) places in the gallery, without the query's own; -1 where there are no more."""
    found = index.nearest(vectors, topk + 1).rows  # (B, K + 1): one of them may be the query itself
    kept = np.argsort(found == left_out[:, None], axis=1, kind="stable")  # its own comes last
    hits = np.take_along_axis(found, kept, axis=1)
    hits[hits == left_out[:, None]] = -1
    return hits[:, :topk]


class _Tags:
    """Which tags each row of a feature file shows, eight to a byte.

    Raises:
        UsageError: If there are no tags.
    """

    def __init__(self, features: FeatureFile) -> None:
        vocabulary = features.header.vocabulary
        if not len(vocabulary):
            raise UsageError(
                f"the model {features.header.model} has no tags to re-rank by", hint="--tagger NAME|DIR names one"
            )
        self._bits = np.empty((len(features), -(-len(vocabulary) // 8)), np.uint8)
        for start in range(0, len(features), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            self._bits[rows] = np.packbits(present_tags(features.scores(rows), vocabulary), axis=1)

    def shared(self, queries: npt.NDArray[np.int64], hits: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """How many tags rows have in common.

        Args:
            queries: (B,) rows.
            hits: (B, K) rows.

        Returns:
            (B, K).
        """
        counts = np.empty(hits.shape, np.int64)
        for place, (query, rows) in enumerate(zip(queries, hits, strict=True)):
            counts[place] = BITS[self._bits[rows] & self._bits[query]].sum(axis=1)
        return counts


BITS = np.array([number.bit_count() for number in range(256)], np.int64)


def _of_domain(annotation: Annotation, domain: str) -> bool:
    return not domain or annotation.values.get("domain", "") == domain


def _distractors(sources: Sequence[Path]) -> Iterator[Path]:
    for source in sources:
        if source.suffix.lower() == ".csv" or names_a_source(str(source)):
            yield from (annotation.path for annotation in read_annotations(str(source)))
        else:
            yield from find_images([source])
