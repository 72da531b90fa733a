"""PNG and animated PNG: chunks up to IEND."""

import zlib

from fashion_cli.data.metadata.layout import LayoutError, number
from fashion_cli.data.metadata.orientation import exif_of, orientation

_SIGNATURE = 8  # bytes
_PICTURE = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"acTL", b"fcTL", b"fdAT"})
_COLOURS = frozenset({b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"mDCV", b"cLLI", b"sBIT", b"bKGD", b"pHYs"})
_AROUND = 12  # bytes of a chunk besides its payload


def strip_png(data: bytes) -> bytes:
    """Keep the picture, its transparency, its frames, what says how its numbers become colours, the orientation."""
    chunks, at, kind, drawn = [data[:_SIGNATURE]], _SIGNATURE, b"", False
    while at < len(data) and kind != b"IEND":
        if drawn and at + 8 > len(data):
            break
        size, kind = number(data, at, 4), data[at + 4 : at + 8]
        chunk = data[at : at + _AROUND + size]
        if len(chunk) < _AROUND + size and not (drawn or kind == b"IDAT"):
            raise LayoutError("the file ends before its picture")
        drawn = drawn or kind == b"IDAT"
        if kind in _PICTURE or kind in _COLOURS:
            chunks.append(chunk)
        elif kind == b"eXIf" and (exif := exif_of(orientation(chunk[8:-4]))):
            chunks.append(_chunk(kind, exif))
        at += _AROUND + size
    if not drawn:
        raise LayoutError("no picture before the end of the file")
    return b"".join(chunks)


def _chunk(kind: bytes, payload: bytes) -> bytes:
    return len(payload).to_bytes(4, "big") + kind + payload + zlib.crc32(kind + payload).to_bytes(4, "big")
