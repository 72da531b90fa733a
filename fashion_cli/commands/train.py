"""`fashion train`."""

from pathlib import Path
from typing import Annotated

import typer

from fashion_cli.commands._options import QuietOption, RowFormatOption


def train(
    *,
    recipe: Annotated[
        Path,
        typer.Argument(metavar="RECIPE", show_default=False, help="A TOML file, like those of examples/recipes/."),
    ],
    data: Annotated[Path, typer.Option(metavar="DIR", help="The folder that the recipe's tables are relative to.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="The model directory.")],
    init: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default="random weights",
            help="Weights to start from (safetensors); another model's head is left out.",
        ),
    ] = None,
    format_name: RowFormatOption = None,
    quiet: QuietOption = False,
) -> None:
    """Train a model on labelled photographs.

    The result is a directory that every command takes as --model. Interrupted, the same call goes on from
    the last checkpoint.
    """
    from fashion_cli.commands._messages import say
    from fashion_cli.commands._progress import show_progress
    from fashion_cli.commands._render import choose_format
    from fashion_cli.commands._rows import Rows, show_rows
    from fashion_cli.steps.train import TrainConfig, train_model

    config = TrainConfig(recipe, data, out, init)
    with show_progress("training", quiet=quiet, unit="steps") as progress:
        report = train_model(config, lambda state: progress(state.step, state.steps))
    say(f"model: {report.model}")
    show_rows(Rows(("figure", "value"), list(report.figures.items())), choose_format(format_name))
