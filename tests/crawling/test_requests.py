"""Every address once, settled once, whatever instant a crawl is killed at."""

import contextlib
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from fashion_cli.crawling.state.database import FILE
from fashion_cli.crawling.state.requests import Outcome, add, enqueue, reach_again
from tests.crawling.databases import SHOP, another_round, frontier, opened, page, settled, taken


def test_one_address_is_one_visit_however_it_is_spelled(tmp_path: Path) -> None:
    with opened(tmp_path) as memory:
        spellings = ("7?b=2&a=1", "7?a=1&b=2#top", "7?a=1&b=2&utm_source=x", "7?PHPSESSID=1&a=1&b=2")
        with memory.connection.begin():
            ids = [enqueue(memory, [page(each)])[0] for each in spellings]
        assert len(set(ids)) == 1
        assert taken(frontier(memory)) == ["7?b=2&a=1"]


def test_what_was_settled_is_remembered_and_the_rest_waits(tmp_path: Path) -> None:
    with opened(tmp_path) as memory:
        add(memory, [page("a"), page("b"), page("c")])
        waiting = frontier(memory)
        visits = [waiting.take() for _ in range(3)]
        assert all(visits)
        settled(memory, visits[0])  # type: ignore[arg-type]
        settled(memory, visits[1], Outcome("failed", "HTTP 500", "HTTP 500", 500, attempts=4))  # type: ignore[arg-type]
    with opened(tmp_path) as memory:
        add(memory, [page("a"), page("b"), page("c")])
        assert taken(frontier(memory)) == ["c"]
        assert memory.retry("failed") == 1
        waiting = frontier(memory)
        again = waiting.take()
        assert again is not None
        assert (again.url, again.attempts) == (f"{SHOP}b", 4)


def test_a_source_that_failed_is_tried_when_it_is_typed_again(tmp_path: Path) -> None:
    with opened(tmp_path) as memory:
        add(memory, [page("")])
        visit = frontier(memory).take()
        assert visit is not None
        settled(memory, visit, Outcome("refused", "robots", "robots.txt forbids it"))
        add(memory, [page("")])
        assert taken(frontier(memory)) == []
        add(memory, [page("")], again=True)
        assert taken(frontier(memory)) == [""]


def test_a_page_that_did_not_change_leads_to_the_same_pages(tmp_path: Path) -> None:
    with opened(tmp_path) as memory:
        memory.begin_round(update_all=False)
        add(memory, [page(""), page("a", 1)])
        with memory.connection.begin():
            start, linked = enqueue(memory, [page(""), page("a", 1)])
        for number, path in ((start, ""), (linked, "a")):
            settled(memory, replace(page(path), id=number), links=[linked] if path == "" else [])
        another_round(memory)
        assert taken(frontier(memory)) == []
        with memory.connection.begin():
            reach_again(memory, start)
        assert taken(frontier(memory)) == ["a"]


WRITER = """
import sys
from pathlib import Path
from fashion_cli.crawling.state.requests import Outcome, add, enqueue, settle
from fashion_cli.crawling.parse.items import Visit
from fashion_cli.crawling.state.database import Memory
from dataclasses import replace
memory = Memory.open(Path(sys.argv[1]))
memory.remember_source("s")
print("open", flush=True)
for number in range(100_000):
    parts = [Visit("image", f"http://a.example/{number}-{part}.jpg", "s") for part in range(3)]
    page = Visit("page", f"http://a.example/{number}", "s")
    with memory.connection.begin():
        (place,) = enqueue(memory, [page])
        settle(memory, replace(page, id=place), Outcome("done"), enqueue(memory, parts))
"""


@pytest.mark.parametrize("after", [0, 5, 40])
def test_a_kill_leaves_a_page_with_all_it_led_to_or_neither(after: int, tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        deadline = time.monotonic() + 60
        while pages(tmp_path) < after and time.monotonic() < deadline:
            time.sleep(0.001)
    finally:
        process.kill()
        process.communicate()
    with opened(tmp_path) as memory:
        done = pages(tmp_path)
        assert done >= after
        assert len(taken(frontier(memory, per_host=10**6))) == 3 * done


def pages(folder: Path) -> int:
    with contextlib.closing(sqlite3.connect(folder / FILE)) as file:
        return int(file.execute("select count(*) from visits where kind = 'page' and status = 'done'").fetchone()[0])
