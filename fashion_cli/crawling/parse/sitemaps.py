"""Sitemaps (https://www.sitemaps.org): lists of a site's pages, as XML, RSS, Atom or text, plain or in gzip, or lists
of those. What a file is, its content says, not its name.
"""

import re
from dataclasses import dataclass
from itertools import islice

from lxml import etree
from scrapy.utils.gz import gunzip
from scrapy.utils.sitemap import Sitemap

from fashion_cli.crawling.parse.encodings import decode, find_declared_encodings
from fashion_cli.crawling.parse.urls import absolute_url
from fashion_cli.plurals import counted

MAX_BYTES = 64 * 2**20  # of one sitemap, decompressed; the protocol allows 50 MiB
MAX_URLS = 50_000  # addresses in one, by the protocol
_MAX_GZIP_LEVELS = 3  # of gzip around gzip
_PROLOG = re.compile(
    r"^\s*(?:<\?xml[^>]*\?>\s*|<!--.*?-->\s*|<\?[^>]*\?>\s*|<!DOCTYPE(?:[^\[>]|\[[^\]]*\])*>\s*)*",
    re.DOTALL | re.IGNORECASE,
)
_ROOT = re.compile(r"<(?:[\w-]+:)?(urlset|sitemapindex|rss|feed|rdf|html)\b", re.IGNORECASE)
_BARE_AMPERSAND = re.compile(r"&(?!(?:[a-z]{1,8}|#\d{1,7}|#x[0-9a-f]{1,6});)", re.IGNORECASE)


class SitemapError(Exception):
    """A file that is no sitemap; the message is the reason."""


@dataclass(frozen=True)
class SitemapEntries:
    """What one sitemap lists.

    Attributes:
        pages: Addresses of pages.
        sitemaps: Addresses of other sitemaps.
        notes: What was left out.
    """

    pages: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def is_sitemap(url: str) -> bool:
    """Whether an address looks like a sitemap's. One that does not is known by its content when it comes."""
    path = url.partition("?")[0].partition("#")[0].lower().removesuffix(".gz")
    name = path.rpartition("/")[2]
    return path.endswith(".xml") or ("sitemap" in name and path.endswith((".txt", ".php", ".aspx", ".ashx")))


def is_sitemap_body(body: bytes) -> bool:
    """Whether an answer to the request for a page is a sitemap."""
    try:
        start = _decompress(body) if body.startswith(b"\x1f\x8b") else body[:20_000]
    except SitemapError:
        return False
    return _find_root(_decode(start[:20_000])) in ("urlset", "sitemapindex")


def read_sitemap(body: bytes, url: str) -> SitemapEntries:
    """Read the addresses that a sitemap lists, each once, in order.

    Raises:
        SitemapError: If it is none.
    """
    text = _decode(_decompress(body))
    root = _find_root(text)
    if root in ("rss", "feed", "rdf"):
        return _build_entries(_read_feed_links(text), url, "pages")
    if root in ("urlset", "sitemapindex"):
        return _build_entries(_read_locations(text), url, "sitemaps" if root == "sitemapindex" else "pages")
    if root:
        raise SitemapError(f"not a sitemap: its root is <{root}>")
    if text.lstrip().startswith("<"):
        raise SitemapError("not a sitemap")
    return _read_lines(text, url)


def _read_locations(text: str) -> list[str]:
    try:
        return [each["loc"] for each in islice(Sitemap(_prepare_xml(text)), MAX_URLS + 1) if each.get("loc")]
    except Exception as error:  # whatever lxml raises about what is no XML
        raise SitemapError("not a sitemap") from error


def _read_feed_links(text: str) -> list[str]:
    """Where the items of RSS and the entries of Atom lead."""
    root = etree.fromstring(_prepare_xml(text), etree.XMLParser(recover=True, resolve_entities=False))
    items = [] if root is None else root.iter("{*}item", "{*}entry")
    links = (next(item.iter("{*}link"), None) for item in islice(items, MAX_URLS + 1))
    return [link.get("href") or link.text or "" for link in links if link is not None]


def _prepare_xml(text: str) -> bytes:
    """XML as UTF-8, without a declaration that may name another encoding, and with bare ampersands escaped.

    Those of CDATA too: addresses are decoded later.
    """
    return _BARE_AMPERSAND.sub("&amp;", text[_prolog_end(text) :]).encode("utf-8", "replace")


def _prolog_end(text: str) -> int:
    match = _PROLOG.match(text)
    return match.end() if match else 0


def _read_lines(text: str, url: str) -> SitemapEntries:
    """A sitemap of text: an address in each line, and nothing else."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    addresses = [line for line in lines if re.match(r"https?://\S+$", line, re.IGNORECASE)]
    if not addresses:
        raise SitemapError("not a sitemap: no line is an address" if lines else "an empty sitemap")
    entries = _build_entries(addresses, url, "pages")
    odd = len(lines) - len(addresses)
    notes = (f"left out: {counted(odd, 'line')} without an address",) if odd else ()
    return SitemapEntries(entries.pages, (), (*entries.notes, *notes))


def _build_entries(locations: list[str], url: str, kind: str) -> SitemapEntries:
    urls = [absolute_url(url, each.strip()) for each in locations[:MAX_URLS]]
    unusable = urls.count("")
    notes = [f"left out: {counted(unusable, 'entry', 'entries')} without an address"] if unusable else []
    if len(locations) > MAX_URLS:
        notes.append(f"more than {MAX_URLS:,} addresses: the others are left out")
    if not locations:
        notes.append("a sitemap that lists nothing")
    return SitemapEntries(notes=tuple(notes), **{kind: tuple(dict.fromkeys(filter(None, urls)))})


def _find_root(text: str) -> str:
    """The name of the outermost element that sitemaps and what stands in their place begin with; "" for others."""
    match = _ROOT.match(text, _prolog_end(text))
    return match[1].lower() if match else ""


def _decode(plain: bytes) -> str:
    return decode(plain, find_declared_encodings(plain[:1000])).text.lstrip("\ufeff \t\r\n")


def _decompress(body: bytes) -> bytes:
    """The text of a sitemap, whatever its name and headers say about compression.

    Raises:
        SitemapError: If it is too long, or damaged.
    """
    for _ in range(_MAX_GZIP_LEVELS):
        if not body.startswith(b"\x1f\x8b"):
            break
        try:
            body = gunzip(body, max_size=MAX_BYTES)
        except ValueError as error:  # Scrapy's own for what becomes too long
            raise SitemapError(f"over the limit of {MAX_BYTES:,} bytes when decompressed") from error
        except (OSError, EOFError) as error:
            raise SitemapError("damaged gzip") from error
    return body
