"""Grounds against a flood fill; exchanged ones keep the garment."""

from collections import deque

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from fashion_cli.data.cutouts import EDGE, connected_to_border, exchange_ground, outside, white_ground
from fashion_cli.model_cards import InputSpec

HEIGHT, WIDTH = 60, 44
WHOLE = (0, 0, WIDTH, HEIGHT)


def flooded(ground: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """What a flood fill from the border reaches."""
    height, width = ground.shape
    reached = np.zeros_like(ground)
    edge = [(y, x) for y in range(height) for x in range(width) if y in (0, height - 1) or x in (0, width - 1)]
    waiting = deque(place for place in edge if ground[place])
    while waiting:
        y, x = waiting.popleft()
        if 0 <= y < height and 0 <= x < width and ground[y, x] and not reached[y, x]:
            reached[y, x] = True
            waiting.extend([(y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)])
    return reached


def ring() -> npt.NDArray[np.bool_]:
    """Ground, a round garment, and white cloth inside it."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    distance = np.hypot(rows - HEIGHT / 2, columns - WIDTH / 2)
    return np.asarray((distance >= 18) | (distance <= 8))


def photograph(ground: npt.NDArray[np.bool_], grey: int = 60) -> Tensor:
    return torch.from_numpy(np.where(ground, 255, grey).astype(np.uint8)).expand(3, -1, -1)


def test_white_inside_a_garment_is_no_ground() -> None:
    found = connected_to_border(ring())
    assert np.array_equal(found, flooded(ring()))
    assert found[0, 0]
    assert not found[HEIGHT // 2, WIDTH // 2]


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_ground_that_a_flood_would_not_reach(seed: int) -> None:
    noise = np.random.default_rng(seed).random((HEIGHT, WIDTH)) < 0.62
    found, every = connected_to_border(noise), flooded(noise)
    assert not (found & ~every).any()
    assert found.sum() > 0.4 * every.sum()


def test_the_ground_of_a_shops_photograph() -> None:
    found = white_ground(photograph(ring()), WHOLE)
    assert found is not None
    assert (found == flooded(ring())).mean() > 0.95
    assert white_ground(photograph(np.ones((HEIGHT, WIDTH), bool)), WHOLE) is None  # nothing on it
    assert white_ground(torch.full((3, HEIGHT, WIDTH), 120, dtype=torch.uint8), WHOLE) is None


def test_padding_alone_is_no_ground() -> None:
    """A grey photograph in the middle of a frame; and one on white, whose padding goes with its ground."""
    window = (0, 15, WIDTH, 45)
    frame = torch.full((3, HEIGHT, WIDTH), 255, dtype=torch.uint8)
    frame[:, 15:45] = 120
    assert white_ground(frame, window) is None
    frame[:, 15:45] = 255
    frame[:, 20:40, 10:30] = 60
    found = white_ground(frame, window)
    assert found is not None
    assert found[0].all()


def test_the_garment_stays_and_its_ground_is_another_photographs() -> None:
    ground = ring()
    other = torch.full((3, 50, 70), 10, dtype=torch.uint8)
    found = exchange_ground(photograph(ground, 200), ground, other, torch.Generator().manual_seed(0))
    assert (found.dtype, found.shape) == (torch.uint8, (3, HEIGHT, WIDTH))
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    distance = np.hypot(rows - HEIGHT / 2, columns - WIDTH / 2)
    assert (found[0].numpy()[distance > 20] == 10).all()
    away = 2**0.5 * (EDGE // 2 + 1)  # along the diagonal of what is taken, and its soft edge
    inner = (distance < 18 - away) & (distance > 8 + away)
    assert inner.any()
    assert (found[0].numpy()[inner] == 200).all()


def test_the_piece_differs_and_follows_from_the_generator() -> None:
    other = torch.randint(256, (3, 90, 90), dtype=torch.uint8, generator=torch.Generator().manual_seed(5))
    drawn = [
        exchange_ground(photograph(ring()), ring(), other, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    ]
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


@pytest.mark.parametrize("fit", ["letterbox", "squash", "crop"])
def test_a_mask_lands_where_its_photograph_lands(fit: str, tmp_path) -> None:
    """The frame of a photograph that is black where its mask is, read as any photograph is."""
    from PIL import Image

    from fashion_cli.data.images import ImageReader

    garment = np.zeros((80, 30), bool)
    garment[20:60, 5:20] = True
    Image.fromarray(np.where(garment, 0, 255).astype(np.uint8)).convert("RGB").save(tmp_path / "a.png")
    spec = InputSpec(40, 40, fit=fit)  # type: ignore[arg-type]
    pixels = ImageReader(spec).read(tmp_path / "a.png").pixels[..., 0]
    assert ((pixels > 127) == outside(garment, spec)).mean() > 0.97
