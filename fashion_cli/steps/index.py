"""Make or update an index directory: photographs, or a feature file, become a gallery to search in."""

import time
from dataclasses import dataclass
from pathlib import Path

from fashion_cli.data.features import FeatureFile, is_feature_file
from fashion_cli.errors import IndexDirectoryError, UsageError
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.inference.pair import ModelPair, Models, open_models
from fashion_cli.inference.pipeline import Progress, Skipped
from fashion_cli.inference.sources import find_photographs
from fashion_cli.inference.update import UpdateReport, update_features
from fashion_cli.retrieval.manifest import Manifest, NewerIndexError
from fashion_cli.retrieval.publish import RECALL, Choice, publish, writing


@dataclass(frozen=True)
class IndexConfig:
    """What to index.

    Attributes:
        gallery: Folders and files with photographs, or one feature file; empty where a manifest names them.
        out: The index directory.
        inference: How the model runs.
        recall: The share of the true 50 nearest that a search has to find, in (0, 1].
        neighbours: "annoy", "exact", or "auto" for whichever is faster at that size and reaches the recall.
        manifest: A CSV manifest whose columns go into the index.
        listed: The gallery is a list that a program wrote: missing files are skipped, not an error.
    """

    gallery: tuple[Path, ...]
    out: Path
    inference: InferenceOptions
    recall: float = RECALL
    neighbours: Choice = "auto"
    manifest: Path | None = None
    listed: bool = False


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


def build_index(config: IndexConfig, progress: Progress) -> IndexReport:
    """Bring an index up to date; whatever happens on the way, the old one stays whole until the new one is.

    Raises:
        UsageError: If a source does not exist, there is no photograph, or `recall` is out of range.
        FeatureFileError: If the feature file is damaged.
        IndexDirectoryError: If the index is another model's or is being written.
        OutputError: If it cannot be written; what was finished is kept.
    """
    if not 0 < config.recall <= 1:
        raise UsageError(f"recall {config.recall} is not in (0, 1]", hint="--recall 0.99")
    start = time.perf_counter()
    if len(config.gallery) == 1 and is_feature_file(config.gallery[0]):
        return _index_features(config, start)
    return _index_images(config, progress, start)


def _index_features(config: IndexConfig, start: float) -> IndexReport:
    model = open_models(config.inference)
    with FeatureFile.open(config.gallery[0]) as features:
        features.require_model(model.card)
    with writing(config.out):
        _current(config.out, model)
        manifest = publish(
            config.out,
            model_location=_location(config.inference.model),
            tagger_location=_location(config.inference.tagger) if isinstance(model, ModelPair) else "",
            features=config.gallery[0],
            recall=config.recall,
            choice=config.neighbours,
        )
    update = UpdateReport(manifest.rows, 0, manifest.rows, 0, 0, (), "")
    return _report(config, manifest, update, (), 0.0, start)


def _index_images(config: IndexConfig, progress: Progress, start: float) -> IndexReport:
    model = open_models(config.inference)
    found = find_photographs(config.gallery, config.manifest, listed=config.listed)
    with writing(config.out) as working:
        current = _current(config.out, model)
        update = update_features(
            found.images,
            working,
            model,
            config.inference,
            progress,
            columns=found.columns,
            previous=config.out / current.features if current else None,
        )
        embedded = time.perf_counter()
        if update.rows == 0:
            raise UsageError(
                f"none of the {len(found.images)} photographs can be read",
                hint=f"the first: {update.skipped[0].reason}" if update.skipped else "give other folders",
            )
        if current is None or not (update.unchanged and _is_as_asked(current, config)):
            current = publish(
                config.out,
                model_location=_location(config.inference.model),
                tagger_location=_location(config.inference.tagger) if isinstance(model, ModelPair) else "",
                features=config.out / current.features if current and update.unchanged else None,
                recall=config.recall,
                choice=config.neighbours,
            )
    return _report(config, current, update, found.unreadable, embedded - start, start)


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


def _is_as_asked(manifest: Manifest, config: IndexConfig) -> bool:
    """Whether an index finds neighbours in the way that the options want."""
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
    )
