"""Addresses of pages: one spelling for each, and which belong to the same shop.

A shop's pages have endless spellings: session numbers, tracking, the order of parameters. Without one spelling a crawl
never ends and fetches everything several times.
"""

import re
from functools import lru_cache
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

from tldextract import TLDExtract
from w3lib.url import canonicalize_url, safe_url_string, url_query_cleaner

LONGEST = 2_000  # characters; longer addresses come from loops
_PORTS = {"http": 80, "https": 443}

# Parameters that say who asks or where from, never what is shown.
_WHO_ASKS = (
    *("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "utm_id", "gclid", "dclid", "fbclid"),
    *("msclkid", "yclid", "mc_cid", "mc_eid", "igshid", "_ga", "_gl", "NaPm", "n_media", "n_query", "srsltid"),
    *("PHPSESSID", "phpsessid", "JSESSIONID", "jsessionid", "ASP.NET_SessionId", "osCsid", "zenid", "CFID", "CFTOKEN"),
)
# These may also number a shop or a style, so a short plain number stays.
_SESSION = re.compile(r"(?:^|(?<=&))(?:sid|sess|sessid|session|session_?id)=(?!\d{1,9}(?:&|$))[^&]*", re.IGNORECASE)
_IN_PATH = re.compile(r";(jsessionid|phpsessid|sid|sessionid)=[^/?#;]*", re.IGNORECASE)
_PAGE_PARAMETER = re.compile(r"^(page|p|pg|paged|pageno|page_no|offset|start|from)$", re.IGNORECASE)
_PAGE_PATH = re.compile(r"/page/\d+/?$", re.IGNORECASE)
_LINE_BREAKS = re.compile(r"[\t\r\n]")

# The list of public suffixes that comes with the library: nothing is fetched for it.
_suffixes = TLDExtract(suffix_list_urls=(), cache_dir=None)


def absolute(base: str, reference: str) -> str:
    """A reference of a page as an absolute URL without fragment; "" if it is no address that can be fetched."""
    text = _LINE_BREAKS.sub("", reference.strip())
    if not text or text.startswith("#"):
        return ""
    try:
        joined = safe_url_string(urljoin(base, text))
        parts = urlsplit(joined)
        if parts.scheme not in _PORTS or not parts.hostname or len(joined) > LONGEST:
            return ""
        _ = parts.port
    except (ValueError, UnicodeError):
        return ""
    return urlunsplit(parts._replace(netloc=_netloc(parts), path=_without_dots(parts.path), fragment=""))


def page_url(url: str) -> str:
    """A page's address without session numbers and tracking, in the order that the site uses."""
    cleaned = _IN_PATH.sub("", url)
    if "?" not in cleaned:
        return cleaned
    parts = urlsplit(url_query_cleaner(cleaned, _WHO_ASKS, remove=True, unique=False))
    query = "&".join(each for each in _SESSION.sub("", parts.query).split("&") if each)
    return urlunsplit(parts._replace(query=query))


def page_key(url: str) -> str:
    """The one spelling of a page's address: equal for addresses that show the same page."""
    return canonicalize_url(page_url(url))


def site_key(url: str) -> str:
    """What makes pages one site: the host without `www.`, and the port unless it is the scheme's own."""
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.").removesuffix(".")
    port = parts.port
    return host if port in (None, 80, 443) else f"{host}:{port}"


def registered_name(url: str) -> str:
    """The name that somebody registered: "shop.co.kr" of "https://m.shop.co.kr/"; a host that has none, as it is."""
    host = urlsplit(url).hostname or ""
    return _registered(host) or site_key(url)


def same_owner(url: str, other: str) -> bool:
    """Whether two hosts lie under one registered name, and on the same port unless those are the schemes' own."""
    ports = {site_key(each).partition(":")[2] for each in (url, other)}
    return registered_name(url) == registered_name(other) and len(ports) == 1


def turns_pages(url: str, canonical: str) -> bool:
    """Whether an address is one page of the list that `canonical` shows the first page of."""
    one, other = urlsplit(url), urlsplit(canonical)
    if _PAGE_PATH.sub("", one.path).rstrip("/") != _PAGE_PATH.sub("", other.path).rstrip("/"):
        return False
    if _PAGE_PATH.search(one.path) and not _PAGE_PATH.search(other.path):
        return True
    extra = set(_parameters(one)) - set(_parameters(other))
    return any(_PAGE_PARAMETER.match(each.partition("=")[0]) for each in extra)


def is_loop(url: str) -> bool:
    """Whether a path repeats itself, as relative links do that lead back to their own folder: `/a/b/a/b/a/b/`."""
    parts = [part for part in urlsplit(url).path.split("/") if part]
    for length in range(1, len(parts) // 3 + 1):
        tail = parts[-length:]
        if parts[-2 * length : -length] == tail and parts[-3 * length : -2 * length] == tail:
            return True
    return False


@lru_cache(maxsize=4096)
def _registered(host: str) -> str:
    return _suffixes(host).top_domain_under_public_suffix


def _netloc(parts: SplitResult) -> str:
    """Host and port. A name and password before them are left out: they would be kept, shown and logged."""
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, _PORTS.get(parts.scheme)) else f":{parts.port}"
    return f"{host}{port}"


def _without_dots(path: str) -> str:
    """A path in which no part leads up or nowhere (RFC 3986, section 5.2.4)."""
    kept: list[str] = []
    parts = path.split("/")[1:]
    for part in parts:
        if part == "..":
            kept = kept[:-1]
        elif part != ".":
            kept.append(part)
    ends_in_folder = parts and parts[-1] in (".", "..")
    return "/" + "/".join(kept) + ("/" if ends_in_folder and kept else "")


def _parameters(parts: SplitResult) -> list[str]:
    return [each for each in parts.query.split("&") if each]
