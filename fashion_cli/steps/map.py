"""Draw the attribute map of a gallery: every garment gets a place on a plane where its neighbours are like it."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fashion_cli.checked_fields import CheckedFields
from fashion_cli.data.features import FeatureFile, FeatureHeader, is_feature_file
from fashion_cli.data.parquet import Column, write_parquet
from fashion_cli.data.tags import require_group
from fashion_cli.errors import FeatureFileError, UsageError
from fashion_cli.inference.pipeline import Progress
from fashion_cli.model_cards import TagGroup
from fashion_cli.retrieval.attribute_map import RECOMMENDED, AttributeMap, Garments, columns_of, place, spread_evenly
from fashion_cli.retrieval.columns import display_name, qualify_names
from fashion_cli.retrieval.gallery import Gallery
from fashion_cli.retrieval.map_directory import MAP_FOLDER, drafting, write_map

FEWEST = 8  # garments: what fewer would show is no map
NEIGHBOURS_UP_TO = 50_000  # garments: all are compared with all, which is a matter of minutes from there on
SIDE = 96  # cells of the plane on each side
PARQUET_FILE = "map.parquet"


@dataclass(frozen=True)
class MapConfig(CheckedFields):
    """What to draw a map of.

    Attributes:
        source: A feature file or an index directory.
        out: The map directory.
        groups: Tag groups that make the attribute vector; empty is all.
        seed: The same seed gives the same map on one machine.
    """

    source: Path
    out: Path = Path(MAP_FOLDER)
    groups: tuple[str, ...] = ()
    seed: int = 0


@dataclass(frozen=True)
class MapGroup:
    """One tag group on a map of N garments.

    Attributes:
        name: The question, for example "colour".
        tags: The answers.
        exclusive: Whether exactly one holds.
        best: (N,) which of `tags` scores highest.
        scores: (N,) its score in [0, 1].
        plane: (S, S) which of `tags` the decoder puts first at each place: row r and column c stand for
            x = (c + 0.5) / S, y = (r + 0.5) / S.
        plane_scores: (S, S) its score there.
    """

    name: str
    tags: tuple[str, ...]
    exclusive: bool
    best: npt.NDArray[np.int32]
    scores: npt.NDArray[np.float32]
    plane: npt.NDArray[np.int32]
    plane_scores: npt.NDArray[np.float32]


@dataclass(frozen=True)
class MapReport:
    """A map of N garments.

    Attributes:
        out: The map directory.
        source: What it was made from.
        paths: Absolute.
        points: (N, 2) places in [0, 1]: x to the right, y up.
        attributes: (N, A) scores of the tags of all groups, side by side.
        groups: On the map.
        neighbours: (N, 4) rows of what `fashion recommend` names for each garment, nearest first; of few garments
            fewer columns, and of more than `NEIGHBOURS_UP_TO` none.
        columns: What a table said about the garments, by the names of its columns; N values each.
        model: The name of what gave the tags.
        weights_sha256: Its identity.
        figures: "agreement/GROUP": how many garments' best tag is still the best when their place is decoded;
            "agreement": the mean of these.
        seconds: In all, but for the pictures.
    """

    out: Path
    source: Path
    paths: tuple[str, ...]
    points: npt.NDArray[np.float32]
    attributes: npt.NDArray[np.float16]
    groups: tuple[MapGroup, ...]
    neighbours: npt.NDArray[np.int32]
    columns: Mapping[str, tuple[str, ...]]
    model: str
    weights_sha256: str
    figures: Mapping[str, float]
    seconds: float


Draw = Callable[[MapReport, Path], None]  # draws pictures of a map into a folder


def make_map(config: MapConfig, progress: Progress, draw: Draw | None = None) -> MapReport:
    """Learn a map and write its directory; whatever happens on the way, an old one stays whole until then.

    Args:
        config: What of, and where to.
        progress: Called with (done, total) steps.
        draw: Adds pictures, which take their places together with the map.

    Raises:
        UsageError: If there are too few garments, no tags, or no group of a name.
        FeatureFileError: If the source is no feature file, or damaged.
        IndexDirectoryError: If it is no index, or damaged.
        MapDirectoryError: If another process is writing the map.
        OutputError: If it cannot be written.
        TrainingError: If the loss is no longer a number.
    """
    start = time.perf_counter()
    import_module("pyarrow")  # where its extra is missing, that is better said before the work
    # What is wrong with the source is said before anything is made.
    attributes, columns, unplaced = _read(config)
    with drafting(config.out) as draft:
        from fashion_cli.training.map_training import learn_map

        vocabulary = unplaced.vocabulary
        tensors, figures = learn_map(attributes, vocabulary, config.seed, lambda now: progress(now.step, now.steps))
        garments = replace(unplaced.garments, points=place(tensors, unplaced.garments.attributes))
        attribute_map = replace(unplaced, tensors=tensors, garments=garments, figures=figures)
        report = _report(attribute_map, columns, config, start)
        write_map(attribute_map, draft)
        write_parquet(_table(report), draft / PARQUET_FILE)
        if draw is not None:
            draw(report, draft)
    return report


def _read(config: MapConfig) -> tuple[npt.NDArray[np.float32], dict[str, tuple[str, ...]], AttributeMap]:
    """Attribute vectors, further columns, and a map without autoencoder, whose garments have no places yet."""
    features, header = _open(config.source)
    with features:
        groups = _groups(config, header)
        if len(features) < FEWEST:
            raise UsageError(
                f"{config.source}: a map needs {FEWEST} garments or more, and here are {len(features)}",
                hint="embed or index more photographs",
            )
        features.require_sound()
        identities = features.identities()
        attributes = columns_of(features.scores(), header.vocabulary, groups)
        garments = Garments(
            paths=tuple(each.path for each in identities),
            sizes=np.array([each.size for each in identities], np.int64),
            mtimes_ns=np.array([each.stamp.mtime_ns for each in identities], np.int64),
            attributes=attributes.astype(np.float16),
            points=np.zeros((len(identities), 2), np.float32),
            sha256=tuple(each.sha256 for each in identities),
        )
        columns = {display_name(name): tuple(features.column(name)) for name in features.column_names}
    source = os.path.abspath(config.source)
    return attributes, columns, AttributeMap(header, groups, {}, garments, source, config.seed)


def _open(source: Path) -> tuple[FeatureFile, FeatureHeader]:
    """A feature file, or that of an index, and its header with where the models lie, as far as that is known."""
    if is_feature_file(source):
        features = FeatureFile.open(source)
        return features, features.header
    if source.is_dir():
        gallery = Gallery.open(source)
        header, manifest = gallery.features.header, gallery.manifest
        located = replace(header, model_location=manifest.model_location, tagger_location=manifest.tagger_location)
        return gallery.features, located
    if not source.exists():
        raise UsageError(f"{source}: no such file or folder", hint="give a feature file or an index directory")
    raise FeatureFileError(f"{source}: not a feature file", hint="fashion tag IMAGES… -o F.h5 makes one")


def _groups(config: MapConfig, header: FeatureHeader) -> tuple[str, ...]:
    """The groups on the map, each once."""
    for name in config.groups:
        require_group(name, header.vocabulary)
    groups = config.groups or tuple(header.vocabulary.columns)
    if not groups:
        raise UsageError(
            f"{config.source}: no tags, only vectors",
            hint="embed with a model that has tags, or with --tagger NAME|DIR",
        )
    return tuple(dict.fromkeys(groups))


def _report(
    attribute_map: AttributeMap, columns: Mapping[str, tuple[str, ...]], config: MapConfig, start: float
) -> MapReport:
    garments, header = attribute_map.garments, attribute_map.header
    plane = attribute_map.decode(spread_evenly(SIDE)).reshape(SIDE, SIDE, -1)  # (S, S, A)
    return MapReport(
        out=config.out,
        source=config.source,
        paths=garments.paths,
        points=garments.points,
        attributes=garments.attributes,
        groups=tuple(
            _group(group, garments.attributes[:, window], plane[:, :, window])
            for group in attribute_map.vocabulary.groups
            for window in [attribute_map.vocabulary.columns[group.name]]
        ),
        neighbours=_neighbours(attribute_map),
        columns=columns,
        model=header.model,
        weights_sha256=header.weights_sha256,
        figures=attribute_map.figures or {},
        seconds=time.perf_counter() - start,
    )


def _group(group: TagGroup, scores: npt.NDArray[np.float16], plane: npt.NDArray[np.float32]) -> MapGroup:
    best = scores.argmax(axis=1)
    return MapGroup(
        name=group.name,
        tags=group.tags,
        exclusive=group.exclusive,
        best=best.astype(np.int32),
        scores=np.take_along_axis(scores, best[:, None], axis=1)[:, 0].astype(np.float32),
        plane=plane.argmax(axis=2).astype(np.int32),
        plane_scores=plane.max(axis=2),
    )


def _neighbours(attribute_map: AttributeMap) -> npt.NDArray[np.int32]:
    garments = attribute_map.garments
    if len(garments) > NEIGHBOURS_UP_TO:
        return np.empty((len(garments), 0), np.int32)
    return attribute_map.recommend(garments.points, RECOMMENDED, range(len(garments))).rows.astype(np.int32)


def _table(report: MapReport) -> dict[str, Column]:
    """The columns of the Parquet file."""
    best: dict[str, Column] = {}
    for group in report.groups:
        best[group.name] = [group.tags[tag] for tag in group.best]
        best[f"{group.name}_score"] = group.scores
    table = {
        "path": report.paths,
        "x": report.points[:, 0],
        "y": report.points[:, 1],
        **best,
        "attributes": report.attributes.astype(np.float32),
    }
    names = qualify_names(report.columns, table)
    return {**{names[name]: cells for name, cells in report.columns.items()}, **table}
