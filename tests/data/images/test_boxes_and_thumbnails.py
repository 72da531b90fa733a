"""Parts of photographs and small pictures of them."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashion_cli.data.images import Box, ImageReader, thumbnail
from fashion_cli.errors import ImageError, UsageError
from tests.data.images.encoding import encoded
from tests.data.images.reading import read, smooth, whole_levels
from tests.data.images.test_orientation import as_stored, exif
from tests.data.test_images import plainly_scaled


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "-1,0,5,5", "0,0,0,5", "0,0,5,-1", "1.5,0,5,5"])
def test_box_that_means_nothing(text: str) -> None:
    with pytest.raises(UsageError, match="box"):
        Box.parse(text)


def test_box_is_cut_out_before_scaling(tmp_path: Path, reader: ImageReader) -> None:
    data = encoded(smooth(90, 70), "JPEG")
    pixels = np.asarray(Image.open(io.BytesIO(data)))
    expected = plainly_scaled(pixels[10:50, 20:84], 32, 20)
    found = read(reader, tmp_path, data, Box.parse("20, 10, 64, 40"))
    assert whole_levels(found[6:26], expected).max() <= 1
    assert (found[:6] == 255).all()
    photograph = reader.read(tmp_path / "photograph", Box(20, 10, 64, 40))
    assert (photograph.width, photograph.height) == (90, 70)
    assert np.array_equal(read(reader, tmp_path, data, Box(0, 0, 90, 70)), read(reader, tmp_path, data))


@pytest.mark.parametrize("box", [Box(0, 0, 91, 70), Box(0, 1, 90, 70), Box(900, 900, 1, 1)])
def test_box_beyond_the_photograph(tmp_path: Path, reader: ImageReader, box: Box) -> None:
    with pytest.raises(UsageError, match=f"photograph: box {box} reaches beyond the photograph") as raised:
        read(reader, tmp_path, encoded(smooth(90, 70), "JPEG"), box)
    assert raised.value.hint == "it has 90 x 70 pixels"
    with pytest.raises(UsageError):
        thumbnail(tmp_path / "photograph", 20, box)


def shown(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    assert image.format == "JPEG"
    return image


@pytest.mark.parametrize("orientation", [1, 6])
def test_thumbnail(tmp_path: Path, orientation: int) -> None:
    upright = smooth(480, 640, slowness=10)
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded(as_stored(np.asarray(upright), orientation), "JPEG", exif=exif(orientation)))
    for box, size in ((None, (48, 64)), (Box(40, 100, 400, 200), (64, 32)), (Box(3, 5, 16, 24), (16, 24))):
        image = shown(thumbnail(path, 64, box))
        assert image.size == size
        part = upright if box is None else upright.crop((box.x, box.y, box.x + box.width, box.y + box.height))
        expected = part.resize(size, Image.Resampling.BOX)
        assert whole_levels(np.asarray(image), np.asarray(expected)).mean() < 8


def test_thumbnail_of_anything(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for image, kind in (
        (Image.new("RGBA", (30, 20), (255, 0, 0, 0)), "PNG"),
        (Image.new("CMYK", (30, 20)), "JPEG"),
    ):
        path.write_bytes(encoded(image, kind))
        assert shown(thumbnail(path, 100)).size == (30, 20)
        assert np.asarray(shown(thumbnail(path, 100))).min() > 250  # white
    path.write_bytes(b"nothing")
    with pytest.raises(ImageError, match="not a photograph"):
        thumbnail(path, 100)
