"""Variations stay inside what the recipe allows."""

import math

import pytest
import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from fashion_cli.data.transforms import LARGEST_STRETCH, Augmentation, distort, draw_view, fixed_view, vary_light

STILL = Augmentation(least_area=1.0, mirror=0.0, light=0.0, saturation=0.0, erase=0.0)
HEIGHT, WIDTH = 60, 48


def rng(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def allow(**changes: float) -> Augmentation:
    return Augmentation(**{**vars(STILL), **changes})


def ramps() -> Tensor:
    """(3, H, W): red grows downwards, green to the right."""
    down = torch.linspace(0, 255, HEIGHT)[:, None].expand(HEIGHT, WIDTH)
    across = torch.linspace(0, 255, WIDTH).expand(HEIGHT, WIDTH)
    return torch.stack([down, across, torch.full((HEIGHT, WIDTH), 100.0)]).to(torch.uint8)


def random_view(pixels: Tensor, height: int, width: int, augmentation: Augmentation, rng: Generator) -> Tensor:
    return draw_view(augmentation, rng).cut(pixels, height, width)


def images(count: int = 6) -> Tensor:
    return torch.rand(count, 3, 20, 16, generator=rng(1))


def test_a_view_has_the_size_asked_for_and_stays_uint8() -> None:
    view = random_view(ramps(), 32, 24, allow(least_area=0.4, mirror=0.5), rng())
    assert (view.dtype, tuple(view.shape)) == (torch.uint8, (3, 32, 24))


def test_the_same_dice_give_the_same_view() -> None:
    wild = allow(least_area=0.4, mirror=0.5)
    assert torch.equal(random_view(ramps(), 32, 24, wild, rng(3)), random_view(ramps(), 32, 24, wild, rng(3)))
    assert not torch.equal(random_view(ramps(), 32, 24, wild, rng(3)), random_view(ramps(), 32, 24, wild, rng(4)))


@pytest.mark.parametrize("least", [0.4, 0.8])
def test_a_crop_keeps_the_least_area_and_stretches_no_more_than_allowed(least: float) -> None:
    """The ramps tell where the edges of the crop were."""
    areas = []
    for seed in range(100):
        view = random_view(ramps(), HEIGHT, WIDTH, allow(least_area=least), rng(seed)).float()
        rows = (view[0].max() - view[0].min()) / 255  # the share of the height that is left
        columns = (view[1].max() - view[1].min()) / 255
        areas.append(float(rows * columns))
        assert float(rows / columns) <= LARGEST_STRETCH * 1.1
        assert float(columns / rows) <= LARGEST_STRETCH * 1.1
    assert least * 0.85 <= min(areas) < least + 0.15
    assert max(areas) > 0.9


def test_crops_reach_every_corner() -> None:
    views = [random_view(ramps(), HEIGHT, WIDTH, allow(least_area=0.4), rng(seed)) for seed in range(60)]
    tops, lefts = [int(view[0].min()) for view in views], [int(view[1].min()) for view in views]
    assert min(tops) == min(lefts) == 0
    assert max(int(view[0].max()) for view in views) == max(int(view[1].max()) for view in views) == 255
    assert max(tops) > 40
    assert max(lefts) > 40


def test_mirrors_are_as_frequent_as_said() -> None:
    def mirrored(seed: int, chance: float) -> bool:
        view = random_view(ramps(), HEIGHT, WIDTH, allow(mirror=chance), rng(seed)).int()
        return bool(view[1, 0, 0] > view[1, 0, -1])

    assert not any(mirrored(seed, 0.0) for seed in range(30))
    assert all(mirrored(seed, 1.0) for seed in range(30))
    assert 80 <= sum(mirrored(seed, 0.5) for seed in range(200)) <= 120


def test_a_mirror_turns_the_view_around() -> None:
    plain = random_view(ramps(), 32, 24, allow(least_area=0.5), rng(5))
    turned = random_view(ramps(), 32, 24, allow(least_area=0.5, mirror=1.0), rng(5))
    assert torch.equal(turned, plain.flip(2))


def test_a_view_agrees_with_the_crop_that_torch_resizes() -> None:
    view = random_view(ramps(), 30, 24, STILL, rng())
    # With all of the area, a stretch of s keeps min(1, sqrt(s)) of the height; nothing else may change.
    stretch = math.exp((2 * torch.rand(5, generator=rng())[1].item() - 1) * math.log(LARGEST_STRETCH) / 2)
    rows, columns = min(HEIGHT, round(HEIGHT * stretch)), min(WIDTH, round(WIDTH / stretch))
    places = torch.rand(5, generator=rng())
    top, left = round(places[3].item() * (HEIGHT - rows)), round(places[2].item() * (WIDTH - columns))
    crop = ramps()[:, top : top + rows, left : left + columns]
    expected = F.interpolate(crop[None].float(), (30, 24), mode="bilinear", antialias=True)[0]
    assert (view.float() - expected).abs().max() <= 1


def test_without_permission_light_stays_as_it_is() -> None:
    assert torch.allclose(vary_light(images(), STILL, rng()), images(), atol=1e-6)


def test_light_stays_in_range_and_the_input_is_untouched() -> None:
    before = images()
    after = vary_light(before, allow(light=0.9, saturation=0.9, erase=0.5), rng())
    assert (float(after.min()), float(after.max())) >= (0, 0)
    assert float(after.max()) <= 1
    assert torch.equal(before, images())


def test_brightness_and_contrast_follow_the_formula() -> None:
    """Each image by plain arithmetic, from the same rng."""
    found = vary_light(0.3 + 0.4 * images(), allow(light=0.2, saturation=0.3), rng(7))
    swing = 2 * torch.rand(3, 6, 1, 1, 1, generator=rng(7)) - 1
    for number, image in enumerate(0.3 + 0.4 * images()):
        brightness, contrast, saturation = (swing[kind, number].item() for kind in range(3))
        bright = image * (1 + 0.2 * brightness)
        contrasted = bright.mean() + (bright - bright.mean()) * (1 + 0.2 * contrast)
        grey = contrasted.mean(dim=0)
        expected = (grey + (contrasted - grey) * (1 + 0.3 * saturation)).clamp(0, 1)
        assert torch.allclose(found[number], expected, atol=1e-6)


def test_grey_stays_grey() -> None:
    """Colour is a label: nothing tints an image."""
    grey = images()[:, :1].expand(-1, 3, -1, -1)
    found = vary_light(grey, allow(light=0.5, saturation=0.5), rng())
    assert torch.allclose(found, found[:, :1].expand_as(found))


def test_blanked_rectangles_are_as_frequent_and_as_large_as_said() -> None:
    white = torch.ones(400, 3, 30, 30)
    blank = (vary_light(white, allow(erase=0.25), rng()) != 1).all(dim=1)  # (B, H, W)
    hit = blank.flatten(1).any(dim=1)
    assert 70 <= int(hit.sum()) <= 130
    for image in blank[hit]:
        rows, columns = image.any(dim=1).sum().item(), image.any(dim=0).sum().item()
        assert int(image.sum()) == rows * columns  # one whole rectangle
        assert 3 <= rows <= 10
        assert 3 <= columns <= 10


def test_fixed_views_are_the_same_for_everybody_and_begin_with_the_whole() -> None:
    wild = allow(least_area=0.4, mirror=0.5)
    views = [fixed_view(number, wild, (3, 11)) for number in range(4)]
    assert views == [fixed_view(number, wild, (3, 11)) for number in range(4)]
    assert (views[0].height, views[0].width) == (1, 1)
    assert len(set(views)) == 4
    assert views[1:] != [fixed_view(number, wild, (3, 12)) for number in range(1, 4)]


def test_a_view_shows_the_same_part_at_every_size() -> None:
    view = fixed_view(2, allow(least_area=0.4, mirror=0.5), (0, 0))
    small = view.cut(ramps(), 30, 24).float()
    large = view.cut(F.interpolate(ramps()[None], scale_factor=2, mode="bilinear")[0], 60, 48).float()
    assert (F.avg_pool2d(large, 2) - small).abs().max() < 6


def test_without_permission_nothing_is_distorted() -> None:
    assert torch.equal(distort(ramps(), STILL, rng()), ramps())


def test_a_view_from_aside_moves_each_corner_inwards_by_an_eighth_at_most() -> None:
    for seed in range(10):
        tilted = distort(ramps(), allow(perspective=1.0), rng(seed)).float()
        assert (tilted.dtype, tilted.shape) == (torch.float32, ramps().shape)
        assert not torch.equal(tilted, ramps().float())
        assert float(tilted[2].min()) > 90  # no border in sight; its corner is half a pixel away
        assert float(tilted[0, 0, 0]) <= 255 / 8 + 6
        assert float(tilted[0, -1, -1]) >= 255 * 7 / 8 - 6


def test_compression_leaves_traces_and_the_picture() -> None:
    noisy = torch.randint(0, 256, (3, 32, 32), dtype=torch.uint8, generator=rng())
    squeezed = distort(noisy, allow(jpeg=1.0), rng())
    assert not torch.equal(squeezed, noisy)
    smooth = distort(ramps(), allow(jpeg=1.0), rng())
    assert (smooth.float() - ramps().float()).abs().mean() < 8
