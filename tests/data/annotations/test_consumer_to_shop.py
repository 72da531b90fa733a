"""The Consumer-to-shop layout, and every way in which it can be wrong."""

from pathlib import Path

import pytest

from fashion_cli.data.annotations import read_consumer_to_shop
from fashion_cli.data.images import Box
from fashion_cli.errors import AnnotationError
from tests.data.annotations.trees import CONSUMER_TO_SHOP, change_line, consumer_to_shop_tree

PARTITION = "Eval/list_eval_partition.txt"
BOXES = "Anno/list_bbox_consumer2shop.txt"
LANDMARKS = "Anno/list_landmarks_consumer2shop.txt"
TYPES = "Anno/list_attr_type.txt"
NAMES = "Anno/list_attr_cloth.txt"
LABELS = "Anno/list_attr_items.txt"
FIRST = f"img/{CONSUMER_TO_SHOP[0][0]}"
SHOP = f"img/{CONSUMER_TO_SHOP[0][1]}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return consumer_to_shop_tree(tmp_path / "c2s")


def test_each_photograph_comes_once_with_its_domain(root: Path) -> None:
    found = list(read_consumer_to_shop(root))
    expected = list(dict.fromkeys(f"img/{name}" for pair in CONSUMER_TO_SHOP for name in pair[:2]))
    assert [str(each.path.relative_to(root / "Img")) for each in found] == expected
    assert len(expected) == 7  # a shop's photograph is in two pairs
    for each in found:
        assert each.values["domain"] == ("shop" if each.path.name.startswith("shop") else "consumer")
        assert each.values["item_id"] == each.path.parent.name
    assert [each.split for each in found] == ["train"] * 3 + ["test"] * 2 + ["val"] * 2


def test_what_the_other_files_say(root: Path) -> None:
    first, *_, last = read_consumer_to_shop(root)
    assert first.values == {
        "item_id": "id_00015752",
        "category": "Blouse",
        "department": "CLOTHING",
        "domain": "consumer",
        "split": "train",
        "clothes_type": "upper",
        "variation": "medium zoom-in",
        "attributes": "Regular length (51-65cm);?Pleated;?Wide/Loose",
        "attributes/length of upper-body clothes": "Regular length (51-65cm)",
        "attributes/part details": "",  # nobody looked
    }
    assert first.box == Box(1, 2, 149, 198)
    assert [each.name for each in first.landmarks][:2] == ["left collar", "right collar"]
    assert len(first.landmarks) == 6
    assert (last.values["attributes"], last.values["attributes/part details"]) == ("-", "-")
    assert len(last.landmarks) == 4


def test_of_two_attributes_of_one_name_the_certain_one_counts(root: Path) -> None:
    dress = next(each for each in read_consumer_to_shop(root) if each.values["item_id"] == "id_00000007")
    assert dress.values["attributes/part details"] == "Pleated;?Wide/Loose"  # -1, 1, 0
    assert dress.values["attributes"] == "Pleated;?Regular length (51-65cm);?Wide/Loose"
    change_line(root / LABELS, 3, "id_00000007 0 0 1 -1")
    dress = next(each for each in read_consumer_to_shop(root) if each.values["item_id"] == "id_00000007")
    assert dress.values["attributes/part details"] == "Pleated"


def test_the_partition_alone_will_do(root: Path) -> None:
    for file in root.glob("Anno/*.txt"):
        file.unlink()
    first = next(read_consumer_to_shop(root))
    assert list(first.values) == ["item_id", "category", "department", "domain", "split"]
    assert (first.box, first.landmarks) == (None, ())


@pytest.mark.parametrize(
    ("file", "line", "text", "where", "message"),
    [
        (PARTITION, 1, "9", ":1:", "promises 9 rows, but 4 follow"),
        (PARTITION, 2, "image_name item_id", ":2:", "the first 'image_pair_name_1'"),
        (PARTITION, 3, f"{FIRST} {SHOP} train", ":3:", "expected 4 values"),
        (PARTITION, 3, f"{FIRST} {SHOP} id_00015752 query", ":3:", "'query': expected train, val, test"),
        (PARTITION, 3, f"/{FIRST} {SHOP} id_00015752 train", ":3:", "without '..'"),
        (PARTITION, 3, f"{FIRST} img/../{SHOP} id_00015752 train", ":3:", "without '..'"),
        (PARTITION, 3, f"img/a.jpg {SHOP} id_00015752 train", ":3:", "expected img/GROUP/CATEGORY/ITEM/FILE.jpg"),
        (PARTITION, 4, f"{FIRST} {SHOP} id_00000007 train", ":4:",
         f"image {FIRST!r}: id_00000007, train, consumer, but further up id_00015752, train, consumer"),
        (PARTITION, 4, f"{SHOP} {FIRST} id_00015752 train", ":4:", "but further up"),
        (PARTITION, 4, f"{FIRST} {SHOP} id_00015752 test", ":4:", "but further up id_00015752, train"),
        (PARTITION, 3, f"{FIRST} {SHOP} id_9 train", ":3:", "item 'id_9' is not in"),
        (BOXES, 3, f"{FIRST} 1 1 001 002 150 200", ":3:", "source type 1 (shop), but"),
        (BOXES, 3, f"{FIRST} 1 3 001 002 150 200", ":3:", "source type '3': expected a number from 1 to 2"),
        (BOXES, 3, f"{FIRST} 0 2 001 002 150 200", ":3:", "clothes type '0': expected a number from 1 to 3"),
        (BOXES, 3, f"{FIRST} 1 2 001 002 150", ":3:", "expected 7 values"),
        (LANDMARKS, 3, f"{FIRST} 1 1 0 1 2", ":3:", "4 values after clothes type 1: expected 6 landmarks (upper body)"),
        (TYPES, 3, "length", ":3:", "expected Chinese and English name"),
        (NAMES, 3, "a b 1", ":3:", "expected Chinese name, English name and type, with two or more blanks"),
        (NAMES, 3, "a   b   3", ":3:", "attribute type '3': expected a number from 1 to 2"),
        (LABELS, 3, "id_00000007 0 0", ":3:", "2 labels: expected 4"),
    ],
)  # fmt: skip
def test_wrong_lines_are_named(root: Path, file: str, line: int, text: str, where: str, message: str) -> None:
    change_line(root / file, line, text)
    with pytest.raises(AnnotationError) as error:
        list(read_consumer_to_shop(root))
    assert f"{root / file}{where}" in str(error.value)
    assert message in str(error.value)
    assert error.value.hint


@pytest.mark.parametrize(("file", "line"), [(BOXES, 3), (LANDMARKS, 3)])
def test_a_photograph_without_its_row(root: Path, file: str, line: int) -> None:
    change_line(root / file, line, None)
    change_line(root / file, 1, "6")
    with pytest.raises(AnnotationError, match=rf"list_eval_partition\.txt:3: '{FIRST}' has no row in .*{file}"):
        list(read_consumer_to_shop(root))


@pytest.mark.parametrize("file", [TYPES, NAMES])
def test_labels_need_names_and_types(root: Path, file: str) -> None:
    (root / file).unlink()
    with pytest.raises(AnnotationError, match=f"no {Path(file).name} in Anno/"):
        list(read_consumer_to_shop(root))
