"""Hands products to the catalogue: while a crawl runs, and in the end with their photographs, without look-alikes."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from fashion_cli.crawling.job import CrawlConfig
from fashion_cli.crawling.state import crawled_products
from fashion_cli.crawling.state.database import CrawlDatabase
from fashion_cli.crawling.state.photographs import delete_dropped_files, drop_near_duplicates
from fashion_cli.crawling.stats import CrawlStats
from fashion_cli.message_text import one_line
from fashion_cli.plurals import counted
from fashion_cli.products.catalogue import Catalogue, InvalidProductError
from fashion_cli.products.locations import CATALOGUE_FILE
from fashion_cli.products.records import FoundProduct

RECORD_BATCH = 200  # products that are recorded while requests wait


def locate_catalogue(config: CrawlConfig) -> str:
    return config.catalog or str(Path(config.folder) / CATALOGUE_FILE)


class IncrementalRecorder:
    """Records products while the crawl runs, so that they are in the catalogue whatever ends it.

    Their photographs come in the end: which of those that look the same is kept is not known before.
    """

    def __init__(self, database: CrawlDatabase, location: str) -> None:
        self._database = database
        self._location = location
        self._catalogue: Catalogue | None = None
        self._recorded: dict[str, FoundProduct] = {}

    def record(self) -> int:
        """Record products that are new or have changed since the last call; returns how many.

        Raises:
            CatalogueError: If the catalogue cannot be written.
        """
        if self._catalogue is None:
            self._catalogue = Catalogue.open(self._location, create=True)
        unrecorded = crawled_products.iter_unrecorded(self._database)
        changed = (each for each in unrecorded if self._recorded.get(each.product.item_id) != each.product)
        batch = list(islice(changed, RECORD_BATCH))
        for each in batch:
            with suppress(InvalidProductError):  # named in the end
                self._catalogue.record(each.product, (), each.seen_at)
            self._recorded[each.product.item_id] = each.product
        return len(batch)

    def close(self) -> None:
        if self._catalogue is not None:
            self._catalogue.close()


def finalize(
    config: CrawlConfig, database: CrawlDatabase, stats: CrawlStats, *, complete: bool, progress: Callable[[int], None]
) -> None:
    """Drop near-duplicates, record complete products and mark those that are gone, as far as the crawl came.

    Args:
        complete: Whether everything within the limits was looked at.
        progress: Called with the number of products recorded so far.

    Raises:
        CatalogueError: If the catalogue cannot be written; the next call does it.
    """
    stats.near_duplicates = drop_near_duplicates(database, config.near, all_there=complete)
    delete_dropped_files(database)
    with Catalogue.open(locate_catalogue(config), create=True) as catalogue:
        for done, ready in enumerate(crawled_products.iter_complete(database), start=1):
            _record(catalogue, ready, stats)
            crawled_products.mark_recorded(database, ready.product.item_id)
            progress(done)
        if complete:
            _mark_gone(database, catalogue, stats)


def _record(catalogue: Catalogue, ready: crawled_products.CompleteProduct, stats: CrawlStats) -> None:
    """Record one product. One that no catalogue takes is left out and named, once: the others are not its fault."""
    try:
        catalogue.record(ready.product, ready.photographs, ready.seen_at)
    except InvalidProductError as error:
        stats.count_impossible_product(ready.product.url or ready.product.item_id, one_line(error))


def _mark_gone(database: CrawlDatabase, catalogue: Catalogue, stats: CrawlStats) -> None:
    has_failures = crawled_products.has_failures(database)
    gone = crawled_products.find_gone(database, unreached=not has_failures)
    if has_failures and (unsure := len(crawled_products.find_gone(database, unreached=True)) - len(gone)):
        stats.add_note(
            f"not come across: {counted(unsure, 'product')}; not every page could be read, so they count as there"
        )
    catalogue.mark_gone(gone, datetime.now(UTC))
    crawled_products.mark_gone(database, gone)
    stats.gone = len(gone)
