"""The Category & Attribute layout, and every way in which it can be wrong."""

from pathlib import Path

import numpy as np
import pytest

from fashion_cli.data.annotations import Landmark, Visibility, read_category_attribute
from fashion_cli.data.images import Box
from fashion_cli.errors import AnnotationError
from tests.data.annotations.trees import CATEGORY_ATTRIBUTE, category_attribute_tree, change_line, write_table

PARTITION = "Eval/list_eval_partition.txt"
CATEGORIES = "Anno_coarse/list_category_cloth.txt"
CATEGORY_OF = "Anno_coarse/list_category_img.txt"
NAMES = "Anno_coarse/list_attr_cloth.txt"
LABELS = "Anno_coarse/list_attr_img.txt"
BOXES = "Anno_coarse/list_bbox.txt"
LANDMARKS = "Anno_coarse/list_landmarks.txt"
FIRST, SECOND, THIRD = (name for name, _ in CATEGORY_ATTRIBUTE)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return category_attribute_tree(tmp_path / "attributes")


def test_all_files_together(root: Path) -> None:
    first, second, third = read_category_attribute(root)
    assert [each.path for each in (first, second, third)] == [root / "Img" / name for name, _ in CATEGORY_ATTRIBUTE]
    assert first.values == {
        "category": "Blouse",
        "clothes_type": "upper",
        "split": "train",
        "attributes": "abstract print;sleeve;?sleeveless",
        "attributes/texture": "abstract print",
        "attributes/fabric": "-",
        "attributes/shape": "-",
        "attributes/part": "sleeve;?sleeveless",
        "attributes/style": "-",
    }
    groups = [name for name in first.values if name.startswith("attributes")]
    assert {second.values[name] for name in groups} == {"-"}  # every attribute is denied
    assert {third.values[name] for name in groups} == {""}  # nobody looked
    assert (third.values["category"], third.values["clothes_type"], third.split) == ("Shorts", "lower", "test")
    assert first.box == Box(72, 79, 232 - 72, 273 - 79)
    assert first.landmarks[3:] == (
        Landmark("right sleeve", 205, 255, Visibility.OCCLUDED),
        Landmark("left hem", 136, 229, Visibility.VISIBLE),
        Landmark("right hem", 0, 0, Visibility.CUT_OFF),
    )
    assert [len(each.landmarks) for each in (first, second, third)] == [6, 6, 4]


def test_a_full_body_garment_has_eight_landmarks(root: Path) -> None:
    change_line(root / LANDMARKS, 5, f"{THIRD} 3 " + " ".join(f"0 {n} {n}" for n in range(8)))
    *_, third = read_category_attribute(root)
    assert [each.x for each in third.landmarks] == list(range(8))
    assert [each.name for each in third.landmarks][4:6] == ["left waistline", "right waistline"]


def test_the_folder_was_called_anno_at_first(tmp_path: Path) -> None:
    assert len(list(read_category_attribute(category_attribute_tree(tmp_path, "Anno")))) == 3


def test_boxes_and_landmarks_may_be_missing(root: Path) -> None:
    (root / BOXES).unlink()
    assert [(each.box, len(each.landmarks)) for each in read_category_attribute(root)] == [
        (None, 6), (None, 6), (None, 4)
    ]  # fmt: skip
    (root / LANDMARKS).unlink()
    assert [each.landmarks for each in read_category_attribute(root)] == [(), (), ()]


@pytest.mark.parametrize("file", [CATEGORIES, CATEGORY_OF, NAMES, LABELS])
def test_the_labels_may_not(root: Path, file: str) -> None:
    (root / file).unlink()
    with pytest.raises(AnnotationError, match=f"no {Path(file).name} in Anno/ or Anno_coarse/"):
        list(read_category_attribute(root))


def test_a_thousand_random_labels_against_a_plain_loop(root: Path) -> None:
    generator = np.random.default_rng(3)
    groups = ("texture", "fabric", "shape", "part", "style")
    kinds = generator.integers(1, 6, 1000)
    labels = generator.choice([1, -1, 0], (3, 1000), p=[0.01, 0.98, 0.01])
    write_table(root / NAMES, "attribute_name  attribute_type", [f"name {n}   {kind}" for n, kind in enumerate(kinds)])
    rows = [f"{name:<70} {' '.join(map(str, row))}" for (name, _), row in zip(CATEGORY_ATTRIBUTE, labels, strict=True)]
    write_table(root / LABELS, "image_name  attribute_labels", rows)
    for annotation, row in zip(read_category_attribute(root), labels, strict=True):
        for number, group in enumerate(groups, start=1):
            values = annotation.values[f"attributes/{group}"].split(";")
            for n in np.flatnonzero(kinds == number):
                assert (f"name {n}" in values) == (row[n] == 1)
                assert (f"?name {n}" in values) == (row[n] == 0)
            assert len(values) == max(1, np.count_nonzero(row[kinds == number] >= 0))


def test_rows_come_one_at_a_time(root: Path) -> None:
    change_line(root / LABELS, 4, f"{SECOND} 1")
    rows = read_category_attribute(root)
    assert next(rows).split == "train"
    with pytest.raises(AnnotationError, match=r"list_attr_img\.txt:4: 1 labels: expected 6"):
        next(rows)


@pytest.mark.parametrize(
    ("file", "line", "text", "where", "message"),
    [
        (PARTITION, 1, "2", ":5:", "one row more than the 2"),
        (PARTITION, 3, f"{FIRST} train extra", ":3:", "expected 2 values"),
        (PARTITION, 3, f"{FIRST} gallery", ":3:", "'gallery': expected train, val, test"),
        (CATEGORY_OF, 1, "4", ":1:", "promises 4 rows, but 3 follow"),
        (CATEGORY_OF, 3, f"{FIRST} 4", ":3:", "category '4': expected a number from 1 to 3"),
        (CATEGORY_OF, 3, f"{FIRST} Blouse", ":3:", "category 'Blouse': expected a number"),
        (CATEGORY_OF, 3, FIRST, ":3:", "expected 2 values (image_name category_label), found 1"),
        (CATEGORY_OF, 4, f"{THIRD} 2", ":4:", f"image {THIRD!r}, but"),
        (LABELS, 4, f"{FIRST} 1 1 1 1 1 1", ":4:", f"list_eval_partition.txt:4 has {SECOND!r}"),
        (BOXES, 5, f"{FIRST} 1 2 3 4", ":5:", f"list_eval_partition.txt:5 has {THIRD!r}"),
        (LANDMARKS, 5, f"{FIRST} 2 0 1 2", ":5:", f"list_eval_partition.txt:5 has {THIRD!r}"),
        (CATEGORIES, 3, "Anorak", ":3:", "expected 2 values"),
        (CATEGORIES, 3, "Anorak 4", ":3:", "category type '4': expected a number from 1 to 3"),
        (NAMES, 3, "abstract print", ":3:", "attribute type 'print': expected a number from 1 to 5"),
        (NAMES, 3, "1", ":3:", "attribute ''"),
        (LABELS, 3, f"{FIRST} 1 -1 -1 1 +1 -1", ":3:", "label '+1' of 'sleeveless': expected 1, -1 or 0"),
        (BOXES, 3, f"{FIRST} 1 2 3", ":3:", "expected 5 values (image_name x_1 y_1 x_2 y_2), found 4"),
        (BOXES, 3, f"{FIRST} 1 2 3 x", ":3:", "'x': expected a whole number"),
        (LANDMARKS, 3, f"{FIRST} 1 0 1 2", ":3:", "expected 6 landmarks"),
        (BOXES, 2, f"{FIRST} 1 2 3 4", ":2:", "expected the names of the columns, the first 'image_name'"),
    ],
)  # fmt: skip
def test_wrong_lines_are_named(root: Path, file: str, line: int, text: str, where: str, message: str) -> None:
    change_line(root / file, line, text)
    with pytest.raises(AnnotationError) as error:
        list(read_category_attribute(root))
    assert f"{root / file}{where}" in str(error.value)
    assert message in str(error.value)
    assert error.value.hint


@pytest.mark.parametrize("name", ["/img/a/b.jpg", "img/../../b.jpg", "img\\b.jpg"])
def test_names_that_leave_the_folder(root: Path, name: str) -> None:
    for file in (PARTITION, CATEGORY_OF, LABELS, BOXES, LANDMARKS):
        text = (root / file).read_text(encoding="utf-8")
        (root / file).write_text(text.replace(FIRST, name), encoding="utf-8")
    with pytest.raises(AnnotationError, match=r"list_eval_partition\.txt:3: image name .* without '\.\.'"):
        list(read_category_attribute(root))


def test_a_file_with_a_row_less(root: Path) -> None:
    change_line(root / BOXES, 5, None)
    change_line(root / BOXES, 1, "2")
    with pytest.raises(AnnotationError, match=r"list_eval_partition\.txt:5: .*list_bbox\.txt ends before it"):
        list(read_category_attribute(root))
    for line in (4, 3):
        change_line(root / BOXES, line, None)
    change_line(root / BOXES, 1, "0")
    with pytest.raises(AnnotationError, match=r"list_eval_partition\.txt:3: a row more"):
        list(read_category_attribute(root))
