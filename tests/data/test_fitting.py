"""Where pixels land: against torchvision's transforms on Pillow images, on both decoders."""

from pathlib import Path
from typing import get_args

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from torchvision import transforms

from fashion_cli.data.fitting import MOST_ASPECT, covering, place
from fashion_cli.data.images import Box, ImageReader
from fashion_cli.errors import WeightsError
from fashion_cli.model_cards import Fit, InputSpec, Interpolation

Pixels = npt.NDArray[np.uint8]
SIZES = ((200, 301), (333, 211), (64, 64), (40, 25), (31, 97))


@pytest.fixture(params=SIZES, ids=str)
def photograph(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    width, height = request.param
    y, x = np.mgrid[0:height, 0:width]
    waves = [127 + 120 * np.sin(x / 9 + y / 31 + phase) * np.cos(y / 13) for phase in (0, 1, 2.5)]
    path = tmp_path / "photograph.jpg"
    Image.fromarray(np.stack(waves, axis=-1).astype(np.uint8)).save(path, quality=95, subsampling=0)
    return path


def expected(image: Image.Image, spec: InputSpec) -> Pixels:
    """By torchvision, on Pillow's pixels; "letterbox" by Pillow alone."""
    mode = transforms.InterpolationMode(spec.interpolation)
    height, width = round(spec.height / spec.crop_share), round(spec.width / spec.crop_share)
    if spec.fit == "squash":
        scaled = transforms.Resize((height, width), mode)(image)
    elif spec.fit == "crop":
        assert height == width
        scaled = transforms.Resize(height, mode)(image)
    else:
        scale = min(spec.width / image.width, spec.height / image.height)
        size = round(image.width * scale), round(image.height * scale)
        scaled = image.resize(size, Image.Resampling[spec.interpolation.upper()])
        canvas = Image.new("RGB", (spec.width, spec.height), (spec.padding,) * 3)
        canvas.paste(scaled, ((spec.width - size[0]) // 2, (spec.height - size[1]) // 2))
        return np.asarray(canvas)
    return np.asarray(transforms.CenterCrop((spec.height, spec.width))(scaled))


@pytest.mark.parametrize("interpolation", get_args(Interpolation))
@pytest.mark.parametrize(
    ("fit", "share"), [("letterbox", 1.0), ("squash", 1.0), ("squash", 0.9), ("crop", 1.0), ("crop", 224 / 256)]
)
def test_as_torchvision_does_it(photograph: Path, fit: Fit, share: float, interpolation: Interpolation) -> None:
    spec = InputSpec(56, 56, padding=77, fit=fit, interpolation=interpolation, crop_share=share)
    slow, fast = (ImageReader(spec, fast=fast).read(photograph).pixels for fast in (False, True))
    with Image.open(photograph) as image:
        assert np.array_equal(slow, expected(image.convert("RGB"), spec))
    levels = np.abs(fast.astype(int) - slow)
    assert levels.max() <= 2  # each decoder rounds once between columns and rows, and enlarging adds that up
    assert levels.mean() < 0.2


def test_a_box_is_fitted_like_a_photograph_of_its_own(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "whole.png")
    Image.fromarray(pixels[20:80, 10:55]).save(tmp_path / "part.png")
    reader = ImageReader(InputSpec(32, 32, fit="crop", interpolation="bicubic"))
    found = reader.read(tmp_path / "whole.png", Box(10, 20, 45, 60)).pixels
    assert np.array_equal(found, reader.read(tmp_path / "part.png").pixels)


def test_an_input_that_is_no_square_is_covered() -> None:
    for size in SIZES:
        width, height = covering(size, (48, 64))
        assert (width == 48 and height >= 64) or (height == 64 and width >= 48)
        placement = place((5, 7, 5 + size[0], 7 + size[1]), InputSpec(64, 48, fit="crop"))
        assert placement.part == (5, 7, 5 + size[0], 7 + size[1])
        left, top, right, bottom = placement.window
        assert (right - left, bottom - top) == (48, 64)
        assert 0 <= left <= right <= width
        assert 0 <= top <= bottom <= height
        assert abs(left - (width - right)) <= 1
        assert abs(top - (height - bottom)) <= 1


@pytest.mark.parametrize("size", [(50_000_000, 2), (2, 50_000_000), (300, 1)])
def test_a_strip_does_not_fill_the_memory(size: tuple[int, int]) -> None:
    placement = place((0, 0, *size), InputSpec(224, 224, fit="crop"))
    assert max(placement.size) <= 224 * (MOST_ASPECT + 1)
    left, top, right, bottom = placement.part
    assert abs(left - (size[0] - right)) <= 1
    assert abs(top - (size[1] - bottom)) <= 1


@pytest.mark.parametrize("share", [0.875, 224 / 232, 240 / 255, 1.0, 518 / 518, 300 / 320])
def test_the_share_of_a_whole_number_of_pixels_gives_it_back(share: float) -> None:
    side = 224
    scaled = place((0, 0, 500, 400), InputSpec(side, side, fit="squash", crop_share=side / round(side / share))).size
    assert scaled == (round(side / share),) * 2


@pytest.mark.parametrize(
    "wrong", [{"fit": "stretch"}, {"interpolation": "lanczos"}, {"crop_share": 0}, {"crop_share": 1.1}]
)
def test_what_is_not_known_here_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(WeightsError):
        InputSpec(8, 8, **wrong)  # type: ignore[arg-type]
