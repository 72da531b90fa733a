"""Photographs of the index, whole or small. Only what lies where the index says and has not changed since.

What leaves here is the picture: where and by whom it was taken stays behind, unless the server was told otherwise.
"""

import hashlib
import io
from collections import OrderedDict
from pathlib import Path
from threading import Lock

import numpy as np

from fashion_cli.data.image_files import read_bytes
from fashion_cli.data.images import media_type, thumbnail_of, upright
from fashion_cli.data.metadata import LayoutError, strip_metadata
from fashion_cli.errors import ImageError
from fashion_cli.session.open_index import OpenIndex

CACHE_BYTES = 64 << 20
THUMBNAIL_TYPE = "image/jpeg"


class Thumbnails:
    """Small pictures, the last ones used kept in memory up to a number of bytes. Threads may share it."""

    def __init__(self, most: int = CACHE_BYTES) -> None:
        self._most, self._bytes = most, 0
        self._entries: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        """Bytes that are kept."""
        return self._bytes

    def get(self, index: OpenIndex, sha256: str, side: int) -> bytes | None:
        """A JPEG whose longer side has at most so many pixels; None where the photograph is gone or was changed."""
        key = sha256, side
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
                return self._entries[key]
        data = original(index, sha256)
        if data is None:
            return None
        try:
            small = thumbnail_of(data, Path(sha256), side)
        except ImageError:
            return None
        self._keep(key, small)
        return small

    def _keep(self, key: tuple[str, int], small: bytes) -> None:
        with self._lock:
            if key not in self._entries:
                self._entries[key] = small
                self._bytes += len(small)
            while self._bytes > self._most:
                _, dropped = self._entries.popitem(last=False)
                self._bytes -= len(dropped)


def picture(index: OpenIndex, sha256: str) -> bytes | None:
    """A photograph without metadata; None where it is gone, was changed, is not in the index or cannot be decoded.

    The pixels are those of the file. What cannot be taken apart (TIFF, BMP, films, odd layouts) comes as a PNG of what
    the index saw.
    """
    data = original(index, sha256)
    if data is None:
        return None
    try:
        return strip_metadata(data)
    except LayoutError:
        return _reencode(data, sha256)


def _reencode(data: bytes, sha256: str) -> bytes | None:
    try:
        decoded = upright(data, Path(sha256))
    except ImageError:
        return None
    decoded.info.clear()  # what the file said: some of it would be written again
    stream = io.BytesIO()
    decoded.save(stream, "PNG")
    return stream.getvalue()


def original(index: OpenIndex, sha256: str) -> bytes | None:
    """The bytes of a photograph's file; None where it is gone, was changed or is not in the index."""
    row = index.row_of.get(sha256)
    if row is None:
        return None
    (path,) = index.gallery.read(np.array([row])).paths
    try:
        data, _ = read_bytes(Path(path))
    except ImageError:
        return None
    unchanged = hashlib.sha256(data).hexdigest() == sha256 and media_type(data)
    return data if unchanged else None
