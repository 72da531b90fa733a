"""`fashion weights list`, `verify` and `export`."""

from typing import Annotated

import typer

from fashion_cli.commands._help import SectionedCommand
from fashion_cli.commands._options import RowFormatOption
from fashion_cli.errors import WeightsError

app = typer.Typer(help="The models that are there: list, verify, export.")


@app.command("list", cls=SectionedCommand)
def list_models(format_name: RowFormatOption = None) -> None:
    """List the models that ship with the package."""
    from fashion_cli.commands._render import choose_format
    from fashion_cli.commands._rows import Rows, show_rows
    from fashion_cli.steps.weights import list_weights

    names = ("name", "vector_width", "tags", "megabytes", "licence", "directory", "summary")
    rows = [
        (
            *(each.name, each.vector_width, each.tags, round(each.megabytes, 1)),
            *(each.licence, str(each.directory), each.summary),
        )
        for each in list_weights()
    ]
    show_rows(Rows(names, rows), choose_format(format_name))


@app.command(cls=SectionedCommand)
def verify(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="MODEL", show_default="all that ship", help="Shipped models or model directories."),
    ] = None,
    format_name: RowFormatOption = None,
) -> None:
    """Compare weight files with their model cards.

    Exits with 1 if a sha256 differs.
    """
    from fashion_cli.commands._render import choose_format
    from fashion_cli.commands._rows import Rows, show_rows
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
def export(
    model: Annotated[
        str,
        typer.Argument(metavar="NAME|DIR", show_default=False, help="A shipped model or a model directory."),
    ],
) -> None:
    """Write model.onnx beside a model's weights.

    It starts faster than torch, and runs faster on most CPUs.
    """
    from fashion_cli.commands._messages import say
    from fashion_cli.data.image_files import printable
    from fashion_cli.steps.weights import export_onnx

    report = export_onnx(model)
    say(f"{printable(report.path)}: {report.megabytes:.1f} MB, cosine to torch at least {report.cosine:.5f}")
