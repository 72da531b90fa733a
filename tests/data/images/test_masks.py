"""Pictures whose pixels are numbers."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashion_cli.data.images import read_mask
from fashion_cli.errors import ImageError

NUMBERS = np.array([[0, 3, 3], [200, 3, 0]], np.uint8)


@pytest.mark.parametrize("mode", ["P", "L"])
def test_numbers_are_kept_whatever_their_colours(tmp_path: Path, mode: str) -> None:
    image = Image.fromarray(NUMBERS)
    if mode == "P":
        image = Image.fromarray(NUMBERS).convert("P")
        image.putdata(NUMBERS.ravel().tolist())
        image.putpalette([each for number in range(256) for each in (number, 255 - number, 7)])
    image.save(tmp_path / "a.png")
    assert np.array_equal(read_mask(tmp_path / "a.png"), NUMBERS)


def test_what_is_no_mask(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(tmp_path / "rgb.png")
    with pytest.raises(ImageError, match="RGB, not numbers"):
        read_mask(tmp_path / "rgb.png")
    Image.fromarray(np.zeros((4, 4), np.uint16)).save(tmp_path / "deep.png")
    with pytest.raises(ImageError, match="not numbers"):
        read_mask(tmp_path / "deep.png")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(ImageError, match="not a photograph"):
        read_mask(tmp_path / "text.png")
    Image.fromarray(NUMBERS.repeat(60, axis=0).repeat(60, axis=1)).save(tmp_path / "cut.png")
    data = (tmp_path / "cut.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(ImageError, match="damaged"):
        read_mask(tmp_path / "cut.png")
    Image.fromarray(NUMBERS).save(tmp_path / "large.png")
    with pytest.raises(ImageError, match="over the limit"):
        read_mask(tmp_path / "large.png", max_pixels=5)
