"""Options that more than one command has. Light: every command imports this before anything runs."""

import math
from pathlib import Path
from typing import Annotated, Literal

import typer

from fashion_cli.commands.cli.completion import complete_index, complete_model

Format = Literal["table", "json", "jsonl", "csv", "paths"]
RowFormat = Literal["table", "json", "jsonl", "csv"]  # of commands whose rows are not photographs that were found

MEASURED = "What is measured"
RUNNING = "How the model runs"
OUTPUT = "Output"


def finite(value: float) -> float:
    """Refuse "nan" and "inf", which are numbers to Python."""
    if not math.isfinite(value):
        raise typer.BadParameter(f"{value} is not a finite number.")
    return value


def check_page_name(path: Path | None) -> Path | None:
    """Refuse a name under which no browser takes the file for a page."""
    if path is not None and path.suffix.lower() not in (".html", ".htm"):
        raise typer.BadParameter(f"{path} does not end in .html.")
    return path


def verbatim(text: str) -> str:
    """A path as it was typed: `./-` is a file, `-` is not, and bytes that are not UTF-8 stay as they are."""
    return text


ImagesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="IMAGES",
        parser=verbatim,
        show_default=False,
        help="Folders and photographs; - reads paths from standard input.",
    ),
]
QueriesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="QUERY",
        parser=verbatim,
        show_default=False,
        help="Photographs, each a question of its own; - reads paths from standard input.",
    ),
]
NullOption = Annotated[
    bool,
    typer.Option("-0", "--null", help="Paths on standard input end with NUL, as `find -print0` writes them."),
]
NullPathsOption = Annotated[
    bool,
    typer.Option("-0", "--null", help="Paths end with NUL, on standard input and with --format paths."),
]
ManifestOption = Annotated[
    Path | None,
    typer.Option(
        metavar="CSV",
        show_default=False,
        help="A table whose columns go along with its photographs; without IMAGES it also says which ones.",
    ),
]
FeaturesOption = Annotated[
    Path | None,
    typer.Option(
        metavar="F.h5",
        show_default=False,
        help="Keep vectors and scores in this feature file, and use those there.",
    ),
]
StrictOption = Annotated[
    bool,
    typer.Option("--strict", help="Exit with 3 where photographs had to be skipped.", rich_help_panel=OUTPUT),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.", rich_help_panel=OUTPUT)]
FormatOption = Annotated[
    Format | None,
    typer.Option(
        "--format",
        show_default="table on a terminal, JSON lines in a pipe",
        help="How photographs that were found are printed.",
        rich_help_panel=OUTPUT,
    ),
]
HtmlOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        show_default=False,
        callback=check_page_name,
        help="Also write a contact sheet, an .html file with all pictures in it.",
        rich_help_panel=OUTPUT,
    ),
]
RowFormatOption = Annotated[
    RowFormat | None,
    typer.Option(
        "--format",
        show_default="table on a terminal, JSON lines in a pipe",
        help="How rows are printed.",
        rich_help_panel=OUTPUT,
    ),
]

ModelOption = Annotated[
    str,
    typer.Option(
        autocompletion=complete_model,
        metavar="NAME|DIR",
        help="A shipped model or a model directory.",
        rich_help_panel=RUNNING,
    ),
]
TaggerOption = Annotated[
    str,
    typer.Option(
        autocompletion=complete_model,
        metavar="NAME|DIR",
        show_default="the model itself",
        help="Another model that gives the tags, so that --model gives only vectors.",
        rich_help_panel=RUNNING,
    ),
]
StoredModelOption = Annotated[
    str,
    typer.Option(
        autocompletion=complete_model,
        metavar="NAME|DIR",
        show_default="the one that made it",
        help="Where the model lies that the index or map was made with.",
        rich_help_panel=RUNNING,
    ),
]
StoredTaggerOption = Annotated[
    str,
    typer.Option(
        autocompletion=complete_model,
        metavar="NAME|DIR",
        show_default="the one that made it",
        help="Where the model of the tags lies, if vectors came from another one.",
        rich_help_panel=RUNNING,
    ),
]
IndexOption = Annotated[
    Path | None,
    typer.Option(
        autocompletion=complete_index,
        metavar="DIR",
        show_default=".fashion here or in the nearest parent",
        help="The index directory.",
    ),
]
RootOption = Annotated[
    Path | None,
    typer.Option(
        "--root",
        metavar="DIR",
        show_default="where the index finds them",
        help="The folder that holds the photographs of the index, where it was moved.",
    ),
]
CatalogOption = Annotated[
    str | None,
    typer.Option(
        "--catalog",
        metavar="URL|FILE|DIR",
        show_default="the one that the index was made with",
        help="The product catalogue: a file, the folder of a crawl, or a database's URL.",
    ),
]
NoCatalogOption = Annotated[bool, typer.Option("--no-catalog", help="Photographs alone, without products.")]
MapOption = Annotated[
    Path | None,
    typer.Option(
        "--map",
        metavar="DIR",
        show_default="map here or in the nearest parent",
        help="The map directory of `fashion map`.",
    ),
]
DeviceOption = Annotated[str, typer.Option(metavar="auto|cpu|cuda[:n]", help="Where it runs.", rich_help_panel=RUNNING)]
EngineOption = Annotated[
    Literal["auto", "onnx", "torch"],
    typer.Option(help="What runs it; auto takes what is done first.", rich_help_panel=RUNNING),
]
BatchSizeOption = Annotated[
    int, typer.Option(min=1, metavar="N", help="Photographs in a forward pass.", rich_help_panel=RUNNING)
]
WorkersOption = Annotated[
    int,
    typer.Option(min=0, metavar="N", help="Threads; 0 is one per processor.", rich_help_panel=RUNNING),
]
