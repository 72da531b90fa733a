"""Photographs without what their files say besides the picture: places, owners, cameras, comments, small pictures.

The pixels stay as they are, compressed as they were, and so do how they are turned and their colour profile.
"""

import re
from collections.abc import Callable

from fashion_cli.data.metadata.avif import strip_avif
from fashion_cli.data.metadata.gif import strip_gif
from fashion_cli.data.metadata.jpeg import strip_jpeg
from fashion_cli.data.metadata.layout import LayoutError
from fashion_cli.data.metadata.png import strip_png
from fashion_cli.data.metadata.webp import strip_webp

__all__ = ["LayoutError", "strip_metadata"]

_STRIPPERS: tuple[tuple[re.Pattern[bytes], Callable[[bytes], bytes]], ...] = (
    (re.compile(rb"\xff\xd8\xff"), strip_jpeg),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), strip_png),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), strip_webp),
    (re.compile(rb"GIF8[79]a"), strip_gif),
    (re.compile(rb".{4}ftypavif", re.DOTALL), strip_avif),
)


def strip_metadata(data: bytes) -> bytes:
    """The bytes of a photograph's file with nothing in them but the picture, its orientation and its colours.

    What stands behind the end of the picture, as films of telephones do, and all pictures but the first of a JPEG are
    left out too.

    Args:
        data: Of a JPEG, PNG, WebP, GIF or AVIF file.

    Raises:
        LayoutError: If it is of another format, or of a layout that cannot be followed to its end: then only decoding
            and encoding again is sure to leave out everything.
    """
    strip = next((strip for start, strip in _STRIPPERS if start.match(data)), None)
    if strip is None:
        raise LayoutError("not a format that can be taken apart")
    try:
        return strip(data)
    except (LookupError, ValueError) as error:  # a part is missing, or does not fit into the file
        raise LayoutError(str(error)) from error
