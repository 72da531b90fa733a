"""`fashion eval tags`."""

from pathlib import Path
from typing import Annotated

import typer

from fashion_cli.commands.cli.completion import complete_column, complete_data, complete_group, complete_recipe
from fashion_cli.commands.cli.options import (
    MEASURED,
    OUTPUT,
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
)
from fashion_cli.inference.options import InferenceOptions

DEFAULTS = InferenceOptions()

LabelledArgument = Annotated[
    Path | None,
    typer.Argument(metavar="CSV", show_default=False, help="A table with the columns path, split and labels."),
]
LabelledOption = Annotated[
    str | None,
    typer.Option(
        autocompletion=complete_data,
        metavar="KIND:PATH",
        show_default=False,
        help="Instead of a table: folder:DIR, attributes:DIR, inshop:DIR, c2s:DIR, csv:FILE.",
        rich_help_panel=MEASURED,
    ),
]
SplitOption = Annotated[
    str, typer.Option(metavar="NAME", help="Rows of this split are measured; '' is all.", rich_help_panel=MEASURED)
]


def tags(
    *,
    manifest: LabelledArgument = None,
    data: LabelledOption = None,
    split: SplitOption = "val",
    recipe: Annotated[
        Path | None,
        typer.Option(
            autocompletion=complete_recipe,
            metavar="TOML",
            show_default=False,
            help="Read labels by this recipe's rules, and divide the photographs as training with it does.",
            rich_help_panel=MEASURED,
        ),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            autocompletion=complete_column,
            metavar="GROUP=COLUMN",
            show_default=False,
            help="The table's column with a tag group's labels; may be repeated.",
            rich_help_panel=MEASURED,
        ),
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option(
            autocompletion=complete_group,
            metavar="GROUP",
            show_default=False,
            help="Only this group of tags; may be repeated.",
            rich_help_panel=MEASURED,
        ),
    ] = None,
    best: Annotated[
        bool,
        typer.Option(
            "--best", help="Of an exclusive group always claim the best tag, as classifiers do, whatever its threshold."
        ),
    ] = False,
    without: Annotated[
        list[str] | None,
        typer.Option(
            autocompletion=complete_group,
            metavar="GROUP",
            show_default=False,
            help="Also the accuracy over all exclusive groups but this one; may be repeated.",
        ),
    ] = None,
    confusion: Annotated[
        Path | None,
        typer.Option(
            metavar="F.png",
            show_default=False,
            help="Also draw which tag is taken for which, of one exclusive group (.png, .svg or .pdf).",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    features: FeaturesOption = None,
    format_name: RowFormatOption = None,
    strict: StrictOption = False,
    quiet: QuietOption = False,
    model: ModelOption = DEFAULTS.model,
    tagger: TaggerOption = "",
    device: DeviceOption = DEFAULTS.device,
    engine: EngineOption = "auto",
    batch_size: BatchSizeOption = DEFAULTS.batch_size,
    workers: WorkersOption = DEFAULTS.workers,
) -> None:
    """How well tags are recognised.

    Prints precision, recall, F1 and average precision of each tag and their means in each group, the accuracy of
    exclusive groups, and top-k.
    """
    from fashion_cli.commands.cli.inputs import one_source
    from fashion_cli.commands.output.confusion_plot import draw_confusion
    from fashion_cli.commands.output.eval_figures import show_tag_figures
    from fashion_cli.commands.output.eval_plots import check_plot
    from fashion_cli.commands.output.progress import show_progress
    from fashion_cli.commands.output.render import choose_format
    from fashion_cli.steps.evaluate_tags import EvalTagsConfig, evaluate_tags
    from fashion_cli.training.labelled import LabelSource

    check_plot(confusion)
    config = EvalTagsConfig(
        labels=LabelSource(one_source(manifest, data), split, recipe, tuple(columns or ()), tuple(group or ())),
        inference=InferenceOptions(model, device, engine, batch_size, workers, tagger),
        features=features,
        best=best,
        confusion=confusion is not None,
        without=tuple(without or ()),
    )
    with show_progress("predicting", quiet=quiet) as progress:
        report = evaluate_tags(config, progress)
    if confusion is not None and report.confusion is not None:
        draw_confusion(report.confusion, confusion)
    show_tag_figures(report, choose_format(format_name), strict=strict)
