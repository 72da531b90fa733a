"""A crawl's memory: every address once, whatever instant it is killed at; rounds, failures, what is gone."""

import contextlib
import json
import sqlite3
import subprocess
import sys
import time
from dataclasses import asdict, replace
from decimal import Decimal
from pathlib import Path

import pytest

from fashion_cli.crawling import found_products
from fashion_cli.crawling.found_products import note, ready
from fashion_cli.crawling.frontier import Frontier
from fashion_cli.crawling.items import Discovery, Visit
from fashion_cli.crawling.job import CrawlConfig, CrawlReport, Trouble
from fashion_cli.crawling.memory import FILE, Memory
from fashion_cli.crawling.photographs import settle_look_alikes
from fashion_cli.crawling.visits import Outcome, Photo, add, enqueue, keep_photograph, reach_again, settle
from fashion_cli.errors import CrawlError, OutputError
from fashion_cli.products.records import FoundOffer, FoundProduct

SHOP = "http://shop.example/"
DONE = Outcome("done", http_status=200)
PRODUCT = FoundProduct(
    item_id="shop.example:7",
    name="린넨 셔츠",
    url=f"{SHOP}7",
    shop="shop.example",
    offers=(FoundOffer("shop.example", Decimal("39000.50"), "KRW", f"{SHOP}7", "InStock"),),
    keywords=("a", "b"),
    source=SHOP,
)


def opened(folder: Path) -> Memory:
    memory = Memory.open(folder)
    memory.remember_source(SHOP)
    return memory


def page(path: str, depth: int = 0, host: str = SHOP) -> Visit:
    return Visit("page", f"{host}{path}", SHOP, depth)


def frontier(memory: Memory, **limits: int) -> Frontier:
    return Frontier(memory, **{"per_host": 100, "max_pages": 100, "max_depth": 10, **limits})


def taken(waiting: Frontier) -> list[str]:
    found = []
    while (visit := waiting.take()) is not None:
        found.append(visit.url.removeprefix(SHOP))
    return found


def settled(memory: Memory, visit: Visit, outcome: Outcome = DONE, links: list[int] | None = None) -> None:
    with memory.connection.begin():
        settle(memory, visit, outcome, links)


def test_one_address_is_one_visit_however_it_is_spelled(tmp_path: Path) -> None:
    with opened(tmp_path) as memory:
        spellings = ("7?b=2&a=1", "7?a=1&b=2#top", "7?a=1&b=2&utm_source=x", "7?PHPSESSID=1&a=1&b=2")
        with memory.connection.begin():
            ids = [enqueue(memory, [page(each)])[0] for each in spellings]
        assert len(set(ids)) == 1
        assert taken(frontier(memory)) == ["7?b=2&a=1"]


def test_nearer_pages_and_photographs_come_first(tmp_path: Path) -> None:
    with opened(tmp_path) as memory:
        image = Visit("image", f"{SHOP}1.jpg", SHOP)
        add(memory, [page("deep", 3), page("near", 1), page("start"), image, Visit("sitemap", f"{SHOP}s.xml", SHOP)])
        assert taken(frontier(memory)) == ["1.jpg", "s.xml", "start", "near", "deep"]


def test_hosts_take_turns_and_none_gets_more_than_it_bears(tmp_path: Path) -> None:
    with opened(tmp_path) as memory:
        add(memory, [page(str(n), 1, host) for host in ("http://a.example/", "http://b.example/") for n in range(5)])
        waiting = frontier(memory, per_host=2)
        out = [visit for _ in range(9) if (visit := waiting.take()) is not None]
        assert [each.url for each in out] == [
            *("http://a.example/0", "http://b.example/0", "http://a.example/1", "http://b.example/1")
        ]
        settled(memory, out[0])
        waiting.release(out[0])
        following = waiting.take()
        assert following is not None
        assert following.url == "http://a.example/2"


def test_limits_keep_pages_for_another_call_and_not_photographs(tmp_path: Path) -> None:
    with opened(tmp_path) as memory:
        add(memory, [page("a", 1), page("b", 2), page("c", 9), Visit("image", f"{SHOP}1.jpg", SHOP)])
        assert taken(frontier(memory, max_pages=1)) == ["1.jpg", "a"]
        assert taken(frontier(memory, max_depth=2)) == ["1.jpg", "a", "b"]
        waiting = frontier(memory, max_depth=2)
        assert (waiting.progress_left(), waiting.left()) == (3, 4)


def test_pages_of_earlier_calls_count_towards_the_limit(tmp_path: Path) -> None:
    with opened(tmp_path) as memory:
        add(memory, [page(str(n), 1) for n in range(5)])
        waiting = frontier(memory, max_pages=3)
        first = waiting.take()
        assert first is not None
        settled(memory, first)
    with opened(tmp_path) as memory:
        assert taken(frontier(memory, max_pages=3)) == ["1", "2"]


def test_a_host_that_wants_to_be_left_alone_is(tmp_path: Path) -> None:
    with opened(tmp_path) as memory:
        add(memory, [page(str(n), 1) for n in range(3)])
        waiting = frontier(memory)
        visit = waiting.take()
        assert visit is not None
        assert waiting.leave(visit)
        assert not waiting.leave(visit)
        waiting.added(["shop.example"])
        assert taken(waiting) == []
        assert waiting.left() == 3


def test_many_visits_are_loaded_part_by_part_and_each_once(tmp_path: Path) -> None:
    with opened(tmp_path) as memory:
        add(memory, (page(str(n), 1) for n in range(1234)))
        found = taken(frontier(memory, per_host=10_000, max_pages=10_000))
        assert sorted(found, key=int) == [str(n) for n in range(1234)]


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
    monkeypatch.setattr("fashion_cli.crawling.memory.PATIENCE", 0.0)
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


def photo(sha256: str) -> Photo:
    return Photo(sha256 * 64, f"photographs/{sha256 * 2}/{sha256 * 64}.jpg", 200, 300, 9, sha256 * 16, bytes(768), SHOP)


def fetched(memory: Memory, url: str, sha256: str) -> None:
    """A photograph was fetched from an address."""
    waiting = frontier(memory)
    visit = next(each for each in iter(waiting.take, None) if each.url == url)
    with memory.connection.begin():
        keep_photograph(memory, photo(sha256))
        settle(memory, visit, replace(DONE, sha256=sha256 * 64))


def found(memory: Memory, product: FoundProduct, path: str, *images: str) -> Visit:
    """A page was read that shows a product."""
    add(memory, [page(path)])
    with memory.connection.begin():
        (number,) = enqueue(memory, [page(path)])
        visit = replace(page(path), id=number)
        links = note(memory, Discovery(product, tuple(f"{SHOP}{each}" for each in images), SHOP), visit)
        settle(memory, visit, DONE, links)
    return visit


def test_a_product_is_ready_when_all_its_photographs_are_settled(tmp_path: Path) -> None:
    with opened(tmp_path) as memory:
        found(memory, PRODUCT, "7", "1.jpg", "2.jpg", "1.jpg")
        fetched(memory, f"{SHOP}1.jpg", "a")
        settle_look_alikes(memory, 4, all_there=True)
        assert list(ready(memory)) == []
        fetched(memory, f"{SHOP}2.jpg", "b")
        settle_look_alikes(memory, -1, all_there=True)
        (each,) = ready(memory)
        assert each.product == PRODUCT
        assert [(one.sha256[0], one.position, one.url) for one in each.photographs] == [
            ("a", 0, f"{SHOP}1.jpg"),
            ("b", 1, f"{SHOP}2.jpg"),
        ]
        found_products.recorded(memory, PRODUCT.item_id)
        assert list(ready(memory)) == []


def test_in_place_of_a_dropped_photograph_the_kept_one_is_shown_once(tmp_path: Path) -> None:
    with opened(tmp_path) as memory:
        found(memory, PRODUCT, "7", "1.jpg", "2.jpg")
        fetched(memory, f"{SHOP}1.jpg", "a")
        with memory.connection.begin():
            keep_photograph(memory, replace(photo("b"), phash="a" * 16))
        fetched(memory, f"{SHOP}2.jpg", "b")
        assert settle_look_alikes(memory, 4, all_there=True) == 1
        (each,) = ready(memory)
        assert [one.sha256[0] for one in each.photographs] == ["a"]


@pytest.mark.parametrize("order", [("7?colour=blue", "7?colour=red"), ("7?colour=red", "7?colour=blue")])
def test_pages_of_one_product_are_put_together_in_any_order(order: tuple[str, str], tmp_path: Path) -> None:
    with opened(tmp_path) as memory:
        for path in order:
            offers = (replace(PRODUCT.offers[0], url=f"{SHOP}{path}"),)
            product = replace(PRODUCT, url=f"{SHOP}{path}", name=path, offers=offers)
            found(memory, product, path, f"{path[-3:]}.jpg", "both.jpg")
        for place, name in enumerate(("lue.jpg", "both.jpg", "red.jpg")):
            fetched(memory, f"{SHOP}{name}", "abc"[place])
        settle_look_alikes(memory, -1, all_there=True)
        (each,) = ready(memory)
        assert each.product.name == "7?colour=blue"
        assert [one.url for one in each.product.offers] == [f"{SHOP}7?colour=blue", f"{SHOP}7?colour=red"]
        assert [one.sha256[0] for one in each.photographs] == ["a", "b", "c"]


def test_photographs_whose_files_are_gone_are_fetched_again(tmp_path: Path) -> None:
    with opened(tmp_path) as memory:
        found(memory, PRODUCT, "7", "1.jpg", "2.jpg")
        fetched(memory, f"{SHOP}1.jpg", "a")
        fetched(memory, f"{SHOP}2.jpg", "b")
        assert memory.forget_missing(["a" * 64, "b" * 64]) == 0
        assert memory.forget_missing(["b" * 64]) == 1
        assert taken(frontier(memory)) == ["1.jpg"]


def another_round(memory: Memory) -> None:
    memory.end_round()
    memory.begin_round(update_all=True)


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


@pytest.mark.parametrize(
    ("again", "unreached", "gone"),
    [
        (DONE, False, True),  # the page was read, and does not show it any more
        (Outcome("failed", "HTTP 404", "", 404), False, True),
        (Outcome("failed", "HTTP 410", "", 410), False, True),
        (Outcome("failed", "HTTP 500", "", 500), False, False),
        (Outcome("failed", "timeout", "", 0), True, False),
        (None, False, False),  # not come across, but not everything could be read
        (None, True, True),
    ],
)
def test_what_is_gone(again: Outcome | None, unreached: bool, gone: bool, tmp_path: Path) -> None:
    with opened(tmp_path) as memory:
        memory.begin_round(update_all=False)
        found(memory, PRODUCT, "7")
        another_round(memory)
        if again is not None:
            with memory.connection.begin():
                (number,) = enqueue(memory, [page("7")])
                settle(memory, replace(page("7"), id=number), again)
        assert found_products.gone(memory, unreached=unreached) == ([PRODUCT.item_id] if gone else [])
        found_products.mark_gone(memory, [PRODUCT.item_id])
        assert found_products.gone(memory, unreached=unreached) == []


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


def test_config_and_report_come_through_json() -> None:
    config = CrawlConfig(("http://a.example/", 'naver:"테크웨어"'), "/shop", min_side=7, delay=0.25)
    assert CrawlConfig.from_json(config.to_json()) == config
    report = CrawlReport("/shop", "c", failed={"HTTP 404": 1}, failures=(Trouble("u", "r", 404, 1),), notes=("n",))
    assert CrawlReport.from_values(json.loads(json.dumps(report.to_values()))) == report
    assert set(asdict(report)) == set(report.to_values())


WRITER = """
import sys
from pathlib import Path
from fashion_cli.crawling.visits import Outcome, add, enqueue, settle
from fashion_cli.crawling.items import Visit
from fashion_cli.crawling.memory import Memory
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
