"""Where a catalogue is: a file of SQLite, the folder of a crawl, or the URL of a database. Imports no database."""

import re
from pathlib import Path

CATALOGUE_FILE = "catalogue.sqlite"  # in the folder of a crawl

# A password may hold anything, and a user's name "@", as in "shop@server". Greedy, so that a wrong URL shows less.
_PASSWORD = re.compile(r"^([^:]*://[^:]*):.*@", re.DOTALL)
_SQLITE = re.compile(r"^sqlite(\+\w+)?:///(?=[^?]+$)")
_SECRET = re.compile(r"(?i)(?<=[?&])[^=&]*(?:passw|pwd|secret|token)[^=&]*=[^&]*&?")


def is_url(location: str | Path) -> bool:
    """Whether a location is a server's; `sqlite:///FILE` is as good as the file's path."""
    return isinstance(location, str) and "://" in location and not _SQLITE.match(location)


def default_location(folder: Path) -> Path | None:
    """The catalogue that a crawl left in its folder; None if there is none."""
    file = folder / CATALOGUE_FILE
    return file if file.is_file() else None


def without_password(location: str | Path) -> str:
    """A location that may be shown and stored: a URL loses its password, wherever it stands."""
    if not is_url(location):
        return str(location)
    shown = _PASSWORD.sub(r"\1@", str(location))
    return _SECRET.sub("", shown).rstrip("?&")


def has_password(location: str | Path) -> bool:
    return without_password(location) != str(location)


def stored_location(location: str | Path) -> str:
    """What finds the catalogue again from any working directory, without a password."""
    return without_password(location) if is_url(location) else str(file_of(location).absolute())


def file_of(location: str | Path) -> Path:
    """The SQLite file that a path names; the folder of a crawl stands for the one in it."""
    path = Path(_SQLITE.sub("", location) if isinstance(location, str) else location)
    return path / CATALOGUE_FILE if path.is_dir() else path
