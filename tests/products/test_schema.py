"""The tables: made by the migrations alone, and what if they are older, newer, unfinished or somebody else's."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from fashion_cli.errors import CatalogueError
from fashion_cli.products import column_types, schema
from fashion_cli.products.catalogue import Catalogue
from fashion_cli.products.database import connect_database
from fashion_cli.products.orm import Table
from tests.products.found import later, photograph, product


def connection_to(location: str) -> Connection:
    return connect_database(location, create=True).connect()


def closed(connection: Connection) -> None:
    connection.close()
    connection.engine.dispose()


def run(location: str, *statements: str) -> None:
    connection = connection_to(location)
    for each in statements:
        connection.execute(text(each))
    connection.commit()
    closed(connection)


def test_migrations_make_just_the_tables_that_are_used(location: str):
    Catalogue.open(location, create=True).close()
    connection = connection_to(location)
    options = {"compare_type": True, "include_name": lambda name, *_: name != schema.VERSION_TABLE}
    assert compare_metadata(MigrationContext.configure(connection, opts=options), Table.metadata) == []
    closed(connection)


def test_the_revisions_that_are_known_are_those_that_ship():
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    script = ScriptDirectory.from_config(config)
    shipped = [revision.revision for revision in script.walk_revisions()][::-1]
    assert tuple(shipped) == schema.REVISIONS
    assert script.get_current_head() == schema.NEWEST


def test_an_older_catalogue_asks_to_be_upgraded(location: str, monkeypatch: pytest.MonkeyPatch):
    with Catalogue.open(location, create=True) as catalogue:
        catalogue.record(product(), [], later(0))
    monkeypatch.setattr(schema, "REVISIONS", ("0001", "0002"))
    monkeypatch.setattr(schema, "NEWEST", "0002")
    with pytest.raises(CatalogueError, match="has tables of version 0001") as caught:
        Catalogue.open(location, create=True)
    assert caught.value.hint.startswith("fashion catalog upgrade --catalog ")


def test_upgrading_the_newest_changes_nothing(location: str):
    with Catalogue.open(location, create=True) as catalogue:
        catalogue.record(product(), [], later(0))
        before = list(catalogue.products())
    with Catalogue.open(location, upgrade=True) as catalogue:
        assert list(catalogue.products()) == before


NEXT = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "0002", "0001"


def upgrade() -> None:
    copied = "always" if op.get_bind().dialect.name == "sqlite" else "never"
    with op.batch_alter_table("products", recreate=copied) as table:
        table.add_column(sa.Column("season", sa.Integer(), nullable=False, server_default="7"))
"""


def test_upgrading_keeps_all_that_was_there(location: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """SQLite copies a table that changes and drops the old one, and with it what refers to its rows."""
    with Catalogue.open(location, create=True) as catalogue:
        for number in range(3):
            catalogue.record(product(number), [photograph(number)], later(0))
        before = list(catalogue.export()), catalogue.prices("shop.example:1")
    shutil.copytree(schema.MIGRATIONS, tmp_path / "migrations")
    (tmp_path / "migrations" / "versions" / "0002_seasons.py").write_text(NEXT)
    monkeypatch.setattr(schema, "MIGRATIONS", tmp_path / "migrations")
    monkeypatch.setattr(schema, "REVISIONS", ("0001", "0002"))
    monkeypatch.setattr(schema, "NEWEST", "0002")
    with Catalogue.open(location, upgrade=True) as catalogue:
        assert catalogue.previous_version == "0001"
        assert (list(catalogue.export()), catalogue.prices("shop.example:1")) == before
    connection = connection_to(location)
    assert connection.scalar(text("SELECT SUM(season) FROM products")) == 21
    closed(connection)


def test_tables_with_rows_are_kept_where_the_version_was_lost(location: str):
    with Catalogue.open(location, create=True) as catalogue:
        catalogue.record(product(), [], later(0))
    run(location, "DELETE FROM catalogue_version")
    with pytest.raises(CatalogueError, match="has rows, but catalogue_version does not say"):
        Catalogue.open(location, create=True)
    run(location, "INSERT INTO catalogue_version VALUES ('0001')")
    with Catalogue.open(location) as catalogue:
        assert len(catalogue) == 1


def test_a_newer_catalogue_asks_for_a_newer_program(location: str):
    Catalogue.open(location, create=True).close()
    run(location, "UPDATE catalogue_version SET version_num = '9999'")
    for options in ({}, {"create": True}, {"upgrade": True}):
        with pytest.raises(CatalogueError, match=r"newer fashion-cli \(catalogue version 9999\)") as caught:
            Catalogue.open(location, **options)
        assert caught.value.hint == "pip install --upgrade fashion-cli"


def test_a_database_without_a_catalogue_is_left_alone(location: str):
    run(location, "CREATE TABLE other (id INTEGER)")
    with pytest.raises(CatalogueError, match="no product catalogue here"):
        Catalogue.open(location)
    connection = connection_to(location)
    assert not connection.dialect.has_table(connection, schema.VERSION_TABLE)
    closed(connection)


def test_tables_of_another_program_are_not_touched(location: str):
    run(location, "CREATE TABLE products (id INTEGER)", "INSERT INTO products VALUES (7)")
    with pytest.raises(CatalogueError, match="has a table products that is no product catalogue's") as caught:
        Catalogue.open(location, create=True)
    assert "a database of its own" in caught.value.hint
    connection = connection_to(location)
    assert connection.scalar(text("SELECT id FROM products")) == 7
    closed(connection)


def test_a_creation_that_was_cut_off_is_made_anew(location: str):
    """MariaDB keeps every table that a killed creation had made."""
    run(
        location,
        f"CREATE TABLE {schema.VERSION_TABLE} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)",
        "CREATE TABLE shops (id INTEGER NOT NULL PRIMARY KEY)",
    )
    with pytest.raises(CatalogueError, match="no product catalogue here"):
        Catalogue.open(location)
    with Catalogue.open(location, create=True) as catalogue:
        assert catalogue.record(product(), [], later(0)) == "new"


def test_two_processes_may_make_one_catalogue(location: str):
    code = "import sys; from fashion_cli.products.catalogue import Catalogue; Catalogue.open(sys.argv[1], create=True)"
    makers = [
        subprocess.Popen([sys.executable, "-c", code, location], stderr=subprocess.PIPE, text=True) for _ in range(3)
    ]
    for maker in makers:
        _, complaint = maker.communicate()
        assert maker.returncode == 0, complaint
    with Catalogue.open(location) as catalogue:
        assert len(catalogue) == 0


def test_released_migrations_import_nothing_that_changes():
    for file in (schema.MIGRATIONS / "versions").glob("0*.py"):
        imported = {
            alias.name if isinstance(node, ast.Import) else node.module
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        assert not [name for name in imported if name and name.startswith("fashion_cli")], file


def test_the_highest_price_fits_the_column():
    assert f"{column_types.HIGHEST - 1:f}" == "9" * (column_types.DIGITS - column_types.DECIMALS)


def test_migrations_are_found_beside_the_code():
    assert (Path(schema.__file__).parent / "migrations" / "env.py").is_file()
