"""Pixels on both paths, against arithmetic written out and against each other."""

import hashlib
import io
import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from fashion_cli.data.images import ImageReader
from fashion_cli.model_cards import InputSpec
from tests.data.images.encoding import Pixels, encoded
from tests.data.images.reading import SPEC, read, smooth, whole_levels

KINDS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
SETS = ("catalog", "clothing", "street", "views")


# Fitting


def plainly_scaled(pixels: Pixels, width: int, height: int) -> Pixels:
    """Triangle filter as wide as the step, by loops: columns, rounded, then rows."""

    def weights(before: int, after: int) -> npt.NDArray[np.float64]:
        step = before / after
        reach = max(step, 1)
        table = np.zeros((after, before))
        for i in range(after):
            for j in range(before):
                table[i, j] = max(0, 1 - abs((j + 0.5) - (i + 0.5) * step) / reach)
        return np.asarray(table / table.sum(axis=1, keepdims=True))

    across = np.rint(np.einsum("ij,yjc->yic", weights(pixels.shape[1], width), pixels))
    both = np.rint(np.einsum("ij,jxc->ixc", weights(pixels.shape[0], height), across))
    return np.asarray(both, dtype=np.uint8)


@pytest.mark.parametrize(
    ("size", "spec", "fitted"),
    [
        ((100, 50), InputSpec(32, 32), (32, 16)),
        ((50, 100), InputSpec(32, 32, padding=7), (16, 32)),
        ((10, 7), InputSpec(32, 48), (46, 32)),  # enlarged
        ((60, 61), InputSpec(20, 48, padding=0), (20, 20)),
        ((500, 2), InputSpec(32, 32), (32, 1)),  # never narrower than one pixel
    ],
)
def test_fitted_centred_and_padded(
    tmp_path: Path, fast: bool, size: tuple[int, int], spec: InputSpec, fitted: tuple[int, int]
) -> None:
    image = smooth(*size)
    data = encoded(image, "JPEG", quality=100, subsampling=0)
    drawn = np.asarray(Image.open(io.BytesIO(data)))
    path = tmp_path / "a.jpg"
    path.write_bytes(data)

    photograph = ImageReader(spec, fast=fast).read(path)

    assert (photograph.width, photograph.height) == size
    assert photograph.pixels.shape == (spec.height, spec.width, 3)
    left, top = (spec.width - fitted[0]) // 2, (spec.height - fitted[1]) // 2
    inside = np.zeros(photograph.pixels.shape[:2], dtype=bool)
    inside[top : top + fitted[1], left : left + fitted[0]] = True
    assert (photograph.pixels[~inside] == spec.padding).all()
    part = photograph.pixels[top : top + fitted[1], left : left + fitted[0]]
    assert whole_levels(part, plainly_scaled(drawn, *fitted)).max() <= 1


def test_right_size_is_left_alone(tmp_path: Path, reader: ImageReader) -> None:
    data = encoded(smooth(32, 32), "JPEG")
    assert np.array_equal(read(reader, tmp_path, data), np.asarray(Image.open(io.BytesIO(data))))


def test_both_paths_agree_on_real_photographs(photographs: Path) -> None:
    readers = [ImageReader(InputSpec(224, 224), fast=fast) for fast in (False, True)]
    for name in SETS:
        paths = sorted((photographs / name / "images").glob("*.jpg"))
        chosen = paths[:: len(paths) // 15][:15]
        levels = np.stack([whole_levels(*(reader.read(path).pixels for reader in readers)) for path in chosen])
        assert levels.mean() < 0.05, name
        assert levels.max() <= 1, name


def test_facts_about_the_file(tmp_path: Path, reader: ImageReader) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded(smooth(50, 40), "JPEG"))
    photograph = reader.read(path)
    assert photograph.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (photograph.size, photograph.stamp.mtime_ns) == (path.stat().st_size, path.stat().st_mtime_ns)
    assert (photograph.width, photograph.height) == (50, 40)


# Threads and start-up


def test_many_threads_read_the_same_as_one(tmp_path: Path, reader: ImageReader) -> None:
    paths = []
    for number in range(48):
        kind = KINDS[number % len(KINDS)]
        path = tmp_path / f"{number}.{kind}"
        path.write_bytes(encoded(smooth(60 + number, 50), kind))
        paths.append(path)
    expected = [reader.read(path) for path in paths]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(reader.read, paths))
    assert [photograph.sha256 for photograph in found] == [photograph.sha256 for photograph in expected]
    for a, b in zip(found, expected, strict=True):
        assert np.array_equal(a.pixels, b.pixels)


def test_torch_is_not_imported_and_nothing_of_pillow_is_changed(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded(smooth(60, 50), "JPEG"))
    program = f"""
import sys
from pathlib import Path
from PIL import Image, ImageFile
before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
from fashion_cli.data.images import ImageReader, thumbnail
from fashion_cli.model_cards import InputSpec
ImageReader(InputSpec(32, 32)).read(Path({str(path)!r}))
thumbnail(Path({str(path)!r}), 20)
assert not {{"torch", "torchvision"}} & set(sys.modules)
assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, cwd=Path(__file__).parents[2])


def test_threads_of_torch_are_left_alone(tmp_path: Path) -> None:
    import torch

    before = torch.get_num_threads(), torch.get_num_interop_threads()
    read(ImageReader(SPEC, fast=True), tmp_path, encoded(smooth(60, 50), "JPEG"))
    assert (torch.get_num_threads(), torch.get_num_interop_threads()) == before


def test_scaling_is_symmetric() -> None:
    """The oracle itself: a mirrored picture scales to the mirrored result."""
    pixels = np.asarray(smooth(41, 23))
    mirrored = plainly_scaled(pixels[:, ::-1], 17, 9)[:, ::-1]
    assert whole_levels(plainly_scaled(pixels, 17, 9), mirrored).max() <= 1
    assert math.isclose(plainly_scaled(pixels, 17, 9).mean(), pixels.mean(), rel_tol=0.05)
