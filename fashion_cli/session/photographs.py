"""What a program may give as a photograph: a path, the bytes of a file, an open file, a Pillow image, a numpy array."""

import hashlib
import os
from operator import index
from pathlib import Path
from typing import Protocol, runtime_checkable

from fashion_cli.data.image_files import read_bytes
from fashion_cli.data.images import Box, InMemory, file_of, is_in_memory
from fashion_cli.errors import UsageError
from fashion_cli.message_text import printable

UNNAMED = Path("the photograph")  # what messages call one that has no path
BoxLike = Box | tuple[int, int, int, int]


@runtime_checkable
class OpenFile(Protocol):
    """A file that was opened to read bytes."""

    def read(self) -> bytes: ...


Photograph = str | os.PathLike[str] | bytes | bytearray | memoryview | OpenFile | InMemory


def path_of(photograph: object) -> Path | None:
    """The path, where a photograph is given by one.

    Raises:
        UsageError: If it is the address of a page: nothing is fetched.
    """
    if not isinstance(photograph, str | os.PathLike):
        return None
    path = os.fspath(photograph)
    if "://" in path:
        raise UsageError(f"{printable(path)}: an address, and nothing is fetched", hint="fetch it, and give its bytes")
    return Path(path)


def file_bytes(photograph: Photograph) -> tuple[bytes, Path]:
    """The bytes of a photograph's file, and what messages call it.

    Raises:
        ImageError: If it cannot be read, or an array is no image.
        UsageError: If it is none of these things.
    """
    path = path_of(photograph)
    if path is not None:
        return read_bytes(path)[0], path
    if isinstance(photograph, bytes | bytearray | memoryview):
        return bytes(photograph), UNNAMED
    if is_in_memory(photograph):
        return file_of(photograph), UNNAMED
    if isinstance(photograph, OpenFile):
        data: object = photograph.read()  # a file that was opened to read text gives str
        if isinstance(data, bytes):
            return data, UNNAMED
    raise UsageError(
        f"a photograph: a path, the bytes of a file, a file opened in binary mode, a Pillow image or a numpy array;"
        f" got {_kind(photograph)}",
        hint=_hint(photograph),
    )


def sha256_of(photograph: Photograph) -> str:
    """Of the bytes of a file, hexadecimal; "" for what is given otherwise."""
    return hashlib.sha256(photograph).hexdigest() if isinstance(photograph, bytes | bytearray | memoryview) else ""


def box_of(box: BoxLike | None) -> Box | None:
    """A box that may be given as its four numbers: x, y, width, height.

    Raises:
        UsageError: If it is no box.
    """
    if box is None or isinstance(box, Box):
        return box
    try:
        x, y, width, height = map(index, box)
    except (TypeError, ValueError):
        raise UsageError(
            f"box: a Box or (x, y, width, height); got {box!r}", hint="box=(120, 80, 200, 260), in pixels"
        ) from None
    return Box(x, y, width, height)


def _kind(value: object) -> str:
    if value is None:
        return "None"
    module = type(value).__module__.partition(".")[0]
    return type(value).__name__ if module == "builtins" else f"{module}.{type(value).__qualname__}"


def _hint(value: object) -> str:
    module = type(value).__module__.partition(".")[0]
    if module == "torch":
        return "tensor.permute(1, 2, 0).byte().numpy() of values from 0 to 255"
    return "await upload.read() gives the bytes of an upload" if module in ("starlette", "fastapi") else ""
