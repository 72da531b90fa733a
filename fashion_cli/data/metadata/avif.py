"""AVIF stills: items of a HEIF file, wiped where they lie, so that no offset changes (ISO 23008-12)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fashion_cli.data.metadata.layout import LayoutError, number, part

_PICTURES = frozenset({b"av01", b"grid", b"iovl", b"iden", b"tmap"})  # kinds of items; all others are about them
_IN_FILE = frozenset({b"ftyp", b"meta", b"mdat"})
_IN_META = frozenset({b"hdlr", b"pitm", b"iloc", b"iinf", b"iprp", b"iref", b"idat", b"grpl"})
_PROPERTIES = frozenset(
    {b"av1C", b"ispe", b"pixi", b"colr", b"auxC", b"irot", b"imir", b"clap", b"pasp", b"clli", b"mdcv", b"cclv"}
    | {b"a1op", b"a1lx", b"lsel", b"amve"}
)
_UNUSED = b"free"  # what readers pass over


@dataclass(frozen=True)
class _Box:
    """A box: its kind, where it begins, where its content does, where both end."""

    kind: bytes
    start: int
    content: int
    end: int


def strip_avif(data: bytes) -> bytes:
    """Keep the picture's own items and properties; EXIF, XMP and everything unknown become zeros."""
    wiped = bytearray(data)
    boxes = list(_boxes(data, 0, len(data)))
    metas = [box for box in boxes if box.kind == b"meta"]
    if len(metas) != 1:
        raise LayoutError("not one still picture")
    inside = {box.kind: box for box in _boxes(data, metas[0].content + 4, metas[0].end)}
    _wipe_unknown(wiped, boxes, _IN_FILE)
    _wipe_unknown(wiped, _boxes(data, metas[0].content + 4, metas[0].end), _IN_META)
    (properties,) = _boxes_of_kind(data, inside[b"iprp"].content, inside[b"iprp"].end, b"ipco")
    _wipe_unknown(wiped, _boxes(data, properties.content, properties.end), _PROPERTIES)
    pictures = _unname_others(data, wiped, inside[b"iinf"])
    stored = [box for box in (*boxes, inside.get(b"idat")) if box is not None and box.kind in (b"mdat", b"idat")]
    for box in stored:
        wiped[box.content : box.end] = bytes(box.end - box.content)
    for item, method, start, size in _extents(data, inside[b"iloc"]):
        if item in pictures:
            if not size:
                raise LayoutError("an item without a length")
            begin = start + (inside[b"idat"].content if method == 1 else 0)
            wiped[begin : begin + size] = part(data, begin, size)
    return bytes(wiped)


def _boxes(data: bytes, at: int, end: int) -> Iterator[_Box]:
    while at < end:
        size, kind, content = number(data, at, 4), part(data, at + 4, 4), at + 8
        if size == 1:
            size, content = number(data, at + 8, 8), at + 16
        elif size == 0:
            size = end - at
        if at + size > end or at + size < content:
            raise LayoutError("a box reaches beyond what holds it")
        yield _Box(kind, at, content, at + size)
        at += size


def _boxes_of_kind(data: bytes, at: int, end: int, kind: bytes) -> list[_Box]:
    return [box for box in _boxes(data, at, end) if box.kind == kind]


def _wipe_unknown(wiped: bytearray, boxes: Iterable[_Box], allowed: frozenset[bytes]) -> None:
    for box in boxes:
        if box.kind not in allowed:
            wiped[box.start + 4 : box.start + 8] = _UNUSED
            wiped[box.content : box.end] = bytes(box.end - box.content)


def _unname_others(data: bytes, wiped: bytearray, box: _Box) -> set[int]:
    """Numbers of the items that are pictures; the others become items of no kind."""
    wide = data[box.content] > 0  # the version
    pictures = set()
    for entry in _boxes(data, box.content + (8 if wide else 6), box.end):
        version = data[entry.content]
        if entry.kind != b"infe" or version < 2:
            raise LayoutError("items of an old kind")
        size = 2 if version == 2 else 4
        kind_at = entry.content + 4 + size + 2
        if part(data, kind_at, 4) in _PICTURES:
            pictures.add(number(data, entry.content + 4, size))
            wiped[kind_at + 4 : entry.end] = bytes(entry.end - kind_at - 4)  # its name
        else:
            wiped[kind_at : entry.end] = _UNUSED + bytes(entry.end - kind_at - 4)
    return pictures


def _extents(data: bytes, box: _Box) -> Iterator[tuple[int, int, int, int]]:
    """Item, construction method (0: in the file, 1: in `idat`), start, bytes; of every part of every item."""
    version, at = data[box.content], box.content + 4
    sizes = number(data, at, 2)
    offset_size, length_size, base_size, index_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15, sizes & 15
    wide = 4 if version == 2 else 2
    count, at = number(data, at + 2, wide), at + 2 + wide
    for _ in range(count):
        item, at = number(data, at, wide), at + wide
        method = 0
        if version > 0:
            method, at = number(data, at, 2) & 15, at + 2
        if method > 1 or number(data, at, 2):  # parts of other items, or in another file
            raise LayoutError("an item that lies elsewhere")
        base, at = number(data, at + 2, base_size), at + 2 + base_size
        extents, at = number(data, at, 2), at + 2
        for _ in range(extents):
            at += index_size if version > 0 else 0
            start, at = base + number(data, at, offset_size), at + offset_size
            length, at = number(data, at, length_size), at + length_size
            yield item, method, start, length
