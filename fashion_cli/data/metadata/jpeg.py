"""JPEG: segments up to the end of the first picture (ITU T.81, annex B)."""

import re

from fashion_cli.data.metadata.layout import LayoutError, number, part
from fashion_cli.data.metadata.orientation import UPRIGHT, exif_of, orientation

_START, _END, _LAST, _SCAN = b"\xff\xd8", b"\xff\xd9", 0xD9, 0xDA
# Frames, Huffman and arithmetic tables; scans, quantisation, lines, restarts, hierarchies.
_PICTURE = frozenset(range(0xC0, 0xD0)) | frozenset(range(0xDA, 0xE0))
_EXTRA = frozenset(range(0xE0, 0xF0)) | frozenset(range(0xF0, 0xFF))  # applications', reserved, comments
_BARE = frozenset({0x01, _LAST, *range(0xD0, 0xD8)})  # markers without a length
_EXIF, _PROFILE, _JFIF, _ADOBE = b"Exif\0\0", b"ICC_PROFILE\0", b"JFIF\0", b"Adobe"
_NO_SMALL_PICTURE = b"\0\0"  # width and height of the one that JFIF may bring
# In compressed pixels FF is followed by 00, a restart or, as a filler, by FF.
_MARKER = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")


def strip_jpeg(data: bytes) -> bytes:
    """Keep what decodes the picture, JFIF's pixel shape, Adobe's colour transform, the ICC profile, the orientation."""
    segments: list[bytes] = []
    turned, at, scanned = UPRIGHT, 2, False
    while at < len(data):
        marker, at = _marker(data, at)
        if marker == _LAST:
            break
        if marker in _BARE:
            segments.append(bytes((0xFF, marker)))
            continue
        payload = part(data, at + 2, number(data, at, 2) - 2)
        at += 2 + len(payload)
        if marker == 0xE1 and payload.startswith(_EXIF) and turned == UPRIGHT:
            turned = orientation(payload[len(_EXIF) :])
        payload = _filter_segment(marker, payload)
        if payload:
            segments.append(_segment(marker, payload))
        if marker == _SCAN:
            match = _MARKER.search(data, at)
            end = match.start() if match else len(data)
            segments.append(data[at:end])
            at, scanned = end, True
    if not scanned:
        raise LayoutError("no picture before the end of the file")
    exif = [_segment(0xE1, _EXIF + exif_of(turned))] if turned != UPRIGHT else []
    first = 1 if segments[0][1] == 0xE0 else 0  # JFIF wants to be first
    return b"".join([_START, *segments[:first], *exif, *segments[first:], _END])


def _marker(data: bytes, at: int) -> tuple[int, int]:
    """A marker, and where what follows it begins."""
    if data[at] != 0xFF:
        raise LayoutError("a marker is missing")
    while at < len(data) and data[at] == 0xFF:  # fillers
        at += 1
    marker = number(data, at, 1)
    if marker not in _PICTURE and marker not in _EXTRA and marker not in _BARE:
        raise LayoutError("an unknown marker")
    return marker, at + 1


def _filter_segment(marker: int, payload: bytes) -> bytes:
    """What stays of a segment; b"" drops it."""
    if marker in _PICTURE:
        return payload
    if marker == 0xE0 and payload.startswith(_JFIF):
        return part(payload, 0, 12) + _NO_SMALL_PICTURE
    if marker == 0xE2 and payload.startswith(_PROFILE):
        return payload
    if marker == 0xEE and payload.startswith(_ADOBE):
        return part(payload, 0, 12)
    return b""


def _segment(marker: int, payload: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(payload) + 2).to_bytes(2, "big") + payload
