"""`fashion train`."""

import re
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from fashion_cli.commands.cli.completion import complete_data, complete_init, complete_recipe
from fashion_cli.commands.cli.options import QuietOption, RowFormatOption, verbatim
from fashion_cli.errors import UsageError

ASSIGNMENT = re.compile(r"[\w-]+(\.[^=/]+)*=.*", re.DOTALL)  # a recipe's key and a value, not a path


def train(
    *,
    recipe: Annotated[
        str,
        typer.Argument(
            autocompletion=complete_recipe,
            metavar="RECIPE",
            parser=verbatim,
            show_default=False,
            help="A TOML file, or the name of a recipe that ships with the package, as lim-nang.",
        ),
    ],
    data: Annotated[
        str,
        typer.Option(
            autocompletion=complete_data,
            metavar="DIR|KIND:PATH",
            parser=verbatim,
            help="The folder that the recipe's sources are relative to. Or the photographs themselves, for a recipe "
            "of one set: inshop:DIR, c2s:DIR, attributes:DIR, csv:FILE, folder:DIR, masks:FILE.",
        ),
    ],
    out: Annotated[
        list[str],
        typer.Option("--out", "-o", metavar="DIR", parser=verbatim, help="The model directory."),
    ],
    init: Annotated[
        str | None,
        typer.Option(
            autocompletion=complete_init,
            metavar="NAME|DIR|FILE|torchvision:NAME",
            parser=verbatim,
            show_default="random weights",
            help="What to start from: a shipped model as fashion-mobilenet, or a model directory, with what both "
            "know of tags; a file of weights; or torchvision's by name, as torchvision:IMAGENET1K_V2.",
        ),
    ] = None,
    override: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            parser=verbatim,
            show_default=False,
            help="A value in place of the recipe's, any number of times: --set optimiser.backbone_lr=3e-4 "
            "--set stages.0.epochs=2 --set groups.colour.weight=2.",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", show_default="the recipe's", help="Of everything random."),
    ] = None,
    format_name: RowFormatOption = None,
    quiet: QuietOption = False,
) -> None:
    """Train a model on labelled photographs.

    The result is a directory that every command takes as --model; metrics.jsonl, tensorboard/ and
    learning-curve.png in it show how it came about. Interrupted, the same call goes on from the last step.

    The retrieval system of Lim & Nang on DeepFashion In-shop, and its recall@K:

    \b
      fashion train lim-nang --data inshop:DIR \\
          --init torchvision:IMAGENET1K_V2 --out runs/lim-nang
      fashion eval retrieval --data inshop:DIR --model runs/lim-nang
    """  # noqa: D301  # \b is the character after which lines stay as they are
    from fashion_cli.commands.output.messages import name_skipped, say
    from fashion_cli.commands.output.render import choose_format
    from fashion_cli.commands.output.rows import Rows, show_rows
    from fashion_cli.commands.output.training_progress import show_training
    from fashion_cli.steps.train import TrainConfig, train_model, writes

    config = TrainConfig(recipe, data, _directory(out), init, tuple(override or ()), seed)
    with show_training(quiet=quiet or not writes()) as progress:
        report = train_model(config, progress)
    if writes():
        say(f"model: {report.model}")
        for note in report.notes:
            say(f"fashion: {note}")
        name_skipped(report.skipped, report.photographs, strict=False)
        show_rows(Rows(("figure", "value"), list(report.figures.items())), choose_format(format_name))


def _directory(directories: list[str]) -> Path:
    """The model directory.

    Raises:
        UsageError: If there is more than one, or it is a change of the recipe.
    """
    for text in directories:
        if ASSIGNMENT.fullmatch(text) and not Path(text).exists():
            raise UsageError(
                f"-o {text}: -o is the model directory", hint=f"change the recipe with --set {quote(text)}"
            )
    if len(directories) > 1:
        raise UsageError(f"several model directories: {', '.join(directories)}", hint="give --out once")
    return Path(directories[0])
