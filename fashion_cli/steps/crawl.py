"""Collect photographs and products from shops, in a process of its own."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from fashion_cli.crawling.job import CrawlConfig, CrawlReport, FailedRequest  # noqa: TID253  # plain values, nothing slow
from fashion_cli.errors import CrawlError, ExitCode, FashionError, MissingExtraError, UsageError

__all__ = ["CrawlConfig", "CrawlReport", "FailedRequest", "crawl_sources"]

Progress = Callable[[int, int], None]
PROGRAM: tuple[str, ...] = (sys.executable, "-P", "-m", "fashion_cli.crawling")  # one crawl
PATIENCE = 20.0  # seconds that an interrupted crawl has to end by itself
NEEDED = ("scrapy", "extruct", "imagehash", "sqlalchemy", "pyarrow")
PROXIES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")


class _ToldError(FashionError):
    """An error that the crawl's own process reported."""

    def __init__(self, message: str, hint: str, code: int) -> None:
        super().__init__(message, hint=hint)
        self.exit_code = ExitCode(code)


def crawl_sources(config: CrawlConfig, progress: Progress) -> CrawlReport:
    """Crawl, and wait for the end. May be called any number of times in one program.

    SIGINT and SIGTERM end the crawl, which writes down what it has; the same call goes on from there.

    Args:
        config: What to crawl.
        progress: Called with (done, total) addresses.

    Raises:
        UsageError: If a source or a number cannot mean anything.
        CrawlError: If it cannot start or go on.
        CatalogueError: If the catalogue cannot be used.
        OutputError: If the folder cannot be written to.
        MissingExtraError: If the packages for it are not installed.
        KeyboardInterrupt: If it was interrupted.
    """
    _check(config)
    with _sigterm_interrupts(), _start_process() as process:
        try:
            _send(process, config)
            return _report(_events(process, progress))
        except KeyboardInterrupt:
            _end(process)
            raise


def set_proxies() -> tuple[str, ...]:
    """Variables of the environment that name a proxy, which a crawl does not use."""
    return tuple(name for name in PROXIES if os.environ.get(name))


def _check(config: CrawlConfig) -> None:
    if config.max_pages < 0 or config.max_depth < 0 or config.delay < 0 or config.per_host < 1:
        raise UsageError("a limit below what is possible", hint="fashion crawl --help")
    if any(importlib.util.find_spec(name) is None for name in NEEDED):
        raise MissingExtraError("fashion crawl", "crawl")


@contextmanager
def _start_process() -> Iterator["subprocess.Popen[str]"]:
    """The crawl's process. It ends with this block, however that is left."""
    process = subprocess.Popen(
        PROGRAM,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,  # Ctrl-C on the terminal is for the command, which tells it
    )
    try:
        yield process
    finally:
        if process.stdin:
            with suppress(BrokenPipeError):
                process.stdin.close()  # without its starter, it ends
        if process.stdout:
            process.stdout.close()
        process.wait()


def _send(process: "subprocess.Popen[str]", config: CrawlConfig) -> None:
    if process.stdin is not None:
        with suppress(BrokenPipeError):
            process.stdin.write(config.to_json() + "\n")
            process.stdin.flush()


def _events(process: "subprocess.Popen[str]", progress: Progress) -> dict[str, Any]:
    """The last event: a report or an error.

    Raises:
        CrawlError: If there is none.
    """
    for line in process.stdout or ():
        event: dict[str, Any] = json.loads(line)
        if event["event"] != "progress":
            return event
        if event["what"] == "crawling":
            progress(event["done"], event["total"])
    code = process.wait()
    raise CrawlError(
        f"the crawl ended unexpectedly (exit code {code})", hint="the same call goes on from where it stopped"
    )


def _report(event: dict[str, Any]) -> CrawlReport:
    if event["event"] == "missing":
        raise ModuleNotFoundError(f"No module named {event['module']!r}", name=event["module"])
    if event["event"] == "error":
        raise _ToldError(event["message"], event["hint"], event["exit_code"])
    return CrawlReport.from_values(event["report"])


def _end(process: "subprocess.Popen[str]") -> None:
    """Ask the crawl to write down what it has, and wait for it."""
    process.terminate()
    try:
        process.communicate(timeout=PATIENCE)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.kill()


@contextmanager
def _sigterm_interrupts() -> Iterator[None]:
    """SIGTERM is as good as Ctrl-C while the block runs."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
