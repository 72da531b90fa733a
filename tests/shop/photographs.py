"""Photographs for the test shop: drawn garments before a backdrop, thousands of them, each unlike every other."""

import io
import struct
import zlib
from collections.abc import Iterator
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image

from draw_garments import draw
from drawing.garments import Design

WIDTH, HEIGHT = 120, 160
KINDS = ("dress", "hat", "t-shirt")
Pixels = npt.NDArray[np.uint8]


def picture(seed: int) -> Image.Image:
    """A garment of its own colour, size and turn, before a backdrop of its own. The same seed, the same pixels."""
    rng = np.random.default_rng(seed)
    backdrop = Image.fromarray(rng.integers(30, 255, (5, 4, 3), np.uint8)).resize(
        (WIDTH, HEIGHT), Image.Resampling.BICUBIC
    )
    garment = _garment(seed % len(KINDS)).rotate(float(rng.uniform(-25, 25)), fillcolor=(255, 255, 255))
    size = float(rng.uniform(0.6, 0.95))
    garment = garment.resize((round(WIDTH * size), round(HEIGHT * size)))
    cut_out = garment.convert("L").point(lambda value: 0 if value > 240 else 255)
    coloured = Image.fromarray((np.asarray(garment) * rng.uniform(0.4, 1.0, 3)).astype(np.uint8))
    place = (int(rng.integers(WIDTH - coloured.width + 1)), int(rng.integers(HEIGHT - coloured.height + 1)))
    backdrop.paste(coloured, place, cut_out)
    return backdrop


def seed_of(product: int, view: int) -> int:
    return 1001 * product + view


def encoded(image: Image.Image, kind: str = "JPEG", quality: int = 85) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, quality=quality)
    return file.getvalue()


@cache
def photograph(seed: int) -> bytes:
    """`picture` as a JPEG file of about 4 kB."""
    return encoded(picture(seed))


def again(seed: int) -> bytes:
    """The same photograph as another shop has it: a little larger, and compressed harder."""
    return encoded(picture(seed).resize((150, 200), Image.Resampling.LANCZOS), quality=60)


def vast_png(side: int = 30_000, pieces: int = 20) -> bytes:
    """A whole PNG of `side` x `side` black pixels in about 110 kB."""
    size = side * (1 + side // 8) // pieces
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    piece = packer.compress(bytes(size)) + packer.flush(zlib.Z_FULL_FLUSH)  # repeatable from here on
    checksum = struct.pack(">HH", size * pieces % 65521, 1)  # Adler-32 of zeros
    packed = b"\x78\xda" + pieces * piece + packer.flush(zlib.Z_FINISH) + checksum
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)  # one bit a pixel
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def gzip_bomb(megabytes: int = 1024) -> Iterator[bytes]:
    """A gzip stream of so many megabytes of zeros, in pieces of about a thousandth of that. Its checksum is wrong."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    piece = packer.compress(bytes(16 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)  # repeatable from here on
    yield b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    for _ in range(megabytes // 16):
        yield piece
    yield packer.flush(zlib.Z_FINISH) + struct.pack("<II", 0, (megabytes << 20) & 0xFFFFFFFF)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def draw_garments() -> None:
    """Draw all that photographs share."""
    for number in range(len(KINDS)):
        _garment(number)


@cache
def _garment(number: int) -> Image.Image:
    """Drawing one takes half a second, so only those are drawn that a test shows."""
    return draw(Design(KINDS[number], "grey")).resize((WIDTH, HEIGHT))
