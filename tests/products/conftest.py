"""A catalogue on each of the three databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fashion_cli.products.catalogue import Catalogue
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
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a catalogue can be made: an empty database, or no file yet."""
    if request.param == "sqlite":
        return str(tmp_path / "catalogue.sqlite")
    server: Server = request.getfixturevalue(request.param)
    return server.new_database()


@pytest.fixture
def catalogue(location: str) -> Iterator[Catalogue]:
    with Catalogue.open(location, create=True) as opened:
        yield opened
