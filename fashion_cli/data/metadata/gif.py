"""GIF: blocks up to the trailer (GIF89a)."""

from fashion_cli.data.metadata.layout import LayoutError, number

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_CONTROL, _APPLICATION = 0xF9, 0xFF
_APPLICATIONS = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")  # how often it repeats, and the colour profile


def strip_gif(data: bytes) -> bytes:
    """Keep the frames, how long each is shown, how often they repeat, the colour profile."""
    at = _after_table(data, 10, 13)
    blocks, drawn = [data[:at]], False
    while at < len(data) and data[at] != _TRAILER:
        start = at
        if data[at] == _IMAGE:
            at = _after_blocks(data, _after_table(data, at + 9, at + 10) + 1)
            blocks.append(data[start:at])
            drawn = True
        elif data[at] == _EXTENSION:
            at = _after_blocks(data, at + 2)
            if _belongs(data, start):
                blocks.append(data[start:at])
        else:
            raise LayoutError("an unknown block")
    if not drawn:
        raise LayoutError("no picture before the end of the file")
    return b"".join([*blocks, bytes((_TRAILER,))])


def _belongs(data: bytes, start: int) -> bool:
    """Whether an extension says something about the picture."""
    label = data[start + 1]
    return label == _CONTROL or (label == _APPLICATION and data[start + 3 : start + 14] in _APPLICATIONS)


def _after_table(data: bytes, flags_at: int, end: int) -> int:
    """Behind the colours that follow a descriptor which ends at `end`."""
    flags = number(data, flags_at, 1)
    return end + (3 << (flags & 7) + 1 if flags & 0x80 else 0)


def _after_blocks(data: bytes, at: int) -> int:
    """Behind a row of blocks, each of which begins with its length; a file that is cut off ends it."""
    while at < len(data) and data[at]:
        at += 1 + data[at]
    return min(at + 1, len(data))
