"""`fashion eval retrieval` and `fashion eval rerank`."""

from pathlib import Path
from typing import Annotated

import typer

from fashion_cli.commands.cli.completion import complete_data, complete_model
from fashion_cli.commands.cli.help import SectionedCommand
from fashion_cli.commands.cli.options import (
    MEASURED,
    OUTPUT,
    RUNNING,
    BatchSizeOption,
    DeviceOption,
    EngineOption,
    FeaturesOption,
    ModelOption,
    QuietOption,
    RowFormatOption,
    StrictOption,
    TaggerOption,
    WorkersOption,
    finite,
)
from fashion_cli.errors import UsageError
from fashion_cli.inference.options import InferenceOptions

DEFAULTS = InferenceOptions()

app = typer.Typer(help="Measure a model on labelled photographs.")

ManifestArgument = Annotated[
    Path | None,
    typer.Argument(metavar="CSV", show_default=False, help="A table with the columns path, split, item_id and labels."),
]
DataOption = Annotated[
    str | None,
    typer.Option(
        autocompletion=complete_data,
        metavar="KIND:PATH",
        show_default=False,
        help="Instead of a table: inshop:DIR, c2s:DIR (DeepFashion as published), folder:DIR, csv:FILE.",
        rich_help_panel=MEASURED,
    ),
]
QuerySplitOption = Annotated[
    str | None,
    typer.Option(
        "--split",
        metavar="NAME",
        show_default="val, or as published",
        help="Rows of this split are queries; '' is all.",
        rich_help_panel=MEASURED,
    ),
]
GallerySplitOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        show_default="all, or as published",
        help="Rows of this split are searched; '' is all.",
        rich_help_panel=MEASURED,
    ),
]
DistractorsOption = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="CSV|DIR",
        show_default=False,
        help="More photographs to search, all wrong; may be repeated.",
        rich_help_panel=MEASURED,
    ),
]
ItemColumnOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        show_default="item_id, or class for folder:",
        help="Photographs with the same value show the same item.",
        rich_help_panel=MEASURED,
    ),
]
CutoffsText = Annotated[str, typer.Option(metavar="K,K,...", help="The K of recall@K.")]
PlotOption = Annotated[
    Path | None,
    typer.Option(
        metavar="F.png", show_default=False, help="Also draw the figures (.png, .svg or .pdf).", rich_help_panel=OUTPUT
    ),
]
RerankedOption = Annotated[int, typer.Option(min=1, metavar="N", help="How many hits are ordered anew.")]


@app.command(cls=SectionedCommand)
def retrieval(
    *,
    context: typer.Context,
    manifest: ManifestArgument = None,
    data: DataOption = None,
    split: QuerySplitOption = None,
    gallery_split: GallerySplitOption = None,
    distractors: DistractorsOption = None,
    item_column: ItemColumnOption = None,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            show_default="category for inshop:",
            help="Also give figures per value of this column; '' is none.",
            rich_help_panel=MEASURED,
        ),
    ] = None,
    features: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="F.h5",
            show_default=False,
            help="Keep vectors and scores in this feature file, and use those there; once per model.",
        ),
    ] = None,
    vectors: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="F.h5",
            show_default=False,
            help="Measure the vectors of a feature file as they are, without a model; may be repeated.",
        ),
    ] = None,
    cutoffs: CutoffsText = "1,5,10,20,30,40,50",
    rerank: Annotated[bool, typer.Option("--rerank/--no-rerank", help="Order by rank and shared tags.")] = False,
    topk: RerankedOption = 50,
    alpha: Annotated[float, typer.Option(metavar="A", help="What one rank costs.", callback=finite)] = 2.0,
    beta: Annotated[float, typer.Option(metavar="B", help="What one shared tag brings.", callback=finite)] = 2.0,
    format_name: RowFormatOption = None,
    strict: StrictOption = False,
    plot: PlotOption = None,
    quiet: QuietOption = False,
    model: Annotated[
        list[str] | None,
        typer.Option(
            autocompletion=complete_model,
            metavar="NAME|DIR",
            show_default=DEFAULTS.model,
            help="A shipped model or a model directory; repeated, they are compared.",
            rich_help_panel=RUNNING,
        ),
    ] = None,
    tagger: TaggerOption = "",
    device: DeviceOption = DEFAULTS.device,
    engine: EngineOption = "auto",
    batch_size: BatchSizeOption = DEFAULTS.batch_size,
    workers: WorkersOption = DEFAULTS.workers,
) -> None:
    """How often another photograph of the same item is found.

    Prints recall@K, the share of queries with one among the first K, and mean average precision.
    """
    from fashion_cli.commands.cli.inputs import one_source, read_numbers
    from fashion_cli.commands.output.eval_figures import show_retrieval
    from fashion_cli.commands.output.eval_plots import check_plot, draw_recall
    from fashion_cli.commands.output.progress import show_progress
    from fashion_cli.commands.output.render import choose_format
    from fashion_cli.evaluation.retrieval_split import RetrievalOptions
    from fashion_cli.steps.evaluate_retrieval import EvalRetrievalConfig, evaluate_retrieval

    check_plot(plot)
    source = one_source(manifest, data)
    protocol = RetrievalOptions(source, split, gallery_split, tuple(distractors or ()), item_column, by)
    ks = read_numbers("--cutoffs", cutoffs, int, least=1)
    models = [] if vectors and not _is_typed(context, "model") else model or [DEFAULTS.model]
    feature_files = _one_each(features, models)
    runs = [InferenceOptions(each, device, engine, batch_size, workers, tagger) for each in models]
    measured = [*zip(runs, feature_files, strict=True), *((None, each) for each in vectors or ())]
    reports = []
    with show_progress("embedding", quiet=quiet) as progress:
        for run, file in measured:
            config = EvalRetrievalConfig(protocol, run, file, rerank, topk, alpha, beta, ks)
            reports.append(evaluate_retrieval(config, progress))
    if plot is not None:
        draw_recall(reports, plot)
    show_retrieval(reports, choose_format(format_name), strict=strict)


@app.command(cls=SectionedCommand)
def rerank(
    *,
    manifest: ManifestArgument = None,
    data: DataOption = None,
    split: QuerySplitOption = None,
    gallery_split: GallerySplitOption = None,
    distractors: DistractorsOption = None,
    item_column: ItemColumnOption = None,
    features: FeaturesOption = None,
    topk: RerankedOption = 50,
    alphas: Annotated[str, typer.Option(metavar="A,A,...", help="What one rank costs.")] = "0,0.5,1,1.5,2,2.5,3",
    betas: Annotated[str, typer.Option(metavar="B,B,...", help="What one shared tag brings.")] = "0,0.5,1,1.5,2,2.5,3",
    cutoffs: CutoffsText = "1,5,10,20",
    format_name: RowFormatOption = None,
    strict: StrictOption = False,
    plot: PlotOption = None,
    quiet: QuietOption = False,
    model: ModelOption = DEFAULTS.model,
    tagger: TaggerOption = "",
    device: DeviceOption = DEFAULTS.device,
    engine: EngineOption = "auto",
    batch_size: BatchSizeOption = DEFAULTS.batch_size,
    workers: WorkersOption = DEFAULTS.workers,
) -> None:
    """What re-ranking by shared tags brings, at every alpha and beta.

    The first hits are ordered by -alpha * rank + beta * shared tags. Prints recall@K and its gain over no
    re-ranking, with a paired 95 % interval over items.
    """
    from fashion_cli.commands.cli.inputs import one_source, read_numbers
    from fashion_cli.commands.output.eval_figures import show_rerank
    from fashion_cli.commands.output.eval_plots import check_plot, draw_gains
    from fashion_cli.commands.output.progress import show_progress
    from fashion_cli.commands.output.render import choose_format
    from fashion_cli.evaluation.retrieval_split import RetrievalOptions
    from fashion_cli.steps.evaluate_rerank import EvalRerankConfig, evaluate_rerank

    check_plot(plot)
    source = one_source(manifest, data)
    config = EvalRerankConfig(
        retrieval=RetrievalOptions(source, split, gallery_split, tuple(distractors or ()), item_column, by=""),
        inference=InferenceOptions(model, device, engine, batch_size, workers, tagger),
        features=features,
        topk=topk,
        alphas=read_numbers("--alphas", alphas, float),
        betas=read_numbers("--betas", betas, float),
        cutoffs=read_numbers("--cutoffs", cutoffs, int, least=1),
    )
    with show_progress("embedding", quiet=quiet) as progress:
        report = evaluate_rerank(config, progress)
    if plot is not None:
        draw_gains(report, plot)
    show_rerank(report, choose_format(format_name), strict=strict)


def _one_each(features: list[Path] | None, models: list[str]) -> list[Path | None]:
    """A feature file for each model."""
    if features and len(features) != len(models):
        raise UsageError(
            f"{len(features)} feature files to keep for {len(models)} models",
            hint="give --features once per --model, in the same order; --vectors measures a file without a model",
        )
    return [*features] if features else [None] * len(models)


def _is_typed(context: typer.Context, option: str) -> bool:
    """Whether an option stands on the command line."""
    source = context.get_parameter_source(option)
    return source is not None and source.name == "COMMANDLINE"
