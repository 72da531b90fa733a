"""Batches of several images of each garment."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fashion_cli.data.annotations import Mask
from fashion_cli.data.datasets import GarmentImages
from fashion_cli.data.images import Box
from fashion_cli.data.transforms import Augmentation, fixed_view
from fashion_cli.errors import ImageError
from fashion_cli.model_cards import InputSpec

STILL = Augmentation(least_area=1.0, mirror=0.0, light=0.0, saturation=0.0, erase=0.0)
SPEC = InputSpec(16, 12, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
GREYS = (10, 60, 110, 160, 210)  # of photographs 0 to 4
GARMENTS = ([0, 1, 2], [3], [4])


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    files = [tmp_path / f"{grey}.png" for grey in GREYS]
    for file, grey in zip(files, GREYS, strict=True):
        Image.new("RGB", (24, 32), (grey, grey, grey)).save(file)
    return files


def make(
    paths: list[Path], *, photographs: int = 2, seed: int = 0, boxes: dict[int, Box] | None = None
) -> GarmentImages:
    targets = np.arange(len(paths), dtype=np.int8)[:, None]  # a photograph's target is its number
    return GarmentImages(
        paths,
        boxes or {},
        targets,
        GARMENTS,
        spec=SPEC,
        photographs=photographs,
        augmentation=STILL,
        seed=seed,
        threads=2,
    )


def greys(images: torch.Tensor) -> list[int]:
    return [round(float(image.mean()) * 255) for image in images]


@pytest.mark.parametrize("photographs", [1, 2, 3])
def test_images_targets_garments_and_names_belong_together(paths: list[Path], photographs: int) -> None:
    batch = make(paths, photographs=photographs).__getitems__([0, 2, 1])
    assert batch.images.shape == (3 * photographs, 3, 16, 12)
    assert batch.garments.tolist() == [0, 2, 1] * photographs
    for grey, target, garment, name in zip(
        greys(batch.images), batch.targets[:, 0].tolist(), batch.garments.tolist(), batch.names, strict=True
    ):
        assert target in GARMENTS[garment]
        assert grey == GREYS[target]
        assert name == str(paths[target])


def test_a_garment_shows_different_photographs_while_there_are_some(paths: list[Path]) -> None:
    batch = make(paths, photographs=3).__getitems__([0])
    assert sorted(batch.targets[:, 0].tolist()) == [0, 1, 2]
    again = make(paths, photographs=3).__getitems__([1])
    assert again.targets[:, 0].tolist() == [3, 3, 3]


def test_the_same_batch_can_be_drawn_again(paths: list[Path]) -> None:
    first, second, other = (make(paths, seed=seed).__getitems__([0, 1, 2]) for seed in (0, 0, 5))
    assert torch.equal(first.images, second.images)
    assert first.names == second.names
    assert first.names != other.names


def test_a_box_is_cut_out(paths: list[Path], tmp_path: Path) -> None:
    image = Image.new("RGB", (24, 32), "white")
    image.paste((0, 0, 0), (0, 0, 12, 16))
    image.save(paths[3])
    batch = make(paths, boxes={3: Box(0, 0, 12, 16)}).__getitems__([1])
    assert greys(batch.images) == [0, 0]


def test_an_unreadable_photograph_is_replaced_and_named(paths: list[Path]) -> None:
    for row in (0, 3):
        paths[row].write_bytes(b"not an image")
    images = make(paths, photographs=3)
    batch = images.__getitems__([0, 1, 2])
    assert set(images.unreadable) == {str(paths[0]), str(paths[3])}
    assert "not a photograph" in images.unreadable[str(paths[0])]
    assert set(batch.garments.tolist()) == {0, 2}  # garment 1 has nothing left
    assert batch.images.shape[0] == 9
    assert set(batch.names) == {str(paths[row]) for row in (1, 2, 4)}


def test_nothing_readable_is_an_error(paths: list[Path]) -> None:
    for path in paths:
        path.unlink()
    with pytest.raises(ImageError, match="none of 2 training photographs can be read"):
        make(paths).__getitems__([1, 2])


def varied(
    paths: list[Path], *, masks: dict[int, Mask] | None = None, fixed: int = 0, **changes: float
) -> GarmentImages:
    return GarmentImages(
        paths,
        {},
        np.zeros((len(paths), 1), np.int8),
        GARMENTS,
        spec=SPEC,
        photographs=2,
        augmentation=Augmentation(**{**vars(STILL), **changes}),
        seed=3,
        threads=2,
        fixed_views=fixed,
        masks=masks,
    )


def test_the_first_image_of_each_garment_is_a_view_that_teachers_have_seen(paths: list[Path]) -> None:
    """Whatever the epoch: cut from the photograph that is named, as the view that is named."""
    for path in paths:
        Image.fromarray(np.random.default_rng(int(path.stem)).integers(0, 256, (32, 24, 3), np.uint8)).save(path)
    images = varied(paths, fixed=3, least_area=0.3, mirror=0.5)
    seen = set()
    for epoch in range(4):
        images.epoch = epoch
        batch = images.__getitems__([0, 2, 1])
        for place, (row, number) in enumerate(zip(batch.rows.tolist(), batch.views.tolist(), strict=True)):
            assert batch.names[place] == str(paths[row])
            pixels = torch.from_numpy(images.reader.read(paths[row]).pixels).permute(2, 0, 1)
            expected = fixed_view(number, images.augmentation, (3, row)).cut(pixels, 16, 12)
            assert torch.equal((batch.images[place] * 255).round().to(torch.uint8), expected)
            seen.add(number)
    assert seen == {0, 1, 2}
    assert varied(paths).__getitems__([0, 1]).views.tolist() == []


def test_backgrounds_are_exchanged_but_for_what_teachers_see(paths: list[Path], tmp_path: Path) -> None:
    """A dark square on white; all other photographs are grey, and their grey comes behind it."""
    image = Image.new("RGB", (24, 32), "white")
    image.paste((0, 0, 0), (6, 10, 18, 22))
    image.save(paths[3])
    first, second = varied(paths, fixed=1, background=1.0).__getitems__([1]).images
    assert float(first.max()) == 1
    assert not torch.equal(first, second)
    corners = {
        round(float(varied(paths, background=1.0).__getitems__([1] + [2] * n).images[0, 0, 0, 0]) * 255)
        for n in range(9)
    }
    assert corners & set(GREYS)


def test_a_mask_says_what_the_background_is(paths: list[Path], tmp_path: Path) -> None:
    numbers = np.zeros((32, 24), np.uint8)
    numbers[2:30, 2:22] = 5
    Image.fromarray(numbers).save(tmp_path / "mask.png")
    images = varied(paths, masks={3: Mask(tmp_path / "mask.png", 5)}, background=1.0)
    corners, middles = set(), set()
    for epoch in range(12):
        images.epoch = epoch
        image = images.__getitems__([1]).images[0]
        corners.add(round(float(image[0, 0, 0]) * 255))
        middles.add(round(float(image[0, 8, 6]) * 255))
    assert middles == {GREYS[3]}
    assert len(corners) > 2
    (tmp_path / "mask.png").unlink()
    assert greys(images.__getitems__([1]).images) == [GREYS[3]] * 2  # unreadable: as it is
