"""A shop on loopback that does what real sites do to a crawler. It writes down every request."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request, as the server saw it.

    Attributes:
        path: With its query.
        at: Seconds on the monotonic clock.
        status: What was answered; 0 for something that is no HTTP.
    """

    path: str
    agent: str
    at: float
    status: int
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Reply:
    """What to answer.

    Attributes:
        body: Bytes, or pieces of unknown length, after which the connection ends.
        wait: Seconds before anything is sent.
        raw: The body is all that is sent, without status and headers.
    """

    status: int = 200
    kind: str = "text/html; charset=utf-8"
    body: bytes | Iterable[bytes] = b""
    headers: tuple[tuple[str, str], ...] = ()
    wait: float = 0.0
    raw: bool = False


@dataclass(frozen=True)
class Visit:
    """A request to answer: its path in parts, how often this path was asked for before, and the shop's address."""

    path: str
    query: Mapping[str, list[str]]
    before: int
    base: str
    headers: Mapping[str, str]


Site = Callable[[Visit], Reply | None]


class Server:
    """A site on a free port of this computer, for as long as a `with` lasts.

    Args:
        site: Answers a visit; None for what is not there.
        host: The address to listen on.
        port: 0 for any free one.
    """

    def __init__(self, site: Site, host: str = "127.0.0.1", port: int = 0) -> None:
        self.site = site
        self.log: list[Asked] = []
        self.closing = Event()
        self._before: Counter[str] = Counter()
        self._lock = Lock()
        self._http = _Http((host, port), _Handler)
        self._http.owner = self
        self.port = self._http.server_port
        self.url = f"http://{host}:{self.port}"
        self._thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def asked(self, start: str = "/") -> list[Asked]:
        """The requests whose path begins so, in order."""
        with self._lock:
            return [each for each in self.log if each.path.startswith(start)]

    def counts(self, start: str = "/") -> Counter[str]:
        return Counter(each.path for each in self.asked(start))

    def forget(self) -> None:
        """Begin a new log; what pages remember of their visitors stays."""
        with self._lock:
            self.log.clear()

    def count(self, path: str) -> int:
        """How often this path was asked for before now."""
        with self._lock:
            self._before[path] += 1
            return self._before[path] - 1

    def note(self, asked: Asked) -> None:
        with self._lock:
            self.log.append(asked)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    owner: Server

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A visitor that hangs up in the middle is nothing to report."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 30
    server: _Http

    def do_GET(self) -> None:
        owner, address, at = self.server.owner, urlsplit(self.path), time.monotonic()
        query = parse_qs(address.query, keep_blank_values=True)
        headers = {name.lower(): value for name, value in self.headers.items()}
        visit = Visit(address.path, query, owner.count(self.path), owner.url, headers)
        reply = owner.site(visit) or Reply(404, body=b"<h1>not here</h1>")
        status = 0 if reply.raw else reply.status
        owner.note(Asked(self.path, headers.get("user-agent", ""), at, status, self.command, headers))
        if reply.wait:
            owner.closing.wait(reply.wait)
        with suppress(OSError):
            self._send(reply)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self.do_GET()

    def _send(self, reply: Reply) -> None:
        whole = isinstance(reply.body, bytes)
        if not reply.raw:
            self.send_response(reply.status)
            given = {name.lower() for name, _ in reply.headers}
            if "content-type" not in given and reply.kind:
                self.send_header("Content-Type", reply.kind)
            for name, value in reply.headers:
                self.send_header(name, value)
            if isinstance(reply.body, bytes) and "content-length" not in given:
                self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
        if reply.raw or not whole or any(name.lower() == "content-length" for name, _ in reply.headers):
            self.close_connection = True
        if self.command != "HEAD":
            for piece in _pieces(reply.body):
                self.wfile.write(piece)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the name in http.server
        """The log is a list."""


def _pieces(body: bytes | Iterable[bytes]) -> Iterator[bytes]:
    if isinstance(body, bytes):
        yield body
    else:
        yield from body
