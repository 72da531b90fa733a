"""Where a catalogue is: a file of SQLite, the folder of a crawl, or the URL of a database. Imports no database."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote, unquote_plus

CATALOGUE_FILE = "catalogue.sqlite"  # in the folder of a crawl

_SQLITE = re.compile(r"^sqlite(\+\w+)?:///(?=[^?]+$)")
# A password may hold anything, and a user's name "@", as in "shop@server". Greedy, so that a wrong URL shows less; also
# where a slash or the colon is missing, and where there is no host at all.
_BEGINNING = r"\s*[\"']?(?:[^:]*://|(?:postgres(?:ql)?|mysql|mariadb)(?:\+\w+)?:?/+)"
_PASSWORD = re.compile(rf"^({_BEGINNING}[^:]*):(.*)@", re.DOTALL)
_WITHOUT_HOST = re.compile(rf"^({_BEGINNING}[^:/@\[]*):(?!\d*(?:/|$))[^@]*$", re.DOTALL)
_SECRET_KEY = re.compile(r"(?i)passw|passphrase|pwd|secret|token")
_IN_TEXT = re.compile(r"([\w+.-]+:/+[^\s:/@]*):\S*@")
# What has to follow the "@" behind a password: host, port, database, options.
_HOST = re.compile(r"(?:\[[^\]/?@]+\]|[^/?@:]*)(?::\d*)?/[^?@]*(?:\?[^=&?@]+=.*)?", re.DOTALL)
HIDDEN = "***"
_SHORTEST_PIECE = 3  # characters


def is_url(location: str | Path) -> bool:
    """Whether a location is a server's; `sqlite:///FILE` is as good as the file's path."""
    return isinstance(location, str) and "://" in location and not _SQLITE.match(location)


def default_location(folder: Path) -> Path | None:
    """The catalogue that a crawl left in its folder; None if there is none."""
    file = folder / CATALOGUE_FILE
    return file if file.is_file() else None


def redact_password(location: str | Path) -> str:
    """A location that may be shown and stored: a URL loses its password, wherever it stands."""
    redacted, _ = _split_secrets(str(location))
    return redacted


def has_password(location: str | Path) -> bool:
    return redact_password(location) != str(location)


def redact_passwords(text: str, location: str | Path = "") -> str:
    """A message that may be shown: without any URL's password, and without that of a location, however it is written.

    Args:
        text: What a database, its driver or a library says.
        location: What was opened; its password may stand alone in the text.
    """
    for secret in sorted(_spellings(location), key=len, reverse=True):
        alone = len(secret) <= _SHORTEST_PIECE  # in the middle of a word it says nothing
        text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)" if alone else re.escape(secret), HIDDEN, text)
    return _IN_TEXT.sub(r"\1@", text)


def readable_url(location: str) -> str:
    """A URL whose password and options may hold "@": that is escaped, as every parser of URLs wants it."""
    if match := re.match(rf"({_BEGINNING}[^:]*:)(.*)$", location, re.DOTALL):
        beginning, rest = match.groups()
        ends = [place.start() for place in re.finditer("@", rest)]
        if end := next((place for place in ends if _HOST.fullmatch(rest, place + 1)), 0):
            return f"{beginning}{_escape(rest[:end])}@{_escape(rest[end + 1 :])}"
    head, mark, query = location.partition("?")
    return head + mark + _escape(query)


def _escape(text: str) -> str:
    return text.replace("@", quote("@", safe=""))


def _split_secrets(location: str) -> tuple[str, tuple[str, ...]]:
    """Split a location into what may be shown and its passwords."""
    if not (is_url(location) or _PASSWORD.match(location)):
        return location, ()
    head, mark, query = location.partition("?")
    public, secrets = _split_query_secrets(query)
    redacted, end = head + mark + public, ""
    if match := _PASSWORD.match(redacted) or _WITHOUT_HOST.match(redacted):
        secrets += match.groups()[1:]
        end = "@" if match.re is _PASSWORD else ""
        redacted = match[1] + end + redacted[match.end() :]
    return redacted.rstrip("?&") if mark else redacted, secrets


def _split_query_secrets(query: str) -> tuple[str, tuple[str, ...]]:
    """Split the options of a URL into those that may be shown and the values of the others."""
    public: list[str] = []
    secrets: list[str] = []
    secret = False
    for option in query.split("&"):
        key, equals, value = option.partition("=")
        if equals:  # else it goes on with the value before it, which holds "&"
            secret = bool(_SECRET_KEY.search(unquote(key)))
        if secret:
            secrets.append(value if equals else option)
        else:
            public.append(option)
    return "&".join(public), tuple(secrets)


def _spellings(location: str | Path) -> Iterator[str]:
    """Every way in which a location's passwords may stand in a text, also in parts."""
    _, secrets = _split_secrets(str(location))
    for secret in secrets:
        plain = unquote(secret)
        ways = (secret, plain, unquote_plus(secret), quote(plain), quote(plain, safe=""), quote_plus(plain))
        pieces = (piece for piece in re.split("[@/:?#]", secret) if len(piece) >= _SHORTEST_PIECE)
        for way in {*ways, repr(plain)[1:-1], *pieces}:
            if way:
                yield way


def stored_location(location: str | Path) -> str:
    """What finds the catalogue again from any working directory, without a password."""
    if not is_url(location):
        return str(file_of(location).absolute())
    return redact_password(readable_url(str(location)))


def file_of(location: str | Path) -> Path:
    """The SQLite file that a path names; the folder of a crawl stands for the one in it."""
    path = Path(_SQLITE.sub("", location) if isinstance(location, str) else location)
    return path / CATALOGUE_FILE if path.is_dir() else path
