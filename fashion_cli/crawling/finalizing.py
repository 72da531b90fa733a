"""How what a crawl found gets into the catalogue: products while it runs, photographs once look-alikes are settled."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fashion_cli.crawling.job import CrawlConfig
from fashion_cli.crawling.state import crawled_products
from fashion_cli.crawling.state.database import Memory
from fashion_cli.crawling.state.photographs import remove_dropped, settle_look_alikes
from fashion_cli.crawling.stats import Tally
from fashion_cli.data.image_files import one_line
from fashion_cli.plurals import counted
from fashion_cli.products.catalogue import Catalogue, InvalidProductError
from fashion_cli.products.locations import CATALOGUE_FILE
from fashion_cli.products.records import FoundProduct

AT_ONCE = 200  # products that are recorded while requests wait


@dataclass(frozen=True)
class Ended:
    """What was done in the end.

    Attributes:
        near_duplicates: Photographs that were dropped.
        gone: Products that are gone by now.
    """

    near_duplicates: int
    gone: int


def catalogue_location(config: CrawlConfig) -> str:
    """Where products go."""
    return config.catalog or str(Path(config.folder) / CATALOGUE_FILE)


class EarlyRecorder:
    """Products reach the catalogue while the crawl runs, so that they are there whatever ends it.

    Their photographs come in the end: which of those that look the same is kept is not known before.
    """

    def __init__(self, memory: Memory, location: str) -> None:
        self._memory = memory
        self._location = location
        self._catalogue: Catalogue | None = None
        self._recorded: dict[str, FoundProduct] = {}

    def record(self, most: int = AT_ONCE) -> int:
        """Write down products that are new or have changed since the last call; returns how many.

        Raises:
            CatalogueError: If the catalogue cannot be written.
        """
        if self._catalogue is None:
            self._catalogue = Catalogue.open(self._location, create=True)
        count = 0
        for each in crawled_products.found_so_far(self._memory):
            if count == most:
                break
            if self._recorded.get(each.product.item_id) == each.product:
                continue
            with suppress(InvalidProductError):  # named in the end
                self._catalogue.record(each.product, (), each.seen_at)
            self._recorded[each.product.item_id] = each.product
            count += 1
        return count

    def close(self) -> None:
        if self._catalogue is not None:
            self._catalogue.close()


def end(
    config: CrawlConfig, memory: Memory, tally: Tally, *, complete: bool, progress: Callable[[str, int], None]
) -> Ended:
    """Bring the folder into order, as far as the crawl came.

    Args:
        config: Of the crawl.
        memory: Of the crawl.
        tally: Gets notes.
        complete: Whether everything within the limits was looked at.
        progress: Told what is done, and how much of it.

    Raises:
        CatalogueError: If the catalogue cannot be written; the next call does it.
    """
    dropped = settle_look_alikes(memory, config.near, all_there=complete)
    remove_dropped(memory)
    with Catalogue.open(catalogue_location(config), create=True) as catalogue:
        for done, ready in enumerate(crawled_products.ready(memory), start=1):
            _record(catalogue, ready, tally)
            crawled_products.recorded(memory, ready.product.item_id)
            progress("recording", done)
        gone = _mark_gone(memory, catalogue, tally) if complete else 0
    return Ended(dropped, gone)


def _record(catalogue: Catalogue, ready: crawled_products.Ready, tally: Tally) -> None:
    """Hand one product over. One that no catalogue takes is left out and named, once: the others are not its fault."""
    try:
        catalogue.record(ready.product, ready.photographs, ready.seen_at)
    except InvalidProductError as error:
        tally.impossible(ready.product.url or ready.product.item_id, one_line(error))


def _mark_gone(memory: Memory, catalogue: Catalogue, tally: Tally) -> int:
    troubled = crawled_products.troubled(memory)
    gone = crawled_products.gone(memory, unreached=not troubled)
    unsure = 0 if not troubled else len(crawled_products.gone(memory, unreached=True)) - len(gone)
    if unsure:
        tally.note(
            f"not come across: {counted(unsure, 'product')}; not every page could be read, so they count as there"
        )
    catalogue.mark_gone(gone, datetime.now(UTC))
    crawled_products.mark_gone(memory, gone)
    return len(gone)
