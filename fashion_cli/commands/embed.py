"""`fashion embed`."""

from pathlib import Path
from typing import Annotated

import typer

from fashion_cli.commands.cli.options import (
    BatchSizeOption,
    DeviceOption,
    EngineOption,
    ImagesArgument,
    ManifestOption,
    ModelOption,
    NullOption,
    QuietOption,
    StrictOption,
    TaggerOption,
    WorkersOption,
)
from fashion_cli.inference.options import InferenceOptions

DEFAULTS = InferenceOptions()


def embed(
    *,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="F.h5", help="The feature file.")],
    images: ImagesArgument = None,
    null: NullOption = False,
    manifest: ManifestOption = None,
    strict: StrictOption = False,
    quiet: QuietOption = False,
    model: ModelOption = DEFAULTS.model,
    tagger: TaggerOption = "",
    device: DeviceOption = DEFAULTS.device,
    engine: EngineOption = "auto",
    batch_size: BatchSizeOption = DEFAULTS.batch_size,
    workers: WorkersOption = DEFAULTS.workers,
) -> None:
    """Embed photographs into a feature file, or bring one up to date.

    The file then holds exactly these photographs; only what is new or changed is read.
    """
    from fashion_cli.commands.cli.inputs import read_sources
    from fashion_cli.commands.output.progress import show_progress
    from fashion_cli.commands.output.updates import show_embedded
    from fashion_cli.steps.embed import EmbedConfig, embed_images

    sources = read_sources(images, null=null, optional=manifest is not None)
    inference = InferenceOptions(model, device, engine, batch_size, workers, tagger)
    config = EmbedConfig(sources.paths, out, inference, manifest, sources.listed)
    with show_progress("embedding", quiet=quiet) as progress:
        report = embed_images(config, progress)
    show_embedded(report, strict=strict)
