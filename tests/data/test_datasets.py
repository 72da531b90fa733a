"""Batches of several images of each garment."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fashion_cli.data.datasets import GarmentImages
from fashion_cli.data.images import Box
from fashion_cli.data.transforms import Augmentation
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
