"""Links that stay in the shop, the next page of a list, and the address that a page calls its own."""

from typing import Any

import pytest

from fashion_cli.crawling.parse.links import read_links
from tests.crawling.responses import URL, page


def links(body: str, url: str = URL, **headers: str) -> Any:
    return read_links(page(body, url, **headers), "shop.example")


def test_links_stay_in_the_shop_and_leave_out_what_is_no_page() -> None:
    body = """<base href="/sub/"><a href="a?utm_source=mail&x=1#part">a</a><a href="/b" rel="nofollow ugc">b</a>
    <a href="//www.shop.example/c">c</a><a href="https://elsewhere.example/">e</a><a href="/d.pdf">d</a>
    <a href="e.JPG">e</a><a href="javascript:void(0)">j</a><a href="mailto:a@b.c">m</a><a href="#top">t</a>
    <a href="f" download>f</a><a href="/x/y/x/y/x/y">loop</a><a href="https://shop.example:8443/p">p</a>
    <a href="a?x=1">again</a><a href="">x</a>"""
    assert links(body).pages == ("https://shop.example/sub/a?x=1", "https://www.shop.example/c")


def test_the_next_page_of_a_list_is_known_as_such() -> None:
    found = links('<link rel="next" href="?page=2"><a href="/x">x</a><a rel="prev" href="?page=0">p</a>')
    assert found.pagination == {f"{URL}?page=2", f"{URL}?page=0"}
    assert "https://shop.example/x" in found.pages


@pytest.mark.parametrize(
    ("body", "url", "headers", "expected"),
    [
        ('<link rel="canonical" href="/goods/8">', URL, {}, "https://shop.example/goods/8"),
        ("", URL, {"Link": '<https://shop.example/goods/8>; rel="canonical"'}, "https://shop.example/goods/8"),
        ('<link rel="canonical" href="/">', URL, {}, URL),
        ('<link rel="canonical" href="https://elsewhere.example/">', URL, {}, URL),
        (
            '<link rel="canonical" href="/all">',
            "https://shop.example/all?page=2",
            {},
            "https://shop.example/all?page=2",
        ),
        ('<link rel="canonical" href="/all">', "https://shop.example/all?sort=new", {}, "https://shop.example/all"),
        ("", f"{URL}?PHPSESSID=12&a=1", {}, f"{URL}?a=1"),
    ],
)
def test_the_address_that_a_page_calls_its_own(body: str, url: str, headers: dict[str, str], expected: str) -> None:
    assert links(body, url, **headers).canonical == expected
