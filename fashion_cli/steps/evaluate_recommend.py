"""Measure how well an attribute map recommends: do the garments that it names share the query's labels?

The same question is put to the map, to the full attribute vectors that it squeezes into two numbers, to the image
vectors, and to chance. All of them choose from the same garments, never the query itself.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fashion_cli.checked_fields import CheckedFields
from fashion_cli.data.annotations import Annotation, near_splits, of_split, read_manifest, require_column
from fashion_cli.data.features import FeatureFile
from fashion_cli.embedding.fill_tags import align_tag_columns, missing_taggers
from fashion_cli.errors import AnnotationError, FeatureFileError, UsageError
from fashion_cli.inference.pipeline import Skipped
from fashion_cli.metrics.agreement import agreement, agreement_by_chance, values_of
from fashion_cli.metrics.bootstrap import Interval, mean_interval, paired_difference
from fashion_cli.plurals import counted
from fashion_cli.retrieval.attribute_map import RECOMMENDED, AttributeMap, directions
from fashion_cli.retrieval.exact import ExactIndex
from fashion_cli.retrieval.gallery import Gallery
from fashion_cli.retrieval.map_directory import open_map

NEW = -1  # the row of what is not there
MAP, PLACE, ATTRIBUTES, VECTORS, CHANCE = "map", "map, by place", "attributes", "image vector", "chance"

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class EvalRecommendConfig(CheckedFields):
    """What to measure.

    Attributes:
        manifest: A CSV manifest with labels of the map's garments.
        map: The map directory.
        columns: "NAME=COLUMN" or "COLUMN": what garments should agree in; with `;` between several values of a cell.
        split: Whose photographs are queries; "" all.
        topk: How many garments are recommended.
        features: The feature file or index that has the queries; None is what the map was made of. With another one,
            queries can be photographs that the map has never seen.
    """

    manifest: Path
    map: Path
    columns: tuple[str, ...]
    split: str = "val"
    topk: int = RECOMMENDED
    features: Path | None = None


@dataclass(frozen=True)
class Agreement:
    """One way to recommend, in one group of labels.

    Attributes:
        system: "map" (placed, decoded, nearest attribute vectors), "map, by place" (nearest on the plane),
            "attributes" (nearest attribute vectors, not squeezed), "image vector", "chance" (any garment).
        group: What is compared.
        queries: With a label.
        share: Of the recommended garments that agree with the query, its mean over queries.
        gain: Over the map, of the same queries.
    """

    system: str
    group: str
    queries: int
    share: Interval
    gain: Interval


@dataclass(frozen=True)
class EvalRecommendReport:
    """What was measured.

    Attributes:
        agreements: System by system, group by group.
        topk: How many garments were recommended.
        queries: Photographs of the split with features and a label.
        new: Those of them that are not on the map.
        gallery: Garments that could be recommended: those on the map with a label in every column.
        skipped: Photographs of the split without features.
        model: Of the tags.
        seconds: In all.
        notes: What looks like a mistake in the annotations.
    """

    agreements: tuple[Agreement, ...]
    topk: int
    queries: int
    new: int
    gallery: int
    skipped: tuple[Skipped, ...]
    model: str
    seconds: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Queries:
    """Q photographs.

    Attributes:
        own: (Q,) the row of each on the map; -1 where it is new to the map.
        attributes: (Q, A).
        vectors: (Q, D).
        cells: Column -> Q cells of the manifest.
        clusters: Queries of one item share a text.
    """

    own: Rows
    attributes: npt.NDArray[np.float32]
    vectors: npt.NDArray[np.float32]
    cells: Mapping[str, list[str]]
    clusters: list[str]


@dataclass(frozen=True)
class _Garments:
    """G garments that can be recommended.

    Attributes:
        rows: (G,) on the map, ascending.
        vectors: (G, D).
        cells: Column -> G cells of the manifest.
    """

    rows: Rows
    vectors: npt.NDArray[np.float16]
    cells: Mapping[str, list[str]]


def evaluate_recommend(config: EvalRecommendConfig) -> EvalRecommendReport:
    """Recommend for labelled photographs, and compare labels.

    Raises:
        UsageError: If no column is named, or `topk` is out of range.
        AnnotationError: If the manifest lacks a column or a split, or its photographs are not there.
        FeatureFileError, IndexDirectoryError: If the features are gone, other weights', or without tags of the map.
        MapDirectoryError: If there is no map, or it is damaged.
    """
    start = time.perf_counter()
    if config.topk < 1:
        raise UsageError(f"topk {config.topk} is less than 1", hint=f"--topk {RECOMMENDED}")
    columns = _columns(config.columns)
    attribute_map = open_map(config.map)
    annotations = list(read_manifest(config.manifest))
    for column in columns.values():
        require_column(config.manifest, annotations, column)
    query_annotations = of_split(config.manifest, annotations, config.split)
    with _open(config.features or Path(attribute_map.source)) as features:
        features.require_weights(attribute_map.header.model, attribute_map.header.weights_sha256)
        _require_tags(features, attribute_map)
        queries = _queries(attribute_map, features, query_annotations, columns)
        skipped = tuple(
            Skipped(str(each.path), f"not in {features.path}")
            for each in query_annotations
            if features.find(os.path.abspath(each.path)) is None
        )
        garments = _garments(attribute_map, features, annotations, columns)
    if not len(queries.own) or len(garments.rows) <= config.topk:
        raise AnnotationError(
            f"{config.manifest}: {counted(len(queries.own), 'labelled query', 'labelled queries')} and"
            f" {counted(len(garments.rows), 'labelled garment')} of"
            " the map are there",
            hint="the manifest's photographs have to be on the map, and queries in its feature file or --features",
        )
    return EvalRecommendReport(
        agreements=tuple(
            _agreements(_recommend_rows(attribute_map, queries, garments, config.topk), queries, garments)
        ),
        topk=config.topk,
        queries=len(queries.own),
        new=int((queries.own < 0).sum()),
        gallery=len(garments.rows),
        skipped=skipped,
        model=attribute_map.header.model,
        seconds=time.perf_counter() - start,
        notes=tuple(near_splits(config.manifest, annotations, config.split)),
    )


def _columns(texts: Sequence[str]) -> dict[str, str]:
    """Name -> column."""
    if not texts:
        raise UsageError("no column to compare", hint="--column category=article_type")
    columns = {}
    for text in texts:
        name, equals, column = text.partition("=")
        if not name or (equals and not column):
            raise UsageError(f"column {text!r}: expected NAME=COLUMN", hint="for example --column colour=base_colour")
        columns[name] = column or name
    return columns


def _open(source: Path) -> FeatureFile:
    """A feature file, or that of an index."""
    return Gallery.open(source).features if source.is_dir() else FeatureFile.open(source)


def _require_tags(features: FeatureFile, attribute_map: AttributeMap) -> None:
    have, want, groups = features.header, attribute_map.header, set(attribute_map.groups)
    if have.own_vocabulary.names != want.own_vocabulary.names:
        raise FeatureFileError(
            f"{features.path}: {have.model} has other tags here than on the map",
            hint=f"fashion tag IMAGES… -o {features.path} makes them anew",
        )
    absent = [want.added[place] for place in missing_taggers(have, want)]
    if needed := [each.model for each in absent if groups & set(each.vocabulary.columns)]:
        raise FeatureFileError(
            f"{features.path}: the map is also of the tags of {', '.join(needed)}, which are not there",
            hint=f"fashion tag -o {features.path} --add --model DIR",
        )


def _queries(
    attribute_map: AttributeMap, features: FeatureFile, annotations: Sequence[Annotation], columns: Mapping[str, str]
) -> _Queries:
    by_path = {os.path.abspath(each.path): each for each in annotations}
    labelled = {path: each for path, each in by_path.items() if any(map(each.values.get, columns.values()))}
    rows = {path: row for path in labelled if (row := features.find(path)) is not None}
    stored = features.scores(list(rows.values()))
    scores = align_tag_columns(stored, features.header, attribute_map.header).astype(np.float32)
    return _Queries(
        own=np.array([attribute_map.garments.row_of_path.get(path, NEW) for path in rows], np.int64),
        attributes=attribute_map.attributes_of(scores),
        vectors=features.vectors(list(rows.values())).astype(np.float32),
        cells={name: [labelled[path].values.get(column, "") for path in rows] for name, column in columns.items()},
        clusters=[labelled[path].values.get("item_id") or path for path in rows],
    )


def _garments(
    attribute_map: AttributeMap, features: FeatureFile, annotations: Sequence[Annotation], columns: Mapping[str, str]
) -> _Garments:
    """Those on the map with features and a label in every column."""
    row_of_path = attribute_map.garments.row_of_path
    placed = {
        row: each
        for each in annotations
        if (row := row_of_path.get(os.path.abspath(each.path))) is not None
        and all(map(each.values.get, columns.values()))
    }
    stored = {row: features.find(attribute_map.garments.paths[row]) for row in sorted(placed)}
    there = {row: place for row, place in stored.items() if place is not None}
    return _Garments(
        rows=np.array(list(there), np.int64),
        vectors=features.vectors(list(there.values())),
        cells={name: [placed[row].values[column] for row in there] for name, column in columns.items()},
    )


def _recommend_rows(attribute_map: AttributeMap, queries: _Queries, garments: _Garments, topk: int) -> dict[str, Rows]:
    """System -> (Q, topk) places among the garments."""
    vocabulary, points = attribute_map.vocabulary, attribute_map.garments.points
    places = points[queries.own]
    is_new = queries.own == NEW
    places[is_new] = attribute_map.locate(queries.attributes[is_new])
    by_attributes = ExactIndex(directions(attribute_map.garments.attributes[garments.rows], vocabulary))
    own = np.searchsorted(garments.rows, queries.own)  # where its own row is, if it is there at all
    there = np.take(garments.rows, own, mode="clip") == queries.own
    own = np.where(there, own, NEW)

    def nearest(index: ExactIndex, vectors: npt.NDArray[np.float32]) -> Rows:
        return _others(index.nearest(vectors, topk + 1).rows, own, topk)

    return {
        MAP: nearest(by_attributes, directions(attribute_map.decode(places), vocabulary)),
        PLACE: _others(_nearest_places(points[garments.rows], places, topk + 1), own, topk),
        ATTRIBUTES: nearest(by_attributes, directions(queries.attributes, vocabulary)),
        VECTORS: nearest(ExactIndex(garments.vectors), queries.vectors),
    }


def _others(neighbours: Rows, own: Rows, topk: int) -> Rows:
    """(Q, topk + 1) -> (Q, topk): without the query itself."""
    return np.stack([row[row != query][:topk] for row, query in zip(neighbours, own, strict=True)])


def _nearest_places(points: npt.NDArray[np.float32], places: npt.NDArray[np.float32], k: int) -> Rows:
    return np.stack([np.argsort(np.square(points - place).sum(axis=1), kind="stable")[:k] for place in places])


def _agreements(recommended: Mapping[str, Rows], queries: _Queries, garments: _Garments) -> Iterator[Agreement]:
    for name, cells in queries.cells.items():
        query_values, garment_values = values_of(cells, garments.cells[name])
        labelled = np.flatnonzero(query_values.any(axis=1))
        clusters = [queries.clusters[place] for place in labelled]
        shares = {
            system: agreement(query_values[labelled], garment_values, rows[labelled])
            for system, rows in recommended.items()
        }
        shares[CHANCE] = agreement_by_chance(
            query_values[labelled], garment_values, np.isin(queries.own[labelled], garments.rows)
        )
        for system, share in shares.items():
            yield Agreement(
                system=system,
                group=name,
                queries=len(labelled),
                share=mean_interval(share, clusters),
                gain=paired_difference(share, shares[MAP], clusters),
            )
