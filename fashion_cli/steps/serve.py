"""Serve an index as a page and a REST API, until a signal ends it."""

import asyncio
import logging
import signal
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from fashion_cli.checked_fields import CheckedFields
from fashion_cli.data.missing_files import MissingFiles, find_missing
from fashion_cli.errors import ServeError, UsageError
from fashion_cli.inference.options import InferenceOptions

if TYPE_CHECKING:
    import uvicorn

    from fashion_cli.products.catalogue import Catalogue
    from fashion_cli.retrieval.gallery import Gallery
    from fashion_cli.session.live_index import LiveIndex
    from fashion_cli.web.settings import WebSettings

PORT = 8765
BACKLOG = 512  # connections that wait to be accepted
KEEP_ALIVE = 15  # seconds that a connection without requests stays open
HEADER_BYTES = 32 << 10  # of a request's line and headers
LOOKED_FOR = 16  # photographs, to see whether they are where the index has them
GRACE = 30  # seconds at the end for what is under way


@dataclass(frozen=True)
class ServeConfig(CheckedFields):
    """What to serve, to whom.

    Attributes:
        index: The index directory.
        inference: How the model runs; an empty `model` is the index's own.
        catalog: The product catalogue; None for the one that the index names, "" for none.
        added: Further models, whose tags are told of photographs that are sent.
        host: Name or address to listen on.
        port: 0 for any that is free.
        token: What clients have to show; "" for none.
        rate: Searches of one client: "120/minute", "off".
        max_bytes: Of an uploaded photograph.
        max_pixels: Of an uploaded photograph.
        allow_hosts: Further names of the server. On loopback only these and its own are answered to; elsewhere any
            where none is given.
        allow_origins: Whose pages may use the API from a browser.
        proxies: Addresses of reverse proxies, whose word about a client's address counts.
        show_paths: Say where photographs lie.
        root: The folder that the index's photographs lie below now; None for what the index says.
        keep_metadata: Give photographs with all that their files say, places and owners too.
    """

    index: Path
    inference: InferenceOptions = field(default_factory=lambda: InferenceOptions(model=""))
    catalog: str | None = None
    added: tuple[str, ...] = ()
    host: str = "127.0.0.1"
    port: int = PORT
    token: str = field(default="", repr=False)
    rate: str = "120/minute"
    max_bytes: int = 10 << 20
    max_pixels: int = 40_000_000
    allow_hosts: tuple[str, ...] = ()
    allow_origins: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    show_paths: bool = False
    root: Path | None = None
    keep_metadata: bool = False


@dataclass(frozen=True)
class Serving:
    """What is served, as soon as it is.

    Attributes:
        address: "http://127.0.0.1:8765/".
        rows: Photographs in the index.
        model: What looks at queries.
        catalogue: Where the products are; "" without.
        loopback: Only this machine can reach it.
        guarded: A token is wanted.
        missing: How many of some photographs, spread over the index, are not where it has them.
    """

    address: str
    rows: int
    model: str
    catalogue: str
    loopback: bool
    guarded: bool
    missing: MissingFiles = field(default_factory=MissingFiles)


@dataclass(frozen=True)
class ServeReport:
    """What was done.

    Attributes:
        requests: That were answered.
        cut_off: A second signal ended it before what was under way was done.
    """

    requests: int
    cut_off: bool = False


def serve_index(config: ServeConfig, ready: Callable[[Serving], None]) -> ServeReport:
    """Serve until SIGTERM or SIGINT, and then finish what is under way.

    Args:
        config: What to serve.
        ready: Called once when requests are answered.

    Raises:
        ServeError: If the port is taken or the host is none.
        IndexDirectoryError: If there is no index, or its model is another one.
        WeightsError: If a model cannot be used.
        CatalogueError: If the catalogue cannot be read.
        UsageError: If an option means nothing.
    """
    from threadpoolctl import threadpool_limits

    from fashion_cli.session.live_index import LiveIndex
    from fashion_cli.session.query_encoder import QueryEncoderOptions
    from fashion_cli.web.app import create_app
    from fashion_cli.web.metrics import Metrics
    from fashion_cli.web.service import SearchService

    with _Ending() as ending, ExitStack() as stack:
        # Searches run beside each other: a scan that spreads over all processors only gets in the way of the next one.
        stack.enter_context(threadpool_limits(1, user_api="blas"))
        listener = stack.enter_context(_listen(config.host, config.port))
        _check_proxies(config.proxies)
        settings = _settings(config, listener)
        catalogue = _open_catalogue(config, stack)
        metrics = Metrics()
        looking = QueryEncoderOptions(config.inference, config.added, settings.max_pixels, settings.queue)
        items_of = catalogue.item_ids_by_photograph if catalogue is not None else None
        live = stack.enter_context(LiveIndex(config.index, looking, metrics, items_of, config.root))
        service = SearchService(
            live,
            metrics,
            catalogue,
            queue=settings.queue,
            show_paths=settings.show_paths,
            keep_metadata=settings.keep_metadata,
        )
        stack.enter_context(closing(service))
        server = _server(create_app(service, settings), config.proxies)
        live.watch()
        ending.serve(server, live, _serve(server, listener, lambda: ready(_serving(config, listener, live, catalogue))))
        return ServeReport(server.server_state.total_requests, server.force_exit)


async def _serve(server: "uvicorn.Server", listener: socket.socket, ready: Callable[[], None]) -> None:
    serving = asyncio.create_task(server.serve([listener]))
    while not (server.started or serving.done()):
        await asyncio.sleep(0.01)
    if server.started:
        ready()
    await serving


def _server(app: "object", proxies: tuple[str, ...]) -> "uvicorn.Server":
    import uvicorn

    class Server(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield  # `_Ending` handles them

    return Server(
        uvicorn.Config(
            app,  # type: ignore[arg-type]
            http="h11",  # bounds what a header may hold, and needs nothing that is compiled
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(proxies),
            forwarded_allow_ips=list(proxies),
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=GRACE,
            h11_max_incomplete_event_size=HEADER_BYTES,
        )
    )


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens already, so that a port that is taken is known before a model is loaded."""
    at = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        (family, _, _, _, address), *_ = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        listener = socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except socket.gaierror:
        raise ServeError(f"{host}: no such host", hint="--host 127.0.0.1, or 0.0.0.0 for every network") from None
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ServeError(f"{at}: cannot be listened on ({reason})", hint="--port 0 takes one that is free") from None
    # Connections inherit it. Without it an answer's body waits 40 ms for the client to acknowledge its headers: asyncio
    # sets it only for sockets that were made with the number of their protocol.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _settings(config: ServeConfig, listener: socket.socket) -> "WebSettings":
    from fashion_cli.web.settings import LOOPBACK, WebSettings

    own = (*LOOPBACK, config.host.lower()) if _is_loopback(listener) or config.allow_hosts else ()
    return WebSettings(
        token=config.token,
        rate=config.rate,
        max_bytes=config.max_bytes,
        max_pixels=config.max_pixels,
        hosts=(*own, *(host.lower() for host in config.allow_hosts)),
        origins=config.allow_origins,
        show_paths=config.show_paths,
        keep_metadata=config.keep_metadata,
    )


def _open_catalogue(config: ServeConfig, stack: ExitStack) -> "Catalogue | None":
    from fashion_cli.products.catalogue import Catalogue
    from fashion_cli.retrieval.gallery import Gallery

    named = config.catalog
    if named is None:
        with Gallery.open(config.index, config.root) as gallery:
            named = gallery.catalog
    return stack.enter_context(Catalogue.open(named)) if named else None


def _check_proxies(proxies: tuple[str, ...]) -> None:
    """A name would never be met, and whoever is everybody's proxy lets everybody choose an address."""
    import ipaddress

    for proxy in proxies:
        try:
            network = ipaddress.ip_network(proxy)
        except ValueError:
            network = None
        if network is None or network.prefixlen == 0:
            raise UsageError(f"proxy {proxy!r}: neither an address nor a network", hint="--proxy 127.0.0.1")


def _is_loopback(listener: socket.socket) -> bool:
    import ipaddress

    return ipaddress.ip_address(listener.getsockname()[0].partition("%")[0]).is_loopback


def _serving(config: ServeConfig, listener: socket.socket, live: "LiveIndex", catalogue: "Catalogue | None") -> Serving:
    host, port = listener.getsockname()[:2]
    with live.lease() as index:
        return Serving(
            address=f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/",
            rows=len(index),
            model=index.encoder.model,
            catalogue=str(catalogue.location) if catalogue is not None else "",
            loopback=_is_loopback(listener),
            guarded=bool(config.token),
            missing=_missing(index.gallery),
        )


def _missing(gallery: "Gallery") -> MissingFiles:
    """How many of some photographs are not there: of all of them, on a slow disk, would take too long."""
    paths = gallery.features.paths()
    return find_missing(paths[:: max(1, len(paths) // LOOKED_FOR)], gallery.moved_hint)


class _Ending:
    """SIGTERM and SIGINT end the server in good order, which is no failure; SIGHUP looks for a new index at once.

    A second one that is SIGINT cuts off what is under way. The handlers stay until the block ends: the index has to be
    closed in any case, or its threads outlive the interpreter, and that is done in a moment. In another thread than the
    main one there are none.
    """

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._serving = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def serve(self, server: "uvicorn.Server", live: "LiveIndex", serving: Coroutine[Any, Any, None]) -> None:
        """Run a server to its end."""

        def end(number: int, _: object) -> None:
            if not (server.should_exit and number == signal.SIGINT):
                server.should_exit = True
            elif self._serving:
                server.force_exit = True
                logging.getLogger("uvicorn.error").disabled = True  # what is cut off is no fault of the program

        handlers: dict[int, Any] = {signal.SIGTERM: end, signal.SIGINT: end}
        if hasattr(signal, "SIGHUP"):
            handlers[signal.SIGHUP] = lambda *_: live.check_now()
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        self._serving = True
        try:
            asyncio.run(serving)
        finally:
            self._serving = False
