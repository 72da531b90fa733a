"""Errors of feature files, in words, with what to do next."""

import errno
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fashion_cli.errors import FeatureFileError, OutputError

CHOOSE_ANOTHER = "choose another place with -o"
HINTS = {
    errno.ENOSPC: "free some space and call again: what was finished is kept",
    errno.EDQUOT: "free some of your quota and call again: what was finished is kept",
    errno.EFBIG: "raise the limit on file sizes (ulimit -f) and call again: what was finished is kept",
    errno.EACCES: f"change its permissions, or {CHOOSE_ANOTHER}",
    errno.EPERM: f"change its permissions, or {CHOOSE_ANOTHER}",
    errno.EROFS: f"the file system is read-only: {CHOOSE_ANOTHER}",
    errno.EISDIR: f"it is a folder: {CHOOSE_ANOTHER}",
}


def make_again(path: Path) -> str:
    """What to do about a file that is beyond repair."""
    return f"delete it and make it again: fashion embed IMAGES… -o {shlex.quote(str(path))}"


def missing(path: Path) -> FeatureFileError:
    """The error of a file that is not there."""
    return FeatureFileError(f"{path}: no such feature file", hint=f"fashion embed IMAGES… -o {shlex.quote(str(path))}")


def damage(path: Path, what: str) -> FeatureFileError:
    """The error of a feature file that does not follow the format."""
    return FeatureFileError(f"{path}: {what}", hint=make_again(path))


@contextmanager
def naming_damage(path: Path) -> Iterator[None]:
    """HDF5 stumbles over a file -> FeatureFileError.

    Raises:
        FeatureFileError: In place of what h5py raises for files that are cut short or have wrong bytes.
    """
    try:
        yield
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, MemoryError) as error:
        if "truncated file" in str(error):
            raise FeatureFileError(
                f"{path}: the end of the file is missing", hint=f"copy it again, or {make_again(path)}"
            ) from error
        raise damage(path, f"damaged ({_first_line(error)})") from error


@contextmanager
def naming_unreadable(path: Path) -> Iterator[None]:
    """A file cannot be opened to be read -> FeatureFileError.

    Raises:
        FeatureFileError: In place of OSError.
    """
    try:
        yield
    except BlockingIOError as error:
        raise _in_use(path) from error
    except FileNotFoundError as error:
        raise missing(path) from error
    except OSError as error:
        raise FeatureFileError(
            f"{path}: cannot be read ({os.strerror(error.errno or errno.EIO)})",
            hint="give the path of a feature file",
        ) from error


@contextmanager
def naming_unwritable(path: Path) -> Iterator[None]:
    """A file cannot be written -> OutputError.

    Raises:
        FeatureFileError: If another process has the file.
        OutputError: In place of OSError.
    """
    try:
        yield
    except BlockingIOError as error:
        raise _in_use(path) from error
    except OSError as error:
        number = error.errno or errno.EIO
        hint = HINTS.get(number, CHOOSE_ANOTHER)
        if number == errno.ENOENT:
            hint = f"mkdir -p {shlex.quote(str(path.parent))}"
        raise OutputError(f"{path}: cannot be written ({os.strerror(number)})", hint=hint) from error


def _in_use(path: Path) -> FeatureFileError:
    return FeatureFileError(
        f"{path}: in use by another process, which holds its lock",
        hint="wait until the other command has finished, or stop it",
    )


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
