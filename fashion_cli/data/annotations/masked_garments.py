"""The garments of photographs whose pixels are labelled: each with its box and its mask.

A CSV manifest with a column `mask` (a PNG relative to it, whose palette numbers name what a pixel shows) and a file
`mask_labels.json` beside it: the names in the order of the numbers, 0 for nothing. As in Clothing Co-Parsing (Yang, Luo
& Lin, CVPR 2014).
"""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fashion_cli.data.annotations.annotation import Annotation, Mask
from fashion_cli.data.annotations.manifest import read_manifest
from fashion_cli.data.images import Box, read_mask
from fashion_cli.errors import AnnotationError, ImageError

LABELS_FILE = "mask_labels.json"
NO_GARMENTS = frozenset({"null", "hair", "skin", "accessories"})
LEAST_SHARE = 0.004  # of the photograph's pixels: smaller ones show nothing


def read_masked_garments(manifest: Path | str) -> Iterator[Annotation]:
    """Every garment of every photograph that has a mask.

    Beside the manifest's columns, `garment` names it, `item_id` tells it from all others, and `photograph` is the same
    for the garments of one photograph.

    Raises:
        AnnotationError: If there is no column `mask`, no file of labels, or a mask that cannot be read or has a number
            without a label.
    """
    manifest = Path(manifest)
    labels = _read_labels(manifest.parent / LABELS_FILE)
    for annotation in read_manifest(manifest):
        if "mask" not in annotation.values:
            raise AnnotationError(f"{manifest}: no column 'mask'", hint="it names the mask of each photograph")
        if annotation.values["mask"]:
            yield from _garments(annotation, manifest, labels)


def _read_labels(path: Path) -> list[str]:
    hint = 'a list of names, that of number 0 first: ["null", "hair", "dress"]'
    try:
        labels = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise AnnotationError(f"{path}: cannot be read ({error.strerror})", hint=hint) from error
    except ValueError as error:
        raise AnnotationError(f"{path}: not JSON in UTF-8 ({error})", hint=hint) from error
    if not (isinstance(labels, list) and all(isinstance(each, str) for each in labels)):
        raise AnnotationError(f"{path}: not a list of names", hint=hint)
    return labels


def _garments(annotation: Annotation, manifest: Path, labels: list[str]) -> Iterator[Annotation]:
    path, photograph = manifest.parent / annotation.values["mask"], annotation.path
    try:
        numbers = read_mask(path)
    except ImageError as error:
        raise AnnotationError(str(error), hint="a PNG with a palette, as large as its photograph") from error
    name = photograph.relative_to(manifest.parent) if photograph.is_relative_to(manifest.parent) else photograph
    for number, count in enumerate(np.bincount(numbers.ravel())):
        if count < max(1, LEAST_SHARE * numbers.size):
            continue
        if number >= len(labels):
            raise AnnotationError(
                f"{path}: the number {number} has no label", hint=f"{LABELS_FILE} has {len(labels)} names"
            )
        if labels[number] in NO_GARMENTS:
            continue
        rows, columns = (np.flatnonzero((numbers == number).any(axis=axis)) for axis in (1, 0))
        box = Box(int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1)
        more = {"garment": labels[number], "item_id": f"{name}#{labels[number]}", "photograph": str(name)}
        yield Annotation(photograph, {**annotation.values, **more}, box, line=annotation.line, mask=Mask(path, number))
