"""Colours as the file's profile means them, converted to sRGB once, at decoding.

Relative colorimetric with black-point compensation, as image editors do it by default: for profiles of matrix and curve
(Display P3, Adobe RGB, ProPhoto, grey) every intent is the same, and agrees with libvips and with browsers; a printer's
black (CMYK) becomes black instead of dark grey. A profile that is damaged, or of another kind of colour than the
pixels, is ignored. Without one, RGB and grey are sRGB, and CMYK becomes RGB by the plain formula, as browsers do it.
"""

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

from fashion_cli.data.images.colour_spaces import ADOBE_RGB, profile_of_gamma

_INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION
_MODES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}  # what a profile's colours are -> mode of the pixels
# Levels of 255 by which a profile may differ from sRGB and still mean it: makers round its curve differently.
_SAME = 2
_STEPS = 6  # of each colour, in the test for that
ADOBE_GAMMA = 2.19921875  # 563 / 256

_EXIF_IFD, _COLOUR_SPACE, _INTEROP_IFD, _INTEROP_INDEX = 0x8769, 0xA001, 0xA005, 1


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Convert the colours of an image without transparency.

    Args:
        image: Of any mode that Pillow can convert to RGB. May be changed.
        profile: ICC, or b"".

    Returns:
        RGB in sRGB.
    """
    transform = _transform(profile) if profile else None
    if transform is None:
        return image if image.mode == "RGB" else image.convert("RGB")
    mode = transform.inputMode
    if mode == "RGB":
        if image.mode in ("CMYK", "LAB"):
            return image.convert("RGB")
        image = image if image.mode == "RGB" else image.convert("RGB")
        transform.apply_in_place(image)
        return image
    converted: Image.Image = transform.apply(image) if image.mode == mode else image.convert("RGB")
    return converted


def changes_colours(profile: bytes) -> bool:
    """Whether a profile means anything but sRGB."""
    return bool(profile) and _transform(profile) is not None


def profile_of_camera(exif: Image.Exif) -> bytes:
    """The colour space of a photograph without ICC profile: Adobe RGB where EXIF says so ("R03" of DCF), else b"".

    Browsers and libvips do not look there, and show such photographs dull.
    """
    try:
        details = exif.get_ifd(_EXIF_IFD)
        is_adobe = details.get(_COLOUR_SPACE) == 2 or exif.get_ifd(_INTEROP_IFD).get(_INTEROP_INDEX) == "R03"
    except Exception:  # noqa: BLE001  # damaged EXIF raises almost anything, and the pixels are still good
        return b""
    return profile_of_gamma(ADOBE_GAMMA, ADOBE_RGB) if is_adobe else b""


@lru_cache(maxsize=32)
def _transform(profile: bytes) -> ImageCms.ImageCmsTransform | None:
    """From the profile's colours to sRGB; None where that changes nothing, or the profile cannot be used.

    A gallery has few different profiles, so each is looked at once. Threads may share what comes back.
    """
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = _MODES.get(source.profile.xcolor_space)
        if mode is None:
            return None
        target = ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(source, target, mode, "RGB", _INTENT, _FLAGS)
        return None if mode != "CMYK" and _is_srgb(transform, mode) else transform
    except Exception:  # noqa: BLE001  # LittleCMS and Pillow raise what they like about damaged profiles
        return None


def _is_srgb(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    ramp = np.linspace(0, 255, 256 if mode == "L" else _STEPS).astype(np.uint8)
    colours = np.stack(np.meshgrid(ramp, ramp, ramp), axis=-1).reshape(1, -1, 3) if mode == "RGB" else ramp[None]
    before = Image.fromarray(np.ascontiguousarray(colours))
    after = np.asarray(transform.apply(before), dtype=np.int16)
    return bool(np.abs(after - np.asarray(before.convert("RGB"), dtype=np.int16)).max() <= _SAME)
