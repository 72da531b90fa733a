"""TIFF files as Pillow reads them right: beginning with a page that is a picture, and counting from black to white.

Small copies and masks may stand before the picture. Of grey with more than 8 bits, Pillow passes over that white is
zero, or refuses it in some byte orders.
"""

import io
import struct
from dataclasses import dataclass

from PIL.TiffImagePlugin import ImageFileDirectory_v2

MOST_PAGES = 64
_SUBFILE_TYPE, _WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC, _SUB_DIRECTORIES, _DNG_VERSION = (
    254,
    256,
    257,
    258,
    262,
    330,
    50706,
)
_WHITE_IS_ZERO, _BLACK_IS_ZERO = 0, 1
_REDUCED, _MASK = 1, 4  # bits of the subfile type


class CameraRawError(Exception):
    """A TIFF file whose picture only a raw developer can read; what else is in it is a preview."""


@dataclass(frozen=True)
class _Page:
    offset: int  # of its directory, bytes
    pixels: int
    is_picture: bool  # neither a smaller copy nor a mask of another page
    is_inverted: bool  # grey of more than 8 bits whose zero is white


@dataclass(frozen=True, eq=False)
class Tiff:
    """A TIFF file, rewritten.

    Attributes:
        data: The file.
        pages: Which of its pages are pictures, by their number.
        inverted: Those of them whose grey has to be inverted.
    """

    data: bytes
    pages: list[int]
    inverted: frozenset[int] = frozenset()


def read_tiff(data: bytes) -> Tiff:
    """Let a TIFF file begin with its first page that is no smaller copy of another one.

    Pages that are marked as such are passed over, and those with less than a quarter of the largest one's pixels.

    Raises:
        CameraRawError: If its picture is a camera's raw data.
    """
    pages = _pages(data)
    candidates = [page for page in pages if page.is_picture] or pages
    largest = max((page.pixels for page in candidates), default=0)
    numbers = [number for number, page in enumerate(pages) if page in candidates and 4 * page.pixels >= largest]
    if not numbers:
        return Tiff(data, [0])
    inverted = [number for number in numbers if pages[number].is_inverted]
    for number in inverted:
        data = _counting_from_black(data, pages[number].offset)
    if first := numbers[0]:
        # Pillow looks at the first page first, and refuses the file if it cannot read that one.
        data = _beginning_at(data, pages[first].offset)
    return Tiff(data, [number - first for number in numbers], frozenset(number - first for number in inverted))


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
        is_inverted = tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO and max(tags.get(_BITS, (1,))) > 8
        pages.append(_Page(offset, width * height, not kind & (_REDUCED | _MASK), is_inverted))
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


def _counting_from_black(data: bytes, offset: int) -> bytes:
    """The same with another photometric interpretation of the page whose directory lies there."""
    order = "<" if data[:1] == b"I" else ">"
    count, entry, value = ("Q", 20, 12) if _is_big(data) else ("H", 12, 8)
    (entries,) = struct.unpack_from(f"{order}{count}", data, offset)
    first = offset + struct.calcsize(count)
    for at in range(first, first + entries * entry, entry):
        if struct.unpack_from(f"{order}H", data, at) == (_PHOTOMETRIC,):
            return data[: at + value] + struct.pack(f"{order}H", _BLACK_IS_ZERO) + data[at + value + 2 :]
    return data


def _is_big(data: bytes) -> bool:
    return b"+" in data[2:4]


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
