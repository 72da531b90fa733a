"""The product catalogue: what crawls write, and what an index, a search and a page read."""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from fashion_cli.products import queries, writing
from fashion_cli.products.database import WRITES, connect_database, translate_database_errors
from fashion_cli.products.locations import default_location, redact_password, stored_location
from fashion_cli.products.records import Change, FoundPhotograph, FoundProduct, PriceObservation, ShownProduct
from fashion_cli.products.schema import prepare
from fashion_cli.products.validation import InvalidProductError, require_photographs, utc, validate_offers

__all__ = ["Catalogue", "InvalidProductError", "default_location", "redact_password"]

ATTEMPTS = 10  # of a transaction that another writer got in the way of
PAUSE = 0.05  # seconds, at most, before the second attempt; grows with each
# What the databases call two transactions that cannot both be: SQLSTATE of PostgreSQL, numbers of MariaDB.
IN_THE_WAY = ("40001", "40P01", 1020, 1205, 1213)

Result = TypeVar("Result")


class Catalogue:
    """Products in a database. Made by `open`; a context manager.

    Several threads may use one at once, and several processes one database. Every method is a transaction of its
    own: what was recorded is whole, whatever instant a process is killed at. Every method raises `CatalogueError`
    if the database fails.

    Attributes:
        location: Where it is, without a password: an absolute path, or a URL.
        previous_version: Of its tables before it was opened; "" where there were none.
    """

    def __init__(self, engine: Engine, location: str | Path, previous_version: str) -> None:
        self.location = stored_location(location)
        self.previous_version = previous_version
        self._original_location = location
        self._engine = engine
        self._writing = engine.execution_options(**{WRITES: True})

    @classmethod
    def open(cls, location: str | Path, *, create: bool = False, upgrade: bool = False) -> Self:
        """Open a catalogue.

        Args:
            location: The path of an SQLite file, the folder of a crawl, or a URL: `postgresql://user:password@host/db`,
                `mysql://…`, `mariadb://…`.
            create: Make it where there is none.
            upgrade: Bring tables of an older version up to date.

        Raises:
            CatalogueError: If there is none, it cannot be reached, or its tables are of another version.
            ModuleNotFoundError: If the driver of the database is not installed.
        """
        engine = connect_database(location, create=create)
        try:
            with translate_database_errors(location):
                version = prepare(engine, location, create=create, upgrade=upgrade)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, location, version)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def record(
        self,
        product: FoundProduct,
        photographs: Sequence[FoundPhotograph],
        seen_at: datetime,
        claimed: Set[str] = frozenset(),
    ) -> Change:
        """Write what was found about a product: new, or over what was known of it.

        A price that changed is added to its history. Photographs are added and not taken away; those of the latest
        sighting come first. A sighting older than the latest one changes nothing that the latest said. Calling it
        again changes nothing.

        Args:
            product: What was found.
            photographs: That show it.
            seen_at: When.
            claimed: The sha256 of photographs of which it is known what they show: those that are not among
                `photographs` are taken away from this product.

        Raises:
            InvalidProductError: If a price, a currency or a sha256 cannot be one.
        """
        finding, moment = _check(product, photographs), utc(seen_at)
        (change,) = self._write(lambda session: writing.record(session, [finding], moment, claimed))
        return change

    def record_all(
        self,
        found: Iterable[tuple[FoundProduct, Sequence[FoundPhotograph]]],
        seen_at: datetime,
        claimed: Set[str] = frozenset(),
    ) -> "list[Change | InvalidProductError]":
        """Write what was found about some products, all in one transaction: several times as fast as one by one.

        Returns:
            Of each in order what became of it; one that no catalogue takes is left out, and says why.
        """
        checked = [_checked(product, photographs) for product, photographs in found]
        findings, moment = [each for each in checked if isinstance(each, writing.ValidatedProduct)], utc(seen_at)
        changes = iter(self._write(lambda session: writing.record(session, findings, moment, claimed)))
        return [each if isinstance(each, InvalidProductError) else next(changes) for each in checked]

    def mark_gone(self, item_ids: Iterable[str], at: datetime) -> int:
        """Say of products that they were not there any more; those that were seen later stay as they are.

        Returns:
            Of how many that is news. Recording one takes it back.
        """
        gone, moment = list(item_ids), utc(at)
        return self._write(lambda session: writing.mark_gone(session, gone, moment))

    def unseen_since(self, source: str, moment: datetime) -> list[str]:
        """The `item_id` of products that a source had last before a moment, and that no other source has had since.

        Those that are gone already are left out.
        """
        with self._read() as connection:
            return queries.unseen_since(connection, source, utc(moment))

    def products(
        self, *, words: str = "", gone: bool | None = None, limit: int | None = None
    ) -> Iterator[ShownProduct]:
        """Products in the order in which they were first recorded; memory stays flat, and writers may go on.

        Args:
            words: All have to be in name, brand, keywords or category; "" for any product.
            gone: Only those that are gone, or only those that are not; None for both.
            limit: At most so many.
        """
        after, left = 0, limit
        while left is None or left > 0:
            size = queries.AT_ONCE if left is None else min(left, queries.AT_ONCE)
            with self._read() as connection:
                page, after = queries.page(connection, words=words, gone=gone, after=after, limit=size)
            yield from page
            if len(page) < size:
                return
            left = None if left is None else left - size

    def find(self, words: str, *, limit: int = 50) -> list[ShownProduct]:
        """Products that are not gone and have all the words in name, brand, keywords or category.

        Parts of words are found too, in any case: "denim jac" finds "Denim Jacket". Every product is looked at.
        """
        return list(self.products(words=words, gone=False, limit=limit)) if words.strip() else []

    def export(self, *, words: str = "", gone: bool | None = None) -> Iterator["Exported"]:
        """Products with their photographs."""
        batch: list[ShownProduct] = []
        for product in self.products(words=words, gone=gone):
            batch.append(product)
            if len(batch) == queries.AT_ONCE:
                yield from self._with_photographs(batch)
                batch = []
        yield from self._with_photographs(batch)

    def by_photographs(self, sha256s: Sequence[str]) -> dict[str, ShownProduct]:
        """The product of each photograph that is known.

        Where one shows several products: one that is not gone, then the one that shows it first.
        """
        with self._read() as connection:
            return queries.by_photographs(connection, sha256s)

    def by_items(self, item_ids: Sequence[str]) -> dict[str, ShownProduct]:
        with self._read() as connection:
            return queries.by_items(connection, item_ids)

    def item_ids_by_photograph(self, sha256s: Sequence[str]) -> dict[str, str]:
        """The `item_id` of each photograph that is known, as `by_photographs` chooses it."""
        with self._read() as connection:
            return queries.item_ids_by_photograph(connection, sha256s)

    def texts(self, stems: Sequence[Sequence[str]] = ()) -> list[tuple[str, str]]:
        """The `item_id` of products that are not gone, and what words are looked for in: folded, a text on each line.

        Args:
            stems: Only products whose text has all pieces of one of these; empty for the first `queries.SAMPLE`.
        """
        with self._read() as connection:
            return queries.texts(connection, stems)

    def photographs(self, item_id: str) -> tuple[FoundPhotograph, ...]:
        """Those of a product, the first first; empty if there is no such product."""
        with self._read() as connection:
            return queries.photographs(connection, [item_id]).get(item_id, ())

    def prices(self, item_id: str) -> list[PriceObservation]:
        """The history of a product's offers, the oldest step first."""
        with self._read() as connection:
            return queries.prices(connection, item_id)

    def __len__(self) -> int:
        with self._read() as connection:
            return queries.count(connection)

    def _with_photographs(self, products: Sequence[ShownProduct]) -> Iterator["Exported"]:
        with self._read() as connection:
            photographs = queries.photographs(connection, [product.item_id for product in products])
        for product in products:
            yield product, photographs.get(product.item_id, ())

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with translate_database_errors(self._original_location), self._engine.connect() as connection:
            yield connection

    def _write(self, change: Callable[[Session], Result]) -> Result:
        """Do something in one transaction; again from the start where another writer got in the way."""
        for attempt in range(1, ATTEMPTS):
            try:
                return self._write_once(change)
            except DBAPIError as error:
                if not _may_try_again(error):
                    with translate_database_errors(self._original_location):
                        raise
                time.sleep(random.uniform(0, PAUSE) * attempt)
        with translate_database_errors(self._original_location):
            return self._write_once(change)

    def _write_once(self, change: Callable[[Session], Result]) -> Result:
        with Session(self._writing, autoflush=False) as session, session.begin():
            return change(session)


def _check(product: FoundProduct, photographs: Sequence[FoundPhotograph]) -> writing.ValidatedProduct:
    """A product as it is written.

    Raises:
        InvalidProductError: If no catalogue takes it.
    """
    offers = validate_offers(product.item_id, product.offers)
    require_photographs(product.item_id, photographs)
    return writing.ValidatedProduct(product, offers, photographs)


def _checked(
    product: FoundProduct, photographs: Sequence[FoundPhotograph]
) -> writing.ValidatedProduct | InvalidProductError:
    try:
        return _check(product, photographs)
    except InvalidProductError as error:
        return error


Exported = tuple[ShownProduct, tuple[FoundPhotograph, ...]]


def _may_try_again(error: DBAPIError) -> bool:
    """Whether a transaction failed for a reason that may be over: another one at the same time, a lost connection."""
    if isinstance(error, IntegrityError):  # both added the same shop, source or product
        return True
    if error.connection_invalidated:  # the server was started anew; what is written twice is written once
        return True
    code: Any = getattr(error.orig, "sqlstate", None) or next(iter(getattr(error.orig, "args", ())), None)
    return code in IN_THE_WAY
