"""The In-shop layout, and every way in which it can be wrong."""

import json
from pathlib import Path

import pytest

from fashion_cli.data.annotations import Landmark, Visibility, read_in_shop
from fashion_cli.data.images import Box
from fashion_cli.errors import AnnotationError
from tests.data.annotations.trees import IN_SHOP, change_line, in_shop_tree, write_table

PARTITION = "Eval/list_eval_partition.txt"
BOXES = "Anno/list_bbox_inshop.txt"
LANDMARKS = "Anno/list_landmarks_inshop.txt"
LABELS = "Anno/attributes/list_attr_items.txt"
NAMES = "Anno/attributes/list_attr_cloth.txt"
JEANS = "img/MEN/Denim/id_00000003/01_7_additional.jpg"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return in_shop_tree(tmp_path / "In-shop")


def test_rows_come_in_the_partitions_order_with_all_that_the_other_files_say(root: Path) -> None:
    found = list(read_in_shop(root))
    assert [str(each.path.relative_to(root / "Img")) for each in found] == [name for name, _, _ in IN_SHOP]
    assert [(each.values["item_id"], each.split) for each in found] == [(item, split) for _, item, split in IN_SHOP]
    first, *_, last = found
    assert first.values == {
        "item_id": "id_00000002",
        "category": "Dresses",
        "gender": "WOMEN",
        "split": "train",
        "clothes_type": "full",
        "pose": "front",
        "variation": "large zoom-in",
        "colour": "Red",
        "attributes": "print;?crew neck",
    }
    assert [each.values["attributes"] for each in found[2:]] == ["-", ""]  # all denied; nobody looked
    assert last.values["colour"] == "Light Blue"
    assert (last.values["gender"], last.values["clothes_type"], last.values["pose"]) == ("MEN", "lower", "stand-alone")


def test_boxes_and_landmarks_are_those_of_the_photograph(root: Path) -> None:
    found = {each.path.name: each for each in read_in_shop(root)}
    assert found["01_7_additional.jpg"].box == Box(5, 46, 233 - 5, 250 - 46)  # the first row of the boxes
    assert found["02_2_side.jpg"].box == Box(35, 46, 233 - 35, 253 - 46)  # the last
    assert found["01_7_additional.jpg"].landmarks == (
        Landmark("left waistline", 101, 20, Visibility.VISIBLE),
        Landmark("right waistline", 150, 21, Visibility.OCCLUDED),
        Landmark("left hem", 0, 0, Visibility.CUT_OFF),
        Landmark("right hem", 140, 230, Visibility.VISIBLE),
    )
    assert len(found["02_2_side.jpg"].landmarks) == 8


def test_the_partition_alone_will_do(tmp_path: Path) -> None:
    root = in_shop_tree(tmp_path)
    for file in (*root.glob("Anno/*.txt"), *root.glob("Anno/attributes/*.txt")):
        file.unlink()
    found = list(read_in_shop(root))
    assert [list(each.values) for each in found] == [["item_id", "category", "gender", "split"]] * 4
    assert [(each.box, each.landmarks) for each in found] == [(None, ())] * 4


def test_attributes_lay_beside_the_boxes_before_version_2(tmp_path: Path) -> None:
    found = list(read_in_shop(in_shop_tree(tmp_path, attributes="Anno")))
    assert found[0].values["attributes"] == "print;?crew neck"


def test_photographs_that_were_unpacked_beside_eval(root: Path) -> None:
    (root / "img").mkdir()
    assert next(read_in_shop(root)).path == root / IN_SHOP[0][0]
    (root / "Img" / "img").mkdir(parents=True)
    assert next(read_in_shop(root)).path == root / "Img" / IN_SHOP[0][0]


def test_descriptions(root: Path) -> None:
    entries = [
        {"item": "id_00000001", "color": "Black-cream", "description": ["A blouse.", " Of silk. "]},
        {"item": "id_00000002", "color": "Red", "description": "One text."},
        {"item": "id_00000002", "color": "Blue", "description": []},
        {"item": "id_00000003"},
    ]
    (root / "Anno" / "list_description_inshop.json").write_text(json.dumps(entries), encoding="utf-8")
    (root / "Anno" / "attributes" / "list_color_cloth.txt").unlink()
    found = list(read_in_shop(root))
    assert [each.values["description"] for each in found] == ["One text.\n", "One text.\n", "A blouse. Of silk.", ""]
    assert [each.values["colour"] for each in found] == ["Red;Blue", "Red;Blue", "Black-cream", ""]


def test_a_photographs_colour_goes_before_its_items(root: Path) -> None:
    entries = [{"item": f"id_0000000{n}", "color": "of the item", "description": []} for n in (1, 2, 3)]
    (root / "Anno" / "list_description_inshop.json").write_text(json.dumps(entries), encoding="utf-8")
    assert next(read_in_shop(root)).values["colour"] == "Red"


def test_rows_come_one_at_a_time(root: Path) -> None:
    change_line(root / PARTITION, 4, "broken")
    rows = read_in_shop(root)
    assert next(rows).split == "train"
    with pytest.raises(AnnotationError, match=r"list_eval_partition\.txt:4:"):
        next(rows)


@pytest.mark.parametrize(
    ("file", "line", "text", "where", "message"),
    [
        (PARTITION, 1, "many", ":1:", "expected the number of rows"),
        (PARTITION, 1, "5", ":1:", "promises 5 rows, but 4 follow"),
        (PARTITION, 1, "3", ":6:", "one row more than the 3"),
        (PARTITION, 2, f"{IN_SHOP[0][0]} id_1 train", ":2:", "expected the names of the columns, the first"),
        (PARTITION, 3, f"{IN_SHOP[0][0]} train", ":3:", "expected 3 values (image_name item_id evaluation_status)"),
        (PARTITION, 4, f"{IN_SHOP[1][0]} id_00000002 val", ":4:", "'val': expected train, query, gallery"),
        (PARTITION, 5, "/etc/id_1/a/b.jpg id_1 train", ":5:", "without '..'"),
        (PARTITION, 5, "img/../../id_1/b.jpg id_1 train", ":5:", "without '..'"),
        (PARTITION, 5, "img\\WOMEN\\b.jpg id_1 train", ":5:", "without '..'"),
        (PARTITION, 5, "img/id_1/b.jpg id_1 train", ":5:", "expected img/GROUP/CATEGORY/ITEM/FILE.jpg"),
        (PARTITION, 5, "img/WOMEN/Dresses/id_9/b.jpg id_9 train", ":5:", "has no row in"),
        (PARTITION, 5, f"{IN_SHOP[2][0]} id_9 query", ":5:", "item 'id_9' is not in"),
        (BOXES, 3, f"{JEANS} 2 6 001 002 003", ":3:", "expected 7 values"),
        (BOXES, 3, f"{JEANS} 4 6 001 002 003 004", ":3:", "clothes type '4': expected a number from 1 to 3"),
        (BOXES, 3, f"{JEANS} 2 x 001 002 003 004", ":3:", "pose type 'x': expected a number from 1 to 6"),
        (BOXES, 3, f"{JEANS} 2 6 001 002 003 4.5", ":3:", "'4.5': expected a whole number"),
        (BOXES, 4, f"{JEANS} 2 6 001 002 003 004", ":4:", "a second time, after line 3"),
        (LANDMARKS, 3, f"{JEANS} 2 1 0 1 2 0 1 2 0 1 2", ":3:", "expected 4 landmarks (lower body)"),
        (LANDMARKS, 3, f"{JEANS} 2 6 0 1 2 0 1 2 0 1 2 0 1 2", ":3:", "variation type '6': expected a number"),
        (LANDMARKS, 3, f"{JEANS} 2 1 0 1 2 0 1 2 3 1 2 0 1 2", ":3:", "of the left hem '3': expected 0, 1, 2"),
        (LANDMARKS, 3, f"{JEANS} 2 1 0 1 2 0 1 2 0 a 2 0 1 2", ":3:", "'a': expected a whole number"),
        (LANDMARKS, 3, JEANS, ":3:", "clothes type '': expected a number from 1 to 3"),
        (LABELS, 2, "id_00000001 -1 -1 -1", ":2:", "expected the names of the columns"),
        (LABELS, 3, "id_00000001 1 -1", ":3:", "2 labels: expected 3, one per attribute of"),
        (LABELS, 3, "id_00000001 1 -1 2", ":3:", "label '2' of 'lace': expected 1, -1 or 0"),
        (LABELS, 4, "id_00000001 1 -1 -1", ":4:", "'id_00000001' a second time, with other labels"),
        (NAMES, 4, "a;b", ":4:", "attribute 'a;b': expected a name without ';'"),
        (NAMES, 4, "?a", ":4:", "none before it '?'"),
        (NAMES, 4, "-", ":4:", "attribute '-'"),
    ],
)  # fmt: skip
def test_wrong_lines_are_named(root: Path, file: str, line: int, text: str, where: str, message: str) -> None:
    change_line(root / file, line, text)
    with pytest.raises(AnnotationError) as error:
        list(read_in_shop(root))
    assert f"{root / file}{where}" in str(error.value)
    assert message in str(error.value)
    assert error.value.hint


def test_an_item_may_come_twice_with_the_same_labels(root: Path) -> None:
    write_table(root / NAMES, "attribute_name", ["print", "lace"])
    write_table(root / LABELS, "item labels", ["id_00000001 1 -1"] * 2 + ["id_00000002 1 1", "id_00000003 -1 1"])
    assert [each.values["attributes"] for each in read_in_shop(root)] == ["print;lace"] * 2 + ["print", "lace"]


def test_a_box_without_an_inside_is_no_box(root: Path) -> None:
    change_line(root / BOXES, 3, f"{JEANS} 2 6 100 046 100 250")
    assert [each.box is None for each in read_in_shop(root)] == [False, False, False, True]
    change_line(root / BOXES, 3, f"{JEANS} 2 6 -10 -20 100 250")  # begins where the photograph begins
    assert [each.box for each in read_in_shop(root)][-1] == Box(0, 0, 100, 250)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'[\n{"item": }]', "json:2: not JSON"),
        (b"{}", "expected a list of items"),
        (b'[{"item": "a", "description": [1]}]', "entry 1: expected an object"),
        (b'[{"color": "red"}]', "entry 1: expected an object"),
        (b"[3]", "entry 1: expected an object"),
        (b'["a"]', "entry 1: expected an object"),
        (b'["\xff"]', "cannot be read"),
        (b'[{"item": "id_00000001"}]', "item 'id_00000002' is not in"),
    ],
)
def test_wrong_descriptions(root: Path, content: bytes, message: str) -> None:
    (root / "Anno" / "list_description_inshop.json").write_bytes(content)
    with pytest.raises(AnnotationError) as error:
        list(read_in_shop(root))
    assert message in str(error.value)
    assert "list_description_inshop.json" in str(error.value)


def test_a_folder_that_is_no_benchmark(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match=r"list_eval_partition\.txt: no such file") as error:
        list(read_in_shop(tmp_path))
    assert "Anno, Eval and Img" in error.value.hint


def test_labels_without_names(root: Path) -> None:
    (root / NAMES).unlink()
    with pytest.raises(AnnotationError, match=r"no list_attr_cloth\.txt in Anno/ or Anno/attributes/"):
        list(read_in_shop(root))
