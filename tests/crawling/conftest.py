"""Crawls of tests start in a moment."""

from collections.abc import Iterator

import pytest

from fashion_cli.steps import crawl
from tests.crawling.quick_crawls import forking_crawls


@pytest.fixture(scope="session")
def crawl_program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, ...]]:
    with forking_crawls(tmp_path_factory.mktemp("crawls") / "socket") as program:
        yield program


@pytest.fixture
def quick_crawls(crawl_program: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """What a module sets up, and `fashion` in a process of its own, start crawls as users do all the same."""
    monkeypatch.setattr(crawl, "PROGRAM", crawl_program)
