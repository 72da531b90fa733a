"""The optional token: as a header for programs, as a cookie for the page."""

import hashlib
import hmac
from http.cookies import CookieError, SimpleCookie

import limits
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.requests import HTTPConnection
from starlette.responses import Response

from fashion_cli.web.errors import ApiError
from fashion_cli.web.settings import WebSettings

COOKIE = "fashion"
OPEN = ("/login", "/api/v1/health")  # and what the sign-in page is made of
OPEN_FOLDER = "/static/"
DAYS = 30
BEARER = "bearer "
GUESSES = limits.parse("10/minute")  # wrong tokens of one client, after which no token of its is looked at


class Access:
    """Checks tokens and cookies. Comparisons take the same time whatever is wrong.

    The cookie does not hold the token but what a secret of this process makes of it, so signing in is due again after
    a restart.
    """

    def __init__(self, settings: WebSettings) -> None:
        self._token = settings.token.encode()
        self._guesses = MovingWindowRateLimiter(MemoryStorage())
        self._cookie = hmac.new(settings.secret, self._token, hashlib.sha256).hexdigest()

    @property
    def is_enabled(self) -> bool:
        """Whether a token is needed at all."""
        return bool(self._token)

    def requires_token(self, path: str) -> bool:
        """Whether a path is only for those who have the token."""
        return self.is_enabled and path not in OPEN and not path.startswith(OPEN_FOLDER)

    def is_authorized(self, request: HTTPConnection, client: str) -> bool:
        """Whether a request shows the token or its cookie; always where there is none.

        Raises:
            ApiError: 429 if the client has shown too many wrong tokens.
        """
        if not self.is_enabled or hmac.compare_digest(_cookie(request).encode(), self._cookie.encode()):
            return True
        token = _bearer(request)
        return bool(token) and self.is_valid_token(token, client)

    def is_valid_token(self, token: str, client: str) -> bool:
        """Whether this is the token.

        Raises:
            ApiError: 429 if the client has shown too many wrong ones.
        """
        if not self._guesses.test(GUESSES, client):
            raise ApiError(429, "too many wrong tokens", "wait a minute", {"Retry-After": "60"})
        if hmac.compare_digest(token.encode("utf-8", "surrogateescape"), self._token):
            return True
        self._guesses.hit(GUESSES, client)
        return False

    def sign_in(self, response: Response, *, secure: bool) -> None:
        """Let a browser in. `secure`: it came over HTTPS, and has to from now on."""
        response.set_cookie(
            COOKIE, self._cookie, max_age=DAYS * 86400, httponly=True, samesite="strict", secure=secure, path="/"
        )

    def sign_out(self, response: Response) -> None:
        response.delete_cookie(COOKIE, httponly=True, samesite="strict", path="/")


def _bearer(request: HTTPConnection) -> str:
    value = request.headers.get("authorization", "")
    return value[len(BEARER) :].strip() if value.lower().startswith(BEARER) else ""


def _cookie(request: HTTPConnection) -> str:
    try:
        jar = SimpleCookie(request.headers.get("cookie", ""))
    except CookieError:
        return ""
    return jar[COOKIE].value if COOKIE in jar else ""
