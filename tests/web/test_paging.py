"""Pages, totals and counts of the REST API against one long answer and plain loops; HEAD against GET."""

from typing import Any

import httpx
import pytest

from tests.web.shops import COUNT, PER_ITEM, Running, Shop, draw, item, png

STRANGER = png(draw(1000))
ITEMS = (COUNT - 4) // PER_ITEM + 4  # photographs without a product are their own items


def ask(running: Running, kind: str, drawn_shop: Shop, **fields: str | int) -> dict[str, Any]:
    if kind == "photograph":
        answer = running.post("search", STRANGER, **fields)
    elif kind == "but":
        answer = running.post("search", STRANGER, but="colour=blue", **fields)
    elif kind == "words":
        answer = running.client.get("/api/v1/search", params={"keyword": "red blue green", **fields})
    else:
        answer = running.client.get(f"/api/v1/photographs/{drawn_shop.sha256(7)}/similar", params=fields)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("kind", ["photograph", "but", "words", "similar"])
@pytest.mark.parametrize("one_per_item", [True, False])
@pytest.mark.parametrize("rerank", [True, False])
def test_pages_show_every_hit_once(
    running: Running, drawn_shop: Shop, kind: str, one_per_item: bool, rerank: bool
) -> None:
    fields = {"one_per_item": str(one_per_item).lower(), "rerank": str(rerank).lower()}
    every = ask(running, kind, drawn_shop, topk=200, **fields)
    total = every["total"]
    assert len(every["hits"]) == total
    pages = [ask(running, kind, drawn_shop, topk=7, offset=offset, **fields) for offset in range(0, total + 7, 7)]
    shown = [hit["photograph"] for page in pages for hit in page["hits"]]
    assert {page["total"] for page in pages} == {total}
    assert sorted(shown) == sorted(hit["photograph"] for hit in every["hits"])
    assert [hit["rank"] for page in pages for hit in page["hits"]] == list(range(1, total + 1))
    assert pages[0]["hits"] == ask(running, kind, drawn_shop, topk=7, **fields)["hits"]  # as without pages
    assert pages[-1]["hits"] == []
    if kind in ("but", "words") or not rerank:  # a page of these is a part of the whole list
        assert shown == [hit["photograph"] for hit in every["hits"]]


def test_a_page_is_re_ranked_within_itself(running: Running, drawn_shop: Shop) -> None:
    plain = ask(running, "photograph", drawn_shop, topk=COUNT, rerank="false", one_per_item="false")["hits"]
    page = ask(running, "photograph", drawn_shop, topk=10, offset=10, one_per_item="false")["hits"]
    block = plain[10:20]
    order = sorted(range(10), key=lambda place: 2 * (place + 1) - 2 * len(block[place]["shared_tags"]))
    assert [hit["photograph"] for hit in page] == [block[place]["photograph"] for place in order]
    assert [hit["retrieval_rank"] for hit in page] == [11 + place for place in order]


def test_totals_and_counts_are_those_of_the_result(running: Running, drawn_shop: Shop) -> None:
    narrowed: tuple[dict[str, str], ...] = ({}, {"where": "colour=red"}, {"max_price": "15000"})
    for fields in narrowed:
        photographs = ask(running, "photograph", drawn_shop, topk=200, one_per_item="false", **fields)
        counts: dict[str, dict[str, int]] = {}
        for hit in photographs["hits"]:
            for tag in hit["tags"]:
                group = counts.setdefault(tag["group"], {})
                group[tag["tag"]] = group.get(tag["tag"], 0) + 1
        assert photographs["counts"] == counts
        items: dict[str, dict[str, set[str]]] = {}
        for hit in photographs["hits"]:
            name = hit["product"]["item_id"] if hit["product"] else hit["photograph"]
            for tag in hit["tags"]:
                items.setdefault(tag["group"], {}).setdefault(tag["tag"], set()).add(name)
        grouped = ask(running, "photograph", drawn_shop, topk=1, **fields)
        told = {group: {tag: len(names) for tag, names in tags.items()} for group, tags in items.items()}
        assert grouped["counts"] == told
    assert ask(running, "photograph", drawn_shop, topk=1)["total"] == ITEMS


def test_words_of_shops_and_tags_hold_together(running: Running, drawn_shop: Shop) -> None:
    """A product's name and what is seen on its photograph: neither alone says it."""
    products = running.client.get("/api/v1/search", params={"keyword": "techwear", "topk": 200}).json()
    assert {hit["product"]["item_id"] for hit in products["hits"]} == {item(number) for number in range(1, 16, 2)}
    both: dict[str, str | int] = {"keyword": "techwear red", "topk": 200, "one_per_item": "false"}
    hits = running.client.get("/api/v1/search", params=both).json()["hits"]
    everything = ask(running, "photograph", drawn_shop, topk=200, one_per_item="false", where="colour=red")["hits"]
    red = {hit["photograph"] for hit in everything if hit["product"] and "techwear" in hit["product"]["keywords"]}
    assert red
    assert {hit["photograph"] for hit in hits} == red


@pytest.mark.parametrize("offset", ["-1", "10001", "x"])
def test_an_offset_that_means_nothing_is_refused(running: Running, offset: str) -> None:
    assert running.post("search", STRANGER, offset=offset).status_code == 422


def test_head_is_get_without_a_body(running: Running, drawn_shop: Shop) -> None:
    sha256 = drawn_shop.sha256(0)
    for path in (
        "/",
        "/docs",
        "/metrics",
        "/api/v1/health",
        "/api/v1/openapi.json",
        "/api/v1/groups?language=ko",
        f"/api/v1/photographs/{sha256}",
        f"/api/v1/photographs/{sha256}?size=64",
        f"/api/v1/photographs/{sha256}/similar",
        "/api/v1/search?keyword=linen",
        "/api/v1/search?keyword=lnien",
        "/api/v1/photographs/nothing",
        "/nowhere",
        "/static/page.css",
    ):
        got, head = running.client.get(path), running.client.head(path)
        assert head.status_code == got.status_code, path
        assert head.content == b""
        assert headers(head).keys() == headers(got).keys(), path
        for name in ("content-type", "etag", "cache-control", "content-security-policy", "content-disposition"):
            assert head.headers.get(name) == got.headers.get(name), path
    etag = running.client.head(f"/api/v1/photographs/{sha256}").headers["etag"]
    again = running.client.head(f"/api/v1/photographs/{sha256}", headers={"If-None-Match": etag})
    assert again.status_code == 304


def headers(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name != "date"}


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("HEAD", "/api/v1/tags", "POST"),
        ("GET", "/api/v1/tags", "POST"),
        ("DELETE", "/api/v1/search", "GET, HEAD, POST"),
        ("POST", "/api/v1/health", "GET, HEAD"),
        ("PUT", "/", "GET, HEAD"),
        ("POST", "/static/page.css", "GET, HEAD"),
    ],
)
def test_405_names_every_method_that_there_is(running: Running, method: str, path: str, allowed: str) -> None:
    answer = running.client.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    if method != "HEAD":
        assert allowed in answer.json()["error"]["message"]


def test_operations_have_names_that_people_can_read(running: Running) -> None:
    document = running.client.get("/api/v1/openapi.json").json()
    names = [operation["operationId"] for operations in document["paths"].values() for operation in operations.values()]
    assert sorted(names) == [
        "get_health",
        "get_photograph",
        "list_groups",
        "search_by_photograph",
        "search_by_words",
        "search_similar",
        "tag_photograph",
    ]
    page = running.client.get("/docs").text
    assert all(name in page for name in names)
