"""A crawl's memory: what is to be fetched, what came of what was, which products and photographs there are.

One SQLite file, `crawl.sqlite`, that only one crawl uses at a time. Whatever belongs together is written in one
transaction, so that a kill at any moment loses at most what was on its way; the call after it goes on from there.
"""

import fcntl
import json
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Self

from sqlalchemy import ColumnElement, Connection, create_engine, event, func, select, text, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DatabaseError

from fashion_cli.crawling.state.crawl_tables import VERSION, facts, metadata, photographs, products, sources, visits
from fashion_cli.errors import CrawlError, OutputError

FILE = "crawl.sqlite"
LOCK = ".crawl.lock"
PATIENCE = 2.0  # seconds: a crawl whose starter was killed needs a moment to end


class Memory:
    """An open `crawl.sqlite`. Used from one thread.

    Attributes:
        connection: For the modules that read and write visits and products.
        generation: The round: 1 at first, one more with every `--update`.
    """

    def __init__(self, folder: Path, lock: IO[str], connection: Connection) -> None:
        self.folder = folder
        self.connection = connection
        self._lock = lock
        self.generation = int(self.fact("generation") or 1)
        with connection.begin():
            self._sources: dict[str, int] = {
                str(row.text): int(row.id) for row in connection.execute(select(sources.c.text, sources.c.id))
            }

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the memory of a folder, or begin one.

        Raises:
            CrawlError: If another crawl uses it, or it cannot be read.
            OutputError: If the folder cannot be written to.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = (folder / LOCK).open("w")
        except OSError as error:
            raise OutputError(
                f"{folder}: cannot be written to ({error.strerror})", hint="choose another folder with -o"
            ) from error
        try:
            _acquire(lock, folder)
            return cls(folder, lock, _connect(folder / FILE))
        except BaseException:
            lock.close()
            raise

    def close(self) -> None:
        self.connection.close()
        self.connection.engine.dispose()
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fact(self, name: str) -> str:
        """A remembered value; "" if there is none."""
        with self.connection.begin():
            return self.connection.scalar(select(facts.c.value).where(facts.c.name == name)) or ""

    def remember(self, name: str, value: str) -> None:
        statement = insert(facts).values(name=name, value=value)
        with self.connection.begin():
            self.connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": value}))

    def begin_round(self, *, update_all: bool) -> bool:
        """Go on with the round that was interrupted, or begin another one if all is to be looked at again.

        Returns:
            Whether an interrupted round goes on.
        """
        interrupted = self.fact("complete") == "0"
        if update_all and self.fact("complete") == "1":
            self.generation += 1
            self.remember("generation", str(self.generation))
        self.remember("complete", "0")
        return interrupted

    def end_round(self) -> None:
        self.remember("complete", "1")

    def remember_source(self, typed: str) -> None:
        """Remember what the user typed."""
        if typed not in self._sources:
            with self.connection.begin():
                inserted = self.connection.execute(insert(sources).values(text=typed)).inserted_primary_key
            self._sources[typed] = int(inserted[0]) if inserted else 0

    def source_id(self, typed: str) -> int:
        """The number of a remembered source."""
        return self._sources[typed]

    def source_texts(self) -> list[str]:
        """What the user typed in all calls, in that order."""
        with self.connection.begin():
            return list(self.connection.scalars(select(sources.c.text).order_by(sources.c.id)))

    def site(self, typed: str) -> str:
        """The site whose pages a source may lead to."""
        with self.connection.begin():
            return self.connection.scalar(select(sources.c.site).where(sources.c.text == typed)) or ""

    def remember_site(self, typed: str, site: str) -> None:
        with self.connection.begin():
            self.connection.execute(update(sources).where(sources.c.text == typed).values(site=site))

    def retry(self, status: str) -> int:
        """Make what failed, or was refused, wait for another try."""
        return self._wait_again(visits.c.status == status)

    def retry_search(self, typed: str) -> None:
        """Make those pages of a search that failed wait for another try."""
        of_source = visits.c.source_id == self.source_id(typed)
        self._wait_again(visits.c.status == "failed", visits.c.kind == "naver", of_source)

    def apply_rules(self, rules: dict[str, Any]) -> None:
        """What was refused by other rules than today's waits for another try."""
        said = json.dumps(rules, sort_keys=True)
        before = self.fact("rules")
        if before and before != said:
            self.retry("refused")
        if before != said:
            self.remember("rules", said)

    def _wait_again(self, *which: ColumnElement[bool]) -> int:
        statement = update(visits).where(*which).values(status="pending", generation=self.generation)
        with self.connection.begin():
            return int(self.connection.execute(statement).rowcount)

    def forget_missing(self, present: Iterable[str]) -> int:
        """Fetch photographs again whose files somebody removed.

        Args:
            present: The hashes of the files that are there.
        """
        there = set(present)
        with self.connection.begin():
            kept = select(photographs.c.sha256).where(photographs.c.like == "")
            missing = [each for each in self.connection.scalars(kept) if each not in there]
            for sha256 in missing:
                lost = photographs.c.sha256 == sha256
                twins = select(photographs.c.sha256).where(lost | (photographs.c.like == sha256))
                again = update(visits).where(visits.c.sha256.in_(twins))
                self.connection.execute(again.values(status="pending", sha256=""))
                self.connection.execute(photographs.delete().where(lost | (photographs.c.like == sha256)))
        return len(missing)

    def counts(self) -> tuple[int, int]:
        """Products and photographs in the folder."""
        kept = select(func.count()).select_from(photographs).where(photographs.c.like == "")
        there = select(func.count()).select_from(products).where(products.c.gone == 0)
        with self.connection.begin():
            return int(self.connection.scalar(there) or 0), int(self.connection.scalar(kept) or 0)


def unwritable(memory: Memory, error: DatabaseError) -> OutputError:
    """The memory cannot be written, as on a full disk. Without it, addresses would be fetched again and again."""
    return OutputError(
        f"{memory.folder / FILE}: cannot be written ({error.orig})",
        hint="make room there; the same call goes on from here",
    )


def _acquire(lock: IO[str], folder: Path) -> None:
    """Keep other crawls out of the folder until this one ends, however it does.

    Raises:
        CrawlError: If another one is at work there.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
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
            statement = insert(facts).values(name="version", value=VERSION).on_conflict_do_nothing()
            connection.execute(statement)
            found = connection.scalar(select(facts.c.value).where(facts.c.name == "version"))
            connection.execute(text("PRAGMA optimize"))
    except DatabaseError as error:
        engine.dispose()
        raise CrawlError(
            f"{file}: not the memory of a crawl ({error.orig})", hint="move it away, or choose another -o"
        ) from error
    if found != VERSION:
        connection.close()
        engine.dispose()
        raise CrawlError(f"{file}: made by a newer version of this program", hint="pip install --upgrade fashion-cli")
    return connection


def _prepare(connection: Any, _record: object) -> None:
    # Survives a kill of the process at any moment; a power cut may cost the last transactions, never the file.
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA foreign_keys=ON")
