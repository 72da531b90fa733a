"""URLs: absolute, canonical, and which belong to the same site.

A shop's pages have endless spellings: session numbers, tracking, the order of parameters. Without one spelling a crawl
never ends and fetches everything several times.
"""

import codecs
import re
from functools import lru_cache
from html import unescape
from urllib.parse import SplitResult, unquote, unquote_plus, urljoin, urlsplit, urlunsplit

from tldextract import TLDExtract
from w3lib.url import canonicalize_url, safe_url_string, url_query_cleaner

MAX_LENGTH = 2_000  # characters; longer addresses come from loops
_DEFAULT_PORTS = {"http": 80, "https": 443}

# Parameters of tracking and sessions, which never choose what is shown.
_TRACKING_PARAMETERS = (
    *("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "utm_id", "gclid", "dclid", "fbclid"),
    *("msclkid", "yclid", "mc_cid", "mc_eid", "igshid", "_ga", "_gl", "NaPm", "n_media", "n_query", "srsltid"),
    *("PHPSESSID", "phpsessid", "JSESSIONID", "jsessionid", "ASP.NET_SessionId", "osCsid", "zenid", "CFID", "CFTOKEN"),
)
# These may also number a shop or a style, so a short plain number stays.
_SESSION_PARAMETER = re.compile(
    r"(?:^|(?<=&))(?:(?:sid|sess|sessid|session|session_?id)=(?!\d{1,9}(?:&|$))[^&]*"
    r"|(?:_|token|csrf|csrf_?token|nonce|rnd|rand|random|ts|timestamp|cachebuster|cb)=(?=[^&]*\d)[\w-]{8,}(?=&|$))",
    re.IGNORECASE,
)
_SESSION_IN_PATH = re.compile(
    r";(jsessionid|phpsessid|sid|sessionid)=[^/?#;]*|/\([SAF]\([^)/]*\)\)(?=/)", re.IGNORECASE
)
_PAGE_PARAMETER = re.compile(r"^(page|p|pg|paged|pageno|page_no|offset|start|from)$", re.IGNORECASE)
_PAGE_PATH = re.compile(r"/page/\d+/?$", re.IGNORECASE)
# Parameters that choose a colour or a size of the product that a page shows, or say where a requestor comes from.
_VARIANT = re.compile(
    r"(variant|variation|variant_?id|color|colour|size|attribute_[^=]*|ref|referrer|"
    r"_pos|_sid|_ss|pr_[^=]*|cate_no|display_group|currency)=",
    re.IGNORECASE,
)
_INDEX_FILE = re.compile(r"/(?:index|default)\.(?:html?|php|aspx?|jsp)$")
_IMAGE_FILE = re.compile(r"\.(?:jpe?g|png|webp|avif|gif)(?:\?\S*)?$", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE)
_LINE_BREAKS = re.compile(r"[\t\r\n]")

# The list of public suffixes that comes with the library: nothing is fetched for it.
_extract_domain = TLDExtract(suffix_list_urls=(), cache_dir=None)


def absolute_url(base: str, reference: str, encoding: str = "utf-8") -> str:
    """A reference as an absolute URL without fragment, as browsers read it; "" if it is none that can be fetched.

    The one rule for links, JSON-LD, microdata, Open Graph, feeds and sitemaps: entities that a template left behind are
    decoded (`&amp;`, also twice), blanks and letters are escaped, backslashes are slashes.

    Args:
        base: What it is relative to; "" if it has to be absolute.
        reference: As it is written.
        encoding: Of the page. Its query is sent in this encoding, as browsers do; its path always in UTF-8.
    """
    text = _LINE_BREAKS.sub("", _unescape_entities(reference)).strip()
    if not text or text.startswith("#"):
        return ""
    try:
        where, mark, query = text.partition("?")
        joined = safe_url_string(urljoin(base, where.replace("\\", "/") + mark + query), _query_encoding(encoding))
        parts = urlsplit(joined)
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or len(joined) > MAX_LENGTH:
            return ""
        _ = parts.port
    except (ValueError, UnicodeError):
        return ""
    return urlunsplit(parts._replace(netloc=_netloc(parts), path=_remove_dot_segments(parts.path), fragment=""))


def split_urls(text: str) -> list[str]:
    """The addresses in a text that holds several, between blanks, commas or bars; each may hold blanks and commas."""
    parts = re.split(r"[\s,;|]+(?=(?:https?:)?//)", text.strip(" \t\r\n,;|"))
    return [each for part in parts for each in _split_relative_urls(part)]


def same_page(url: str, other: str) -> bool:
    """Whether two addresses are spellings of one page, as far as that can be seen without fetching.

    Scheme, host, case, slash at the end, file names of folders, variants and tracking make no difference: a page's
    claim about its own address differs in these from where it was found.
    """
    return identify_page(url) == identify_page(other)


def identify_page(url: str) -> tuple[str, frozenset[str]]:
    """What two spellings of one page have in common: the path and the parameters that choose what is shown."""
    parts = urlsplit(clean_url(url))
    path = _INDEX_FILE.sub("/", unquote(parts.path).casefold()).rstrip("/")
    parameters = (unquote_plus(each) for each in _split_query(parts))
    significant = {each.casefold() for each in parameters if not _VARIANT.match(each)}
    return path, frozenset(significant)


def clean_url(url: str) -> str:
    """A page's address without session numbers and tracking, in the order that the site uses."""
    cleaned = _SESSION_IN_PATH.sub("", url)
    if "?" not in cleaned:
        return cleaned
    parts = urlsplit(url_query_cleaner(cleaned, _TRACKING_PARAMETERS, remove=True, unique=False))
    query = "&".join(each for each in _SESSION_PARAMETER.sub("", parts.query).split("&") if each)
    return urlunsplit(parts._replace(query=query))


def canonical_key(url: str) -> str:
    """The one spelling of a page's address: equal for addresses that show the same page."""
    return canonicalize_url(clean_url(url))


def get_host(url: str) -> str:
    """What requests are counted by: the host without its port, as Scrapy's slots do."""
    return urlsplit(url).hostname or ""


def site_key(url: str) -> str:
    """What makes pages one site: the host without `www.`, and the port unless it is the scheme's own."""
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.").removesuffix(".")
    port = parts.port
    return host if port in (None, 80, 443) else f"{host}:{port}"


def registered_domain(url: str) -> str:
    """The name that somebody registered: "shop.co.kr" of "https://m.shop.co.kr/"; a host that has none, as it is."""
    host = urlsplit(url).hostname or ""
    return _find_registered_domain(host) or site_key(url)


def same_domain(url: str, other: str) -> bool:
    """Whether two hosts lie under one registered name, and on the same port unless those are the schemes' own."""
    ports = {site_key(each).partition(":")[2] for each in (url, other)}
    return registered_domain(url) == registered_domain(other) and len(ports) == 1


def is_other_page_of_list(url: str, canonical: str) -> bool:
    """Whether an address is one page of the list that `canonical` shows the first page of."""
    one, other = urlsplit(url), urlsplit(canonical)
    if _PAGE_PATH.sub("", one.path).rstrip("/") != _PAGE_PATH.sub("", other.path).rstrip("/"):
        return False
    if _PAGE_PATH.search(one.path) and not _PAGE_PATH.search(other.path):
        return True
    extra = set(_split_query(one)) - set(_split_query(other))
    return any(_PAGE_PARAMETER.match(each.partition("=")[0]) for each in extra)


def is_loop(url: str) -> bool:
    """Whether a path repeats itself, as relative links do that lead back to their own folder: `/a/b/a/b/a/b/`."""
    parts = [part for part in urlsplit(url).path.split("/") if part]
    for length in range(1, len(parts) // 3 + 1):
        tail = parts[-length:]
        if parts[-2 * length : -length] == tail and parts[-3 * length : -2 * length] == tail:
            return True
    return False


def _unescape_entities(text: str) -> str:
    """A text without the entities of HTML. Only whole ones: `&copy=2` is a parameter."""
    for _ in range(2):
        text = _ENTITY.sub(lambda each: unescape(each.group()), text)
    return text


def _split_relative_urls(text: str) -> list[str]:
    """Relative addresses between commas: only where each of them is surely one."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > 1 and all(_IMAGE_FILE.search(part) and (" " in text or part[:1] in "/.") for part in parts):
        return parts
    return [text] if text else []


def _query_encoding(encoding: str) -> str:
    """UTF-16 pages send their queries in UTF-8, as do those whose encoding is not known."""
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        return "utf-8"
    return "utf-8" if name.startswith(("utf-16", "utf-32")) else name


@lru_cache(maxsize=4096)
def _find_registered_domain(host: str) -> str:
    return _extract_domain(host).top_domain_under_public_suffix


def _netloc(parts: SplitResult) -> str:
    """Host and port. A name and password before them are left out: they would be kept, shown and logged."""
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f":{parts.port}"
    return f"{host}{port}"


def _remove_dot_segments(path: str) -> str:
    """A path in which no part leads up or nowhere (RFC 3986, section 5.2.4)."""
    segments: list[str] = []
    parts = path.split("/")[1:]
    for part in parts:
        if part == "..":
            segments = segments[:-1]
        elif part != ".":
            segments.append(part)
    ends_in_folder = parts and parts[-1] in (".", "..")
    return "/" + "/".join(segments) + ("/" if ends_in_folder and segments else "")


def _split_query(parts: SplitResult) -> list[str]:
    return [each for each in parts.query.split("&") if each]
