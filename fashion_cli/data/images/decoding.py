"""From a file's header to an upright picture without transparency."""

from dataclasses import dataclass

from PIL import Image

from fashion_cli.data import image_formats as formats
from fashion_cli.data.images import orientation
from fashion_cli.data.images.colour import to_srgb
from fashion_cli.data.images.depth import eight_bits, has_alpha, is_deep, on_white, opaque_mask, split_alpha
from fashion_cli.data.images.frames import load_first_picture
from fashion_cli.data.images.opening import OpenedImage, naming_photograph, open_image
from fashion_cli.data.images.truncation import complete_jpeg, complete_png

_BITS_PER_SAMPLE = 258  # a tag of TIFF


@dataclass(frozen=True, eq=False)
class Decoded:
    """An upright picture without transparency.

    Attributes:
        image: RGB; or grey or CMYK, whose profile says what that is in RGB.
        profile: ICC profile of its colours; b"" for sRGB.
    """

    image: Image.Image
    profile: bytes

    def to_srgb(self, image: Image.Image) -> Image.Image:
        """Convert this picture, or what was made of it.

        Converting what was scaled down takes a hundredth of the time; on photographs in Display P3 and Adobe RGB it
        differs from scaling what was converted by 0.1 and 0.3 of 255 levels in the mean.
        """
        return to_srgb(image, self.profile)


def decode(opened: OpenedImage) -> Decoded:
    """Decode the picture that is meant.

    Raises:
        ImageError: If it is damaged.
    """
    with naming_photograph(opened.path, "cannot be decoded"):
        opened = _load(opened)
        decoded = _without_alpha(opened)
        turned = orientation.upright(decoded.image, opened.orientation())
    return Decoded(turned, decoded.profile)


def _load(opened: OpenedImage) -> OpenedImage:
    """Decode; where the last bytes lack, what is there."""
    try:
        load_first_picture(opened.image, opened.pages)
    except OSError:
        complete = {formats.JPEG: complete_jpeg, formats.PNG: complete_png}.get(opened.format)
        data = complete(opened.data) if complete is not None else None
        if data is None:
            raise
        opened = open_image(opened.path, data, opened.image.width * opened.image.height)
        load_first_picture(opened.image, opened.pages)
    return opened


def _without_alpha(opened: OpenedImage) -> Decoded:
    image, profile, alpha = opened.image, opened.profile(), None
    if opened.png is not None and opened.png.transparent:
        alpha = opaque_mask(image, opened.png.transparent, opened.png.bits)
    plain = _eight_bits(opened) if is_deep(image) else image
    if alpha is None and has_alpha(plain):
        plain, alpha = split_alpha(plain)
    if alpha is not None:
        return Decoded(on_white(to_srgb(plain, profile), alpha), b"")
    if profile and plain.mode in ("L", "CMYK"):
        return Decoded(plain, profile)
    return Decoded(plain if plain.mode == "RGB" else plain.convert("RGB"), b"" if plain.mode == "LAB" else profile)


def _eight_bits(opened: OpenedImage) -> Image.Image:
    if opened.tiff is None:
        return eight_bits(opened.image)
    tags = opened.image.tag_v2  # type: ignore[attr-defined]  # of TiffImageFile
    bits = tags.get(_BITS_PER_SAMPLE, (16,))[0]
    return eight_bits(opened.image, bits, white_is_zero=opened.image.tell() in opened.tiff.inverted)
