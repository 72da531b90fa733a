"""Sitemaps (https://www.sitemaps.org): lists of a site's pages, as XML or text, plain or in gzip, or lists of those."""

from dataclasses import dataclass
from itertools import islice

from scrapy.utils.gz import gunzip
from scrapy.utils.sitemap import Sitemap

from fashion_cli.crawling.urls import absolute

MAX_BYTES = 64 * 2**20  # of one sitemap, decompressed; the protocol allows 50 MiB
MOST = 50_000  # addresses in one, by the protocol


class SitemapError(Exception):
    """A file that is no sitemap; the message is the reason."""


@dataclass(frozen=True)
class SitemapEntries:
    """What one sitemap lists.

    Attributes:
        pages: Addresses of pages.
        sitemaps: Addresses of other sitemaps.
    """

    pages: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()


def is_sitemap(url: str) -> bool:
    """Whether an address looks like a sitemap's: what the user gives is read as what its name says."""
    path = url.partition("?")[0].partition("#")[0].lower().removesuffix(".gz")
    return path.endswith(".xml") or (path.endswith(".txt") and "sitemap" in path.rpartition("/")[2])


def read_sitemap(body: bytes, url: str) -> SitemapEntries:
    """The addresses that a sitemap lists, each once, in order.

    Raises:
        SitemapError: If it is none.
    """
    plain = _plain(body).lstrip(b"\xef\xbb\xbf \t\r\n")  # nothing may stand before an XML declaration
    if not plain.startswith(b"<"):
        return SitemapEntries(pages=_addresses(plain.decode("utf-8-sig", "replace").split(), url))
    try:
        sitemap = Sitemap(plain)
        locations = [each["loc"] for each in islice(sitemap, MOST) if each.get("loc")]
    except Exception as error:  # whatever lxml raises about what is no XML
        raise SitemapError("not a sitemap") from error
    if sitemap.type == "sitemapindex":
        return SitemapEntries(sitemaps=_addresses(locations, url))
    if sitemap.type == "urlset":
        return SitemapEntries(pages=_addresses(locations, url))
    raise SitemapError(f"not a sitemap: its root is <{sitemap.type}>")


def _plain(body: bytes) -> bytes:
    """The text of a sitemap, whatever its name and headers say about compression.

    Raises:
        SitemapError: If it is too long, or damaged.
    """
    if not body.startswith(b"\x1f\x8b"):
        return body
    try:
        return gunzip(body, max_size=MAX_BYTES)
    except ValueError as error:  # Scrapy's own for what becomes too long
        raise SitemapError(f"over the limit of {MAX_BYTES:,} bytes when decompressed") from error
    except (OSError, EOFError) as error:
        raise SitemapError("damaged gzip") from error


def _addresses(locations: list[str], url: str) -> tuple[str, ...]:
    found = dict.fromkeys(address for each in locations[:MOST] if (address := absolute(url, each.strip())))
    return tuple(found)
