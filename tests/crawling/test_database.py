"""A crawl's memory: who may open it, what another call asks of it anew, rounds."""

import contextlib
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from fashion_cli.crawling.parse.items import CrawlRequest
from fashion_cli.crawling.state.database import FILE, CrawlDatabase
from fashion_cli.crawling.state.requests import RequestOutcome, enqueue_all
from fashion_cli.errors import CrawlError, OutputError
from tests.crawling.databases import (
    DONE,
    PRODUCT,
    SHOP,
    another_round,
    fetched,
    found,
    frontier,
    opened,
    page,
    settled,
    taken,
)


def test_other_rules_give_what_was_refused_another_chance(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        database.apply_rules({"min_side": 100})
        enqueue_all(database, [CrawlRequest("image", f"{SHOP}1.jpg", SHOP)])
        request = frontier(database).pop()
        assert request is not None
        settled(database, request, RequestOutcome("refused", "pixels", "too small"))
        database.apply_rules({"min_side": 100})
        assert taken(frontier(database)) == []
        database.apply_rules({"min_side": 10})
        assert taken(frontier(database)) == ["1.jpg"]


def test_two_crawls_do_not_share_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fashion_cli.crawling.state.database.LOCK_TIMEOUT", 0.0)
    with opened(tmp_path), pytest.raises(CrawlError, match="another crawl"):
        CrawlDatabase.open(tmp_path)
    opened(tmp_path).close()


def test_a_memory_that_is_none(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"not a database, but long enough to look like a file" * 100)
    with pytest.raises(CrawlError, match="not the memory"):
        CrawlDatabase.open(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        CrawlDatabase.open(tmp_path / "file" / "shop")


def test_a_newer_memory_is_left_alone(tmp_path: Path) -> None:
    opened(tmp_path).close()
    with contextlib.closing(sqlite3.connect(tmp_path / FILE)) as file:
        file.execute("update facts set value = '99' where name = 'version'")
        file.commit()
    with pytest.raises(CrawlError, match="newer"):
        CrawlDatabase.open(tmp_path)


def test_photographs_whose_files_are_gone_are_fetched_again(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        found(database, PRODUCT, "7", "1.jpg", "2.jpg")
        fetched(database, f"{SHOP}1.jpg", "a")
        fetched(database, f"{SHOP}2.jpg", "b")
        assert database.requeue_missing(["a" * 64, "b" * 64]) == 0
        assert database.requeue_missing(["b" * 64]) == 1
        assert taken(frontier(database)) == ["1.jpg"]


def test_another_round_looks_at_pages_again_and_not_at_photographs(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        database.begin_round(update_all=False)
        request = found(database, PRODUCT, "7", "1.jpg")
        fetched(database, f"{SHOP}1.jpg", "a")
        settled(database, request, replace(DONE, etag='"x"', last_modified="yesterday"))
        another_round(database)
        enqueue_all(database, [page("7"), CrawlRequest("image", f"{SHOP}1.jpg", SHOP)])
        waiting = frontier(database)
        again = waiting.pop()
        assert again is not None
        assert (again.url, again.etag, again.last_modified) == (f"{SHOP}7", '"x"', "yesterday")
        assert waiting.pop() is None


def test_an_interrupted_round_goes_on(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        assert not database.begin_round(update_all=True)
        assert database.generation == 1
    with opened(tmp_path) as database:
        assert database.begin_round(update_all=True)
        assert database.generation == 1
        database.end_round()
        assert not database.begin_round(update_all=True)
        assert database.generation == 2
