"""Sitemaps as sites serve them: compressed, cut off, nested, and made to do harm."""

import gzip
from pathlib import Path

import pytest

from fashion_cli.crawling.sitemaps import SitemapError, read_sitemap

SITEMAP = (
    b'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc> /goods/1 </loc>'
    b"<lastmod>2024</lastmod></url><url><loc>https://shop.example/goods/2?a=1&amp;b=2</loc></url><url/></urlset>"
)


@pytest.mark.parametrize(
    "body", [SITEMAP, b"\xef\xbb\xbf" + SITEMAP, b"\n" + SITEMAP, gzip.compress(SITEMAP), SITEMAP[:-9]]
)
def test_sitemaps(body: bytes) -> None:
    found = read_sitemap(body, "https://shop.example/sitemap.xml")
    assert found.pages == ("https://shop.example/goods/1", "https://shop.example/goods/2?a=1&b=2")


def test_lists_of_sitemaps_and_plain_ones() -> None:
    index = b"<sitemapindex><sitemap><loc>http://a.example/1.xml.gz</loc></sitemap></sitemapindex>"
    assert read_sitemap(index, "http://a.example/").sitemaps == ("http://a.example/1.xml.gz",)
    assert (
        read_sitemap(b"http://a.example/1\nhttp://a.example/2\n", "http://a.example/").pages[1] == "http://a.example/2"
    )


@pytest.mark.parametrize("body", [b"<html><body>404</body></html>", b"<", b"\x1f\x8b\x08broken", b"<!DOCTYPE x>"])
def test_what_is_no_sitemap(body: bytes) -> None:
    with pytest.raises(SitemapError):
        read_sitemap(body, "http://a.example/sitemap.xml")


def test_a_sitemap_that_unpacks_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fashion_cli.crawling.sitemaps.MAX_BYTES", 10_000)
    with pytest.raises(SitemapError, match="over the limit"):
        read_sitemap(gzip.compress(b" " * 1_000_000), "http://a.example/sitemap.xml.gz")


def test_entities_of_a_sitemap_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("http://a.example/secret")
    entity = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{(tmp_path / "secret").as_uri()}">]>'
    body = f"{entity}<urlset><url><loc>&e;</loc></url></urlset>"
    assert read_sitemap(body.encode(), "http://a.example/").pages == ()
