"""Seeding: the sources that a user names become the first requests."""

import hashlib
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from fashion_cli.crawling.fetch.naver_credentials import Credentials
from fashion_cli.crawling.job import CrawlConfig
from fashion_cli.crawling.parse import naver
from fashion_cli.crawling.parse.items import CrawlRequest
from fashion_cli.crawling.parse.product_feeds import read_product_feed
from fashion_cli.crawling.parse.urls import site_key
from fashion_cli.crawling.sources import Source, parse_source
from fashion_cli.crawling.state.crawled_products import save_item
from fashion_cli.crawling.state.database import CrawlDatabase
from fashion_cli.crawling.state.requests import enqueue_all
from fashion_cli.crawling.stats import CrawlStats
from fashion_cli.errors import UsageError

BATCH = 500  # items of a list in one transaction


def resolve_sources(config: CrawlConfig, database: CrawlDatabase) -> list[Source]:
    """What to crawl: what was typed now, and with `--update` what was typed ever.

    Raises:
        UsageError: If that is nothing, or nothing that can be crawled.
        NaverError: If a search has no credentials.
    """
    stored = database.list_sources()
    texts = [*config.sources, *(stored if config.update or not config.sources else ())]
    sources = {each.name: each for each in (parse_source(text, allow_private=config.allow_private) for text in texts)}
    if not sources:
        raise UsageError("nothing to crawl", hint='give a shop\'s address, a sitemap, a list of URLs or naver:"…"')
    if any(each.kind == "naver" for each in sources.values()):
        Credentials.from_environment()
    return list(sources.values())


def enqueue_sources(config: CrawlConfig, database: CrawlDatabase, sources: Iterable[Source], stats: CrawlStats) -> int:
    """Enqueue the first requests of sources, unless they are known.

    Returns:
        How many products lists name.

    Raises:
        CrawlError: If a list cannot be read.
    """
    products = 0
    for source in sources:
        database.add_source(source.name)
        if source.kind == "list":
            products += _seed_list(database, source, stats)
        else:
            enqueue_all(database, [_first_request(config, database, source)], again=True)
        if source.kind == "naver":
            database.retry_search(source.name)  # a quota ends it in the middle
    return products


def _first_request(config: CrawlConfig, database: CrawlDatabase, source: Source) -> CrawlRequest:
    if source.kind == "naver":
        search = naver.NaverSearch(
            source.value, limit=config.limit or naver.MAX_PRODUCTS, endpoint=config.endpoint or naver.ENDPOINT
        )
        return naver.first_request(search)
    if not database.get_site(source.name):
        database.set_site(source.name, site_key(source.value))
    if source.kind == "sitemap":
        return CrawlRequest("sitemap", source.value, source.name, follow=False)
    return CrawlRequest("page", source.value, source.name)


def _seed_list(database: CrawlDatabase, source: Source, stats: CrawlStats) -> int:
    """Read a list, unless this round has read it as it is; returns how many products it names."""
    with Path(source.value).open("rb") as stream:
        state = f"{database.generation} {hashlib.file_digest(stream, 'sha256').hexdigest()}"
    name = f"list {source.name}"
    if database.get_property(name) == state:
        return 0
    products: set[str] = set()
    count = 0
    items = read_product_feed(Path(source.value), lambda text: stats.add_note(text, source.value))
    while batch := list(islice(items, BATCH)):
        count += len(batch)
        with database.connection.begin():
            for item in batch:
                save_item(database, item, None)
                products |= {item.product.item_id} if item.product else set()
    if not count:
        stats.add_note("nothing to fetch in this list", source.value)
    database.set_property(name, state)
    return len(products)
