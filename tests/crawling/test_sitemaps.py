"""Sitemaps as sites serve them: compressed, cut off, nested, and made to do harm."""

import gzip
from pathlib import Path

import pytest

from fashion_cli.crawling.parse.sitemaps import SitemapError, is_sitemap_body, read_sitemap

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
    monkeypatch.setattr("fashion_cli.crawling.parse.sitemaps.MAX_BYTES", 10_000)
    with pytest.raises(SitemapError, match="over the limit"):
        read_sitemap(gzip.compress(b" " * 1_000_000), "http://a.example/sitemap.xml.gz")


def test_entities_of_a_sitemap_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("http://a.example/secret")
    entity = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{(tmp_path / "secret").as_uri()}">]>'
    body = f"{entity}<urlset><url><loc>&e;</loc></url></urlset>"
    assert read_sitemap(body.encode(), "http://a.example/").pages == ()


@pytest.mark.parametrize(
    "body",
    [
        SITEMAP.decode().replace('"1.0"', '"1.0" encoding="UTF-16"').encode(),  # declares what it is not
        SITEMAP.decode().replace('"1.0"', '"1.0" encoding="UTF-16"').encode("utf-16"),
        SITEMAP.decode().replace('"1.0"', '"1.0" encoding="UTF-8"').encode("utf-16-le"),
        b"<!-- by a plugin -->\n" + SITEMAP,
        b"<?xml-stylesheet href='x.xsl'?>" + SITEMAP[21:],
        gzip.compress(gzip.compress(SITEMAP)),
        SITEMAP + b"<!-- 0.1 s --><script>x</script>",
        SITEMAP.replace(b"&amp;", b"&"),
        SITEMAP.replace(
            b"https://shop.example/goods/2?a=1&amp;b=2", b"<![CDATA[https://shop.example/goods/2?a=1&b=2]]>"
        ),
        SITEMAP.replace(b"urlset", b"s:urlset").replace(b"xmlns", b"xmlns:s"),
    ],
    ids=range(10),
)
def test_sitemaps_are_known_by_their_content(body: bytes) -> None:
    assert is_sitemap_body(body)
    found = read_sitemap(body, "https://shop.example/sitemap.php?page=1")
    assert found.pages == ("https://shop.example/goods/1", "https://shop.example/goods/2?a=1&b=2")


@pytest.mark.parametrize(
    "body", [b"", b"<html><body><urlset></body></html>", b"Not found", b"\x1f\x8b\x08no", b"<rss/>"]
)
def test_a_page_is_no_sitemap(body: bytes) -> None:
    assert not is_sitemap_body(body)


def test_feeds_of_news_list_pages() -> None:
    rss = "<rss><channel><link>https://a.example/</link><item><title>t</title><link>https://a.example/1</link></item></channel></rss>"
    atom = "<feed><entry><link rel='alternate' href='https://a.example/1'/></entry></feed>"
    for text in (rss, atom):
        assert read_sitemap(text.encode(), "https://a.example/").pages == ("https://a.example/1",)


def test_what_a_sitemap_has_beside_addresses_is_counted() -> None:
    found = read_sitemap(b"https://a.example/1\nNot an address\n# comment\n", "https://a.example/")
    assert found.pages == ("https://a.example/1",)
    assert found.notes == ("left out: 1 line without an address",)
    assert read_sitemap(b"<urlset></urlset>", "https://a.example/").notes == ("a sitemap that lists nothing",)
    odd = read_sitemap(b"<urlset><url><loc>mailto:x</loc></url></urlset>", "https://a.example/")
    assert odd.notes == ("left out: 1 entry without an address",)
    for text in (b"Page not found", b"", b"{}"):
        with pytest.raises(SitemapError):
            read_sitemap(text, "https://a.example/")
