"""Make or update an index directory: photographs, or a feature file, become a gallery to search in."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from os.path import abspath, dirname
from pathlib import Path
from typing import TYPE_CHECKING

from fashion_cli.checked_fields import CheckedFields
from fashion_cli.data.features import FeatureFile, common_root, copy_below, is_feature_file, stored_path
from fashion_cli.embedding.find_photographs import find_photographs
from fashion_cli.embedding.manifest_matching import ManifestMatch
from fashion_cli.embedding.update import UpdateReport, update_features
from fashion_cli.errors import FeatureFileError, IndexDirectoryError, UsageError
from fashion_cli.inference.multi_model import Models, MultiModel, open_models
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.inference.pipeline import Progress, Skipped
from fashion_cli.message_text import printable
from fashion_cli.plurals import none_can_be_read
from fashion_cli.products.locations import default_location
from fashion_cli.retrieval.gallery import Gallery
from fashion_cli.retrieval.generations import damaged_path
from fashion_cli.retrieval.manifest import Manifest, NewerIndexError
from fashion_cli.retrieval.publish import RECALL, Choice, publish, writing

if TYPE_CHECKING:
    from fashion_cli.products.catalogue import Catalogue
    from fashion_cli.products.item_column import JoinReport


@dataclass(frozen=True)
class IndexConfig(CheckedFields):
    """What to index.

    Attributes:
        gallery: Folders and files with photographs, or one feature file; empty where a manifest names them.
        out: The index directory.
        inference: How the model runs.
        recall: The share of the true 50 nearest that a search has to find, in (0, 1].
        neighbours: "annoy", "exact", or "auto" for whichever is faster at that size and reaches the recall.
        manifest: A CSV manifest whose columns go into the index.
        listed: The gallery is a list that a program wrote: missing files are skipped, not an error.
        catalog: The product catalogue to join; None for the one that lies in the gallery, or that the index has; ""
            for none.
        root: The folder that stored paths are relative to; None for the one that is indexed.
    """

    gallery: tuple[Path, ...]
    out: Path
    inference: InferenceOptions
    recall: float = RECALL
    neighbours: Choice = "auto"
    manifest: Path | None = None
    listed: bool = False
    catalog: str | None = None
    root: Path | None = None


@dataclass(frozen=True)
class IndexReport:
    """What was done; the counts are those of `UpdateReport`.

    Attributes:
        kind: "annoy", or "exact" where comparing all photographs is as fast.
        reason: Why it is not Annoy.
        trees: Of Annoy; 0 for an exact index.
        search_k: Candidates that Annoy looks at; 0 for an exact index.
        recall_reached: Measured on stored photographs against the exact scan, in [0, 1].
        embed_seconds: Reading and predicting.
        seconds: In all.
        catalog: The product catalogue, without a password; "" without one.
        in_catalog: Photographs whose product is in it.
        note: What people should know of how neighbours are found; mostly empty.
        manifest: How much of the manifest is about the photographs; None without one, or where it names them itself.
    """

    directory: Path
    rows: int
    embedded: int
    kept: int
    moved: int
    dropped: int
    skipped: tuple[Skipped, ...]
    kind: str
    reason: str
    trees: int
    search_k: int
    recall_target: float
    recall_reached: float
    embed_seconds: float
    seconds: float
    model: str
    engine: str
    catalog: str = ""
    in_catalog: int = 0
    note: str = ""
    manifest: ManifestMatch | None = None


def build_index(config: IndexConfig, progress: Progress) -> IndexReport:
    """Bring an index up to date; whatever happens on the way, the old one stays whole until the new one is.

    Raises:
        UsageError: If a source does not exist, there is no photograph, one lies outside the root, or `recall` is out
            of range.
        FeatureFileError: If the feature file is damaged.
        CatalogueError: If the product catalogue cannot be read.
        IndexDirectoryError: If the index is another model's or is being written.
        OutputError: If it cannot be written; what was finished is kept.
    """
    if not 0 < config.recall <= 1:
        raise UsageError(f"recall {config.recall} is not in (0, 1]", hint="--recall 0.99")
    start = time.perf_counter()
    with _catalogue(config) as catalogue:
        if len(config.gallery) == 1 and is_feature_file(config.gallery[0]):
            report = _index_features(config, catalogue, start)
        else:
            report = _index_images(config, catalogue, progress, start)
        return replace(report, catalog=catalogue.location if catalogue is not None else "")


def _index_features(config: IndexConfig, catalogue: "Catalogue | None", start: float) -> IndexReport:
    if config.manifest is not None:
        raise UsageError(
            f"{config.gallery[0]}: a feature file has its columns already",
            hint=f"fashion embed IMAGES… --manifest {config.manifest} -o {config.gallery[0]} puts others there",
        )
    model = open_models(config.inference)
    with FeatureFile.open(config.gallery[0]) as features:
        features.require_model(model.card)
        features.require_sound()
        root = _root(config, [dirname(path) for path in features.paths()])
        with writing(config.out) as working:
            _current(config.out, model)
            copy_below(features, working, root)
            joined = _join(catalogue, working, working)
            manifest = _publish(config, model, catalogue, root, None)
    update = UpdateReport(manifest.rows, 0, manifest.rows, 0, 0, (), "")
    return _report(config, manifest, update, (), joined, 0.0, start)


def _index_images(config: IndexConfig, catalogue: "Catalogue | None", progress: Progress, start: float) -> IndexReport:
    model = open_models(config.inference)
    photographs = find_photographs(config.gallery, config.manifest, listed=config.listed)
    root = _root(config, _folders(config, photographs.images))
    with writing(config.out) as working:
        current = _current(config.out, model)
        previous = config.out / current.features if current else None
        lost = _lost_columns(previous, damaged_path(working)) if photographs.columns is None else ""
        update = update_features(
            photographs.images,
            working,
            model,
            config.inference,
            progress,
            columns=photographs.columns,
            previous=previous,
            root=root,
        )
        embedded = time.perf_counter()
        if update.rows == 0:
            raise UsageError(
                none_can_be_read(len(photographs.images)),
                hint=f"the first: {update.skipped[0].reason}" if update.skipped else "give other folders",
            )
        reused_file = previous if update.unchanged else None
        joined = _join(catalogue, reused_file or working, working)
        if joined and joined.rewritten:
            reused_file = None
        if current is None or reused_file is None or not _matches_config(current, config, catalogue, root):
            current = _publish(config, model, catalogue, root, reused_file)
    report = _report(config, current, update, photographs.unreadable, joined, embedded - start, start)
    return replace(report, manifest=photographs.manifest, note="; ".join(filter(None, (lost, report.note))))


def _lost_columns(previous: Path | None, put_aside: Path) -> str:
    """That a damaged feature file takes along what a table said of its photographs; "" where none is damaged.

    Args:
        previous: The current one; None where there is no index.
        put_aside: Where a damaged one lies that no index names.
    """
    if previous is None and not put_aside.exists():
        return ""
    try:
        FeatureFile.open(previous or put_aside).close()
    except FeatureFileError as error:
        return f"{error}: all is embedded anew, and columns of a table are gone with it — give --manifest again"
    return ""


def _folders(config: IndexConfig, images: Sequence[Path]) -> list[str]:
    """The folders that are indexed: those that were named, else those of the photographs."""
    if config.gallery and not config.listed:
        return [abspath(each if each.is_dir() else each.parent) for each in config.gallery]
    return [dirname(abspath(path)) for path in images]


def _root(config: IndexConfig, folders: Sequence[str]) -> str:
    """The folder that stored paths are relative to: the one that was asked for, else the innermost around all.

    Raises:
        UsageError: If a folder does not lie below the root that was asked for.
    """
    if config.root is None:
        return common_root(folders)
    root = abspath(config.root)
    outside = next((folder for folder in folders if common_root((root, folder)) != root), None)
    if outside is not None:
        raise UsageError(
            f"{printable(outside)}: not below the root {printable(root)}",
            hint="--root takes a folder that holds all photographs",
        )
    return root


@contextmanager
def _catalogue(config: IndexConfig) -> "Iterator[Catalogue | None]":
    """The catalogue that was asked for, else the one in the gallery, else the one that the index has.

    Raises:
        CatalogueError: If it cannot be opened.
    """
    location: str | Path | None = config.catalog
    if location is None and len(config.gallery) == 1:
        location = default_location(config.gallery[0])
    if location is None:
        with suppress(IndexDirectoryError, FeatureFileError), Gallery.open(config.out) as gallery:
            location = gallery.catalog
    if not location:
        yield None
        return
    from fashion_cli.products.catalogue import Catalogue

    with Catalogue.open(location) as catalogue:
        yield catalogue


def _join(catalogue: "Catalogue | None", source: Path, target: Path) -> "JoinReport | None":
    """Say of each photograph which product it shows."""
    if catalogue is None:
        return None
    from fashion_cli.products.item_column import join_items

    return join_items(catalogue, source, target)


def _publish(
    config: IndexConfig, model: Models, catalogue: "Catalogue | None", root: str, features: Path | None
) -> Manifest:
    return publish(
        config.out,
        model_location=_location(config.inference.model),
        tagger_location=_location(config.inference.tagger) if isinstance(model, MultiModel) else "",
        catalog=stored_path(catalogue.location, root) if catalogue is not None else "",
        features=features,
        recall=config.recall,
        choice=config.neighbours,
    )


def _current(directory: Path, model: Models) -> Manifest | None:
    """The index that is there; None where there is none, or only the rows of a damaged one.

    Raises:
        IndexDirectoryError: If it is another model's, or a newer version's.
    """
    try:
        manifest = Manifest.read(directory)
    except NewerIndexError:
        raise
    except IndexDirectoryError:
        return None
    if manifest.weights_sha256 != model.card.weights_sha256:
        raise IndexDirectoryError(
            f"{directory}: made by the model {manifest.model}, "
            f"whose vectors do not compare with those of {model.card.name}",
            hint=f"{manifest.options_instead_of(model.card.name)}, or another directory with -o",
        )
    return manifest


def _matches_config(manifest: Manifest, config: IndexConfig, catalogue: "Catalogue | None", root: str) -> bool:
    """Whether an index finds neighbours in the way that the options want, and names the same catalogue."""
    if manifest.catalog != (stored_path(catalogue.location, root) if catalogue is not None else ""):
        return False
    return manifest.recall_target == config.recall and config.neighbours in ("auto", manifest.kind)


def _location(model: str) -> str:
    """What `--model` or `--tagger` takes from any working directory."""
    path = Path(model)
    return str(path.absolute()) if path.is_dir() else model


def _report(
    config: IndexConfig,
    manifest: Manifest,
    update: UpdateReport,
    unreadable: tuple[Skipped, ...],
    joined: "JoinReport | None",
    embed_seconds: float,
    start: float,
) -> IndexReport:
    annoy = manifest.calibration if manifest.kind == "annoy" else None
    return IndexReport(
        directory=config.out,
        rows=manifest.rows,
        embedded=update.embedded,
        kept=update.kept,
        moved=update.moved,
        dropped=update.dropped,
        skipped=(*unreadable, *update.skipped),
        kind=manifest.kind,
        reason=manifest.reason,
        trees=annoy.trees if annoy else 0,
        search_k=annoy.search_k if annoy else 0,
        recall_target=manifest.recall_target,
        recall_reached=manifest.recall_reached,
        embed_seconds=embed_seconds,
        seconds=time.perf_counter() - start,
        model=manifest.model,
        engine=update.engine,
        in_catalog=joined.matched if joined else 0,
        note=manifest.note,
    )
