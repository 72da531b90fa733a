"""The only way out of the browser: a proxy on loopback that hands every request to the crawler.

Chromium is told to use it for everything, so that a page's scripts reach what the crawler may fetch and nothing else:
the crawler's robots.txt, pace per host, addresses, sizes and user agent hold for them too. Encrypted connections end
here, with a certificate that only this browser accepts; the crawler makes its own to the site.

The crawler has fetched the page already. It is given to the browser from here, and not fetched again.
"""

import asyncio
import datetime as dt
import http.client
import io
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HEAD_LIMIT = 64 * 1024  # bytes of a request's head
PATIENCE = 60  # seconds within which the browser has to send the head of a request
METHODS = ("GET", "HEAD", "OPTIONS")  # those that change nothing on the site
# What belongs to one connection (RFC 9110, section 7.6.1), or has been done already when the body was fetched.
_OWN_HEADERS = (
    *("connection", "content-encoding", "content-length", "keep-alive", "proxy-authenticate", "te", "trailer"),
    *("transfer-encoding", "upgrade", "alt-svc", "strict-transport-security", "set-cookie"),
)


@dataclass(frozen=True)
class Asked:
    """A request of the browser.

    Attributes:
        headers: Names in small letters.
    """

    method: str
    url: str
    headers: Mapping[str, str]

    @property
    def is_navigation(self) -> bool:
        """Whether it is for a document that takes the place of the page or of a frame in it."""
        return self.headers.get("sec-fetch-mode") == "navigate" or "upgrade-insecure-requests" in self.headers

    @property
    def is_frame(self) -> bool:
        return self.headers.get("sec-fetch-dest", "document") in ("iframe", "frame", "embed", "object")

    @property
    def is_own(self) -> bool:
        """Whether no page asked, but the browser itself: for the time, for updates of its parts."""
        site = self.headers.get("sec-fetch-site", "")
        named = any(name in self.headers for name in ("referer", "origin"))
        return not self.is_navigation and (site == "none" or not (site or named))

    @property
    def is_media(self) -> bool:
        """Pictures, sounds, films: nothing that a page's data is in."""
        kinds = ("image", "audio", "video", "track", "font")
        accepted = self.headers.get("accept", "")
        return self.headers.get("sec-fetch-dest") in kinds or accepted.startswith(("image/", "audio/", "video/"))


@dataclass(frozen=True)
class Answer:
    """What the browser gets.

    Attributes:
        headers: As the site sent them; those of the connection are left out on the way.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)


REFUSED = Answer(HTTPStatus.FORBIDDEN)
NOTHING = Answer(HTTPStatus.NO_CONTENT)  # a navigation that ends so leaves the browser where it is
FAILED = Answer(HTTPStatus.BAD_GATEWAY)
Fetch = Callable[[Asked], Awaitable[Answer]]


class Gate:
    """The proxy. Start it in the event loop in which `fetch` runs.

    Args:
        fetch: Answers a request of the browser.
        folder: Where the certificate lies while the gate is open; readable by this user alone.
    """

    def __init__(self, fetch: Fetch, folder: Path) -> None:
        self._fetch = fetch
        self._tls = _server_side(folder)
        self._server: asyncio.Server | None = None
        self._visits: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        """Host and port, once it is open."""
        if self._server is None:
            return ""
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"{host}:{port}"

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._visit, "127.0.0.1", 0, limit=HEAD_LIMIT)

    async def close(self) -> None:
        if self._server is None:
            return
        self._server.close()
        for visit in self._visits:
            visit.cancel()
        await asyncio.gather(*self._visits, return_exceptions=True)
        self._server = None

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (task := asyncio.current_task()) is not None:
            self._visits.add(task)
        try:
            # The browser went away, or said something that is not HTTP; at the end, the gate closes (cancelled).
            with suppress(OSError, EOFError, ValueError, asyncio.LimitOverrunError, asyncio.CancelledError):
                await self._serve(reader, writer)
        finally:
            if task is not None:
                self._visits.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, then the connection ends: what follows another request can never reach another site."""
        method, target, headers = await _head(reader)
        if method == "CONNECT":
            host, _, port = target.rpartition(":")
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await writer.drain()
            await writer.start_tls(self._tls)
            method, path, headers = await _head(reader)
            target = f"https://{host if port == '443' else f'{host}:{port}'}{path}"
        asked = Asked(method, target, headers)
        answer = await self._fetch(asked) if _is_fit(asked) else REFUSED
        writer.write(_written(answer, with_body=method != "HEAD"))
        await writer.drain()


async def _head(reader: asyncio.StreamReader) -> tuple[str, str, dict[str, str]]:
    """Method, target and headers of a request."""
    async with asyncio.timeout(PATIENCE):
        head = await reader.readuntil(b"\r\n\r\n")
    line, _, rest = head.partition(b"\r\n")
    method, target, _version = line.decode("ascii").split(" ")
    parsed = http.client.parse_headers(io.BytesIO(rest))
    return method, target, {name.lower(): value for name, value in parsed.items()}


def _is_fit(asked: Asked) -> bool:
    """No request to the gate itself, none that could change something, no service worker that would take its place."""
    return (
        asked.method in METHODS
        and urlsplit(asked.url).scheme in ("http", "https")
        and "service-worker" not in asked.headers
        and "upgrade" not in asked.headers
    )


def _written(answer: Answer, *, with_body: bool) -> bytes:
    lines = [f"HTTP/1.1 {int(answer.status)} {_phrase(answer.status)}"]
    lines += [f"{name}: {value}" for name, value in answer.headers if name.lower() not in _OWN_HEADERS]
    lines += [] if answer.status in (204, 304) else [f"Content-Length: {len(answer.body)}"]
    lines += ["Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1", "replace") + (answer.body if with_body else b"")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _server_side(folder: Path) -> ssl.SSLContext:
    """A certificate of its own for every gate. The browser, which can reach nothing else, accepts any."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "crawler")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=90))
        .sign(key, hashes.SHA256())
    )
    file = folder / "gate.pem"
    file.touch(mode=0o600)
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    file.unlink()
    return context
