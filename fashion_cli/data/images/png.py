"""The chunks of a PNG file besides its pixels, read here, so that Pillow sees none of them.

Pillow refuses whole files for a profile or a text that is large once decompressed, and for a wrong checksum of a chunk
that is not needed; it takes a picture's orientation from texts; and it compares the transparent colour of a grey or a
16-bit picture with samples that it has scaled.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from typing import NamedTuple

import numpy as np

from fashion_cli.data.images.colour_spaces import SRGB, Primaries, profile_of_code_points, profile_of_gamma

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_PROFILE = 16 << 20  # bytes; printers' profiles have up to 3 MB
GREY, RGB, PALETTE = 0, 2, 3  # colour types

# What Pillow is to see: the picture and its animation.
_PIXELS = frozenset((b"IHDR", b"PLTE", b"IDAT", b"IEND"))
_ANIMATION = frozenset((b"acTL", b"fcTL", b"fdAT"))
_SRGB_GAMMA = 1 / 0.45455
_NEAR = 0.02  # gammas and primaries nearer to those of sRGB are meant to be those: writers say 1/2.2


class Chunk(NamedTuple):
    """A chunk of a PNG file.

    Attributes:
        name: Its four letters.
        body: Without name, length and checksum.
        whole: All of it as it stands in the file.
        intact: Whether the checksum is right; checked where `name` is not needed to draw the picture.
    """

    name: bytes
    body: memoryview
    whole: memoryview
    intact: bool


@dataclass(frozen=True, eq=False)
class Png:
    """A PNG file, taken apart.

    Attributes:
        data: The file with what Pillow needs for the pixels.
        profile: ICC profile of its colours; b"" for sRGB.
        exif: b"" without.
        bits: Of a sample.
        transparent: The samples that mean that nothing is there, one of grey or three of RGB; () without.
    """

    data: bytes
    profile: bytes
    exif: bytes
    bits: int
    transparent: tuple[int, ...]


def chunks_of(data: bytes) -> Iterator[Chunk]:
    """The chunks up to IEND, or to where the file is cut off. The last one may be shorter than it says."""
    view, at = memoryview(data), len(SIGNATURE)
    while at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        body = view[at + 8 : end - 4]
        checksum = int.from_bytes(view[end - 4 : end], "big")
        intact = name in _PIXELS or (end <= len(data) and zlib.crc32(view[at + 4 : end - 4]) == checksum)
        yield Chunk(name, body, view[at:end], intact)
        at = end
        if name == b"IEND":
            return


def read_png(data: bytes) -> Png:
    """Take a PNG file apart. What is damaged is left to Pillow where pixels need it, else ignored."""
    picture: list[memoryview] = []
    ancillary: dict[bytes, memoryview] = {}
    animated = colour_type = bits = 0
    for chunk in chunks_of(data):
        if chunk.name == b"IHDR" and len(chunk.body) >= 10:
            bits, colour_type = chunk.body[8], chunk.body[9]
        animated |= chunk.name == b"acTL" and chunk.intact
        if (
            chunk.name in _PIXELS
            or (chunk.name in _ANIMATION and animated)
            or (chunk.name == b"tRNS" and chunk.intact and colour_type == PALETTE)
        ):
            picture.append(chunk.whole)
        elif chunk.intact:
            ancillary.setdefault(chunk.name, chunk.body)
    clean = SIGNATURE + b"".join(picture)
    samples = {GREY: 1, RGB: 3}.get(colour_type, 0)
    transparent = bytes(ancillary.get(b"tRNS", b""))
    return Png(
        data=data if len(clean) == len(data) else clean,
        profile=_profile(ancillary),
        exif=bytes(ancillary.get(b"eXIf", b"")),
        bits=bits,
        transparent=struct.unpack(f">{samples}H", transparent) if len(transparent) == 2 * samples else (),
    )


def _profile(ancillary: dict[bytes, memoryview]) -> bytes:
    """The colour profile, as the third edition of the PNG specification ranks the chunks that give one."""
    code_points = ancillary.get(b"cICP", b"")
    if len(code_points) == 4:
        return profile_of_code_points(code_points[0], code_points[1])
    if profile := _decompress(bytes(ancillary.get(b"iCCP", b""))):
        return profile
    if b"sRGB" in ancillary or len(ancillary.get(b"gAMA", b"")) != 4:
        return b""
    primaries, share = _primaries(ancillary.get(b"cHRM", b"")), int.from_bytes(ancillary[b"gAMA"], "big") / 100_000
    if not 0.05 < share < 20:
        return b""
    if primaries == SRGB and abs(1 / share - _SRGB_GAMMA) < _NEAR:
        return b""
    return profile_of_gamma(1 / share, primaries)


def _decompress(body: bytes) -> bytes:
    """The profile in the body of an iCCP chunk; b"" where it is damaged."""
    _, _, rest = body.partition(b"\0")
    try:
        return zlib.decompressobj().decompress(rest[1:], MAX_PROFILE) if rest[:1] == b"\0" else b""
    except zlib.error:
        return b""


def _primaries(body: memoryview | bytes) -> Primaries:
    if len(body) != 32:
        return SRGB
    x_and_y = [number / 100_000 for number in struct.unpack(">8I", body)]
    white, red, green, blue = zip(x_and_y[::2], x_and_y[1::2], strict=True)
    if min(y for _, y in (white, red, green, blue)) <= 0:
        return SRGB
    primaries = Primaries(red, green, blue, white)
    return SRGB if np.abs(np.subtract(astuple(primaries), astuple(SRGB))).max() < _NEAR / 4 else primaries
