"""A crawl's memory: who may open it, what another call asks of it anew, rounds."""

import contextlib
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from fashion_cli.crawling.parse.items import Visit
from fashion_cli.crawling.state.database import FILE, Memory
from fashion_cli.crawling.state.requests import Outcome, add
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
    with opened(tmp_path) as memory:
        memory.apply_rules({"min_side": 100})
        add(memory, [Visit("image", f"{SHOP}1.jpg", SHOP)])
        visit = frontier(memory).take()
        assert visit is not None
        settled(memory, visit, Outcome("refused", "pixels", "too small"))
        memory.apply_rules({"min_side": 100})
        assert taken(frontier(memory)) == []
        memory.apply_rules({"min_side": 10})
        assert taken(frontier(memory)) == ["1.jpg"]


def test_two_crawls_do_not_share_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fashion_cli.crawling.state.database.PATIENCE", 0.0)
    with opened(tmp_path), pytest.raises(CrawlError, match="another crawl"):
        Memory.open(tmp_path)
    opened(tmp_path).close()


def test_a_memory_that_is_none(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"not a database, but long enough to look like a file" * 100)
    with pytest.raises(CrawlError, match="not the memory"):
        Memory.open(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        Memory.open(tmp_path / "file" / "shop")


def test_a_newer_memory_is_left_alone(tmp_path: Path) -> None:
    opened(tmp_path).close()
    with contextlib.closing(sqlite3.connect(tmp_path / FILE)) as file:
        file.execute("update facts set value = '99' where name = 'version'")
        file.commit()
    with pytest.raises(CrawlError, match="newer"):
        Memory.open(tmp_path)


def test_photographs_whose_files_are_gone_are_fetched_again(tmp_path: Path) -> None:
    with opened(tmp_path) as memory:
        found(memory, PRODUCT, "7", "1.jpg", "2.jpg")
        fetched(memory, f"{SHOP}1.jpg", "a")
        fetched(memory, f"{SHOP}2.jpg", "b")
        assert memory.forget_missing(["a" * 64, "b" * 64]) == 0
        assert memory.forget_missing(["b" * 64]) == 1
        assert taken(frontier(memory)) == ["1.jpg"]


def test_another_round_looks_at_pages_again_and_not_at_photographs(tmp_path: Path) -> None:
    with opened(tmp_path) as memory:
        memory.begin_round(update_all=False)
        visit = found(memory, PRODUCT, "7", "1.jpg")
        fetched(memory, f"{SHOP}1.jpg", "a")
        settled(memory, visit, replace(DONE, etag='"x"', last_modified="yesterday"))
        another_round(memory)
        add(memory, [page("7"), Visit("image", f"{SHOP}1.jpg", SHOP)])
        waiting = frontier(memory)
        again = waiting.take()
        assert again is not None
        assert (again.url, again.etag, again.last_modified) == (f"{SHOP}7", '"x"', "yesterday")
        assert waiting.take() is None


def test_an_interrupted_round_goes_on(tmp_path: Path) -> None:
    with opened(tmp_path) as memory:
        assert not memory.begin_round(update_all=True)
        assert memory.generation == 1
    with opened(tmp_path) as memory:
        assert memory.begin_round(update_all=True)
        assert memory.generation == 1
        memory.end_round()
        assert not memory.begin_round(update_all=True)
        assert memory.generation == 2
