"""Files whose last bytes lack, as a copy that was broken off leaves them.

Browsers draw what there is, libvips and Pillow's lenient mode fill up with grey. Here a photograph is read if nearly
all of its picture is there, which is counted, and is refused otherwise: half a picture has the vector of another one.
"""

import io
import struct
import zlib
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL.JpegImagePlugin import JpegImageFile

from fashion_cli.data.images.png import SIGNATURE, chunks_of

NEARLY_ALL = 0.95  # of the pixels
_END: Final = b"\xff\xd9"
# Two endings that mean different pictures: where those differ, the file says nothing.
_ENDINGS = (b"", bytes(range(1, 255)) * 2)
_BLOCK = 16  # pixels that a JPEG codes together, at most
_COEFFICIENTS = 64


def complete_jpeg(data: bytes) -> bytes | None:
    """A JPEG with an end; None where less than `NEARLY_ALL` of it is there."""
    if not _all_scans_began(data):
        return None
    start = data.rstrip(b"\xff")
    one, other = (_decode(start + ending + _END) for ending in _ENDINGS)
    differs = (one != other).any(axis=-1)
    rows = np.flatnonzero(differs.any(axis=1))
    if len(rows):
        height, width = differs.shape
        column = int(np.flatnonzero(differs[rows[0] : rows[0] + _BLOCK].any(axis=0))[0])
        if rows[0] * width + column * min(_BLOCK, height - rows[0]) < NEARLY_ALL * width * height:
            return None
    return start + _END


def complete_png(data: bytes) -> bytes | None:
    """A PNG whose missing rows repeat the last one; None where less than `NEARLY_ALL` of it is there."""
    header, output, stream = b"", SIGNATURE, zlib.decompressobj()
    rows = b""
    for chunk in chunks_of(data):
        if chunk.name == b"IHDR":
            header = bytes(chunk.body)
        if chunk.name == b"IDAT":
            rows += stream.decompress(chunk.body)
        elif chunk.name != b"IEND":
            output += chunk.whole
    if len(header) != 13 or header[12]:  # interlaced: every row lacks pixels
        return None
    width, height, bits, colour_type = struct.unpack(">IIBB", header[:10])
    stride = 1 + (width * bits * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour_type] + 7) // 8
    whole = len(rows) // stride
    if not NEARLY_ALL * height <= whole <= height:
        return None
    as_above = b"\2" + bytes(stride - 1)  # the filter "up": nothing is different
    body = zlib.compress(rows[: whole * stride] + as_above * (height - whole), 1)
    return output + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _decode(data: bytes) -> npt.NDArray[np.uint8]:
    image = JpegImageFile(io.BytesIO(data))
    image.load()
    return np.asarray(image).reshape(image.height, image.width, -1)


def _all_scans_began(data: bytes) -> bool:
    """Whether each coefficient of each colour stands in some scan at full precision: else a picture is only coarse."""
    missing: set[tuple[int, int]] = set()
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF or data[at + 1] in (0x00, 0xFF, *range(0xD0, 0xDA)):
            at += 1
            continue
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        body = data[at + 4 : at + 2 + length]
        if marker in (0xC0, 0xC1, 0xC2) and len(body) > 5:  # the frame: which colours there are
            missing = {(body[6 + 3 * each], place) for each in range(body[5]) for place in range(_COEFFICIENTS)}
        if marker == 0xDA and len(body) > 3:  # a scan: which coefficients of which colours, and how many bits less
            colours, first, last, shift = body[0], *body[-3:]
            if not shift & 15:
                missing -= {(body[1 + 2 * each], place) for each in range(colours) for place in range(first, last + 1)}
        at += 2 + length
    return not missing


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
