"""`fashion map`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fashion_cli.commands.cli.completion import complete_group
from fashion_cli.commands.cli.options import OUTPUT, QuietOption

if TYPE_CHECKING:
    from fashion_cli.steps.map import MapReport

PICTURE, PAGE = "map.png", "map.html"


def map(  # noqa: A001  # the command's name
    *,
    index: Annotated[
        Path | None,
        typer.Argument(
            metavar="GALLERY",
            show_default=".fashion here or in the nearest parent",
            help="A feature file or an index directory.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="The map directory.")] = Path("map"),
    group: Annotated[
        list[str] | None,
        typer.Option(
            autocompletion=complete_group,
            metavar="GROUP",
            show_default="all",
            help="A group of tags to go by; may be repeated.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Another seed gives another map.")] = 0,
    page: Annotated[
        bool, typer.Option("--html/--no-html", help="Write map.html, with a thumbnail of each.", rich_help_panel=OUTPUT)
    ] = True,
    quiet: QuietOption = False,
) -> None:
    """Draw a map of a gallery on which garments with like attributes lie together.

    An autoencoder learns to squeeze all tag scores of a garment into two numbers, its place. The directory then holds
    map.html to look around in, map.png, map.parquet for embedding viewers, and what `fashion recommend` needs.
    """
    from contextlib import ExitStack
    from importlib import import_module

    from fashion_cli.commands.output.map_results import show_map
    from fashion_cli.commands.output.progress import show_progress
    from fashion_cli.retrieval.gallery import find_index
    from fashion_cli.steps.map import MapConfig, make_map

    for package in ("pyarrow", "plotly", "matplotlib"):  # what is missing is better said before the work
        import_module(package)
    source = index if index is not None else find_index(None, {})
    config = MapConfig(source, out, tuple(group or ()), seed)
    with ExitStack() as stack:
        progress = stack.enter_context(show_progress("learning the map", quiet=quiet, unit="steps"))

        def draw(drawn: "MapReport", folder: Path) -> None:
            stack.close()  # one bar at a time
            _draw(drawn, folder, page=page, quiet=quiet)

        report = make_map(config, progress, draw)
    if not page:
        _remove(out / PAGE)  # an older map's
    show_map(report)


def _remove(path: Path) -> None:
    from fashion_cli.errors import OutputError

    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"{path}: of an older map, cannot be removed ({error.strerror})", hint="remove it, or choose another -o"
        ) from error


def _draw(report: "MapReport", folder: Path, *, page: bool, quiet: bool) -> None:
    """The pictures of a map."""
    from fashion_cli.commands.output.map_picture import draw_map
    from fashion_cli.commands.output.progress import show_progress

    draw_map(report, folder / PICTURE)
    if page:
        from fashion_cli.commands.output.map_page import write_map_page

        with show_progress("drawing the page", quiet=quiet, unit="thumbnails") as progress:
            write_map_page(report, folder / PAGE, progress)
