"""What a user can crawl: a shop, a sitemap, a list of image URLs, a search on Naver."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from fashion_cli.crawling.fetch.addresses import check_url
from fashion_cli.crawling.parse.sitemaps import is_sitemap
from fashion_cli.crawling.parse.urls import absolute_url
from fashion_cli.errors import UsageError

SourceKind = Literal["shop", "sitemap", "list", "naver"]
LIST_SUFFIXES = (".txt", ".csv", ".tsv", ".xml", ".parquet")
NAVER = "naver:"
_QUOTED = re.compile(r"^([\"'“”])(.*)([\"'“”])$")
_EXAMPLES = 'https://shop.example/, https://shop.example/sitemap.xml, images.csv or naver:"테크웨어"'


@dataclass(frozen=True)
class Source:
    """One thing to crawl.

    Attributes:
        kind: Which.
        name: Under which `crawl.sqlite` keeps it.
        value: The URL, the file's path, or the search's words.
    """

    kind: SourceKind
    name: str
    value: str


def parse_source(text: str, *, allow_private: bool = False) -> Source:
    """Parse what a user typed.

    Raises:
        UsageError: If it is nothing that can be crawled.
    """
    name = text.strip()
    if name.startswith(NAVER):
        return _parse_search(name)
    if "://" in name:
        return _parse_url(name, allow_private=allow_private)
    path = Path(name).expanduser()
    if path.suffix.lower() in LIST_SUFFIXES or path.is_file():
        if not path.is_file():
            raise UsageError(f"{name}: no such file", hint="check the path")
        return Source("list", str(path.absolute()), str(path.absolute()))
    raise UsageError(f"{name!r}: nothing to crawl", hint=f"give for example {_EXAMPLES}")


def _parse_search(name: str) -> Source:
    words = name.removeprefix(NAVER).strip()
    if quoted := _QUOTED.match(words):
        words = quoted.group(2).strip()
    if not words:
        raise UsageError("naver: without words", hint='naver:"테크웨어"')
    return Source("naver", f'{NAVER}"{words}"', words)


def _parse_url(name: str, *, allow_private: bool) -> Source:
    if reason := check_url(name, allow_private=allow_private):
        hint = "--allow-private, if that is what you want" if not check_url(name, allow_private=True) else _EXAMPLES
        raise UsageError(f"{_hide_credentials(name)}: {reason}", hint=hint)
    if "@" in urlsplit(name).netloc:
        raise UsageError(
            f"{_hide_credentials(name)}: a name or password in the address", hint="crawl what everybody can see"
        )
    url = absolute_url(name, name)
    if not url:
        raise UsageError(f"{name}: not an address", hint=f"give for example {_EXAMPLES}")
    return Source("sitemap" if is_sitemap(url) else "shop", url, url)


def _hide_credentials(url: str) -> str:
    """A URL without the name and password before its host."""
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    return f"{scheme}://{place.rpartition('@')[2]}{slash}{path}"
