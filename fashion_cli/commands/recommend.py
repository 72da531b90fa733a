"""`fashion recommend`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fashion_cli.commands._options import (
    OUTPUT,
    RUNNING,
    BatchSizeOption,
    DeviceOption,
    EngineOption,
    Format,
    MapOption,
    StrictOption,
    WorkersOption,
    verbatim,
)
from fashion_cli.errors import UsageError
from fashion_cli.inference.options import InferenceOptions

if TYPE_CHECKING:
    from fashion_cli.commands._inputs import Sources

DEFAULTS = InferenceOptions()


def recommend(
    *,
    photographs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PHOTO",
            parser=verbatim,
            show_default=False,
            help="Photographs, each a question of its own; - reads paths from standard input.",
        ),
    ] = None,
    map: MapOption = None,  # noqa: A002  # the option's and the setting's name
    topk: Annotated[int, typer.Option(min=1, metavar="N", help="How many garments.")] = 4,
    null: Annotated[
        bool,
        typer.Option("-0", "--null", help="Paths end with NUL, on standard input and with --format paths."),
    ] = False,
    format_name: Annotated[
        Format | None,
        typer.Option(
            "--format",
            show_default="table on a terminal, JSON lines in a pipe",
            help="How garments are printed.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="Also write a contact sheet with all pictures in it.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    strict: StrictOption = False,
    model: Annotated[
        str,
        typer.Option(
            metavar="NAME|DIR",
            show_default="the map's own",
            help="Where the model lies that the map's garments were tagged with.",
            rich_help_panel=RUNNING,
        ),
    ] = "",
    tagger: Annotated[
        str,
        typer.Option(
            metavar="NAME|DIR",
            show_default="the map's own",
            help="The model of the tags, where vectors came from another one.",
            rich_help_panel=RUNNING,
        ),
    ] = "",
    device: DeviceOption = DEFAULTS.device,
    engine: EngineOption = "auto",
    batch_size: BatchSizeOption = DEFAULTS.batch_size,
    workers: WorkersOption = DEFAULTS.workers,
) -> None:
    """Recommend garments whose attributes are like a photograph's, by an attribute map.

    The photograph is placed on the map of `fashion map`; what the map shows at that place is an attribute vector, and
    the garments nearest to it are recommended, each with the tags that it shares with the photograph.
    """
    from fashion_cli.commands._messages import name_skipped
    from fashion_cli.commands._recommendations import as_search, show_recommendations
    from fashion_cli.commands._render import choose_format
    from fashion_cli.retrieval.map_directory import find_map
    from fashion_cli.steps.recommend import RecommendConfig
    from fashion_cli.steps.recommend import recommend as run

    chosen = choose_format(format_name)
    inference = InferenceOptions(model, device, engine, batch_size, workers, tagger)
    config = RecommendConfig(_sources(photographs, chosen, null=null).paths, find_map(map), inference, topk)
    report = run(config)
    show_recommendations(report, chosen, null=null)
    if html is not None:
        from fashion_cli.commands._contact_sheet import write_contact_sheet

        write_contact_sheet(as_search(report), html)
    name_skipped(report.skipped, len(report.results), strict=strict)


def _sources(photographs: list[str] | None, chosen: Format, *, null: bool) -> "Sources":
    from fashion_cli.commands._inputs import STDIN, read_sources

    listed = STDIN in (photographs or ())
    if null and not listed and chosen != "paths":
        raise UsageError("-0 is about paths", hint="read them with -, or write them with --format paths")
    return read_sources(photographs, null=null and listed)
