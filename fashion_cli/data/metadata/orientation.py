"""The one thing in EXIF that belongs to the picture: how it has to be turned."""

from fashion_cli.data.metadata.layout import LayoutError, number

UPRIGHT = 1
_TAG, _SHORT, _ENTRY = 0x0112, 3, 12
_ORDERS = {b"II*\0": "little", b"MM\0*": "big"}


def orientation(exif: bytes) -> int:
    """1 to 8; 1 where it is missing or nonsense.

    Args:
        exif: From the TIFF header on.
    """
    order = _ORDERS.get(exif[:4])
    if order is None:
        return UPRIGHT
    try:
        directory = number(exif, 4, 4, order)
        for place in range(number(exif, directory, 2, order)):
            entry = directory + 2 + _ENTRY * place
            if number(exif, entry, 2, order) == _TAG and number(exif, entry + 2, 2, order) == _SHORT:
                value = number(exif, entry + 8, 2, order)
                return value if UPRIGHT < value <= 8 else UPRIGHT
    except LayoutError:
        pass
    return UPRIGHT


def exif_of(value: int) -> bytes:
    """EXIF with nothing but an orientation, from the TIFF header on; b"" for an upright picture."""
    if value == UPRIGHT:
        return b""
    entry = b"\x12\x01\x03\x00\x01\x00\x00\x00" + value.to_bytes(4, "little")
    return b"II*\0\x08\0\0\0" + b"\x01\0" + entry + b"\0\0\0\0"
