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
from fashion_cli.crawling.state.requests import RequestOutcome, enqueue, enqueue_all, requeue_links
from tests.crawling.databases import SHOP, another_round, frontier, opened, page, settled, taken


def test_one_address_is_one_visit_however_it_is_spelled(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        spellings = ("7?b=2&a=1", "7?a=1&b=2#top", "7?a=1&b=2&utm_source=x", "7?PHPSESSID=1&a=1&b=2")
        with database.connection.begin():
            ids = [enqueue(database, [page(each)])[0] for each in spellings]
        assert len(set(ids)) == 1
        assert taken(frontier(database)) == ["7?b=2&a=1"]


def test_what_was_settled_is_remembered_and_the_rest_waits(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        enqueue_all(database, [page("a"), page("b"), page("c")])
        waiting = frontier(database)
        requests = [waiting.pop() for _ in range(3)]
        assert all(requests)
        settled(database, requests[0])  # type: ignore[arg-type]
        settled(database, requests[1], RequestOutcome("failed", "HTTP 500", "HTTP 500", 500, attempts=4))  # type: ignore[arg-type]
    with opened(tmp_path) as database:
        enqueue_all(database, [page("a"), page("b"), page("c")])
        assert taken(frontier(database)) == ["c"]
        assert database.retry("failed") == 1
        waiting = frontier(database)
        again = waiting.pop()
        assert again is not None
        assert (again.url, again.attempts) == (f"{SHOP}b", 4)


def test_a_source_that_failed_is_tried_when_it_is_typed_again(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        enqueue_all(database, [page("")])
        request = frontier(database).pop()
        assert request is not None
        settled(database, request, RequestOutcome("refused", "robots", "robots.txt forbids it"))
        enqueue_all(database, [page("")])
        assert taken(frontier(database)) == []
        enqueue_all(database, [page("")], again=True)
        assert taken(frontier(database)) == [""]


def test_a_page_that_did_not_change_leads_to_the_same_pages(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        database.begin_round(update_all=False)
        enqueue_all(database, [page(""), page("a", 1)])
        with database.connection.begin():
            start, linked = enqueue(database, [page(""), page("a", 1)])
        for number, path in ((start, ""), (linked, "a")):
            settled(database, replace(page(path), id=number), links=[linked] if path == "" else [])
        another_round(database)
        assert taken(frontier(database)) == []
        with database.connection.begin():
            requeue_links(database, start)
        assert taken(frontier(database)) == ["a"]


WRITER = """
import sys
from pathlib import Path
from fashion_cli.crawling.state.requests import RequestOutcome, enqueue, record_outcome
from fashion_cli.crawling.parse.items import CrawlRequest
from fashion_cli.crawling.state.database import CrawlDatabase
from dataclasses import replace
database = CrawlDatabase.open(Path(sys.argv[1]))
database.add_source("s")
print("open", flush=True)
for number in range(100_000):
    parts = [CrawlRequest("image", f"http://a.example/{number}-{part}.jpg", "s") for part in range(3)]
    page = CrawlRequest("page", f"http://a.example/{number}", "s")
    with database.connection.begin():
        (place,) = enqueue(database, [page])
        record_outcome(database, replace(page, id=place), RequestOutcome("done"), enqueue(database, parts))
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
    with opened(tmp_path) as database:
        done = pages(tmp_path)
        assert done >= after
        assert len(taken(frontier(database, per_host=10**6))) == 3 * done


def pages(folder: Path) -> int:
    with contextlib.closing(sqlite3.connect(folder / FILE)) as file:
        return int(file.execute("select count(*) from visits where kind = 'page' and status = 'done'").fetchone()[0])
