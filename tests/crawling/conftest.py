"""Crawls of tests start in a moment."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fashion_cli.steps import crawl
from tests.crawling import crawl_server

ROOT = Path(__file__).parents[2]
PATIENCE = 120  # seconds until the server has imported everything


@pytest.fixture(scope="session")
def crawl_program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, ...]]:
    """Starts a crawl as `python -m fashion_cli.crawling` does, a second sooner."""
    address = tmp_path_factory.mktemp("crawls") / "socket"
    program = f"from pathlib import Path; from tests.crawling.crawl_server import serve; serve(Path({str(address)!r}))"
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT) as server:
        try:
            end = time.monotonic() + PATIENCE
            while not address.exists():
                assert server.poll() is None
                assert time.monotonic() < end
                time.sleep(0.02)
            yield sys.executable, "-S", "-E", str(Path(crawl_server.__file__)), str(address)
        finally:
            server.kill()


@pytest.fixture
def quick_crawls(crawl_program: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """What a module sets up, and `fashion` in a process of its own, start crawls as users do all the same."""
    monkeypatch.setattr(crawl, "PROGRAM", crawl_program)
