"""Every garment of a photograph with a mask is a row of its own."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashion_cli.data.annotations import read_annotations
from fashion_cli.data.images import Box, read_mask
from fashion_cli.errors import AnnotationError

LABELS = ["null", "skin", "dress", "bag", "hat"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two photographs, one with a mask: a dress (2), a bag (3) of one corner, skin, and a hat of too few pixels."""
    (tmp_path / "set").mkdir()
    numbers = np.zeros((50, 40), np.uint8)
    numbers[5:10, 10:20] = 1
    numbers[10:40, 8:30] = 2
    numbers[45:, 35:] = 3
    numbers[0, :3] = 4
    Image.fromarray(numbers).save(tmp_path / "set" / "m.png")
    (tmp_path / "set" / "mask_labels.json").write_text(json.dumps(LABELS))
    (tmp_path / "set" / "street.csv").write_text("path,mask,split\np/a.jpg,m.png,val\np/b.jpg,,train\n")
    return tmp_path


def test_boxes_names_and_masks(root: Path) -> None:
    dress, bag = read_annotations("masks:set/street.csv", root)
    assert dress.values == {
        "mask": "m.png",
        "split": "val",
        "garment": "dress",
        "item_id": "p/a.jpg#dress",
        "photograph": "p/a.jpg",
    }
    assert (bag.values["garment"], bag.values["item_id"]) == ("bag", "p/a.jpg#bag")
    assert dress.box == Box(8, 10, 22, 30)
    assert bag.box == Box(35, 45, 5, 5)
    assert dress.path == bag.path == root / "set" / "p" / "a.jpg"
    assert dress.mask is not None
    assert (read_mask(dress.mask.path) == dress.mask.number).sum() == 22 * 30


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("street.csv", "path\na.jpg\n", "no column 'mask'"),
        ("street.csv", "path,mask\na.jpg,none.png\n", "none.png"),
        ("street.csv", "path,mask\na.jpg,mask_labels.json\n", "not a photograph"),
        ("mask_labels.json", '["null", "skin"]', "the number 2 has no label"),
        ("mask_labels.json", '{"0": "null"}', "not a list of names"),
        ("mask_labels.json", "[1, 2, 3, 4]", "not a list of names"),
        ("mask_labels.json", "[", "not JSON"),
        ("mask_labels.json", None, "cannot be read"),
    ],
)
def test_what_is_wrong_is_named(root: Path, file: str, content: str | None, said: str) -> None:
    (root / "set" / file).unlink()
    if content is not None:
        (root / "set" / file).write_text(content)
    with pytest.raises(AnnotationError, match=said) as error:
        list(read_annotations("masks:set/street.csv", root))
    assert error.value.hint
