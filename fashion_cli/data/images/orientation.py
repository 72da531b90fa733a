"""How a camera was held. EXIF alone says so: an orientation in XMP is what an editor left over.

AVIF and HEIC have boxes of their own for it, which their decoders obey; TIFF has a tag, which Pillow obeys.
"""

from PIL import Image

ORIENTATION = 0x0112  # the EXIF tag
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_exif(data: bytes) -> Image.Exif:
    """EXIF from its bytes; empty where they are damaged."""
    exif = Image.Exif()
    try:
        if data:
            exif.load(data)
    except Exception:  # noqa: BLE001  # damaged EXIF raises almost anything, and the pixels are still good
        return Image.Exif()
    return exif


def orientation_of(exif: Image.Exif) -> int:
    """Orientation, 1 to 8; 1 where it is missing or nonsense."""
    try:
        value = exif.get(ORIENTATION)
    except Exception:  # noqa: BLE001  # as above
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """Turn a picture as the camera was held."""
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)
