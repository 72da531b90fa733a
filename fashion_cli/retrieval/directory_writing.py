"""Replacing the files of a directory: no other writer, data on the medium before its name, errors that say where."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fashion_cli.errors import FashionError, OutputError

if sys.platform != "win32":
    import fcntl


def lock_directory(descriptor: int, busy: FashionError) -> None:
    """Lock for as long as the process lives and the descriptor stays open.

    Args:
        descriptor: Of a file or a folder.
        busy: Raised where another process holds the lock.
    """
    if sys.platform == "win32":
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise busy from None
    except OSError:
        pass  # some network file systems know no locks


def sync(path: Path) -> None:
    """Wait until a file, or the names in a directory, are on the medium; where the system can."""
    if path.is_dir() and sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def naming(directory: Path, hint: str) -> Iterator[None]:
    """OSError -> OutputError, which says that the directory cannot be written, and the hint."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{directory}: cannot be written ({error.strerror or error})", hint=hint) from error
