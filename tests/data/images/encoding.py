"""Files of images, written by hand where Pillow cannot write them."""

import io
import struct
import zlib
from collections.abc import Iterable
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def damaged(chunk: bytes) -> bytes:
    """The same chunk of a PNG with a wrong checksum."""
    return chunk[:-4] + bytes(4)


def png(samples: npt.NDArray[np.unsignedinteger], colour_type: int, bits: int, *chunks: bytes) -> bytes:
    """A PNG of (H, W) or (H, W, C) samples, with chunks before its pixels."""
    height, width = samples.shape[:2]
    rows = b"".join(b"\0" + _packed(row, bits) for row in samples)
    header = struct.pack(">2I5B", width, height, bits, colour_type, 0, 0, 0)
    body = b"".join(chunks) + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + body


def rgb_png(pixels: Pixels, *chunks: bytes) -> bytes:
    return png(pixels, 2, 8, *chunks)


def tiff(
    samples: npt.NDArray[np.generic],
    photometric: int,
    tags: Iterable[tuple[int, int, int]] = (),
    order: Literal["<", ">"] = "<",
) -> bytes:
    """An uncompressed TIFF of one page.

    Args:
        samples: (H, W) or (H, W, C), as they are to stand in the file.
        photometric: What they mean: 0 white is zero, 1 black is zero, 2 RGB, 5 CMYK, 8 CIELab.
        tags: More of them: number, type (3: 16 bits, 4: 32 bits), value.
        order: "<" least significant byte first, ">" most.
    """
    return tiff_pages([(samples, photometric, tags)], order)


def tiff_pages(
    pages: Iterable[tuple[npt.NDArray[np.generic], int, Iterable[tuple[int, int, int]]]], order: Literal["<", ">"] = "<"
) -> bytes:
    """The same with several pages."""
    data = (b"II*\0" if order == "<" else b"MM\0*") + bytes(4)
    link = 4
    for samples, photometric, tags in pages:
        height, width, bands = (*samples.shape, 1)[:3]
        bits = 8 * samples.dtype.itemsize
        pixels = samples.astype(samples.dtype.newbyteorder(order)).tobytes()
        bits_at = len(data) + len(pixels)
        data += pixels + struct.pack(f"{order}{bands}H", *[bits] * bands)
        data += bytes(len(data) % 2)
        entries = {
            256: (4, 1, width),
            257: (4, 1, height),
            258: (3, bands, bits if bands == 1 else bits_at),
            259: (3, 1, 1),
            262: (3, 1, photometric),
            273: (4, 1, bits_at - len(pixels)),
            277: (3, 1, bands),
            278: (4, 1, height),
            279: (4, 1, len(pixels)),
        }
        if samples.dtype.kind == "f":
            entries[339] = (3, 1, 3)
        entries |= {tag: (kind, 1, value) for tag, kind, value in tags}
        data = data[:link] + struct.pack(f"{order}I", len(data)) + data[link + 4 :]
        data += struct.pack(f"{order}H", len(entries))
        for tag, (kind, count, value) in sorted(entries.items()):
            held = f"{order}HH" if kind == 3 and count == 1 else f"{order}I"
            data += struct.pack(f"{order}HHI", tag, kind, count)
            data += struct.pack(held, value, 0) if held.endswith("HH") else struct.pack(held, value)
        link = len(data)
        data += bytes(4)
    return data


def _packed(row: npt.NDArray[np.unsignedinteger], bits: int) -> bytes:
    if bits == 16:
        return row.astype(">u2").tobytes()
    if bits == 8:
        return row.astype(np.uint8).tobytes()
    ones = (row.reshape(-1, 1) >> np.arange(bits - 1, -1, -1)) & 1
    return np.packbits(ones.astype(np.uint8)).tobytes()
