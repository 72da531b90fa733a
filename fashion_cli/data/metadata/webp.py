"""WebP: the chunks of a RIFF file (RFC 9649)."""

from collections.abc import Iterator

from fashion_cli.data.metadata.layout import LayoutError, number
from fashion_cli.data.metadata.orientation import exif_of, orientation

_HEADER, _FRAME = 12, 16  # bytes
_STILL = frozenset({b"VP8 ", b"VP8L", b"ALPH"})
_PICTURE = _STILL | {b"VP8X", b"ANIM", b"ANMF", b"ICCP"}
_EXIF_FLAG, _XMP_FLAG = 0x08, 0x04


def strip_webp(data: bytes) -> bytes:
    """Keep the picture or its frames, the colour profile, the orientation."""
    chunks: list[tuple[bytes, bytes]] = []
    end = min(len(data), 8 + number(data, 4, 4, "little"))
    for kind, payload in _chunks(data, _HEADER, end):
        if kind == b"ANMF":
            inner = _chunks(payload, _FRAME, len(payload))
            chunks.append((kind, payload[:_FRAME] + _join_chunks(each for each in inner if each[0] in _STILL)))
        elif kind in _PICTURE:
            chunks.append((kind, payload))
        elif kind == b"EXIF" and (exif := exif_of(orientation(payload.removeprefix(b"Exif\0\0")))):
            chunks.append((kind, exif))
    if not any(kind in (b"VP8 ", b"VP8L", b"ANMF") for kind, _ in chunks):
        raise LayoutError("no picture before the end of the file")
    body = b"WEBP" + _join_chunks(_set_flags(chunks))
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _set_flags(chunks: list[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    """The chunks, the first of which says which others there are."""
    gone = _XMP_FLAG | (0 if any(kind == b"EXIF" for kind, _ in chunks) else _EXIF_FLAG)
    for kind, payload in chunks:
        yield kind, bytes((payload[0] & ~gone,)) + payload[1:] if kind == b"VP8X" else payload


def _chunks(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    """Kind and payload; the last one may be cut off."""
    while at + 8 <= end:
        size = number(data, at + 4, 4, "little")
        yield data[at : at + 4], data[at + 8 : min(end, at + 8 + size)]
        at += 8 + size + size % 2


def _join_chunks(chunks: Iterator[tuple[bytes, bytes]]) -> bytes:
    return b"".join(
        kind + len(payload).to_bytes(4, "little") + payload + b"\0" * (len(payload) % 2) for kind, payload in chunks
    )
