"""DeepFashion, Category and Attribute Prediction Benchmark: 289,222 photographs, 50 categories, 1,000 attributes.

Liu et al., DeepFashion: Powering Robust Clothes Recognition and Retrieval with Rich Annotations, CVPR 2016.
"""

from collections.abc import Iterator
from pathlib import Path

from fashion_cli.data.annotations.annotation import Annotation, Landmark
from fashion_cli.data.annotations.attribute_labels import AttributeNames, attribute_name
from fashion_cli.data.annotations.garment_parts import CLOTHES_TYPES, box_of, landmarks_of
from fashion_cli.data.annotations.published_rows import Row, in_step, read_rows
from fashion_cli.data.annotations.published_tree import (
    annotation_file,
    image_folder,
    partition_file,
    required_file,
)
from fashion_cli.data.images import Box

SPLITS = ("train", "val", "test")
GROUPS = ("texture", "fabric", "shape", "part", "style")  # attribute types 1 to 5
_FOLDERS = ("Anno", "Anno_coarse")  # the second since the publication of the smaller, finer labels


def read_category_attribute(root: Path) -> Iterator[Annotation]:
    """The photographs, one at a time; every file names them in the same order, and all are walked through in step.

    Raises:
        AnnotationError: With file, line and what was expected.
    """
    partition = partition_file(root)
    names = _attribute_names(required_file(root, "list_attr_cloth.txt", _FOLDERS))
    categories, types = _categories(required_file(root, "list_category_cloth.txt", _FOLDERS))
    images = image_folder(root)
    required = [required_file(root, f"list_{what}_img.txt", _FOLDERS) for what in ("category", "attr")]
    optional = [annotation_file(root, f"list_{what}.txt", _FOLDERS) for what in ("bbox", "landmarks")]
    tables = [read_rows(file, "image_name") for file in (partition, *required, *filter(None, optional))]
    for split_row, category_row, attribute_row, *parts in in_step(tables):
        name, split = split_row.fields("image_name", "evaluation_status")
        split_row.image(name)
        split_row.choice(split, "evaluation status", SPLITS)
        code = category_row.fields("image_name", "category_label")[1]
        values = {
            "category": category_row.decode_code(code, "category", categories),
            "clothes_type": category_row.decode_code(code, "category", types),
            "split": split,
            **names.cells(attribute_row, attribute_row.text.split()[1:]),
        }
        box = _box(parts.pop(0)) if optional[0] else None
        landmarks = _landmarks(parts.pop(0)) if optional[1] else ()
        yield Annotation(images / name, values, box, landmarks)


def _box(row: Row) -> Box | None:
    return box_of(row, row.fields("image_name", "x_1", "y_1", "x_2", "y_2")[1:])


def _landmarks(row: Row) -> tuple[Landmark, ...]:
    return landmarks_of(row)[1]


def _attribute_names(file: Path) -> AttributeNames:
    names, groups = [], []
    for row in read_rows(file, "attribute_name"):
        *words, code = row.text.split()
        names.append(attribute_name(row, " ".join(words)))
        groups.append(row.decode_code(code, "attribute type", GROUPS))
    return AttributeNames(file, tuple(names), tuple(groups))


def _categories(file: Path) -> tuple[list[str], list[str]]:
    """Names and clothes types; the label of a category is its place, from 1."""
    names, types = [], []
    for row in read_rows(file, "category_name"):
        name, code = row.fields("category_name", "category_type")
        names.append(name)
        types.append(row.decode_code(code, "category type", CLOTHES_TYPES))
    return names, types
