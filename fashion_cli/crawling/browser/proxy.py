"""An intercepting proxy on loopback, the only way out of the browser: the crawler fetches what it is asked for.

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
HEAD_TIMEOUT = 60  # seconds within which the browser has to send the head of a request
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")  # those that change nothing on the site
# What belongs to one connection (RFC 9110, section 7.6.1), or has been done already when the body was fetched.
_HOP_BY_HOP_HEADERS = (
    *("connection", "content-encoding", "content-length", "keep-alive", "proxy-authenticate", "te", "trailer"),
    *("transfer-encoding", "upgrade", "alt-svc", "strict-transport-security", "set-cookie"),
)


@dataclass(frozen=True)
class ProxyRequest:
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
    def is_browser_internal(self) -> bool:
        """Whether the browser itself sends it, and no page: for the time, for updates of its parts."""
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
class ProxyResponse:
    """A response to the browser.

    Attributes:
        headers: As the site sent them; those of the connection are left out on the way.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)


FORBIDDEN = ProxyResponse(HTTPStatus.FORBIDDEN)
NO_CONTENT = ProxyResponse(HTTPStatus.NO_CONTENT)  # a navigation that ends so leaves the browser where it is
BAD_GATEWAY = ProxyResponse(HTTPStatus.BAD_GATEWAY)
FetchResponse = Callable[[ProxyRequest], Awaitable[ProxyResponse]]


class InterceptingProxy:
    """The proxy. Open it in the event loop in which `fetch` runs.

    Args:
        fetch: Answers a request of the browser.
        folder: Where the certificate lies while the proxy is created; readable by this user alone.
    """

    def __init__(self, fetch: FetchResponse, folder: Path) -> None:
        self._fetch = fetch
        self._tls = _create_tls_context(folder)
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        """Host and port, once it is open."""
        if self._server is None:
            return ""
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"{host}:{port}"

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=HEAD_LIMIT)

    async def close(self) -> None:
        if self._server is None:
            return
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self._server = None

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (task := asyncio.current_task()) is not None:
            self._connections.add(task)
        try:
            # The browser went away, or said something that is not HTTP; at the end, the proxy closes (cancelled).
            with suppress(OSError, EOFError, ValueError, asyncio.LimitOverrunError, asyncio.CancelledError):
                await self._handle_connection(reader, writer)
        finally:
            if task is not None:
                self._connections.discard(task)
            writer.close()

    async def _handle_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, then the connection ends: what follows another request can never reach another site."""
        method, target, headers = await _read_head(reader)
        if method == "CONNECT":
            host, _, port = target.rpartition(":")
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await writer.drain()
            await writer.start_tls(self._tls)
            method, path, headers = await _read_head(reader)
            target = f"https://{host if port == '443' else f'{host}:{port}'}{path}"
        request = ProxyRequest(method, target, headers)
        response = await self._fetch(request) if _is_allowed(request) else FORBIDDEN
        writer.write(_serialize(response, with_body=method != "HEAD"))
        await writer.drain()


async def _read_head(reader: asyncio.StreamReader) -> tuple[str, str, dict[str, str]]:
    """Method, target and headers of a request."""
    async with asyncio.timeout(HEAD_TIMEOUT):
        head = await reader.readuntil(b"\r\n\r\n")
    line, _, rest = head.partition(b"\r\n")
    method, target, _version = line.decode("ascii").split(" ")
    parsed = http.client.parse_headers(io.BytesIO(rest))
    return method, target, {name.lower(): value for name, value in parsed.items()}


def _is_allowed(request: ProxyRequest) -> bool:
    """Whether it is for a site, changes nothing there, and is no service worker, which would take the proxy's place."""
    return (
        request.method in SAFE_METHODS
        and urlsplit(request.url).scheme in ("http", "https")
        and "service-worker" not in request.headers
        and "upgrade" not in request.headers
    )


def _serialize(response: ProxyResponse, *, with_body: bool) -> bytes:
    lines = [f"HTTP/1.1 {int(response.status)} {_reason_phrase(response.status)}"]
    lines += [f"{name}: {value}" for name, value in response.headers if name.lower() not in _HOP_BY_HOP_HEADERS]
    lines += [] if response.status in (204, 304) else [f"Content-Length: {len(response.body)}"]
    lines += ["Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1", "replace") + (response.body if with_body else b"")


def _reason_phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _create_tls_context(folder: Path) -> ssl.SSLContext:
    """Create a TLS context with a new certificate. The browser, which can reach nothing else, accepts any."""
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
    file = folder / "proxy.pem"
    file.touch(mode=0o600)
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    file.unlink()
    return context
