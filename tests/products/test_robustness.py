"""Kills, several writers, strange texts and numbers, databases that are not there."""

import os
import random
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from fashion_cli.errors import CatalogueError
from fashion_cli.products.catalogue import Catalogue, InvalidProductError
from fashion_cli.products.database import connect_database
from fashion_cli.products.locations import (
    default_location,
    stored_location,
)
from tests.database_servers import USER, Server
from tests.products.found import SHOP, later, offer, photograph, product
from tests.products.killed_recorder import OFFERS, PHOTOGRAPHS

ROOT = Path(__file__).parents[2]


@pytest.mark.campaign
def test_a_kill_leaves_whole_products(location: str):
    Catalogue.open(location, create=True).close()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(Path(__file__).with_name("killed_recorder.py")), location]
    for _ in range(3):
        recorder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert recorder.stdout is not None
        assert recorder.stdout.readline() == "begun\n"
        try:
            recorder.wait(random.uniform(0, 0.3))
        except subprocess.TimeoutExpired:
            recorder.send_signal(signal.SIGKILL)
        assert recorder.wait() == -signal.SIGKILL
        recorder.stdout.close()
    with Catalogue.open(location) as catalogue:
        exported = list(catalogue.export())
        assert len(exported) >= 4
        for each, photographs in exported:
            assert (len(each.offers), len(photographs), len(each.keywords)) == (OFFERS, PHOTOGRAPHS, 2)
            assert len(catalogue.prices(each.item_id)) == OFFERS
        assert catalogue.record(product(0, offer("1")), [], later(1)) == "changed"


def test_several_writers_at_once_lose_nothing(location: str):
    """The same products by threads and by two catalogues, each with prices of its own."""
    with Catalogue.open(location, create=True) as one, Catalogue.open(location) as two:
        faults: list[BaseException] = []

        def write(catalogue: Catalogue, shop: str) -> None:
            try:
                for number in random.Random(shop).sample(range(12), 12):
                    found = product(number, offer("5", shop), item_id=f"i:{number}")
                    catalogue.record(found, [photograph(number)], later(0))
                    catalogue.record(replace(found, item_id=f"{shop}:{number}"), [], later(0))
            except BaseException as error:  # noqa: BLE001  # told by the main thread
                faults.append(error)

        writers = [
            threading.Thread(target=write, args=(catalogue, shop))
            for catalogue, shop in ((one, "A"), (two, "B"), (one, "C"), (two, "D"))
        ]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert not faults
        assert sorted(each.item_id for each in one.products()) == sorted(
            [f"i:{number}" for number in range(12)] + [f"{shop}:{number}" for shop in "ABCD" for number in range(12)]
        )
        for number in range(12):
            assert {each.shop for each in one.prices(f"i:{number}")} == set("ABCD")


def test_readers_go_on_while_somebody_writes(location: str):
    with Catalogue.open(location, create=True) as catalogue:
        for number in range(3):
            catalogue.record(product(number), [], later(0))
        reading = catalogue.products()
        next(reading)
        catalogue.record(product(9), [], later(1))
        with Catalogue.open(location) as other:
            assert len(other) == 4
        assert len(list(reading)) == 2


STRANGE = {
    "emoji": "🧥👩🏽‍🦱 𝒥acket",
    "korean": "테크웨어 바람막이",
    "letters of Hangul": "\u1112\u1161\u11ab",
    "spaces at the end": "coat   ",
    "quotes": """a'b"c\\d%e_f;--g""",
    "lines": "a\nb\r\nc\td",
    "long": "가" * 30_000,
    "empty": "",
    "formula": "=1+1",
}


@pytest.mark.parametrize("name", STRANGE)
def test_every_text_comes_back_as_it_was(catalogue: Catalogue, name: str):
    text = STRANGE[name]
    found = product(
        1,
        offer("1", text, url=text),
        name=text,
        brand=text,
        description=text,
        category=text,
        sku=text,
        url=text,
        shop=text,
        keywords=(text, "x"),
        source=text,
    )
    catalogue.record(found, [replace(photograph(1), url=text, path=text)], later(0))
    (shown,) = catalogue.products()
    texts = (shown.name, shown.brand, shown.description, shown.category, shown.sku, shown.page, shown.shop, shown.url)
    assert set(texts) == {text}
    assert shown.keywords == (text, "x")
    (kept,) = catalogue.photographs(found.item_id)
    assert (kept.url, kept.path) == (text, text)


def test_items_that_differ_a_little_are_different(catalogue: Catalogue):
    """MariaDB would take some of these for one; long ones differ only at their end."""
    items = ["a", "A", "a ", "ä", "a\u0308", "가", "x" * 3000 + "1", "x" * 3000 + "2", "🧥", "🧦", ""]
    for item in items:
        catalogue.record(product(0, item_id=item), [], later(0))
    assert list(catalogue.by_items(items)) == items
    urls = [f"{SHOP}/{'p' * 2500}?{number}" for number in range(3)]
    catalogue.record(product(1, *(offer(url=url) for url in urls)), [], later(0))
    assert {each.url for each in catalogue.by_items(["shop.example:1"])["shop.example:1"].offers} == set(urls)


def test_what_no_database_takes_is_left_out(catalogue: Catalogue):
    found = product(1, name="nul\x00 and half \ud83d a pair", item_id="a\x00b")
    catalogue.record(found, [], later(0))
    (shown,) = catalogue.by_items(["a\x00b"]).values()
    assert shown.name == "nul and half \ufffd a pair"


PRICES = ("0", "-0", "0.01", "19900", "12345678901.2345", "99999999999999", "0.12345", "1E+3", "100.10")


@pytest.mark.parametrize("price", PRICES)
def test_prices_are_exact(catalogue: Catalogue, price: str):
    catalogue.record(product(1, offer(price)), [], later(0))
    (shown,) = catalogue.products()
    assert shown.price == Decimal(price).quantize(Decimal("0.0001"))
    assert not {"E", "-"} & set(str(shown.price))
    assert catalogue.record(product(1, offer(price)), [], later(1)) == "same"


@pytest.mark.parametrize("price", ["NaN", "Infinity", "-1", "100000000000000", "99999999999999.99", "1E+40"])
def test_what_is_no_price_is_refused(catalogue: Catalogue, price: str):
    with pytest.raises(InvalidProductError, match="is no price"):
        catalogue.record(product(1, offer(price)), [], later(0))
    assert len(catalogue) == 0


def test_what_cannot_be_meant_is_refused(catalogue: Catalogue):
    with pytest.raises(CatalogueError, match="'won' is no currency"):
        catalogue.record(product(1, offer(currency="won")), [], later(0))
    with pytest.raises(CatalogueError, match="is no sha256"):
        catalogue.record(product(1), [replace(photograph(1), sha256="AB")], later(0))
    with pytest.raises(ValueError, match="which time zone"):
        catalogue.record(product(1), [], datetime(2026, 1, 1))  # noqa: DTZ001


def test_without_offers_there_is_a_product_without_a_price(catalogue: Catalogue):
    catalogue.record(replace(product(1), offers=()), [], later(0))
    (shown,) = catalogue.products()
    assert (shown.price, shown.currency, shown.offers, shown.available) == (None, "", (), True)
    assert (shown.shop, shown.url) == (product(1).shop, product(1).url)


def test_the_lowest_price_is_one_that_can_be_paid(catalogue: Catalogue):
    sold_out = offer("1", "A", availability="https://schema.org/SoldOut")
    dollars = offer("2", "B", currency="USD")
    sizes = [offer("30", "C"), offer("20", "C"), offer("10", "C", availability="OutOfStock")]
    catalogue.record(product(1, sold_out, dollars, *sizes, offer("25", "D")), [], later(0))
    (shown,) = catalogue.products()
    assert (shown.price, shown.currency, shown.shop) == (Decimal(20), "KRW", "C")
    assert [each.shop for each in shown.offers] == ["C", "D", "B", "A"]
    catalogue.record(product(1, sold_out), [], later(1))
    (shown,) = catalogue.products()
    assert (shown.price, shown.available) == (Decimal(1), False)


def test_currencies_of_one_link_are_not_compared(catalogue: Catalogue):
    offers = [offer("19900"), offer("15", currency="USD"), offer("18900")]
    catalogue.record(product(1, *offers), [], later(0))
    (shown,) = catalogue.products()
    assert [(each.price, each.currency) for each in shown.offers] == [(Decimal(18900), "KRW")]


def test_many_photographs_are_looked_up(catalogue: Catalogue):
    for number in range(30):
        catalogue.record(product(number), [photograph(number * 50 + place, place) for place in range(50)], later(0))
    asked = [photograph(number).sha256 for number in range(2000)]
    items = catalogue.item_ids_by_photograph(asked)
    assert items == {photograph(number).sha256: f"shop.example:{number // 50}" for number in range(1500)}
    assert {key: each.item_id for key, each in catalogue.by_photographs(asked).items()} == items
    assert catalogue.by_photographs([]) == {}
    assert catalogue.by_items([]) == {}


def test_a_file_is_named_in_several_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "shop" / "catalogue.sqlite"
    file.parent.mkdir()
    assert default_location(file.parent) is None
    Catalogue.open(file, create=True).close()
    assert default_location(file.parent) == file
    for location in (file, str(file), "shop", "shop/catalogue.sqlite", "sqlite:///shop/catalogue.sqlite"):
        with Catalogue.open(location) as catalogue:
            assert catalogue.location == stored_location(location) == str(file)


def test_a_file_that_is_no_catalogue_is_named(tmp_path: Path):
    with pytest.raises(CatalogueError, match="no product catalogue here"):
        Catalogue.open(tmp_path / "none.sqlite")
    assert not (tmp_path / "none.sqlite").exists()
    with pytest.raises(CatalogueError, match="there is no such folder"):
        Catalogue.open(tmp_path / "no" / "c.sqlite", create=True)
    (tmp_path / "text.sqlite").write_text("not a database at all, but long enough to be read as one\n" * 50)
    with pytest.raises(CatalogueError, match="not a product catalogue, or damaged"):
        Catalogue.open(tmp_path / "text.sqlite")


def test_a_file_that_nobody_may_write_beside_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with Catalogue.open(tmp_path / "c.sqlite", create=True) as catalogue:
        catalogue.record(product(), [], later(0))
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everywhere
    with Catalogue.open(tmp_path / "c.sqlite") as catalogue:
        assert [each.item_id for each in catalogue.products()] == ["shop.example:1"]
        with pytest.raises(CatalogueError, match="readonly"):
            catalogue.record(product(2), [], later(0))


def test_what_another_user_is_writing_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with Catalogue.open(tmp_path / "c.sqlite", create=True) as writer:
        writer.record(product(), [], later(0))  # is in the log alone
        monkeypatch.setattr(os, "access", lambda path, mode: False)
        with Catalogue.open(tmp_path / "c.sqlite") as catalogue:
            assert [each.item_id for each in catalogue.products()] == ["shop.example:1"]


def test_sqlite_files_are_read_while_they_are_written(tmp_path: Path):
    Catalogue.open(tmp_path / "c.sqlite", create=True).close()
    engine = connect_database(tmp_path / "c.sqlite", create=False)
    with engine.connect() as connection:
        answers = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "foreign_keys")]
    engine.dispose()
    assert answers == ["wal", 1]


DISCONNECT = {
    "mariadb": f"KILL USER {USER}@'127.0.0.1'",
    "postgresql": f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{USER}'",  # noqa: S608
}


@pytest.mark.parametrize("server", DISCONNECT)
def test_a_connection_that_was_cut_is_made_anew(request: pytest.FixtureRequest, server: str):
    running: Server = request.getfixturevalue(server)
    with Catalogue.open(running.new_database(), create=True) as catalogue:
        catalogue.record(product(1), [], later(0))
        running.statement(DISCONNECT[server])
        assert len(catalogue) == 1
        running.statement(DISCONNECT[server])
        assert catalogue.record(product(2), [], later(0)) == "new"
