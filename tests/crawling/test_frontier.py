"""What is fetched next: near pages first, hosts in turn, within limits."""

from pathlib import Path

from fashion_cli.crawling.parse.items import CrawlRequest
from fashion_cli.crawling.state.requests import enqueue_all
from tests.crawling.databases import SHOP, frontier, opened, page, settled, taken


def test_nearer_pages_and_photographs_come_first(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        image = CrawlRequest("image", f"{SHOP}1.jpg", SHOP)
        enqueue_all(
            database,
            [page("deep", 3), page("near", 1), page("start"), image, CrawlRequest("sitemap", f"{SHOP}s.xml", SHOP)],
        )
        assert taken(frontier(database)) == ["1.jpg", "s.xml", "start", "near", "deep"]


def test_hosts_take_turns_and_none_gets_more_than_it_bears(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        enqueue_all(
            database, [page(str(n), 1, host) for host in ("http://a.example/", "http://b.example/") for n in range(5)]
        )
        waiting = frontier(database, per_host=2)
        out = [request for _ in range(9) if (request := waiting.pop()) is not None]
        assert [each.url for each in out] == [
            *("http://a.example/0", "http://b.example/0", "http://a.example/1", "http://b.example/1")
        ]
        settled(database, out[0])
        waiting.release(out[0])
        pagination = waiting.pop()
        assert pagination is not None
        assert pagination.url == "http://a.example/2"


def test_limits_keep_pages_for_another_call_and_not_photographs(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        enqueue_all(database, [page("a", 1), page("b", 2), page("c", 9), CrawlRequest("image", f"{SHOP}1.jpg", SHOP)])
        assert taken(frontier(database, max_pages=1)) == ["1.jpg", "a"]
        assert taken(frontier(database, max_depth=2)) == ["1.jpg", "a", "b"]
        waiting = frontier(database, max_depth=2)
        assert (waiting.count_within_limits(), waiting.count_pending()) == (3, 4)


def test_pages_of_earlier_calls_count_towards_the_limit(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        enqueue_all(database, [page(str(n), 1) for n in range(5)])
        waiting = frontier(database, max_pages=3)
        first = waiting.pop()
        assert first is not None
        settled(database, first)
    with opened(tmp_path) as database:
        assert taken(frontier(database, max_pages=3)) == ["1", "2"]


def test_a_host_that_wants_to_be_left_alone_is(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        enqueue_all(database, [page(str(n), 1) for n in range(3)])
        waiting = frontier(database)
        request = waiting.pop()
        assert request is not None
        assert waiting.block_host(request)
        assert not waiting.block_host(request)
        waiting.add_hosts(["shop.example"])
        assert taken(waiting) == []
        assert waiting.count_pending() == 3


def test_many_visits_are_loaded_part_by_part_and_each_once(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        enqueue_all(database, (page(str(n), 1) for n in range(1234)))
        found = taken(frontier(database, per_host=10_000, max_pages=10_000))
        assert sorted(found, key=int) == [str(n) for n in range(1234)]
