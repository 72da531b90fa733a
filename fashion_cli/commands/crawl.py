"""`fashion crawl`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from fashion_cli.commands.cli.options import OUTPUT, QuietOption, StrictOption, finite, verbatim

WHAT = "What is kept"
HOW = "How sites are treated"
AGAIN = "Calling it again"


def crawl(
    *,
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCE",
            parser=verbatim,
            show_default=False,
            help='Shops, sitemaps, lists of image URLs (.txt, .csv, .parquet), searches (naver:"…").',
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="The folder for photographs and catalogue.")
    ] = Path("shop"),
    catalog: Annotated[
        str,
        typer.Option(
            metavar="URL|FILE", show_default="catalogue.sqlite in DIR", help="The product catalogue.", parser=verbatim
        ),
    ] = "",
    max_pages: Annotated[int, typer.Option(min=0, metavar="N", help="Pages, sitemaps not counted.")] = 10_000,
    max_depth: Annotated[int, typer.Option(min=0, metavar="N", help="Links from the start page.")] = 20,
    limit: Annotated[
        int, typer.Option(min=0, metavar="N", show_default="all it shows", help="Products of one search.")
    ] = 0,
    browser: Annotated[
        bool, typer.Option("--browser", help="Render pages in a browser before they are read. Slow.")
    ] = False,
    endpoint: Annotated[
        str, typer.Option(metavar="URL", show_default="Naver's own", help="Where the search API answers.")
    ] = "",
    min_side: Annotated[
        int, typer.Option(min=1, metavar="PIXELS", help="The shorter side, at least.", rich_help_panel=WHAT)
    ] = 100,
    max_bytes: Annotated[
        int, typer.Option(min=1, metavar="BYTES", help="Of one photograph, at most.", rich_help_panel=WHAT)
    ] = 25 * 2**20,
    near: Annotated[
        int,
        typer.Option(
            min=-1,
            max=10,
            metavar="BITS",
            help="Photographs whose hashes differ in so few of 64 bits are one; -1: only equal files.",
            rich_help_panel=WHAT,
        ),
    ] = 4,
    contact: Annotated[
        str,
        typer.Option(
            metavar="URL|EMAIL",
            show_default="the program's home page",
            help="Where a site's owner reaches you.",
            rich_help_panel=HOW,
        ),
    ] = "",
    delay: Annotated[
        float,
        typer.Option(
            min=0,
            metavar="SECONDS",
            callback=finite,
            help="Between requests to one host, at least.",
            rich_help_panel=HOW,
        ),
    ] = 0.5,
    per_host: Annotated[
        int, typer.Option(min=1, max=16, metavar="N", help="Requests to one host at once.", rich_help_panel=HOW)
    ] = 2,
    timeout: Annotated[
        float,
        typer.Option(min=1, metavar="SECONDS", callback=finite, help="For one request.", rich_help_panel=HOW),
    ] = 60.0,
    allow_private: Annotated[
        bool,
        typer.Option("--allow-private", help="Also fetch from this computer and its network.", rich_help_panel=HOW),
    ] = False,
    update: Annotated[
        bool,
        typer.Option("--update", help="Look at all pages again: prices, what is new or gone.", rich_help_panel=AGAIN),
    ] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try again what failed.", rich_help_panel=AGAIN)
    ] = False,
    format_name: Annotated[
        Literal["table", "json"] | None,
        typer.Option(
            "--format",
            show_default="table on a terminal, JSON in a pipe",
            help="How the summary is printed.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Say what is fetched.", rich_help_panel=OUTPUT)
    ] = False,
    strict: StrictOption = False,
    quiet: QuietOption = False,
) -> None:
    """Collect photographs and products from shops.

    Obeys robots.txt, takes its time, and never fetches twice what it has: call it again after an
    interruption, and it goes on. Without SOURCE it goes on with what the folder remembers.
    """
    from fashion_cli.commands.output.crawl_summary import show_crawl, warn_of_proxies
    from fashion_cli.commands.output.progress import show_progress
    from fashion_cli.steps.crawl import CrawlConfig, crawl_sources, set_proxies

    config = CrawlConfig(
        sources=tuple(sources or ()),
        folder=str(out.absolute()),
        catalog=catalog if "://" in catalog or not catalog else str(Path(catalog).absolute()),
        contact=contact,
        max_pages=max_pages,
        max_depth=max_depth,
        delay=delay,
        per_host=per_host,
        min_side=min_side,
        max_bytes=max_bytes,
        near=near,
        timeout=timeout,
        allow_private=allow_private,
        browser=browser,
        update=update,
        retry_failed=retry_failed,
        endpoint=endpoint,
        limit=limit,
        verbose=verbose,
    )
    warn_of_proxies(set_proxies())
    with show_progress("crawling", quiet=quiet, unit="addresses") as progress:
        report = crawl_sources(config, progress)
    show_crawl(report, format_name, strict=strict)
