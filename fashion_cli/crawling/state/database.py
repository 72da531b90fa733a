"""A crawl's database: what is to be fetched, what came of what was, which products and photographs there are.

One SQLite file, `crawl.sqlite`, that only one crawl uses at a time. Whatever belongs together is written in one
transaction, so that a kill at any moment loses at most what was on its way; the call after it goes on from there.
"""

import json
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Self

from sqlalchemy import ColumnElement, Connection, create_engine, event, func, select, text, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DatabaseError

from fashion_cli.atomic_files import lock
from fashion_cli.crawling.state.crawl_tables import (
    VERSION,
    metadata,
    photographs,
    products,
    properties,
    requests,
    sources,
)
from fashion_cli.errors import CrawlError, OutputError

FILE = "crawl.sqlite"
LOCK = ".crawl.lock"
LOCK_TIMEOUT = 2.0  # seconds: a crawl whose starter was killed needs a moment to end


class CrawlDatabase:
    """An open `crawl.sqlite`. Used from one thread.

    Attributes:
        connection: For the modules that read and write requests and products.
        generation: The round: 1 at first, one more with every `--update`.
    """

    def __init__(self, folder: Path, lock_file: IO[str], connection: Connection) -> None:
        self.folder = folder
        self.connection = connection
        self._lock_file = lock_file
        self.generation = int(self.get_property("generation") or 1)
        with connection.begin():
            self._sources: dict[str, int] = {
                str(row.text): int(row.id) for row in connection.execute(select(sources.c.text, sources.c.id))
            }

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the database of a folder, or create one.

        Raises:
            CrawlError: If another crawl uses it, or it cannot be read.
            OutputError: If the folder cannot be written to.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock_file = (folder / LOCK).open("w")
        except OSError as error:
            raise OutputError(
                f"{folder}: cannot be written to ({error.strerror})", hint="choose another folder with -o"
            ) from error
        try:
            _acquire_lock(lock_file, folder)
            return cls(folder, lock_file, _connect(folder / FILE))
        except BaseException:
            lock_file.close()
            raise

    def close(self) -> None:
        self.connection.close()
        self.connection.engine.dispose()
        self._lock_file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get_property(self, name: str) -> str:
        """Get a value; "" if there is none."""
        with self.connection.begin():
            return self.connection.scalar(select(properties.c.value).where(properties.c.name == name)) or ""

    def set_property(self, name: str, value: str) -> None:
        statement = insert(properties).values(name=name, value=value)
        with self.connection.begin():
            self.connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": value}))

    def begin_round(self, *, update_all: bool) -> bool:
        """Go on with the round that was interrupted, or begin another one if all is to be looked at again.

        Returns:
            Whether an interrupted round goes on.
        """
        interrupted = self.get_property("complete") == "0"
        if update_all and self.get_property("complete") == "1":
            self.generation += 1
            self.set_property("generation", str(self.generation))
        self.set_property("complete", "0")
        return interrupted

    def end_round(self) -> None:
        self.set_property("complete", "1")

    def add_source(self, source: str) -> None:
        """Add a source, as a user names it, unless it is known."""
        if source not in self._sources:
            with self.connection.begin():
                inserted = self.connection.execute(insert(sources).values(text=source)).inserted_primary_key
            self._sources[source] = int(inserted[0]) if inserted else 0

    def source_id(self, source: str) -> int:
        return self._sources[source]

    def list_sources(self) -> list[str]:
        """List the sources of all calls, in the order in which they were named first."""
        with self.connection.begin():
            return list(self.connection.scalars(select(sources.c.text).order_by(sources.c.id)))

    def get_site(self, source: str) -> str:
        """Get the site whose pages a source may lead to."""
        with self.connection.begin():
            return self.connection.scalar(select(sources.c.site).where(sources.c.text == source)) or ""

    def set_site(self, source: str, site: str) -> None:
        with self.connection.begin():
            self.connection.execute(update(sources).where(sources.c.text == source).values(site=site))

    def retry(self, status: str) -> int:
        """Make what failed, or was refused, wait for another try."""
        return self._requeue(requests.c.status == status)

    def retry_search(self, source: str) -> None:
        """Make those pages of a search that failed wait for another try."""
        of_source = requests.c.source_id == self.source_id(source)
        self._requeue(requests.c.status == "failed", requests.c.kind == "naver", of_source)

    def apply_rules(self, rules: dict[str, Any]) -> None:
        """What was refused by other rules than today's waits for another try."""
        serialized = json.dumps(rules, sort_keys=True)
        before = self.get_property("rules")
        if before and before != serialized:
            self.retry("refused")
        if before != serialized:
            self.set_property("rules", serialized)

    def _requeue(self, *which: ColumnElement[bool]) -> int:
        statement = update(requests).where(*which).values(status="pending", generation=self.generation)
        with self.connection.begin():
            return int(self.connection.execute(statement).rowcount)

    def requeue_missing(self, present: Iterable[str]) -> int:
        """Fetch photographs again whose files somebody removed.

        Args:
            present: The hashes of the files that are there.
        """
        there = set(present)
        with self.connection.begin():
            statement = select(photographs.c.sha256).where(photographs.c.like == "")
            missing = [each for each in self.connection.scalars(statement) if each not in there]
            for sha256 in missing:
                lost = photographs.c.sha256 == sha256
                twins = select(photographs.c.sha256).where(lost | (photographs.c.like == sha256))
                again = update(requests).where(requests.c.sha256.in_(twins))
                self.connection.execute(again.values(status="pending", sha256=""))
                self.connection.execute(photographs.delete().where(lost | (photographs.c.like == sha256)))
        return len(missing)

    def count_stored(self) -> tuple[int, int]:
        """Count products and photographs in the folder."""
        photograph_count = select(func.count()).select_from(photographs).where(photographs.c.like == "")
        product_count = select(func.count()).select_from(products).where(products.c.gone == 0)
        with self.connection.begin():
            return int(self.connection.scalar(product_count) or 0), int(self.connection.scalar(photograph_count) or 0)


def build_unwritable_error(database: CrawlDatabase, error: DatabaseError) -> OutputError:
    """The error of a database that cannot be written, as on a full disk: without it, a crawl would fetch in circles."""
    return OutputError(
        f"{database.folder / FILE}: cannot be written ({error.orig})",
        hint="make room there; the same call goes on from here",
    )


def _acquire_lock(file: IO[str], folder: Path) -> None:
    """Keep other crawls out of the folder until this one ends, however it does.

    Raises:
        CrawlError: If another one is at work there.
    """
    deadline = time.monotonic() + LOCK_TIMEOUT
    while True:
        with suppress(BlockingIOError):
            lock(file)
            return
        if time.monotonic() > deadline:
            raise CrawlError(f"{folder}: another crawl is at work there", hint="wait for it, or choose another -o")
        time.sleep(0.05)


def _connect(file: Path) -> Connection:
    """Tables of this version.

    Raises:
        CrawlError: If the file is something else, or of a newer version.
    """
    engine = create_engine(f"sqlite:///{file}")
    event.listen(engine, "connect", _prepare)
    try:
        metadata.create_all(engine)
        connection = engine.connect()
        with connection.begin():
            statement = insert(properties).values(name="version", value=VERSION).on_conflict_do_nothing()
            connection.execute(statement)
            version = connection.scalar(select(properties.c.value).where(properties.c.name == "version"))
            connection.execute(text("PRAGMA optimize"))
    except DatabaseError as error:
        engine.dispose()
        raise CrawlError(
            f"{file}: not the memory of a crawl ({error.orig})", hint="move it away, or choose another -o"
        ) from error
    if version != VERSION:
        connection.close()
        engine.dispose()
        raise CrawlError(f"{file}: made by a newer version of this program", hint="pip install --upgrade fashion-cli")
    return connection


def _prepare(connection: Any, _record: object) -> None:
    # Survives a kill of the process at any moment; a power cut may cost the last transactions, never the file.
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA foreign_keys=ON")
