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
from drawing.garments import KINDS, Design

WIDTH, HEIGHT = 120, 160
Pixels = npt.NDArray[np.uint8]


def picture(seed: int) -> Image.Image:
    """A garment of its own colour, size and turn, before a backdrop of its own. The same seed, the same pixels."""
    rng = np.random.default_rng(seed)
    backdrop = Image.fromarray(rng.integers(30, 255, (5, 4, 3), np.uint8)).resize(
        (WIDTH, HEIGHT), Image.Resampling.BICUBIC
    )
    garment = _garments()[seed % len(KINDS)].rotate(float(rng.uniform(-25, 25)), fillcolor=(255, 255, 255))
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


def vast_png(side: int = 30_000) -> bytes:
    """A whole PNG of `side` x `side` grey pixels in about 110 kB."""
    row = b"\0" + bytes(side // 8)
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
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


@cache
def _garments() -> tuple[Image.Image, ...]:
    return tuple(draw(Design(kind, "grey")).resize((WIDTH, HEIGHT)) for kind in KINDS)
