"""Errors of requests: refused by a rule, failed on the way, or put off to another call."""

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)

from fashion_cli.crawling.fetch.resolver import refused_hosts
from fashion_cli.crawling.state.requests import RequestOutcome
from fashion_cli.errors import CrawlError
from fashion_cli.message_text import one_line


class RefusedError(IgnoreRequest):
    """A request that a rule forbids.

    Args:
        code: Which rule, in one word: address, robots, site, tags.
        reason: In words.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class RobotsUnavailableError(IgnoreRequest):
    """A site whose robots.txt cannot be read now: nothing may be fetched there (RFC 9309, section 2.3.1.4)."""


class RetryLaterError(IgnoreRequest):
    """A host that asks to be left alone for longer than a call lasts: its addresses wait for another call.

    Args:
        reason: In words.
        status: Of HTTP, with which it asked.
    """

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(reason)
        self.status = status


class CrawlInterruptedError(IgnoreRequest):
    """The crawl is being interrupted: the request waits for the next call."""


class BrowserError(CrawlError):
    """No browser, or one that cannot show a page."""


class BrowserStuckError(BrowserError):
    """A page that keeps the browser busy without end: another browser would do no better."""


def build_error_outcome(error: BaseException, host: str, limit: int, attempts: int) -> RequestOutcome:
    """Build the outcome of a request that got no response.

    Args:
        error: What Scrapy gave up with.
        host: Of the request that failed last.
        limit: Bytes that were allowed.
        attempts: Requests that it took.
    """
    if isinstance(error, RefusedError):
        return RequestOutcome("refused", error.code, str(error), attempts=0)
    if isinstance(error, CannotResolveHostError) and host in refused_hosts:
        return RequestOutcome("refused", "address", f"{host}: {refused_hosts[host]}", attempts=0)
    if isinstance(error, DownloadCancelledError) or "DOWNLOAD_MAXSIZE" in str(error):
        return RequestOutcome("refused", "bytes", f"over the limit of {limit:,} bytes", attempts=attempts)
    if isinstance(error, UnsupportedURLSchemeError):
        return RequestOutcome("refused", "address", one_line(Exception(str(error))), attempts=0)
    if isinstance(error, BrowserError):
        return RequestOutcome("failed", "browser", str(error), attempts=attempts)
    code, reason = ("robots", str(error)) if isinstance(error, RobotsUnavailableError) else classify_error(error)
    return RequestOutcome("failed", code, reason, attempts=attempts)


def classify_error(error: BaseException) -> tuple[str, str]:
    """Classify an error of a connection: a code, and the reason in words."""
    if "max redirections" in str(error):
        return "redirects", "redirects without end"
    code, reason = next((failure for kind, failure in _FAILURES if isinstance(error, kind)), ("connection", ""))
    if "ParseError" in str(error):
        return "connection", "the answer is not HTTP"
    text = "" if isinstance(error, DownloadFailedError) or not isinstance(error, Exception) else one_line(error)
    return code, reason or ("the connection broke" + (f" ({text[:120]})" if text else ""))


_FAILURES: tuple[tuple[type[BaseException], tuple[str, str]], ...] = (
    (DownloadTimeoutError, ("timeout", "no answer in time")),
    (DownloadConnectionRefusedError, ("connection", "the connection was refused")),
    (ResponseDataLossError, ("cut off", "the answer was cut off")),
    (CannotResolveHostError, ("name", "no host has this name")),
)
