"""Small trees in the layouts that DeepFashion is published in: a count, a header, rows padded with blanks."""

from collections.abc import Sequence
from pathlib import Path

LANDMARK_HEADER = " ".join(
    f"landmark_visibility_{n} landmark_location_x_{n} landmark_location_y_{n}" for n in range(1, 9)
)


def write_table(file: Path, header: str, rows: Sequence[str], count: int | None = None) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [str(len(rows) if count is None else count), header, *rows]
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return file


def change_line(file: Path, line: int, text: str | None) -> None:
    """Replace a line, counted from 1; None deletes it."""
    lines = file.read_text(encoding="utf-8").splitlines()
    lines[line - 1 : line] = [] if text is None else [text]
    file.write_text("".join(f"{each}\n" for each in lines), encoding="utf-8")


# In-shop: (image name, item, split). The partition begins with the training items, the other files do not.
IN_SHOP = (
    ("img/WOMEN/Dresses/id_00000002/02_1_front.jpg", "id_00000002", "train"),
    ("img/WOMEN/Dresses/id_00000002/02_2_side.jpg", "id_00000002", "train"),
    ("img/WOMEN/Blouses_Shirts/id_00000001/02_1_front.jpg", "id_00000001", "query"),
    ("img/MEN/Denim/id_00000003/01_7_additional.jpg", "id_00000003", "gallery"),
)


def in_shop_tree(root: Path, attributes: str = "Anno/attributes") -> Path:
    write_table(
        root / "Eval" / "list_eval_partition.txt",
        "image_name item_id evaluation_status",
        [f"{name:<70} {item} {split:<11}" for name, item, split in IN_SHOP],
    )
    names = sorted(name for name, _, _ in IN_SHOP)  # MEN before WOMEN: not the partition's order
    kinds = {"MEN": "2 6", "WOMEN": "3 1"}
    write_table(
        root / "Anno" / "list_bbox_inshop.txt",
        "image_name  clothes_type  pose_type  x_1  y_1  x_2  y_2",
        [f"{name:<70} {kinds[name.split('/')[1]]} 0{n}5 046 233 25{n}" for n, name in enumerate(names)],
    )
    lower = "0 101 020  1 150 021  2 000 000  0 140 230"
    full = "  ".join(f"{n % 3} 1{n}0 0{n}0" for n in range(8))
    write_table(
        root / "Anno" / "list_landmarks_inshop.txt",
        f"image_name clothes_type variation_type {LANDMARK_HEADER}",
        [f"{name:<70} 2 1 {lower}" if "/MEN/" in name else f"{name:<70} 3 5 {full}" for name in names],
    )
    write_table(root / attributes / "list_attr_cloth.txt", "attribute_name", ["print", "crew neck", "lace"])
    write_table(
        root / attributes / "list_attr_items.txt",
        "item_name attribute_labels",
        ["id_00000001 -1 -1 -1", "id_00000002 1 0 -1", "id_00000003 0 0 0"],
    )
    write_table(
        root / attributes / "list_color_cloth.txt",
        "image_name                    cloth_color",
        [f"{name:<70} {'Light Blue' if '/MEN/' in name else 'Red'}" for name in names],
    )
    return root


# Consumer-to-shop: pairs of (customer's photograph, shop's photograph, item, split).
CONSUMER_TO_SHOP = (
    ("CLOTHING/Blouse/id_00015752/comsumer_01.jpg", "CLOTHING/Blouse/id_00015752/shop_01.jpg", "id_00015752", "train"),
    ("CLOTHING/Blouse/id_00015752/comsumer_02.jpg", "CLOTHING/Blouse/id_00015752/shop_01.jpg", "id_00015752", "train"),
    ("DRESSES/Dress/id_00000007/comsumer_01.jpg", "DRESSES/Dress/id_00000007/shop_01.jpg", "id_00000007", "test"),
    ("TROUSERS/Shorts/id_00000009/comsumer_01.jpg", "TROUSERS/Shorts/id_00000009/shop_02.jpg", "id_00000009", "val"),
)  # fmt: skip


def consumer_to_shop_tree(root: Path) -> Path:
    write_table(
        root / "Eval" / "list_eval_partition.txt",
        "image_pair_name_1 image_pair_name_2 item_id evaluation_status",
        [f"img/{one:<60} img/{two:<60} {item} {split}" for one, two, item, split in CONSUMER_TO_SHOP],
    )
    names = sorted({f"img/{name}" for pair in CONSUMER_TO_SHOP for name in pair[:2]})
    write_table(
        root / "Anno" / "list_bbox_consumer2shop.txt",
        "image_name  clothes_type  source_type  x_1  y_1  x_2  y_2",
        [f"{name:<70} {kind_of(name)}  {1 if 'shop_' in name else 2}  001 002 150 {200 + n}"
         for n, name in enumerate(names)],
    )  # fmt: skip
    points = {1: 6, 2: 4, 3: 8}
    write_table(
        root / "Anno" / "list_landmarks_consumer2shop.txt",
        f"image_name clothes_type variation_type {LANDMARK_HEADER}",
        [f"{name:<70} {kind_of(name)} 4 " + " ".join(["0 010 020"] * points[kind_of(name)]) for name in names],
    )
    write_table(
        root / "Anno" / "list_attr_type.txt",
        "attribute_type (Chinese)      attribute_type (English)",
        ["衣长                          length of upper-body clothes", "细节                          part details"],
    )
    write_table(
        root / "Anno" / "list_attr_cloth.txt",
        "attribute_name (Chinese)         attribute_name (English)                     attribute_type",
        [
            "常规款（51-65cm）                Regular length (51-65cm)                     1",
            "打褶                             Pleated                                      2  ",
            "百褶                             Pleated                                      2",
            "宽松                             Wide/Loose                                \t  2",
        ],
    )
    write_table(
        root / "Anno" / "list_attr_items.txt",
        "item_id attribute_labels",
        ["id_00000007 0 -1 1 0", "id_00000009 -1 -1 -1 -1", "id_00015752 1 0 0 0"],
    )
    return root


def kind_of(name: str) -> int:
    return {"CLOTHING": 1, "TROUSERS": 2, "DRESSES": 3}[name.split("/")[1]]


CATEGORY_ATTRIBUTE = (
    ("img/Sheer_Pleated-Front_Blouse/img_00000001.jpg", "train"),
    ("img/Sheer_Pleated-Front_Blouse/img_00000002.jpg", "val"),
    ("img/Denim_Shorts/img_00000001.jpg", "test"),
)


def category_attribute_tree(root: Path, annotations: str = "Anno_coarse") -> Path:
    names = [f"{name:<70}" for name, _ in CATEGORY_ATTRIBUTE]
    folder = root / annotations
    write_table(
        root / "Eval" / "list_eval_partition.txt",
        "image_name  evaluation_status",
        [f"{name:<70} {split}" for name, split in CATEGORY_ATTRIBUTE],
    )
    write_table(
        folder / "list_category_cloth.txt",
        "category_name  category_type",
        ["Anorak         1", "Blouse         1", "Shorts         2"],
    )
    write_table(
        folder / "list_category_img.txt",
        "image_name  category_label",
        [f"{names[0]} 2", f"{names[1]} 2", f"{names[2]} 3"],
    )
    write_table(
        folder / "list_attr_cloth.txt",
        "attribute_name  attribute_type",
        ["abstract print      1", "lace      2", "a-line       3", "sleeve  4", "sleeveless 4", "boho    5"],
    )
    write_table(
        folder / "list_attr_img.txt",
        "image_name  attribute_labels",
        [f"{names[0]} 1 -1 -1 1 0 -1", f"{names[1]} -1 -1 -1 -1 -1 -1", f"{names[2]} 0 0 0 0 0 0"],
    )
    write_table(
        folder / "list_bbox.txt",
        "image_name  x_1  y_1  x_2  y_2",
        [f"{names[0]} 072 079 232 273", f"{names[1]} 067 059 155 161", f"{names[2]} 065 065 156 200"],
    )
    write_table(  # the published header names a variation type, the rows have none
        folder / "list_landmarks.txt",
        f"image_name  clothes_type  variation_type  {LANDMARK_HEADER}",
        [
            f"{names[0]} 1  0 146 102  0 173 095  0 094 242  1 205 255  0 136 229  2 000 000",
            f"{names[1]} 1  0 1 2  0 3 4  0 5 6  0 7 8  0 9 10  0 11 12",
            f"{names[2]} 2  0 1 2  0 3 4  0 5 6  0 7 8",
        ],
    )
    return root
