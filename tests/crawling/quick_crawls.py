"""The process that forks crawls, and what starts one there."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.crawling import crawl_server

ROOT = Path(__file__).parents[2]
PATIENCE = 120  # seconds until the server has imported everything


@contextmanager
def forking_crawls(address: Path) -> Iterator[tuple[str, ...]]:
    """Starts a crawl as `python -m fashion_cli.crawling` does, a second sooner.

    Args:
        address: Where to put the socket.
    """
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
