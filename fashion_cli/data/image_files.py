"""Which files are photographs, and their bytes. Knows names and disks, not pixels."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from fashion_cli.data.file_stamps import FileStamp
from fashion_cli.data.image_formats import IMAGE_SUFFIXES
from fashion_cli.errors import ImageError, UsageError
from fashion_cli.message_text import one_line, printable

# An uncompressed photograph of 100 megapixels and 16 bits fits; a film with the wrong name does not.
MAX_BYTES = 2**30


def find_images(
    sources: Iterable[Path], *, on_skip: Callable[[Path, str], None] | None = None, missing_ok: bool = False
) -> Iterator[Path]:
    """Photographs in folders and by name, in a stable order.

    Folders are searched to the bottom, names in byte order. Hidden files and folders are left out. Links
    are followed, but each real folder is entered once, so loops end. A file given by name is yielded
    whatever it is.

    Args:
        sources: Folders and files.
        on_skip: Called with a folder that cannot be read and the reason, instead of raising.
        missing_ok: Yield missing sources too, so that reading fails and counts them: for lists that a program
            wrote. Sources may then be endless; otherwise all are checked before the first photograph.

    Raises:
        UsageError: If a source does not exist; at the call, not at the first photograph.
        ImageError: If a folder cannot be read and there is no `on_skip`.
    """
    if not missing_ok:
        sources = list(sources)
        for source in sources:
            _check_exists(source)
    return _find(sources, on_skip)


def looks_like_path(text: str) -> bool:
    """Whether a text means a file: one that is there, or that looks like one by a separator or its suffix."""
    if os.path.lexists(text):
        return True
    separators = (os.sep, os.altsep or os.sep)
    return any(each in text for each in separators) or Path(text).suffix.lower() in IMAGE_SUFFIXES


def file_sha256(path: Path) -> str:
    """The sha256 of a file's bytes, hexadecimal, without holding them in memory.

    Raises:
        ImageError: If the file cannot be read.
    """
    with _regular_file(path) as (stream, _):
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_bytes(path: Path) -> tuple[bytes, FileStamp]:
    """The bytes of a file, and its stamp from before they were read.

    Raises:
        ImageError: If the file cannot be read, is no regular file or has more than `MAX_BYTES`.
    """
    with _regular_file(path) as (stream, status):
        if status.st_size > MAX_BYTES:
            raise ImageError(f"{printable(path)}: {status.st_size:,} bytes, over the limit of {MAX_BYTES:,}")
        return stream.read(), FileStamp.of(status)


def _find(sources: Iterable[Path], on_skip: Callable[[Path, str], None] | None) -> Iterator[Path]:
    entered: set[tuple[int, int]] = set()
    for source in sources:
        waiting = [(os.fspath(source), _is_folder(source))]  # the next one last
        while waiting:
            path, is_folder = waiting.pop()
            if not is_folder:
                yield Path(path)
                continue
            try:
                waiting += reversed(_children(path, entered))
            except OSError as error:
                reason = f"folder cannot be read ({one_line(error)})"
                if on_skip is None:
                    raise ImageError(f"{printable(path)}: {reason}") from error
                on_skip(Path(path), reason)


def _children(folder: str, entered: set[tuple[int, int]]) -> list[tuple[str, bool]]:
    """What to look at in a folder, in order: (path, is it a folder). Nothing if it was entered before."""
    status = os.stat(folder)
    if (status.st_dev, status.st_ino) in entered:
        return []
    entered.add((status.st_dev, status.st_ino))
    with os.scandir(folder) as entries:
        visible = [entry for entry in entries if not entry.name.startswith(".")]
    visible.sort(key=lambda entry: os.fsencode(entry.name))
    children = ((entry.path, _is_folder(entry)) for entry in visible)
    return [(path, is_folder) for path, is_folder in children if is_folder or _has_image_suffix(path)]


def _is_folder(path: Path | os.DirEntry[str]) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # a link to itself, a NUL in the name: reading it will say so
        return False


def _has_image_suffix(path: str) -> bool:
    return os.path.splitext(path)[1].lower() in IMAGE_SUFFIXES


def _check_exists(source: Path) -> None:
    try:
        os.lstat(source)
    except (FileNotFoundError, NotADirectoryError):
        behind = "options stand before --" if str(source).startswith("--") else "check the path"
        raise UsageError(f"{printable(source)}: no such file or folder", hint=behind) from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{printable(source)}: {one_line(error)}", hint="check the path") from error


@contextmanager
def _regular_file(path: Path) -> Iterator[tuple[FileIO, os.stat_result]]:
    """An open file. Pipes and devices, which could block for ever, are refused without waiting for them."""
    try:
        with open(path, "rb", buffering=0, opener=_without_waiting) as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ImageError(f"{printable(path)}: not a regular file")
            yield stream, status
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise ImageError(f"{printable(path)}: cannot be read ({one_line(error)})") from error


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
