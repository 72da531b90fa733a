"""Connections to the databases that a catalogue may lie in, and what goes wrong with them in plain words."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError

from fashion_cli.errors import CatalogueError
from fashion_cli.products.locations import (
    file_of,
    has_password,
    is_url,
    readable_url,
    redact_password,
    redact_passwords,
)

# What a URL may begin with -> what SQLAlchemy calls it. A driver that is named ("mysql+mysqldb") stays.
DRIVERS = {
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
}
MYSQL = ("mysql", "mariadb")
WAIT = 30  # seconds for a lock, or for a server to answer
IDLE = 1800  # seconds after which a connection is made anew: servers and firewalls close idle ones
WRITES = "catalogue_writes"  # the option of a connection whose transaction will write
URLS = "mysql://USER:PASSWORD@HOST/DATABASE, postgresql://USER:PASSWORD@HOST/DATABASE, or a file"


def connect_database(location: str | Path, *, create: bool) -> Engine:
    """Make the engine of a catalogue's database; it connects when it is first used.

    Args:
        location: A URL, or the path of an SQLite file.
        create: Whether a file that is not there may be made.

    Raises:
        CatalogueError: If the URL cannot be meant, or the file is not there.
        ModuleNotFoundError: If the driver is not installed.
    """
    return _server(str(location)) if is_url(location) else _sqlite(file_of(location), create=create)


def _server(location: str) -> Engine:
    url = _url(location)
    name = url.get_backend_name()
    arguments: dict[str, Any] = {"connect_timeout": WAIT}
    if name in MYSQL:
        url = url.update_query_dict({"charset": "utf8mb4"} | dict(url.query))
    if url.get_driver_name() == "pymysql" and url.password is not None:
        arguments["password"] = url.password.encode()  # PyMySQL would send it in Latin-1, and MariaDB knows it in UTF-8
    return create_engine(
        url,
        # MariaDB's own level locks gaps: two writers wait for each other where neither row is there yet.
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        pool_recycle=IDLE,
        connect_args=arguments,
    )


def _url(location: str) -> URL:
    redacted = redact_password(location)
    try:
        url = make_url(readable_url(location))
    except (ArgumentError, ValueError):  # ValueError: the port is no number
        raise CatalogueError(f"{redacted}: this is no URL of a database", hint=URLS) from None
    url = url.set(drivername=DRIVERS.get(url.drivername, url.drivername))
    if url.get_backend_name() not in (*MYSQL, "postgresql"):
        raise CatalogueError(f"{redacted}: no catalogue can lie in this kind of database", hint=URLS)
    if not url.database:
        raise CatalogueError(f"{redacted}: which database of this server?", hint=URLS)
    return url


def _sqlite(file: Path, *, create: bool) -> Engine:
    if not file.exists():
        redacted = Path(redact_password(file))  # a URL with a slash too few is a path
        if not create:
            raise CatalogueError(f"{redacted}: no product catalogue here", hint="fashion crawl SOURCE -o DIR makes one")
        if not file.parent.is_dir():
            raise CatalogueError(f"{redacted}: there is no such folder", hint=f"mkdir -p {redacted.parent}")
    path = file.absolute()
    if os.access(path.parent, os.W_OK):
        url = URL.create("sqlite+pysqlite", database=str(path))
    else:  # a write-ahead log cannot be made; where somebody else has made one, it holds what is newest
        query = {"mode": "ro", "uri": "true"}
        if not path.with_name(f"{path.name}-wal").exists():
            query["immutable"] = "1"
        url = URL.create("sqlite+pysqlite", database=path.as_uri(), query=query)
    engine = create_engine(url, connect_args={"timeout": WAIT})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # `_begin_sqlite` begins, not the driver, which would leave out tables
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")  # in WAL mode: whole after a crash, even of the machine


def _begin_sqlite(connection: Connection) -> None:
    """Begin a transaction; one that will write takes the lock at once, because later it might be refused."""
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def enable_write_ahead_log(engine: Engine) -> None:
    """Let an SQLite file be read while it is written. It stays so."""
    if engine.dialect.name == "sqlite":
        connection = engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA journal_mode = WAL")
        finally:
            connection.close()


@contextmanager
def translate_database_errors(location: str | Path) -> Iterator[None]:
    """Say what a database reports as a `CatalogueError`, without a password.

    Raises:
        CatalogueError: Instead of any error of SQLAlchemy.
    """
    try:
        yield
    except DBAPIError as error:
        raise _translate(location, error) from None  # its traceback holds statements and values
    except SQLAlchemyError as error:
        raise CatalogueError(
            f"{redact_password(location)}: {redact_passwords(_first_line(error), location)}",
            hint="call the command again",
        ) from None
    except UnicodeError:  # of PyMySQL
        raise CatalogueError(f"{redact_password(location)}: the host has no possible name", hint=URLS) from None


def _translate(location: str | Path, error: DBAPIError) -> CatalogueError:
    redacted, reason = redact_password(location), redact_passwords(_first_line(error.orig or error), location)
    if not is_url(location):
        if "not a database" in reason or "malformed" in reason:
            return CatalogueError(
                f"{redacted}: not a product catalogue, or damaged ({reason})", hint="name another file"
            )
        return CatalogueError(
            f"{redacted}: {reason}", hint="check the disk, permissions and other programs that write it"
        )
    if isinstance(error, OperationalError) and error.statement is None:
        hint = "check host, port, user and password, and whether the server runs"
        if not has_password(location):
            hint += "; this URL has no password: give one with --catalog or FASHION_CATALOG"
        return CatalogueError(f"{redacted}: cannot be reached ({reason})", hint=hint)
    return CatalogueError(f"{redacted}: {reason}", hint="check the server and the rights of this user")


def _first_line(error: BaseException) -> str:
    """What the driver says: MySQL's comes as (number, text)."""
    arguments = error.args
    text = arguments[1] if len(arguments) > 1 and isinstance(arguments[1], str) else str(error)
    return " ".join(text.split("\n", 1)[0].split()) or type(error).__name__
