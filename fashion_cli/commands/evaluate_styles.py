"""`fashion eval styles`."""

from pathlib import Path
from typing import Annotated

import typer

from fashion_cli.commands.cli.completion import complete_data, complete_group, complete_model, complete_recipe
from fashion_cli.commands.cli.options import (
    MEASURED,
    OUTPUT,
    RUNNING,
    BatchSizeOption,
    DeviceOption,
    EngineOption,
    QuietOption,
    RowFormatOption,
    StrictOption,
    WorkersOption,
    verbatim,
)
from fashion_cli.inference.options import InferenceOptions

DEFAULTS = InferenceOptions()


def styles(
    *,
    source: Annotated[
        str | None,
        typer.Argument(
            autocompletion=complete_recipe,
            metavar="RECIPE|CSV",
            parser=verbatim,
            show_default=False,
            help="A recipe, or the recipe.toml of a trained model: its photographs, labels and splits. Or a table.",
        ),
    ] = None,
    data: Annotated[
        str,
        typer.Option(
            autocompletion=complete_data,
            metavar="DIR|KIND:PATH",
            parser=verbatim,
            help="The folder that a recipe's sources are relative to; or a set in their place, or without a recipe: "
            "folder:DIR, attributes:DIR, inshop:DIR, c2s:DIR, csv:FILE.",
            rich_help_panel=MEASURED,
        ),
    ] = ".",
    split: Annotated[
        str, typer.Option(metavar="NAME", help="Whose photographs; '' is all.", rich_help_panel=MEASURED)
    ] = "test",
    group: Annotated[
        str,
        typer.Option(
            autocompletion=complete_group,
            metavar="NAME",
            show_default="the only one",
            help="The tags to rank.",
            rich_help_panel=MEASURED,
        ),
    ] = "",
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="NAME",
            show_default="named as the group",
            help="Without a recipe: the column with the labels, with ; between them; repeated, as for main and sub "
            "labels, all of them.",
            rich_help_panel=MEASURED,
        ),
    ] = None,
    top_labels: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="N",
            show_default="all",
            help="Only the N labels that most training photographs show; the paper has sets of 5 and 7.",
            rich_help_panel=MEASURED,
        ),
    ] = 0,
    cutoffs: Annotated[
        str,
        typer.Option(
            metavar="K,K,...", help="The K of any-recall, all-recall and example-recall.", rich_help_panel=MEASURED
        ),
    ] = "1,2,3",
    label_cutoff: Annotated[
        int, typer.Option(min=1, metavar="K", help="The K of each label's recall.", rich_help_panel=MEASURED)
    ] = 3,
    label_all_cutoff: Annotated[
        int, typer.Option(min=1, metavar="K", help="The K of each label's all-recall.", rich_help_panel=MEASURED)
    ] = 2,
    correlation: Annotated[
        Path | None,
        typer.Option(
            metavar="F.png",
            show_default=False,
            help="Also draw which labels occur together on the training photographs (.png, .svg or .pdf).",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    format_name: RowFormatOption = None,
    strict: StrictOption = False,
    quiet: QuietOption = False,
    model: Annotated[
        list[str] | None,
        typer.Option(
            autocompletion=complete_model,
            metavar="NAME|DIR",
            show_default=DEFAULTS.model,
            help="A shipped model or a model directory; repeated, they are compared. Those of one name are runs of "
            "one system: mean and standard deviation.",
            rich_help_panel=RUNNING,
        ),
    ] = None,
    device: DeviceOption = DEFAULTS.device,
    engine: EngineOption = "auto",
    batch_size: BatchSizeOption = DEFAULTS.batch_size,
    workers: WorkersOption = DEFAULTS.workers,
) -> None:
    """How many of several labels are found, system beside system.

    Prints any-recall@K, the share of photographs with a right label among the K best-scored; all-recall@K, the
    share with all their labels among them; example-recall@K, the share of a photograph's labels that are; and the
    recall and all-recall of each label.

    \b
      fashion eval styles ml-gcn-small --data DIR --model runs/ml-gcn-0 --model runs/ml-gcn-1 --model runs/plain-0
    """  # noqa: D301  # \b is the character after which lines stay as they are
    from fashion_cli.commands.cli.inputs import read_numbers
    from fashion_cli.commands.output.eval_plots import check_plot
    from fashion_cli.commands.output.progress import show_progress
    from fashion_cli.commands.output.render import choose_format
    from fashion_cli.commands.output.styles_figures import draw_correlation, show_styles
    from fashion_cli.steps.evaluate_styles import EvalStylesConfig, evaluate_styles

    check_plot(correlation)
    models = model or [DEFAULTS.model]
    config = EvalStylesConfig(
        source=source or "",
        models=tuple(InferenceOptions(each, device, engine, batch_size, workers) for each in models),
        data=data,
        split=split,
        group=group,
        columns=tuple(columns or ()),
        top_labels=top_labels,
        cutoffs=read_numbers("--cutoffs", cutoffs, int, least=1),
        label_cutoff=label_cutoff,
        label_all_cutoff=label_all_cutoff,
        correlation=correlation is not None,
    )
    with show_progress("predicting", quiet=quiet) as progress:
        report = evaluate_styles(config, progress)
    if report.correlation is not None and correlation is not None:
        draw_correlation(report.correlation, correlation)
    show_styles(report, choose_format(format_name), strict=strict)
