"""Files that are there whole or not at all: written beside their place by one process at a time, then renamed."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import IOBase
from pathlib import Path
from typing import IO, Any, TextIO

from fashion_cli.errors import FashionError, OutputError
from fashion_cli.message_text import printable

if sys.platform != "win32":
    import fcntl


def partial_path(path: Path) -> Path:
    """Where a file is written before it takes its name: `NAME.partial` beside it."""
    return path.with_name(f"{path.name}.partial")


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary name beside a file. What was written there when the block ends becomes the file, in one step.

    A block that fails, also on a full disk, leaves what was there before and nothing else.
    """
    draft = partial_path(path)
    try:
        yield draft
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise


@contextmanager
def atomic_text(path: Path) -> Iterator[TextIO]:
    """A UTF-8 file that takes its name when it is complete. What was there before stays until then.

    Raises:
        OutputError: If it cannot be written; what could be written lies in `partial_path`.
    """
    draft = partial_path(path)
    with output_errors(path, "choose another place, or make room there"):
        try:
            with draft.open("w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
                yield stream
            draft.replace(path)
        except FashionError:
            draft.unlink(missing_ok=True)
            raise


def sync(path: Path) -> None:
    """Wait until a file, or the names in a directory, are on the medium; where the system can."""
    if path.is_dir() and sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def lock(file: int | IO[Any] | IOBase, *, exclusive: bool = True, busy: FashionError | None = None) -> None:
    """Lock an open file or folder until it is closed or the process ends.

    Some network file systems know no locks, nor does Windows: there, nothing is locked.

    Args:
        file: Its descriptor, or what has one.
        exclusive: For writing; else for reading, beside others who read.
        busy: Raised where another process has it.

    Raises:
        BlockingIOError: In place of `busy`, where that is not given.
    """
    if sys.platform == "win32":
        return
    try:
        fcntl.flock(file, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        if busy is not None:
            raise busy from None
        raise
    except OSError:
        pass


@contextmanager
def output_errors(path: Path, hint: str) -> Iterator[None]:
    """OSError -> OutputError, which says that a file or folder cannot be written, why, and what to do."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{printable(path)}: cannot be written ({error.strerror or error})", hint=hint) from error
