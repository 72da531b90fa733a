"""Which picture of a file is meant where it holds several: the first that shows something."""

from collections.abc import Iterable

from PIL import Image, ImageFile

from fashion_cli.data.images.depth import has_alpha, is_deep, is_uniform, on_white, split_alpha

MOST_FRAMES = 64
MOST_PIXELS = 200_000_000  # that are decoded in search of something to see
_BLANK = 8  # levels of 255 by which a blank frame may vary: lossy formats make noise of one colour


def load_first_picture(image: ImageFile.ImageFile, frames: Iterable[int]) -> None:
    """Decode the first frame that is not blank; the first one where all are.

    Args:
        image: Whose header was read.
        frames: Where to look, in order.
    """
    first, *others = list(frames)[:MOST_FRAMES]
    _load(image, first)
    if not others or not _is_blank(image):
        return
    left = MOST_PIXELS
    for frame in others:
        left -= image.width * image.height
        if left < 0 or not _try_load(image, frame):
            break
        if not _is_blank(image):
            return
    _load(image, first)


def _load(image: ImageFile.ImageFile, frame: int) -> None:
    if frame != image.tell():
        image.seek(frame)
    image.info.pop("xmp", None)  # or Pillow would turn a TIFF as it says
    image.load()


def _try_load(image: ImageFile.ImageFile, frame: int) -> bool:
    try:
        _load(image, frame)
    except Exception:  # noqa: BLE001  # Pillow raises what it likes; a later frame that is damaged costs nothing
        return False
    return True


def _is_blank(image: Image.Image) -> bool:
    if is_deep(image):
        return is_uniform(image)
    if has_alpha(image):
        colours, alpha = split_alpha(image)
        return is_uniform(on_white(colours, alpha) if alpha is not None else colours, _BLANK)
    return is_uniform(image.convert("RGB"), _BLANK)
