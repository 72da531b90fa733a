"""Which pages of a TIFF file are pictures: small copies and masks may stand before them, as in a list of files."""

import io
import struct
from dataclasses import dataclass

from PIL.TiffImagePlugin import ImageFileDirectory_v2

MOST_PAGES = 64
_SUBFILE_TYPE, _WIDTH, _HEIGHT, _SUB_DIRECTORIES, _DNG_VERSION = 254, 256, 257, 330, 50706
_REDUCED, _MASK = 1, 4  # bits of the subfile type


class CameraRawError(Exception):
    """A TIFF file whose picture only a raw developer can read; what else is in it is a preview."""


@dataclass(frozen=True)
class _Page:
    offset: int  # of its directory, bytes
    pixels: int
    is_picture: bool  # neither a smaller copy nor a mask of another page


def begin_with_picture(data: bytes) -> tuple[bytes, list[int]]:
    """Let a TIFF file begin with its first page that is no smaller copy of another one.

    Pages that are marked as such are passed over, and those with less than a quarter of the largest one's pixels.

    Returns:
        The file, and which of its pages are pictures, by their number.

    Raises:
        CameraRawError: If its picture is a camera's raw data.
    """
    pages = _pages(data)
    candidates = [page for page in pages if page.is_picture] or pages
    largest = max((page.pixels for page in candidates), default=0)
    numbers = [number for number, page in enumerate(pages) if page in candidates and 4 * page.pixels >= largest]
    if not numbers or numbers[0] == 0:
        return data, numbers or [0]
    # Pillow looks at the first page first, and refuses the file if it cannot read that one.
    return _beginning_at(data, pages[numbers[0]].offset), [number - numbers[0] for number in numbers]


def _pages(data: bytes) -> list[_Page]:
    """All pages, by their tags alone."""
    stream = io.BytesIO(data)
    header = stream.read(16 if _is_big(data) else 8)
    offset = ImageFileDirectory_v2(header).next
    pages: list[_Page] = []
    has_sub_directories = False
    while offset and len(pages) < MOST_PAGES and all(offset != page.offset for page in pages):
        tags = ImageFileDirectory_v2(header)
        stream.seek(offset)
        tags.load(stream)
        kind, width, height = (_whole(tags.get(tag, 0)) for tag in (_SUBFILE_TYPE, _WIDTH, _HEIGHT))
        pages.append(_Page(offset, width * height, not kind & (_REDUCED | _MASK)))
        has_sub_directories |= _SUB_DIRECTORIES in tags
        if _DNG_VERSION in tags:
            raise CameraRawError
        offset = tags.next
    if has_sub_directories and not any(page.is_picture for page in pages):
        raise CameraRawError
    return pages


def _beginning_at(data: bytes, offset: int) -> bytes:
    order = "<" if data[:1] == b"I" else ">"
    if _is_big(data):
        return data[:8] + struct.pack(f"{order}Q", offset) + data[16:]
    return data[:4] + struct.pack(f"{order}I", offset) + data[8:]


def _is_big(data: bytes) -> bool:
    return b"+" in data[2:4]


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
