"""The middleware before every route: host names, tokens, rate limits, sizes, security headers.

Plain ASGI: it sees bodies as they stream, and adds nothing to the path of a request but a few comparisons.
"""

import asyncio
import logging
import time

import limits
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fashion_cli.web.access import Access
from fashion_cli.web.clients import client_of
from fashion_cli.web.errors import ApiError, internal_error
from fashion_cli.web.metrics import Metrics
from fashion_cli.web.settings import WebSettings

log = logging.getLogger(__name__)

POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), microphone=(), camera=(self)",
    "Cache-Control": "no-store",  # what a route says goes before it
}
UPLOADS = ("/api/v1/tags", "/api/v1/search")
SMALL = 16 << 10  # bytes of the body of any other request
LOOKS = "/api/v1/tags"
SEARCH = "/api/v1/search"
PICTURES = "/api/v1/photographs/"
PICTURES_PER_SEARCH = 20  # a page of hits shows so many; pictures are cheaper by about as much


class SecurityMiddleware:
    """The one middleware: refuses requests, limits bodies, adds headers, counts and logs.

    Args:
        app: Behind it.
        settings: Limits.
        access: Who has the token.
        metrics: Told about every request.
    """

    def __init__(self, app: ASGIApp, settings: WebSettings, access: Access, metrics: Metrics) -> None:
        self._app, self._settings, self._access, self._metrics = app, settings, access, metrics
        self._headers = dict(HEADERS)
        self._headers["Cross-Origin-Resource-Policy"] = "cross-origin" if settings.origins else "same-origin"
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._search_rates = settings.rates()
        self._picture_rates = [_multiply_rate(rate, PICTURES_PER_SEARCH) for rate in self._search_rates]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        status, begun = 500, False

        async def guarded_send(message: Message) -> None:
            nonlocal status, begun
            if message["type"] == "http.response.start":
                status, begun = message["status"], True
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            request = HTTPConnection(scope)
            refusal = self._refusal(request)
            small = receive if scope["path"] in UPLOADS else _limit_body(receive, self._settings.body_seconds)
            await (refusal or self._app)(scope, small, guarded_send)
        except Exception:  # the log says it; the answer has the headers of all others
            if not begun:
                await internal_error()(scope, receive, guarded_send)
            raise
        finally:
            self._log_request(scope, status, time.perf_counter() - start)

    def _refusal(self, request: HTTPConnection) -> Response | None:
        """The response that refuses a request; None where it may go on."""
        try:
            self._check_host(request.headers)
            self._check_length(request)
            if redirection := self._check_token(request):
                return redirection
            self._check_rate(request)
        except ApiError as fault:
            return fault.response()
        return None

    def _check_host(self, headers: Headers) -> None:
        hosts = self._settings.hosts
        if hosts and _host_name(headers.get("host", "")) not in hosts:
            self._metrics.refused.labels("host").inc()
            raise ApiError(
                400, "not the name of this server", "ask for it as it said when it started, or --allow-host NAME"
            )

    def _check_length(self, request: HTTPConnection) -> None:
        """What is no upload has no large body; uploads are measured while they are read."""
        length = request.headers.get("content-length", "0")
        if request.scope["path"] not in UPLOADS and (not length.isdigit() or int(length) > SMALL):
            self._metrics.refused.labels("length").inc()
            raise _too_long()

    def _check_token(self, request: HTTPConnection) -> Response | None:
        path = request.scope["path"]
        if not self._access.requires_token(path) or self._access.is_authorized(request, client_of(request.scope)):
            return None
        self._metrics.refused.labels("token").inc()
        if _wants_page(request):
            query = request.scope["query_string"].decode(
                "latin-1"
            )  # the language is in it, and what a shared link asks for
            return RedirectResponse(f"/login?{query}".rstrip("?"), 303, headers={"Cache-Control": "no-store"})
        raise ApiError(401, "no token", "send the header `Authorization: Bearer TOKEN`", {"WWW-Authenticate": "Bearer"})

    def _check_rate(self, request: HTTPConnection) -> None:
        path: str = request.scope["path"]
        if path == LOOKS:  # a count of its own: a box on the page asks for its tags and for its hits
            rates, kind = self._search_rates, "looks"
        elif path.startswith(PICTURES) and not path.endswith("/similar"):
            rates, kind = self._picture_rates, "pictures"
        elif path == SEARCH or path.startswith(PICTURES):
            rates, kind = self._search_rates, "searches"
        else:
            return
        client = client_of(request.scope)
        for rate in rates:
            if not self._limiter.hit(rate, kind, client):
                self._metrics.refused.labels("rate").inc()
                reset = self._limiter.get_window_stats(rate, kind, client).reset_time
                wait = str(max(1, round(reset - time.time() + 0.5)))
                raise ApiError(429, f"more than {rate}", f"wait {wait} seconds", {"Retry-After": wait})

    def _log_request(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "other")
        method = scope["method"] if scope["method"] in ("GET", "POST", "HEAD", "OPTIONS") else "other"
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        log.info("%s %r %r %d %.0f ms", client_of(scope), scope["method"], scope["path"], status, 1000 * seconds)


def _limit_body(receive: Receive, seconds: float) -> Receive:
    """Limit the body of a request that is no upload: small, and there soon."""
    read, until, whole = 0, time.monotonic() + seconds, False

    async def limited() -> Message:
        nonlocal read, whole
        if whole:  # waits until the client hangs up
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), until - time.monotonic())
        except TimeoutError:
            raise ApiError(408, "the request took too long", "try again", {"Connection": "close"}) from None
        read += len(message.get("body", b""))
        whole = not message.get("more_body", False)
        if read > SMALL:
            raise _too_long()
        return message

    return limited


def _too_long() -> ApiError:
    return ApiError(413, f"more than {SMALL:,} bytes", "only photographs may be that large", {"Connection": "close"})


def _host_name(host: str) -> str:
    """The name without its port: "[::1]:8765" and "localhost" have one each."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower().rstrip(".")


def _wants_page(request: HTTPConnection) -> bool:
    return request.scope["method"] in ("GET", "HEAD") and "text/html" in request.headers.get("accept", "")


def _multiply_rate(rate: limits.RateLimitItem, times: int) -> limits.RateLimitItem:
    return type(rate)(rate.amount * times, rate.multiples)
