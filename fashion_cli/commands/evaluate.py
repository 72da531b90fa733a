"""`fashion eval retrieval` and `fashion eval tags`."""

from pathlib import Path
from typing import Annotated

import typer

from fashion_cli.commands._help import SectionedCommand
from fashion_cli.commands._options import (
    BatchSizeOption,
    DeviceOption,
    EngineOption,
    ModelOption,
    QuietOption,
    RowFormatOption,
    WorkersOption,
    finite,
)
from fashion_cli.inference.options import InferenceOptions

DEFAULTS = InferenceOptions()

app = typer.Typer(help="Measure a model on labelled photographs.")

ManifestArgument = Annotated[
    Path,
    typer.Argument(metavar="CSV", show_default=False, help="A table with the columns path, split, item_id and labels."),
]
SplitOption = Annotated[str, typer.Option(metavar="NAME", help="Rows of this split are measured.")]
FeaturesOption = Annotated[
    Path | None,
    typer.Option(
        metavar="F.h5",
        show_default=False,
        help="Keep vectors and scores in this feature file, and use those there.",
    ),
]


@app.command(cls=SectionedCommand)
def retrieval(
    *,
    manifest: ManifestArgument,
    split: SplitOption = "val",
    gallery_split: Annotated[
        str, typer.Option(metavar="NAME", show_default="all", help="Rows of this split are searched.")
    ] = "",
    distractors: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="CSV|DIR",
            show_default=False,
            help="More photographs to search, all wrong; may be repeated.",
        ),
    ] = None,
    item_column: Annotated[
        str, typer.Option(metavar="NAME", help="Photographs with the same value show the same item.")
    ] = "item_id",
    by: Annotated[
        str, typer.Option(metavar="NAME", show_default=False, help="Also give figures per value of this column.")
    ] = "",
    features: FeaturesOption = None,
    rerank: Annotated[bool, typer.Option("--rerank/--no-rerank", help="Order by rank and shared tags.")] = False,
    alpha: Annotated[float, typer.Option(metavar="A", help="What one rank costs.", callback=finite)] = 2.0,
    beta: Annotated[float, typer.Option(metavar="B", help="What one shared tag brings.", callback=finite)] = 2.0,
    format_name: RowFormatOption = None,
    quiet: QuietOption = False,
    model: ModelOption = DEFAULTS.model,
    device: DeviceOption = DEFAULTS.device,
    engine: EngineOption = "auto",
    batch_size: BatchSizeOption = DEFAULTS.batch_size,
    workers: WorkersOption = DEFAULTS.workers,
) -> None:
    """How often another photograph of the same item is found.

    Prints recall@K, the share of queries with one among the first K, and mean average precision.
    """
    from fashion_cli.commands._eval_figures import show_retrieval
    from fashion_cli.commands._progress import show_progress
    from fashion_cli.commands._render import choose_format
    from fashion_cli.steps.evaluate_retrieval import EvalRetrievalConfig, evaluate_retrieval

    config = EvalRetrievalConfig(
        manifest=manifest,
        inference=InferenceOptions(model, device, engine, batch_size, workers),
        split=split,
        gallery_split=gallery_split,
        distractors=tuple(distractors or ()),
        item_column=item_column,
        by=by,
        features=features,
        rerank=rerank,
        alpha=alpha,
        beta=beta,
    )
    with show_progress("embedding", quiet=quiet) as progress:
        report = evaluate_retrieval(config, progress)
    show_retrieval(report, choose_format(format_name))


@app.command(cls=SectionedCommand)
def tags(
    *,
    manifest: ManifestArgument,
    split: SplitOption = "val",
    recipe: Annotated[
        Path | None,
        typer.Option(metavar="TOML", show_default=False, help="Read labels by this recipe's rules for the table."),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="GROUP=COLUMN",
            show_default=False,
            help="The table's column with a tag group's labels; may be repeated.",
        ),
    ] = None,
    features: FeaturesOption = None,
    format_name: RowFormatOption = None,
    quiet: QuietOption = False,
    model: ModelOption = DEFAULTS.model,
    device: DeviceOption = DEFAULTS.device,
    engine: EngineOption = "auto",
    batch_size: BatchSizeOption = DEFAULTS.batch_size,
    workers: WorkersOption = DEFAULTS.workers,
) -> None:
    """How well tags are recognised.

    Prints precision, recall, F1 and average precision of each group and each tag, and top-k of groups.
    """
    from fashion_cli.commands._eval_figures import show_tag_figures
    from fashion_cli.commands._progress import show_progress
    from fashion_cli.commands._render import choose_format
    from fashion_cli.steps.evaluate_tags import EvalTagsConfig, evaluate_tags

    config = EvalTagsConfig(
        manifest=manifest,
        inference=InferenceOptions(model, device, engine, batch_size, workers),
        split=split,
        recipe=recipe,
        columns=tuple(columns or ()),
        features=features,
    )
    with show_progress("predicting", quiet=quiet) as progress:
        report = evaluate_tags(config, progress)
    show_tag_figures(report, choose_format(format_name))
