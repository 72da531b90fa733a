"""A catalogue on each of the three databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fashion_cli.products.catalogue import Catalogue
from fashion_cli.products.database import connect_database
from fashion_cli.products.orm import Table
from tests.database_servers import MariaDB, PostgreSQL, Server, missing_programs
from tests.required import not_there


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Server]:
    yield from _running(MariaDB)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    yield from _running(PostgreSQL)


def _running(kind: type[Server]) -> Iterator[Server]:
    """A server, until the last test is done. Missing is a failure where CI=true, else a skip that says why."""
    if missing := missing_programs(kind):
        not_there(f"no {kind.__name__} ({', '.join(missing)} missing): apt-get install mariadb-server postgresql")
    server = kind()
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "mariadb", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Of the database."""
    return str(request.param)


@pytest.fixture
def location(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> str:
    """Where a catalogue can be made: an empty database, or no file yet."""
    return _new_location(request, kind, tmp_path)


@pytest.fixture(scope="session")
def emptied() -> dict[str, str]:
    """The catalogue of each kind that tests use one after the other, once it is made."""
    return {}


@pytest.fixture
def catalogue(
    request: pytest.FixtureRequest, kind: str, emptied: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Catalogue]:
    """A catalogue with nothing in it. Its tables are made once: that takes longer than most tests of it."""
    if kind not in emptied:
        emptied[kind] = _new_location(request, kind, tmp_path_factory.mktemp("emptied"))
    with Catalogue.open(emptied[kind], create=True) as opened:
        engine = connect_database(emptied[kind], create=False)
        with engine.begin() as connection:
            for table in reversed(Table.metadata.sorted_tables):
                connection.execute(table.delete())
        engine.dispose()
        yield opened


def _new_location(request: pytest.FixtureRequest, kind: str, folder: Path) -> str:
    if kind == "sqlite":
        return str(folder / "catalogue.sqlite")
    server: Server = request.getfixturevalue(kind)
    return server.new_database()
