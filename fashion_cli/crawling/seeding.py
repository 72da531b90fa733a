"""Where a crawl begins: sources become the first visits."""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from fashion_cli.crawling.fetch.naver_credentials import Credentials
from fashion_cli.crawling.job import CrawlConfig
from fashion_cli.crawling.parse import naver
from fashion_cli.crawling.parse.items import Discovery, Visit
from fashion_cli.crawling.parse.product_feeds import read_list
from fashion_cli.crawling.parse.urls import site_key
from fashion_cli.crawling.sources import Source, parse_source
from fashion_cli.crawling.state.crawled_products import note
from fashion_cli.crawling.state.database import Memory
from fashion_cli.crawling.state.requests import add
from fashion_cli.crawling.stats import Tally
from fashion_cli.errors import UsageError

BATCH = 500


def open_sources(config: CrawlConfig, memory: Memory) -> list[Source]:
    """What to crawl: what was typed now, and with `--update` what was typed ever.

    Raises:
        UsageError: If that is nothing, or nothing that can be crawled.
        NaverError: If a search has no credentials.
    """
    known = memory.source_texts()
    typed = [*config.sources, *(known if config.update or not config.sources else ())]
    found = {each.typed: each for each in (parse_source(text, allow_private=config.allow_private) for text in typed)}
    if not found:
        raise UsageError("nothing to crawl", hint='give a shop\'s address, a sitemap, a list of URLs or naver:"…"')
    if any(each.kind == "naver" for each in found.values()):
        Credentials.from_environment()
    return list(found.values())


def begin(config: CrawlConfig, memory: Memory, sources: Iterable[Source], tally: Tally) -> int:
    """Put the first visits of sources into the crawl's memory, if they are not there.

    Returns:
        How many products lists name.

    Raises:
        CrawlError: If a list cannot be read.
    """
    products = 0
    for source in sources:
        memory.remember_source(source.typed)
        if source.kind == "list":
            products += _begin_list(memory, source, tally)
        else:
            add(memory, [_first(config, memory, source)], again=True)
        if source.kind == "naver":
            memory.retry_search(source.typed)  # a quota ends it in the middle
    return products


def _first(config: CrawlConfig, memory: Memory, source: Source) -> Visit:
    if source.kind == "naver":
        search = naver.NaverSearch(
            source.value, limit=config.limit or naver.MOST, endpoint=config.endpoint or naver.ENDPOINT
        )
        return naver.first_visit(search)
    if not memory.site(source.typed):
        memory.remember_site(source.typed, site_key(source.value))
    if source.kind == "sitemap":
        return Visit("sitemap", source.value, source.typed, follow=False)
    return Visit("page", source.value, source.typed)


def _begin_list(memory: Memory, source: Source, tally: Tally) -> int:
    """Read a list, unless this round has read it as it is; returns how many products it names."""
    with Path(source.value).open("rb") as stream:
        state = f"{memory.generation} {hashlib.file_digest(stream, 'sha256').hexdigest()}"
    name = f"list {source.typed}"
    if memory.fact(name) == state:
        return 0
    products: set[str] = set()
    found = 0
    for batch in _batches(read_list(Path(source.value), lambda text: tally.note(text, source.value))):
        found += len(batch)
        with memory.connection.begin():
            for discovery in batch:
                note(memory, discovery, None)
                products |= {discovery.product.item_id} if discovery.product else set()
    if not found:
        tally.note("nothing to fetch in this list", source.value)
    memory.remember(name, state)
    return len(products)


def _batches(found: Iterable[Discovery]) -> Iterator[list[Discovery]]:
    waiting = iter(found)
    while batch := list(islice(waiting, BATCH)):
        yield batch
