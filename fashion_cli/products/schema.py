"""The version of a catalogue's tables: what a database has, what this program knows, and how one becomes the other."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, inspect, literal, select, text

from fashion_cli.errors import CatalogueError
from fashion_cli.products.database import MYSQL, WRITES, enable_write_ahead_log
from fashion_cli.products.locations import redact_password
from fashion_cli.products.orm import Table as CatalogueTable

# Oldest first; a test compares them with `migrations/versions`. Read from here because importing Alembic takes longer
# than a search.
REVISIONS = ("0001",)
NEWEST = REVISIONS[-1]
VERSION_TABLE = "catalogue_version"  # Alembic's own name may be taken by another program in the same database
MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 0x0FA5410  # of PostgreSQL's advisory locks; any number that nobody else uses
UPGRADE = "fashion catalog upgrade --catalog {}"

_versions = Table(VERSION_TABLE, MetaData(), Column("version_num", String(32), primary_key=True))


def prepare(engine: Engine, location: str | Path, *, create: bool, upgrade: bool) -> str:
    """Make sure that a database holds the tables that this program knows.

    Args:
        engine: Of the database.
        location: For messages.
        create: Make the tables where there are none.
        upgrade: Bring older tables up to date.

    Returns:
        The version that they had before; "" where there were none.

    Raises:
        CatalogueError: If there are none, they are older or newer, or the tables are another program's.
    """
    with engine.connect() as connection:
        version = version_of(connection)
    if version == NEWEST:
        return version
    redacted = redact_password(location)
    if not version and not create:
        raise CatalogueError(
            f"{redacted}: no product catalogue here", hint="fashion crawl SOURCE --catalog … makes one"
        )
    if version and version not in REVISIONS:
        raise CatalogueError(
            f"{redacted}: written by a newer fashion-cli (catalogue version {version})",
            hint="pip install --upgrade fashion-cli",
        )
    if version and not upgrade:
        raise CatalogueError(
            f"{redacted}: has tables of version {version}, and this fashion-cli needs {NEWEST}",
            hint=UPGRADE.format(redacted),
        )
    enable_write_ahead_log(engine)
    with (
        engine.connect().execution_options(**{WRITES: True}) as connection,
        _without_cascades(connection),
        _alone(connection),
    ):
        if version_of(connection) != NEWEST:  # another process may have been faster
            _clear_unfinished(connection, redacted)
            _migrate(connection)
        connection.commit()
    return version


def version_of(connection: Connection) -> str:
    """The version of the tables that a database has; "" without any, or where making them was interrupted."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return ""
    return connection.scalar(select(_versions.c.version_num)) or ""


def _migrate(connection: Connection, revision: str = "head") -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _clear_unfinished(connection: Connection, redacted: str) -> None:
    """Take away what an interrupted creation left: MariaDB cannot take tables back by itself.

    Such tables are empty, because nothing is ever written where there is no version. If one is not, its version was
    lost, in a backup for example.

    Raises:
        CatalogueError: If tables of these names belong to somebody else, or have rows.
    """
    inspector = inspect(connection)
    if version_of(connection):
        return
    ours = [table for table in CatalogueTable.metadata.sorted_tables if inspector.has_table(table.name)]
    if ours and not inspector.has_table(VERSION_TABLE):
        raise CatalogueError(
            f"{redacted}: has a table {ours[0].name} that is no product catalogue's",
            hint="give the catalogue a database of its own",
        )
    for table in ours:
        if connection.scalar(select(literal(1)).select_from(table).limit(1)):
            raise CatalogueError(
                f"{redacted}: its table {table.name} has rows, but {VERSION_TABLE} does not say of which version",
                hint=f"write the version into {VERSION_TABLE}.version_num, or choose another database",
            )
    CatalogueTable.metadata.drop_all(connection, ours)


@contextmanager
def _without_cascades(connection: Connection) -> Iterator[None]:
    """Let SQLite copy tables: dropping the old one would delete all that hangs on its rows.

    Only outside a transaction does it listen.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        connection.rollback()  # of what was not committed
        driver.execute("PRAGMA foreign_keys = ON")


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Keep other processes from making the same tables. SQLite's transaction does that by itself."""
    name = connection.dialect.name
    if name in MYSQL:  # MySQL's names of locks end at 64 characters
        connection.execute(text("SELECT GET_LOCK(CONCAT('catalogue ', MD5(DATABASE())), 600)"))
        try:
            yield
        finally:
            connection.execute(text("SELECT RELEASE_LOCK(CONCAT('catalogue ', MD5(DATABASE())))"))
        return
    if name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": LOCK})
    yield
