"""DeepFashion, Consumer-to-shop Clothes Retrieval Benchmark: 239,557 photographs, 195,540 pairs.

Liu et al., DeepFashion: Powering Robust Clothes Recognition and Retrieval with Rich Annotations, CVPR 2016. A row of
the partition is a pair: a customer's photograph and the shop's of the same item.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from fashion_cli.data.annotations.annotation import Annotation, Landmark
from fashion_cli.data.annotations.attribute_labels import AttributeNames, attribute_name, labels_of_items
from fashion_cli.data.annotations.garment_parts import CLOTHES_TYPES, box_of, landmarks_of
from fashion_cli.data.annotations.in_shop import folders_of
from fashion_cli.data.annotations.published_rows import Row, RowsByName, read_rows
from fashion_cli.data.annotations.published_tree import (
    annotation_file,
    image_folder,
    partition_file,
    required_file,
)
from fashion_cli.data.images import Box

SPLITS = ("train", "val", "test")
DOMAINS = ("shop", "consumer")  # source types 1 and 2
_FOLDERS = ("Anno",)
# Names hold single blanks, so two or more part the Chinese from the English one.
_TYPE = re.compile(r"\S.*?\s{2,}(?P<english>\S.*)")
_ATTRIBUTE = re.compile(r"\S.*?\s{2,}(?P<english>\S.*?)\s+(?P<type>\d+)")


def read_consumer_to_shop(root: Path) -> Iterator[Annotation]:
    """Each photograph once, where it first occurs in `Eval/list_eval_partition.txt`.

    Raises:
        AnnotationError: With file, line and what was expected.
    """
    with ExitStack() as open_files:
        partition = partition_file(root)
        optional_files = _OptionalFiles(root, open_files)
        images = image_folder(root)
        seen: dict[str, tuple[str, str, str]] = {}
        for row in read_rows(partition, "image_pair_name_1"):
            *pair, item, split = row.fields("image_pair_name_1", "image_pair_name_2", "item_id", "evaluation_status")
            row.choice(split, "evaluation status", SPLITS)
            for name, domain in zip(pair, reversed(DOMAINS), strict=True):
                identity = (item, split, domain)
                previous = seen.get(name)
                if previous is None:
                    seen[name] = identity
                    yield optional_files.annotation(row, images, name, identity)
                elif previous != identity:
                    raise row.error(f"image {name!r}: {', '.join(identity)}, but further up {', '.join(previous)}")


class _OptionalFiles:
    """The files that may lie beside the partition. A photograph's rows are looked up: a pair has no one place."""

    def __init__(self, root: Path, open_files: ExitStack) -> None:
        self.boxes, self.landmarks = (
            open_files.enter_context(RowsByName(file, "image_name")) if file else None
            for file in (
                annotation_file(root, name, _FOLDERS)
                for name in ("list_bbox_consumer2shop.txt", "list_landmarks_consumer2shop.txt")
            )
        )
        self.labels = annotation_file(root, "list_attr_items.txt", _FOLDERS)
        self.attributes = labels_of_items(self.labels, _attribute_names(root)) if self.labels else {}

    def annotation(self, row: Row, images: Path, name: str, identity: tuple[str, str, str]) -> Annotation:
        item, split, domain = identity
        department, category = folders_of(row, row.image(name))
        values = {"item_id": item, "category": category, "department": department, "domain": domain, "split": split}
        box: Box | None = None
        landmarks: tuple[Landmark, ...] = ()
        if self.boxes is not None:
            boxed = self.boxes.row(name, row)
            _, kind, code, *corners = boxed.fields(
                "image_name", "clothes_type", "source_type", "x_1", "y_1", "x_2", "y_2"
            )
            if (source := boxed.decode_code(code, "source type", DOMAINS)) != domain:
                raise boxed.error(f"source type {code} ({source}), but {row.file}:{row.line} has it as {domain}")
            values["clothes_type"] = boxed.decode_code(kind, "clothes type", CLOTHES_TYPES)
            box = box_of(boxed, corners)
        if self.landmarks is not None:
            values["variation"], landmarks = landmarks_of(self.landmarks.row(name, row))
        if self.labels is not None:
            if item not in self.attributes:
                raise row.error(f"item {item!r} is not in {self.labels}")
            values |= self.attributes[item]
        return Annotation(images / name, values, box, landmarks)


def _attribute_names(root: Path) -> AttributeNames:
    """303 attributes in 18 groups; some names come twice, for two Chinese ones."""
    types = [
        _match_row(_TYPE, row, "Chinese and English name")["english"]
        for row in read_rows(required_file(root, "list_attr_type.txt", _FOLDERS), "attribute_type")
    ]
    file = required_file(root, "list_attr_cloth.txt", _FOLDERS)
    names, groups = [], []
    for row in read_rows(file, "attribute_name"):
        parts = _match_row(_ATTRIBUTE, row, "Chinese name, English name and type")
        names.append(attribute_name(row, parts["english"]))
        groups.append(row.decode_code(parts["type"], "attribute type", types))
    return AttributeNames(file, tuple(names), tuple(groups))


def _match_row(form: re.Pattern[str], row: Row, expected: str) -> re.Match[str]:
    match = form.fullmatch(row.text)
    if match is None:
        raise row.error(f"{row.text!r}: expected {expected}, with two or more blanks between the names")
    return match
