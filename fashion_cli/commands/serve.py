"""`fashion serve`."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fashion_cli.commands.cli.completion import complete_model
from fashion_cli.commands.cli.options import (
    OUTPUT,
    BatchSizeOption,
    CatalogOption,
    DeviceOption,
    EngineOption,
    IndexOption,
    NoCatalogOption,
    RootOption,
    StoredModelOption,
    StoredTaggerOption,
    WorkersOption,
)
from fashion_cli.errors import ExitCode, UsageError
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.plurals import counted

if TYPE_CHECKING:
    from fashion_cli.steps.serve import Serving

DEFAULTS = InferenceOptions()
WHERE = "Where"
WHO = "Who may ask, and how much"
MEGA = 1_000_000


def serve(
    *,
    index: IndexOption = None,
    root: RootOption = None,
    catalog: CatalogOption = None,
    no_catalog: NoCatalogOption = False,
    add: Annotated[
        list[str] | None,
        typer.Option(
            autocompletion=complete_model,
            metavar="NAME|DIR",
            show_default=False,
            help="A further model, which tags photographs that are sent; its group `style` names the style.",
        ),
    ] = None,
    host: Annotated[
        str,
        typer.Option(metavar="HOST", help="Address to listen on; 0.0.0.0 for every network.", rich_help_panel=WHERE),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="N", help="0 is any that is free.", rich_help_panel=WHERE)
    ] = 8765,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            show_default="its own names on loopback, else any",
            help="A name under which the server is asked for.",
            rich_help_panel=WHERE,
        ),
    ] = None,
    proxy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS",
            show_default=False,
            help="A reverse proxy whose X-Forwarded-For says who the client is.",
            rich_help_panel=WHERE,
        ),
    ] = None,
    token: Annotated[
        str,
        typer.Option(
            metavar="TOKEN",
            show_default=False,
            help="What clients have to show; better as $FASHION_TOKEN, since others see command lines.",
            rich_help_panel=WHO,
        ),
    ] = "",
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="Where the token stands: a secret of Docker, Kubernetes or systemd.",
            rich_help_panel=WHO,
        ),
    ] = None,
    rate: Annotated[
        str, typer.Option(metavar="N/PERIOD|off", help="Searches of one client.", rich_help_panel=WHO)
    ] = "120/minute",
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL",
            show_default=False,
            help="A site whose pages may use the API from a browser.",
            rich_help_panel=WHO,
        ),
    ] = None,
    max_megabytes: Annotated[
        float, typer.Option(min=0.01, max=1000, metavar="N", help="Of a photograph that is sent.", rich_help_panel=WHO)
    ] = 10.0,
    max_megapixels: Annotated[
        float, typer.Option(min=0.01, max=100, metavar="N", help="Of a photograph that is sent.", rich_help_panel=WHO)
    ] = 40.0,
    show_paths: Annotated[
        bool, typer.Option("--show-paths", help="Say where photographs lie.", rich_help_panel=WHO)
    ] = False,
    keep_metadata: Annotated[
        bool,
        typer.Option(
            "--keep-metadata",
            help="Give photographs with all that their files say: places, owners, cameras.",
            rich_help_panel=WHO,
        ),
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log every request on standard error.", rich_help_panel=OUTPUT)
    ] = False,
    model: StoredModelOption = "",
    tagger: StoredTaggerOption = "",
    device: DeviceOption = DEFAULTS.device,
    engine: EngineOption = "auto",
    batch_size: BatchSizeOption = DEFAULTS.batch_size,
    workers: WorkersOption = DEFAULTS.workers,
) -> None:
    """Serve an index: a search page and a REST API.

    Ends with Ctrl-C or SIGTERM, when what is under way is done; with a second Ctrl-C at once. A new index is taken up
    while it runs.
    """
    from fashion_cli.commands.output.messages import say
    from fashion_cli.retrieval.gallery import find_index
    from fashion_cli.steps.serve import ServeConfig, serve_index

    config = ServeConfig(
        index=find_index(index, {}),
        inference=InferenceOptions(model, device, engine, batch_size, workers, tagger),
        catalog="" if no_catalog else catalog,
        added=tuple(add or ()),
        host=host,
        port=port,
        token=_token(token, token_file),
        rate=rate,
        max_bytes=round(max_megabytes * MEGA),
        max_pixels=round(max_megapixels * MEGA),
        allow_hosts=tuple(allow_host or ()),
        allow_origins=tuple(allow_origin or ()),
        proxies=tuple(proxy or ()),
        show_paths=show_paths,
        root=root,
        keep_metadata=keep_metadata,
    )
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # of each form that is none; the answer says it
    report = serve_index(config, _announce)
    if report.cut_off:
        say("fashion: ended before what was under way was done")
        raise typer.Exit(ExitCode.INTERRUPTED)
    say(f"fashion: ended after {counted(report.requests, 'request')}")


def _token(token: str, file: Path | None) -> str:
    """What clients have to show, given itself or by the file that it stands in.

    Raises:
        UsageError: If it is given twice, or the file cannot be read or is empty: never a server without one by mistake.
    """
    if file is None:
        return token
    if token:
        raise UsageError("a token and a file with one", hint="either --token or --token-file")
    try:
        written = file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise UsageError(f"{file}: no token can be read there ({error})", hint="--token-file FILE") from error
    if not written:
        raise UsageError(f"{file}: there is no token in it", hint="--token-file FILE")
    return written


def _announce(serving: "Serving") -> None:
    from fashion_cli.commands.output.messages import name_missing, say

    products = f", products of {serving.catalogue}" if serving.catalogue else ""
    say(f"fashion: {serving.address} — {counted(serving.rows, 'photograph')}, {serving.model}{products}")
    name_missing(serving.missing)
    if not serving.loopback and not serving.guarded:
        say("fashion: whoever reaches this address may search: $FASHION_TOKEN asks for a token")
