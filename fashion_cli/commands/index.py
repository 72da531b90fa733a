"""`fashion index`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from fashion_cli.commands.cli.options import (
    BatchSizeOption,
    DeviceOption,
    EngineOption,
    ImagesArgument,
    ManifestOption,
    ModelOption,
    NoCatalogOption,
    NullOption,
    QuietOption,
    StrictOption,
    TaggerOption,
    WorkersOption,
)
from fashion_cli.inference.options import InferenceOptions

DEFAULTS = InferenceOptions()


def index(
    *,
    gallery: ImagesArgument = None,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="The index directory.")] = Path(".fashion"),
    recall: Annotated[
        float,
        typer.Option(min=0, max=1, metavar="SHARE", help="How many of the true 50 nearest a search has to find."),
    ] = 0.99,
    neighbours: Annotated[
        Literal["auto", "annoy", "exact"],
        typer.Option(help="What finds them; auto is Annoy where it is faster and finds as many."),
    ] = "auto",
    root: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            show_default="the folder that is indexed",
            help="The folder that the stored paths are relative to: the photographs may move with it.",
        ),
    ] = None,
    null: NullOption = False,
    manifest: ManifestOption = None,
    catalog: Annotated[
        str | None,
        typer.Option(
            "--catalog",
            metavar="URL|FILE|DIR",
            show_default="catalogue.sqlite in the gallery",
            help="The product catalogue whose products the photographs show: a file, the folder of a crawl, or a "
            "database's URL.",
        ),
    ] = None,
    no_catalog: NoCatalogOption = False,
    strict: StrictOption = False,
    quiet: QuietOption = False,
    model: ModelOption = DEFAULTS.model,
    tagger: TaggerOption = "",
    device: DeviceOption = DEFAULTS.device,
    engine: EngineOption = "auto",
    batch_size: BatchSizeOption = DEFAULTS.batch_size,
    workers: WorkersOption = DEFAULTS.workers,
) -> None:
    """Make photographs searchable, or bring an index up to date.

    Takes folders and photographs, or one feature file of `fashion embed`. Call it again after adding,
    changing or deleting photographs: only what is new is read, and the old index stays in use until the new
    one is whole.
    """
    from fashion_cli.commands.cli.inputs import read_sources
    from fashion_cli.commands.output.progress import show_progress
    from fashion_cli.commands.output.updates import show_indexed
    from fashion_cli.steps.index import IndexConfig, build_index

    sources = read_sources(gallery, null=null, optional=manifest is not None)
    inference = InferenceOptions(model, device, engine, batch_size, workers, tagger)
    config = IndexConfig(
        sources.paths,
        out,
        inference,
        recall,
        neighbours,
        manifest=manifest,
        listed=sources.listed,
        catalog="" if no_catalog else catalog,
        root=root,
    )
    with show_progress("indexing", quiet=quiet) as progress:
        report = build_index(config, progress)
    show_indexed(report, strict=strict)
