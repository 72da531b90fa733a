"""Colour spaces in the boxes of AVIF and HEIC files (ISO 14496-12, 23008-12), which no decoder here passes on."""

import struct
from collections.abc import Iterator

from fashion_cli.data.images.colour_spaces import profile_of_code_points

# Where item properties lie: box -> bytes of version and flags before the boxes in it
_PATH = ((b"meta", 4), (b"iprp", 0), (b"ipco", 0))


def profile_of_boxes(data: bytes) -> bytes:
    """The profile of the first `nclx` box, which is the main picture's; b"" without one and for sRGB."""
    for name, body in _properties(memoryview(data)):
        if name == b"colr" and bytes(body[:4]) == b"nclx" and len(body) >= 8:
            primaries, transfer = struct.unpack_from(">HH", body, 4)
            return profile_of_code_points(primaries, transfer)
    return b""


def _properties(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    for name, skipped in _PATH:
        content = next((body for box, body in _boxes(data) if box == name), None)
        if content is None:
            return
        data = content[skipped:]
    yield from _boxes(data)


def _boxes(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    at = 0
    while at + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        header = 8
        if size == 1 and at + 16 <= len(data):
            (size,) = struct.unpack_from(">Q", data, at + 8)
            header = 16
        end = len(data) if size == 0 else at + size
        if end < at + header:
            return
        yield name, data[at + header : end]
        at = end
