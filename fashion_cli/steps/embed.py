"""Embed photographs into a feature file, or bring one up to date."""

import time
from dataclasses import dataclass
from pathlib import Path

from fashion_cli.checked_fields import CheckedFields
from fashion_cli.embedding.find_photographs import find_photographs
from fashion_cli.embedding.manifest_matching import ManifestMatch
from fashion_cli.embedding.update import update_features
from fashion_cli.inference.multi_model import open_models, require_tags
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.inference.pipeline import Progress, Skipped


@dataclass(frozen=True)
class EmbedConfig(CheckedFields):
    """What to embed.

    Attributes:
        images: Folders and files; empty where a manifest names them.
        out: The feature file.
        inference: How the model runs.
        manifest: A CSV manifest whose columns go into the file; without `images` it also says what to embed.
        listed: The images are a list that a program wrote: missing ones are skipped, not an error.
        tags: The scores of tags are wanted: a model without tags will not do.
    """

    images: tuple[Path, ...]
    out: Path
    inference: InferenceOptions
    manifest: Path | None = None
    listed: bool = False
    tags: bool = False


@dataclass(frozen=True)
class EmbedReport:
    """What was done; the counts are those of `UpdateReport`."""

    out: Path
    rows: int
    embedded: int
    kept: int
    moved: int
    dropped: int
    skipped: tuple[Skipped, ...]
    seconds: float
    model: str
    engine: str
    manifest: ManifestMatch | None = None


def embed_images(config: EmbedConfig, progress: Progress) -> EmbedReport:
    """Make the feature file hold exactly these photographs; only what is new or changed is read.

    Raises:
        UsageError: If a source does not exist, there is no photograph, or no tags where they are wanted.
        FeatureFileError: If the file is damaged or another model's.
        OutputError: If it cannot be written; what was finished is kept.
    """
    start = time.perf_counter()
    model = open_models(config.inference)
    if config.tags:
        require_tags(model)
    photographs = find_photographs(config.images, config.manifest, listed=config.listed)
    update = update_features(
        photographs.images, config.out, model, config.inference, progress, columns=photographs.columns
    )
    return EmbedReport(
        out=config.out,
        rows=update.rows,
        embedded=update.embedded,
        kept=update.kept,
        moved=update.moved,
        dropped=update.dropped,
        skipped=(*photographs.unreadable, *update.skipped),
        seconds=time.perf_counter() - start,
        model=model.card.name,
        engine=update.engine,
        manifest=photographs.manifest,
    )
