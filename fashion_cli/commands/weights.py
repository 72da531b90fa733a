"""`fashion weights list`, `tags`, `verify`, `fetch` and `export`."""

from pathlib import Path
from typing import Annotated

import typer

from fashion_cli.commands.cli.completion import complete_model
from fashion_cli.commands.cli.help import SectionedCommand
from fashion_cli.commands.cli.options import RowFormatOption
from fashion_cli.errors import UsageError, WeightsError

app = typer.Typer(help="The models that are there, and others: list, verify, fetch, export.")


@app.command("list", cls=SectionedCommand)
def list_models(format_name: RowFormatOption = None) -> None:
    """List the models that ship with the package."""
    from fashion_cli.commands.output.render import choose_format
    from fashion_cli.commands.output.rows import Rows, show_rows
    from fashion_cli.steps.weights import list_weights

    names = ("name", "vector_width", "tags", "megabytes", "licence", "directory", "summary")
    rows = [
        (
            *(each.name, each.vector_width, each.tags, round(each.megabytes, 1)),
            *(each.licence, str(each.directory), each.summary),
        )
        for each in list_weights()
    ]
    show_rows(Rows(names, rows, prose=("summary",), decimals={"megabytes": 1}), choose_format(format_name))


@app.command("tags", cls=SectionedCommand)
def list_tags(
    model: Annotated[
        str,
        typer.Argument(autocompletion=complete_model, metavar="NAME|DIR", help="A shipped model or a model directory."),
    ] = "fashion-mobilenet",
    format_name: RowFormatOption = None,
) -> None:
    """List the tags that a model knows, in groups, with their titles."""
    from fashion_cli.commands.output.render import choose_format
    from fashion_cli.commands.output.rows import Rows, show_rows
    from fashion_cli.steps.weights import list_tags as run

    tags = run(model)
    languages = sorted({language for each in tags for language in each.titles})
    rows = [(each.group, each.tag, each.threshold, *(each.titles.get(name, "") for name in languages)) for each in tags]
    names = ("group", "tag", "threshold", *(f"title_{language}" for language in languages))
    show_rows(Rows(names, rows), choose_format(format_name))


@app.command(cls=SectionedCommand)
def verify(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            autocompletion=complete_model,
            metavar="MODEL",
            show_default="all that ship",
            help="Shipped models or model directories.",
        ),
    ] = None,
    format_name: RowFormatOption = None,
) -> None:
    """Compare weight files with their model cards.

    Exits with 1 if a sha256 differs.
    """
    from fashion_cli.commands.output.render import choose_format
    from fashion_cli.commands.output.rows import Rows, show_rows
    from fashion_cli.steps.weights import verify_weights

    verified = verify_weights(names or ())
    rows = [(each.model, each.file, each.ok, each.sha256_expected, each.sha256_found) for each in verified]
    show_rows(Rows(("model", "file", "ok", "expected", "found"), rows), choose_format(format_name))
    damaged = [f"{each.model}/{each.file}" for each in verified if not each.ok]
    if damaged:
        raise WeightsError(
            f"{', '.join(damaged)}: missing, or not what the model card says",
            hint="install the package or copy the model again",
        )


@app.command(cls=SectionedCommand)
def fetch(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            show_default=False,
            help="torchvision:NAME[/WEIGHTS], timm:NAME[.TAG], open_clip:NAME/TAG, or hf-hub:OWNER/MODEL behind "
            "timm: or open_clip:.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="The model directory.")],
    size: Annotated[
        str | None,
        typer.Option(
            metavar="HxW",
            show_default="what the weights were made for",
            help="Height and width of the input, in pixels; smaller is faster.",
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", show_default=False, help="The published weight file, fetched by hand."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a model that is there.")] = False,
) -> None:
    """Make a model of a network that another library publishes.

    Its vectors are the network's own, and it has no tags. Every command takes the directory as --model. timm and
    open_clip come with: pip install 'fashion-cli[encoders]'
    """
    from fashion_cli.commands.output.messages import say
    from fashion_cli.message_text import printable
    from fashion_cli.steps.fetch_weights import FetchConfig, fetch_weights

    config = FetchConfig(source, out, None if size is None else _parse_size(size), file, force)
    say(f"{source}: fetching what is not here yet")
    report = fetch_weights(config)
    card = report.card
    say(
        f"{printable(report.model)}: vectors of {card.vector_width}, {report.megabytes:.1f} MB, "
        f"{card.input.height} x {card.input.width} pixels, sha256 {card.weights_sha256[:16]}…"
    )
    if card.licence == "NOASSERTION":
        say(f"its licence is not known here: see {card.source}")
    if report.why_no_onnx:
        say(f"no model.onnx, so it starts slowly: {report.why_no_onnx}")


@app.command(cls=SectionedCommand)
def export(
    model: Annotated[
        str,
        typer.Argument(
            autocompletion=complete_model,
            metavar="NAME|DIR",
            show_default=False,
            help="A shipped model or a model directory.",
        ),
    ],
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write model.onnx beside a model's weights.

    It starts faster than torch, and runs faster on most CPUs.
    """
    from fashion_cli.commands.output.messages import say
    from fashion_cli.message_text import printable
    from fashion_cli.steps.weights import export_onnx

    report = export_onnx(model, force=force)
    say(f"{printable(report.path)}: {report.megabytes:.1f} MB, cosine to torch at least {report.cosine:.5f}")


def _parse_size(text: str) -> tuple[int, int]:
    """Read "256x192"."""
    height, x, width = text.partition("x")
    if not (x and height.isdecimal() and width.isdecimal() and int(height) and int(width)):
        raise UsageError(f"size {text!r}: not two whole numbers", hint="--size HEIGHTxWIDTH, in pixels")
    return int(height), int(width)
