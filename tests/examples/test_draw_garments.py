"""The drawn gallery of the quickstart: the same every time, and what its file names say."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from draw_garments import designs, draw, main
from drawing.garments import COLOURS, KINDS, Design


@pytest.mark.parametrize("kind", KINDS)
def test_one_large_thing_of_the_right_colour_on_white(kind: str) -> None:
    picture = np.asarray(draw(Design(kind, "green")), dtype=float)
    drawn = np.abs(picture - 255).max(axis=2) > 40
    assert 0.1 < drawn.mean() < 0.6
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    assert border.min() > 240
    red, green, blue = np.median(picture[drawn], axis=0) / COLOURS["green"]
    assert max(red, green, blue) / min(red, green, blue) < 1.25  # darker in the folds, and still the same green


def test_same_design_same_pixels_other_variation_other_pixels() -> None:
    first = np.asarray(draw(Design("shoe", "blue", "checked", 3)))
    assert (np.asarray(draw(Design("shoe", "blue", "checked", 3))) == first).all()
    assert (np.asarray(draw(Design("shoe", "blue", "checked", 4))) != first).any()


def test_a_hundred_and_twenty_designs_are_all_different() -> None:
    looks = [(each.kind, each.colour, each.pattern, each.variation) for each in designs(120)]
    assert len(set(looks)) == 120
    assert {kind for kind, *_ in looks} == set(KINDS)
    assert {colour for _, colour, *_ in looks} == set(COLOURS)


def test_command_line_draws_a_gallery_and_one_picture(tmp_path: Path) -> None:
    main(["gallery", str(tmp_path / "gallery"), "--count", "2"])
    main(["one", str(tmp_path / "query.png"), "--kind", "hat", "--colour", "red", "--variation", "9"])
    names = sorted(path.name for path in (tmp_path / "gallery").iterdir())
    assert names == sorted(each.file_name for each in designs(2))
    with Image.open(tmp_path / "query.png") as picture:
        assert (picture.mode, picture.size) == ("RGB", (360, 480))
