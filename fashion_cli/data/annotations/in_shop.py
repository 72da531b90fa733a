"""DeepFashion, In-shop Clothes Retrieval Benchmark: 52,712 photographs of 7,982 items.

Liu et al., DeepFashion: Powering Robust Clothes Recognition and Retrieval with Rich Annotations, CVPR 2016. Its 463
attributes are labelled by item; they are what Lim & Nang re-rank by.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import Any

from fashion_cli.data.annotations.annotation import SEPARATOR, Annotation, Landmark
from fashion_cli.data.annotations.attribute_labels import AttributeNames, attribute_name, labels_of_items
from fashion_cli.data.annotations.garment_parts import CLOTHES_TYPES, box_of, landmarks_of
from fashion_cli.data.annotations.published_rows import HINT, Row, RowsByName, read_rows
from fashion_cli.data.annotations.published_tree import (
    annotation_file,
    image_folder,
    partition_file,
    required_file,
)
from fashion_cli.data.images import Box
from fashion_cli.errors import AnnotationError

SPLITS = ("train", "query", "gallery")
POSES = ("front", "side", "back", "zoom-out", "zoom-in", "stand-alone")  # 1 to 6
_FOLDERS = ("Anno", "Anno/attributes")  # the second since version 2.0 of the publication

Cells = Mapping[str, str]


def read_in_shop(root: Path) -> Iterator[Annotation]:
    """The photographs in the order of `Eval/list_eval_partition.txt`, one at a time.

    Raises:
        AnnotationError: With file, line and what was expected.
    """
    with ExitStack() as open_files:
        partition = partition_file(root)
        optional_files = _OptionalFiles(root, open_files)
        images = image_folder(root)
        for row in read_rows(partition, "image_name"):
            name, item, split = row.fields("image_name", "item_id", "evaluation_status")
            row.choice(split, "evaluation status", SPLITS)
            gender, category = folders_of(row, row.image(name))
            cells, box, landmarks = optional_files.of(row, name, item)
            values = {"item_id": item, "category": category, "gender": gender, "split": split, **cells}
            yield Annotation(images / name, values, box, landmarks)


def folders_of(row: Row, image: PurePosixPath) -> tuple[str, str]:
    """The two folders that a photograph's name says something by: img/WOMEN/Dresses/id_00000002/02_1_front.jpg.

    Raises:
        AnnotationError: If the name has another form.
    """
    if len(image.parts) != 5:
        raise row.error(f"image name {str(image)!r}: expected img/GROUP/CATEGORY/ITEM/FILE.jpg")
    return image.parts[1], image.parts[2]


class _OptionalFiles:
    """The files that may lie beside the partition. Their rows come in other orders, so they are looked up."""

    def __init__(self, root: Path, open_files: ExitStack) -> None:
        self.boxes, self.landmarks, self.colours = (
            open_files.enter_context(RowsByName(file, "image_name")) if file else None
            for file in (
                annotation_file(root, name, _FOLDERS)
                for name in ("list_bbox_inshop.txt", "list_landmarks_inshop.txt", "list_color_cloth.txt")
            )
        )
        labels = annotation_file(root, "list_attr_items.txt", _FOLDERS)
        self.attributes = labels_of_items(labels, _attribute_names(root)) if labels else {}
        descriptions = annotation_file(root, "list_description_inshop.json", _FOLDERS)
        self.descriptions = _descriptions(descriptions) if descriptions else {}
        self._files = {"attributes": labels, "descriptions": descriptions}

    def of(self, row: Row, name: str, item: str) -> tuple[Cells, Box | None, tuple[Landmark, ...]]:
        """What the files say of a photograph."""
        cells: dict[str, str] = {}
        box: Box | None = None
        landmarks: tuple[Landmark, ...] = ()
        if self.boxes is not None:
            boxed = self.boxes.row(name, row)
            _, kind, pose, *corners = boxed.fields(
                "image_name", "clothes_type", "pose_type", "x_1", "y_1", "x_2", "y_2"
            )
            cells["clothes_type"] = boxed.decode_code(kind, "clothes type", CLOTHES_TYPES)
            cells["pose"] = boxed.decode_code(pose, "pose type", POSES)
            box = box_of(boxed, corners)
        if self.landmarks is not None:
            cells["variation"], landmarks = landmarks_of(self.landmarks.row(name, row))
        if self.colours is not None:
            cells["colour"] = self.colours.row(name, row).text.removeprefix(name).strip()
        for what, cells_of in (("descriptions", self.descriptions), ("attributes", self.attributes)):
            if cells_of:
                if item not in cells_of:
                    raise row.error(f"item {item!r} is not in {self._files[what]}")
                cells = {**cells_of[item], **cells}  # the colour of a photograph goes before the item's
        return cells, box, landmarks


def _attribute_names(root: Path) -> AttributeNames:
    file = required_file(root, "list_attr_cloth.txt", _FOLDERS)
    names = tuple(attribute_name(row, row.text) for row in read_rows(file, "attribute_name"))
    return AttributeNames(file, names, ("",) * len(names))


def _descriptions(file: Path) -> Mapping[str, Cells]:
    """Item -> colour and description. An item that comes twice keeps both texts.

    Raises:
        AnnotationError: If the file is not a list of objects with item, color and description.
    """
    items: dict[str, dict[str, list[str]]] = {}
    for number, entry in enumerate(_entries(file), start=1):
        try:
            item, colour, lines = entry["item"], entry.get("color") or "", entry.get("description") or []
            text = lines if isinstance(lines, str) else " ".join(line.strip() for line in lines)
            texts = items.setdefault(str(item), {"colour": [], "description": []})
            texts["colour"].append(str(colour).strip())
            texts["description"].append(text.strip())
        except (AttributeError, KeyError, TypeError) as error:
            message = f"{file}: entry {number}: expected an object with item, color and description"
            raise AnnotationError(message, hint=HINT) from error
    return {
        item: {
            "colour": SEPARATOR.join(dict.fromkeys(texts["colour"])),
            "description": "\n".join(dict.fromkeys(texts["description"])),
        }
        for item, texts in items.items()
    }


def _entries(file: Path) -> list[Any]:
    try:
        entries = json.loads(file.read_bytes())
    except json.JSONDecodeError as error:
        raise AnnotationError(f"{file}:{error.lineno}: not JSON ({error.msg})", hint="unpack it again") from error
    except (OSError, UnicodeDecodeError) as error:
        raise AnnotationError(f"{file}: cannot be read ({error})", hint=HINT) from error
    if not isinstance(entries, list):
        raise AnnotationError(f"{file}: expected a list of items", hint=HINT)
    return entries
