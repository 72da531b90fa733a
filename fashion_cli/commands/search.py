"""`fashion search`."""

from typing import TYPE_CHECKING, Annotated

import typer

from fashion_cli.commands.cli.completion import complete_query, complete_where
from fashion_cli.commands.cli.options import (
    OUTPUT,
    BatchSizeOption,
    CatalogOption,
    DeviceOption,
    EngineOption,
    Format,
    FormatOption,
    HtmlOption,
    IndexOption,
    NoCatalogOption,
    NullPathsOption,
    RootOption,
    StoredModelOption,
    StoredTaggerOption,
    StrictOption,
    WorkersOption,
    finite,
    verbatim,
)
from fashion_cli.errors import UsageError
from fashion_cli.inference.options import InferenceOptions

if TYPE_CHECKING:
    from fashion_cli.commands.output.terminal_pictures import Protocol
    from fashion_cli.steps.search import SearchReport

DEFAULTS = InferenceOptions()
CHOICE = "Which hits"
ORDER = "Their order"


def search(
    *,
    queries: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="QUERY",
            autocompletion=complete_query,
            parser=verbatim,
            show_default=False,
            help="Photographs, folders of them, or words in quotes, each a search of its own; - reads paths from"
            " standard input.",
        ),
    ] = None,
    text: Annotated[
        list[str] | None,
        typer.Option(metavar="WORDS", show_default=False, help="Search for words, also where a file has that name."),
    ] = None,
    but: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GROUP=TAG",
            autocompletion=complete_where,
            show_default=False,
            help="Like the photographs, but with this tag; repeated for others.",
        ),
    ] = None,
    weighted: Annotated[
        list[str] | None,
        typer.Option(
            "--query",
            metavar="PATH[:WEIGHT]",
            parser=verbatim,
            show_default=False,
            help="A part of one search by several photographs; a negative weight searches away from it.",
        ),
    ] = None,
    box: Annotated[
        str | None,
        typer.Option(
            metavar="X,Y,W,H",
            show_default=False,
            help="Search for this part of each query photograph: pixels, origin top left.",
        ),
    ] = None,
    index: IndexOption = None,
    root: RootOption = None,
    catalog: CatalogOption = None,
    no_catalog: NoCatalogOption = False,
    null: NullPathsOption = False,
    topk: Annotated[int, typer.Option(min=1, metavar="N", help="How many.", rich_help_panel=CHOICE)] = 50,
    where: Annotated[
        list[str] | None,
        typer.Option(
            autocompletion=complete_where,
            metavar="GROUP=TAG[,TAG]|COLUMN<NUMBER",
            show_default=False,
            help="Only photographs with one of these tags, or a number of a table's column in a range (<, <=, >, >=,"
            " =10..30); != for all others; repeated, all must hold.",
            rich_help_panel=CHOICE,
        ),
    ] = None,
    min_percentile: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=100,
            metavar="P",
            show_default=False,
            help="Only hits that are nearer than P % of the gallery.",
            rich_help_panel=CHOICE,
        ),
    ] = None,
    largest_gap: Annotated[
        bool, typer.Option("--largest-gap", help="Only hits before the largest drop.", rich_help_panel=CHOICE)
    ] = False,
    collapse: Annotated[
        bool,
        typer.Option(
            "--collapse/--no-collapse",
            help="Show the same picture once, and how many copies of it there are.",
            rich_help_panel=CHOICE,
        ),
    ] = True,
    exclude_self: Annotated[
        bool,
        typer.Option(
            "--exclude-self",
            help="Leave out the query photographs themselves, by path and by content.",
            rich_help_panel=CHOICE,
        ),
    ] = False,
    exact: Annotated[
        bool,
        typer.Option("--exact", help="Compare all photographs, whatever the index is.", rich_help_panel=CHOICE),
    ] = False,
    prior: Annotated[
        bool,
        typer.Option(
            "--prior/--no-prior",
            help="Prefer what is the same kind of thing: boots for boots.",
            rich_help_panel=ORDER,
        ),
    ] = True,
    rerank: Annotated[
        bool,
        typer.Option("--rerank/--no-rerank", help="Order by rank and shared tags.", rich_help_panel=ORDER),
    ] = True,
    alpha: Annotated[
        float,
        typer.Option(metavar="A", help="What one rank costs.", callback=finite, rich_help_panel=ORDER),
    ] = 2.0,
    beta: Annotated[
        float,
        typer.Option(metavar="B", help="What one shared tag brings.", callback=finite, rich_help_panel=ORDER),
    ] = 2.0,
    format_name: FormatOption = None,
    html: HtmlOption = None,
    thumbnails: Annotated[
        bool,
        typer.Option(
            "--thumbnails",
            help="Show pictures, in terminals that can (kitty, iTerm2).",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    strict: StrictOption = False,
    model: StoredModelOption = "",
    tagger: StoredTaggerOption = "",
    device: DeviceOption = DEFAULTS.device,
    engine: EngineOption = "auto",
    batch_size: BatchSizeOption = DEFAULTS.batch_size,
    workers: WorkersOption = DEFAULTS.workers,
) -> None:
    """Find photographs that look like yours and share their tags, or that words describe.

    The nearest of the gallery, the same kind of thing before others, re-ranked: what shares more tags moves up. Words
    are tags in any form ('red dress', '빨간 원피스') and words of the table and the catalogue that the gallery was
    indexed with.
    """
    from fashion_cli.commands.cli.queries import read_searches
    from fashion_cli.commands.output.messages import name_missing, name_skipped
    from fashion_cli.commands.output.render import choose_format
    from fashion_cli.data.images import Box
    from fashion_cli.retrieval.gallery import find_index
    from fashion_cli.retrieval.search import SearchOptions
    from fashion_cli.steps.search import SearchConfig, search_gallery

    chosen = choose_format(format_name)
    pictures = _pictures(chosen) if thumbnails else None
    part = Box.parse(box) if box else None
    config = SearchConfig(
        queries=read_searches(queries, text, weighted, chosen, null=null),
        index=find_index(index, {}),  # the variable is one of the settings, which have been read
        inference=InferenceOptions(model, device, engine, batch_size, workers, tagger),
        options=SearchOptions(
            topk=topk,
            rerank=rerank,
            alpha=alpha,
            beta=beta,
            exact=exact,
            min_percentile=min_percentile,
            largest_gap=largest_gap,
            collapse=collapse,
        ),
        where=tuple(where or ()),
        but=tuple(but or ()),
        box=part,
        prior=prior,
        exclude_self=exclude_self,
        catalog="" if no_catalog else catalog,
        root=root,
        facets=chosen in ("json", "table"),
    )
    report = search_gallery(config)
    _show(report, chosen, pictures, null=null)
    if html is not None:
        from fashion_cli.commands.output.contact_sheet import write_contact_sheet

        write_contact_sheet(report, html, box=part)
    name_missing(report.missing)
    name_skipped(report.skipped, len(report.results), strict=strict)


def _pictures(chosen: Format) -> "Protocol":
    """How this terminal shows pictures."""
    import os

    from fashion_cli.commands.output.render import on_terminal
    from fashion_cli.commands.output.terminal_pictures import picture_protocol

    protocol = picture_protocol(os.environ) if on_terminal() and chosen == "table" else None
    if protocol is None:
        raise UsageError("--thumbnails: no pictures can be shown here", hint="--html FILE shows them in a browser")
    return protocol


def _show(report: "SearchReport", chosen: Format, pictures: "Protocol | None", *, null: bool) -> None:
    if pictures is not None:
        from fashion_cli.commands.output.terminal_pictures import show_pictures

        show_pictures(report, pictures)
        return
    from fashion_cli.commands.output.search_results import show_hits

    show_hits(report, chosen, null=null)
