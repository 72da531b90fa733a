"""What is typed: shops, sitemaps, lists and searches, each known by what it looks like."""

from pathlib import Path

import pytest

from fashion_cli.crawling.parse.sitemaps import is_sitemap
from fashion_cli.crawling.sources import parse_source
from fashion_cli.errors import UsageError


def test_sources_are_what_they_look_like(tmp_path: Path) -> None:
    (tmp_path / "images.csv").write_text("url\n")
    kinds = {
        "https://shop.example/": "shop",
        "https://shop.example/sitemap_index.xml.gz?x=1": "sitemap",
        str(tmp_path / "images.csv"): "list",
        'naver:"테크웨어"': "naver",
        "naver: 테크웨어 ": "naver",
    }
    assert {text: parse_source(text).kind for text in kinds} == kinds
    assert parse_source("naver:'테크웨어'").value == parse_source("naver:테크웨어").value == "테크웨어"
    assert is_sitemap("http://a.example/sitemap.txt")
    assert not is_sitemap("http://a.example/robots.txt")


@pytest.mark.parametrize("text", ["", "naver:", 'naver:""', "shop.example", "missing.csv", "photo.jpg", "http://"])
def test_what_is_no_source(text: str) -> None:
    with pytest.raises(UsageError):
        parse_source(text)
