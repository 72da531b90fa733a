"""What sites forbid, in headers and in pages."""

import pytest
from scrapy.http import Response

from fashion_cli.crawling.fetch.robots import read_robot_tags
from tests.crawling.responses import page


@pytest.mark.parametrize(
    ("header", "keep_out", "nofollow"),
    [
        ("noai", "noai", False),
        ("NoAI, NoImageAI", "noai", False),
        ("fashion-cli: noimageai", "noimageai", False),
        ("googlebot: noai", "", False),
        ("googlebot: nofollow, noai", "", False),
        ("*: noindex, nofollow", "noindex", True),
        ("max-snippet: 5, noimageai", "noimageai", False),
        ("unavailable_after: 25 Jun 2027 15:00:00 PST", "", False),
        ("nofollow", "", True),
        ("none", "none", True),
        ("all", "", False),
    ],
)
def test_robot_tags_of_headers(header: str, keep_out: str, nofollow: bool) -> None:
    tags = read_robot_tags(Response("http://a.example/1.jpg", headers={"X-Robots-Tag": header}))
    assert (tags.keep_out, tags.nofollow) == (keep_out, nofollow)


def test_robot_tags_of_pages() -> None:
    assert read_robot_tags(page('<meta name="Robots" content="index, NoAI">')).keep_out == "noai"
    assert read_robot_tags(page('<meta name="fashion-cli" content="noimageai">')).keep_out == "noimageai"
    assert read_robot_tags(page('<meta name="googlebot" content="noai">')).keep_out == ""
    assert read_robot_tags(page('<meta name="robots" content="nofollow">')).nofollow
