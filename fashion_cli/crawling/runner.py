"""Runs one crawl, in a process of its own: Scrapy's reactor cannot be started twice in one."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import scrapy.core.downloader.handlers.http11  # noqa: F401  # names of its callers' modules: slow in a deep stack
from scrapy import signals
from scrapy.crawler import AsyncCrawlerProcess, Crawler
from sqlalchemy.exc import DatabaseError

from fashion_cli.crawling.browser.middleware import cancel_rendering
from fashion_cli.crawling.fetch.middlewares import cancel_waiting
from fashion_cli.crawling.finalizing import IncrementalRecorder, finalize, locate_catalogue
from fashion_cli.crawling.job import CrawlConfig, CrawlReport
from fashion_cli.crawling.parse.items import CrawlRequest
from fashion_cli.crawling.parse.urls import absolute_url, get_host, site_key
from fashion_cli.crawling.seeding import enqueue_sources, resolve_sources
from fashion_cli.crawling.settings import build_scrapy_settings
from fashion_cli.crawling.sources import Source
from fashion_cli.crawling.spider import ShopSpider
from fashion_cli.crawling.state.database import CrawlDatabase, build_unwritable_error
from fashion_cli.crawling.state.frontier import Frontier
from fashion_cli.crawling.state.photographs import list_stored
from fashion_cli.crawling.state.requests import enqueue_all
from fashion_cli.crawling.stats import CrawlStats
from fashion_cli.errors import FashionError
from fashion_cli.plurals import counted
from fashion_cli.products.catalogue import Catalogue, redact_password

PROGRESS_INTERVAL = 0.5  # seconds between two reports of progress
RECORD_INTERVAL = 5.0  # seconds between two looks at what was found for the catalogue
GRACE_PERIOD = 3.0  # seconds that an interrupted crawl gives to what is under way

Emit = Callable[[dict[str, Any]], None]


def crawl(config: CrawlConfig, emit: Emit) -> CrawlReport:
    """Crawl until nothing waits, or until SIGINT or SIGTERM.

    Args:
        config: What to do.
        emit: Called with events: `{"event": "progress", "what": …, "done": …, "total": …}`.

    Raises:
        FashionError: Whatever a user can mend.
    """
    with CrawlDatabase.open(Path(config.folder)) as database, _translate_database_errors(database):
        sources = resolve_sources(config, database)
        Catalogue.open(locate_catalogue(config), create=True, upgrade=True).close()
        stats = CrawlStats()
        _prepare(config, database, sources, stats)
        frontier = Frontier(database, per_host=config.per_host, max_pages=config.max_pages, max_depth=config.max_depth)
        interrupted = False
        if frontier.has_waiting():
            interrupted = _ScrapyRun(config, database, frontier, stats, sources, emit).run()
        complete = not interrupted and not frontier.count_within_limits()
        finalize(config, database, stats, complete=complete, progress=_throttle_progress(emit))
        if complete:
            database.end_round()
        if stats.pages and not stats.unchanged and database.count_stored() == (0, 0):
            stats.add_note(
                f"no product on {counted(stats.pages, 'page')}: does the site fill them in by a script (--browser)?"
            )
        return _build_report(config, database, frontier, stats)


@contextmanager
def _translate_database_errors(database: CrawlDatabase) -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        raise build_unwritable_error(database, error) from error


def _prepare(config: CrawlConfig, database: CrawlDatabase, sources: list[Source], stats: CrawlStats) -> None:
    """Enqueue what is to be fetched in this call."""
    rules = {name: getattr(config, name) for name in ("allow_private", "max_bytes", "min_side")}
    database.apply_rules(rules)
    if database.begin_round(update_all=config.update) and config.update:
        stats.add_note("went on with the round that was interrupted: call it again to look at everything once more")
    if missing := database.requeue_missing(list_stored(database.folder)):
        stats.add_note(f"{counted(missing, 'photograph')} removed from the folder, fetched again")
    if config.retry_failed:
        database.retry("failed")
    stats.products += enqueue_sources(config, database, sources, stats)


class _ScrapyRun:
    """Runs Scrapy until nothing waits, or until it is interrupted."""

    def __init__(
        self,
        config: CrawlConfig,
        database: CrawlDatabase,
        frontier: Frontier,
        stats: CrawlStats,
        sources: list[Source],
        emit: Emit,
    ) -> None:
        self._config = config
        self._database = database
        self._frontier = frontier
        self._stats = stats
        self._sources = sources
        self._emit = emit
        self._spider: ShopSpider | None = None
        self._crawler: Crawler | None = None
        self._signals = 0
        self._recorder = IncrementalRecorder(database, locate_catalogue(config))

    def run(self) -> bool:
        """Run it; returns whether it was interrupted.

        Raises:
            FashionError: If it could not go on.
        """
        search = any(source.kind == "naver" for source in self._sources)
        process = AsyncCrawlerProcess(build_scrapy_settings(self._config, search=search))
        self._crawler = process.create_crawler(ShopSpider)
        self._crawler.signals.connect(self._on_spider_opened, signal=signals.spider_opened)
        self._crawler.signals.connect(self._on_robots_parsed, signal=signals.robots_parsed)
        self._crawler.signals.connect(self._on_request_sent, signal=signals.request_reached_downloader)
        self._crawler.signals.connect(self._on_bytes_received, signal=signals.bytes_received)
        process.crawl(
            self._crawler, config=self._config, database=self._database, frontier=self._frontier, stats=self._stats
        )
        process.start(install_signal_handlers=False)
        self._recorder.close()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)  # what is left to do bears a kill
        if self._spider is None:
            raise RuntimeError("the crawler did not start")
        if self._spider.fatal is not None:
            raise self._spider.fatal
        return self._spider.stopping

    def _on_spider_opened(self, spider: ShopSpider) -> None:
        self._spider = spider
        spider.on_fatal = self._stop
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop)
        self._report_progress()
        loop.call_later(RECORD_INTERVAL, self._record_products)

    def _on_request_sent(self) -> None:
        self._stats.requests += 1

    def _on_bytes_received(self, data: bytes) -> None:
        self._stats.bytes += len(data)

    def _on_robots_parsed(self, robotparser: Any, request: Any) -> None:
        """Enqueue the sitemaps that a shop's robots.txt names."""
        place = site_key(request.url)
        for source in self._sources:
            if source.kind != "shop" or self._database.get_site(source.name) != place:
                continue
            named = [url for each in robotparser.rp.sitemaps if (url := absolute_url(request.url, each))]
            enqueue_all(self._database, [CrawlRequest("sitemap", url, source.name, 1) for url in named])
            self._frontier.add_hosts({get_host(url) for url in named})

    def _report_progress(self) -> None:
        began = time.monotonic()
        done, total = self._frontier.progress()
        self._emit({"event": "progress", "what": "crawling", "done": done, "total": total})
        spent = time.monotonic() - began  # with a million addresses, counting them takes a moment
        asyncio.get_running_loop().call_later(max(PROGRESS_INTERVAL, 50 * spent), self._report_progress)

    def _record_products(self) -> None:
        """Record what was found since the last time; takes a twentieth of the time at most."""
        began = time.monotonic()
        if self._spider is None or self._spider.stopping:
            return
        try:
            self._recorder.record()
        except (FashionError, DatabaseError) as error:
            self._spider.abort(error)
            return
        spent = time.monotonic() - began
        asyncio.get_running_loop().call_later(max(RECORD_INTERVAL, 20 * spent), self._record_products)

    def _stop(self) -> None:
        """Send nothing more, and end when what is under way is there, or soon."""
        self._signals += 1
        if self._signals > 1:
            os._exit(130)  # whoever asks twice does not want to wait; `crawl.sqlite` bears it
        if self._spider is None or self._crawler is None:
            return
        self._spider.stopping = True
        cancel_waiting(self._crawler)
        cancel_rendering(self._crawler)
        loop = asyncio.get_running_loop()
        self._stopping = loop.create_task(self._crawler.stop_async())
        loop.call_later(GRACE_PERIOD, _stop_reactor)


def _stop_reactor() -> None:
    from twisted.internet import reactor  # importing it earlier would install another one

    running: Any = reactor
    if running.running:
        running.stop()


def _throttle_progress(emit: Emit) -> Callable[[int], None]:
    last_emitted = 0.0

    def progress(done: int) -> None:
        nonlocal last_emitted
        if time.monotonic() - last_emitted > PROGRESS_INTERVAL:
            last_emitted = time.monotonic()
            emit({"event": "progress", "what": "recording", "done": done, "total": 0})

    return progress


def _build_report(config: CrawlConfig, database: CrawlDatabase, frontier: Frontier, stats: CrawlStats) -> CrawlReport:
    all_products, all_photographs = database.count_stored()
    return CrawlReport(
        folder=config.folder,
        catalog=redact_password(locate_catalogue(config)),
        pages=stats.pages,
        unchanged=stats.unchanged,
        products=stats.products,
        photographs=stats.photographs - stats.near_duplicates,
        duplicates=stats.duplicates,
        near_duplicates=stats.near_duplicates,
        refused=dict(stats.refused.most_common()),
        failed=dict(stats.failed.most_common()),
        failures=tuple(stats.failures),
        gone=stats.gone,
        left=frontier.count_pending(),
        notes=stats.list_notes(),
        bytes=stats.bytes,
        seconds=time.monotonic() - stats.started,
        all_products=all_products,
        all_photographs=all_photographs,
        requests=stats.requests,
        unfinished=tuple(stats.unfinished),
    )


def run_job(config_line: str, emit: Emit) -> int:
    """Run one crawl for another process; returns the exit code.

    Args:
        config_line: `CrawlConfig` as JSON.
        emit: Called with events; the last one is "report", "error" or "missing".
    """
    try:
        report = crawl(CrawlConfig.from_json(config_line), emit)
    except FashionError as error:
        emit({"event": "error", "message": str(error), "hint": error.hint, "exit_code": int(error.exit_code)})
        return int(error.exit_code)
    except ModuleNotFoundError as error:  # the driver of a database
        emit({"event": "missing", "module": error.name or ""})
        return 1
    emit({"event": "report", "report": json.loads(json.dumps(report.to_values()))})
    return 0
