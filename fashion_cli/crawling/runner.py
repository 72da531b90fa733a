"""One crawl from beginning to end, in a process of its own: Scrapy's reactor cannot be started twice in one."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scrapy import signals
from scrapy.crawler import AsyncCrawlerProcess, Crawler
from sqlalchemy.exc import DatabaseError

from fashion_cli.crawling.browser.middleware import stop_rendering
from fashion_cli.crawling.fetch.middlewares import stop_waiting
from fashion_cli.crawling.finalizing import EarlyRecorder, Ended, catalogue_location, end
from fashion_cli.crawling.job import CrawlConfig, CrawlReport
from fashion_cli.crawling.parse.items import Visit
from fashion_cli.crawling.parse.urls import address, host_of, site_key
from fashion_cli.crawling.seeding import begin, open_sources
from fashion_cli.crawling.settings import scrapy_settings
from fashion_cli.crawling.sources import Source
from fashion_cli.crawling.spider import ShopSpider
from fashion_cli.crawling.state.database import Memory, unwritable
from fashion_cli.crawling.state.frontier import Frontier
from fashion_cli.crawling.state.photographs import present
from fashion_cli.crawling.state.requests import add
from fashion_cli.crawling.stats import Tally
from fashion_cli.errors import FashionError
from fashion_cli.plurals import counted
from fashion_cli.products.catalogue import Catalogue, redact_password

EVERY = 0.5  # seconds between two reports of progress
RECORD_EVERY = 5.0  # seconds between two looks at what was found for the catalogue
GRACE = 3.0  # seconds that an interrupted crawl gives to what is under way

Tell = Callable[[dict[str, Any]], None]


def crawl(config: CrawlConfig, tell: Tell) -> CrawlReport:
    """Crawl until nothing waits, or until SIGINT or SIGTERM.

    Args:
        config: What to do.
        tell: Called with events: `{"event": "progress", "what": …, "done": …, "total": …}`.

    Raises:
        FashionError: Whatever a user can mend.
    """
    with Memory.open(Path(config.folder)) as memory, _told_if_unwritable(memory):
        sources = open_sources(config, memory)
        Catalogue.open(catalogue_location(config), create=True, upgrade=True).close()
        tally = Tally()
        _prepare(config, memory, sources, tally)
        frontier = Frontier(memory, per_host=config.per_host, max_pages=config.max_pages, max_depth=config.max_depth)
        interrupted = False
        if frontier.waits():
            interrupted = _Run(config, memory, frontier, tally, sources, tell).run()
        complete = not interrupted and not frontier.progress_left()
        ended = end(config, memory, tally, complete=complete, progress=_recording(tell))
        if complete:
            memory.end_round()
        if tally.pages and not tally.unchanged and memory.counts() == (0, 0):
            tally.note(
                f"no product on {counted(tally.pages, 'page')}: does the site fill them in by a script (--browser)?"
            )
        return _report(config, memory, frontier, tally, ended)


@contextmanager
def _told_if_unwritable(memory: Memory) -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        raise unwritable(memory, error) from error


def _prepare(config: CrawlConfig, memory: Memory, sources: list[Source], tally: Tally) -> None:
    """Decide what waits to be fetched."""
    memory.apply_rules(
        {
            "allow_private": config.allow_private,
            "max_bytes": config.max_bytes,
            "min_side": config.min_side,
        }
    )
    if memory.begin_round(update_all=config.update) and config.update:
        tally.note("went on with the round that was interrupted: call it again to look at everything once more")
    if missing := memory.forget_missing(present(memory.folder)):
        tally.note(f"{counted(missing, 'photograph')} removed from the folder, fetched again")
    if config.retry_failed:
        memory.retry("failed")
    tally.products += begin(config, memory, sources, tally)


class _Run:
    """Scrapy at work."""

    def __init__(
        self,
        config: CrawlConfig,
        memory: Memory,
        frontier: Frontier,
        tally: Tally,
        sources: list[Source],
        tell: Tell,
    ) -> None:
        self._config = config
        self._memory = memory
        self._frontier = frontier
        self._tally = tally
        self._sources = sources
        self._tell = tell
        self._spider: ShopSpider | None = None
        self._crawler: Crawler | None = None
        self._signals = 0
        self._recorder = EarlyRecorder(memory, catalogue_location(config))

    def run(self) -> bool:
        """Returns whether it was interrupted.

        Raises:
            FashionError: If it could not go on.
        """
        search = any(source.kind == "naver" for source in self._sources)
        process = AsyncCrawlerProcess(scrapy_settings(self._config, search=search))
        self._crawler = process.create_crawler(ShopSpider)
        self._crawler.signals.connect(self._opened, signal=signals.spider_opened)
        self._crawler.signals.connect(self._robots, signal=signals.robots_parsed)
        self._crawler.signals.connect(self._counted, signal=signals.request_reached_downloader)
        self._crawler.signals.connect(self._received, signal=signals.bytes_received)
        process.crawl(
            self._crawler, config=self._config, memory=self._memory, frontier=self._frontier, tally=self._tally
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

    def _opened(self, spider: ShopSpider) -> None:
        self._spider = spider
        spider.on_fatal = self._stop
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop)
        self._report_progress()
        loop.call_later(RECORD_EVERY, self._record_found)

    def _counted(self) -> None:
        self._tally.requests += 1

    def _received(self, data: bytes) -> None:
        self._tally.bytes += len(data)

    def _robots(self, robotparser: Any, request: Any) -> None:
        """The sitemaps that a shop's robots.txt names."""
        place = site_key(request.url)
        for source in self._sources:
            if source.kind != "shop" or self._memory.site(source.typed) != place:
                continue
            named = [url for each in robotparser.rp.sitemaps if (url := address(request.url, each))]
            add(self._memory, [Visit("sitemap", url, source.typed, 1) for url in named])
            self._frontier.added({host_of(url) for url in named})

    def _report_progress(self) -> None:
        began = time.monotonic()
        done, total = self._frontier.progress()
        self._tell({"event": "progress", "what": "crawling", "done": done, "total": total})
        spent = time.monotonic() - began  # with a million addresses, counting them takes a moment
        asyncio.get_running_loop().call_later(max(EVERY, 50 * spent), self._report_progress)

    def _record_found(self) -> None:
        """What was found since the last time goes into the catalogue, and takes a twentieth of the time at most."""
        began = time.monotonic()
        if self._spider is None or self._spider.stopping:
            return
        try:
            self._recorder.record()
        except (FashionError, DatabaseError) as error:
            self._spider.give_up(error)
            return
        spent = time.monotonic() - began
        asyncio.get_running_loop().call_later(max(RECORD_EVERY, 20 * spent), self._record_found)

    def _stop(self) -> None:
        """Send nothing more, and end when what is under way is there, or soon."""
        self._signals += 1
        if self._signals > 1:
            os._exit(130)  # whoever asks twice does not want to wait; the memory bears it
        if self._spider is None or self._crawler is None:
            return
        self._spider.stopping = True
        stop_waiting(self._crawler)
        stop_rendering(self._crawler)
        loop = asyncio.get_running_loop()
        self._stopping = loop.create_task(self._crawler.stop_async())
        loop.call_later(GRACE, _stop_reactor)


def _stop_reactor() -> None:
    from twisted.internet import reactor  # importing it earlier would install another one

    running: Any = reactor
    if running.running:
        running.stop()


def _recording(tell: Tell) -> Callable[[str, int], None]:
    said = 0.0

    def progress(what: str, done: int) -> None:
        nonlocal said
        if time.monotonic() - said > EVERY:
            said = time.monotonic()
            tell({"event": "progress", "what": what, "done": done, "total": 0})

    return progress


def _report(config: CrawlConfig, memory: Memory, frontier: Frontier, tally: Tally, ended: Ended) -> CrawlReport:
    all_products, all_photographs = memory.counts()
    return CrawlReport(
        folder=config.folder,
        catalog=redact_password(catalogue_location(config)),
        pages=tally.pages,
        unchanged=tally.unchanged,
        products=tally.products,
        photographs=tally.photographs - ended.near_duplicates,
        duplicates=tally.duplicates,
        near_duplicates=ended.near_duplicates,
        refused=dict(tally.refused.most_common()),
        failed=dict(tally.failed.most_common()),
        failures=tuple(tally.failures),
        gone=ended.gone,
        left=frontier.left(),
        notes=tally.all_notes(),
        bytes=tally.bytes,
        seconds=time.monotonic() - tally.started,
        all_products=all_products,
        all_photographs=all_photographs,
        requests=tally.requests,
        unfinished=tuple(tally.unfinished),
    )


def serve(config_line: str, tell: Tell) -> int:
    """Run one crawl for another process; returns the exit code.

    Args:
        config_line: `CrawlConfig` as JSON.
        tell: Called with events; the last one is "report", "error" or "missing".
    """
    try:
        report = crawl(CrawlConfig.from_json(config_line), tell)
    except FashionError as error:
        tell({"event": "error", "message": str(error), "hint": error.hint, "exit_code": int(error.exit_code)})
        return int(error.exit_code)
    except ModuleNotFoundError as error:  # the driver of a database
        tell({"event": "missing", "module": error.name or ""})
        return 1
    tell({"event": "report", "report": json.loads(json.dumps(report.to_values()))})
    return 0
