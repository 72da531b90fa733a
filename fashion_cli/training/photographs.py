"""The photographs of a recipe's sets: what is on them, and which show the same garment."""

import hashlib
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fashion_cli.data.annotations import Annotation, Mask, folder_of, read_annotations, require_column
from fashion_cli.data.images import Box
from fashion_cli.data.samplers import repeat_factors
from fashion_cli.data.targets import targets
from fashion_cli.errors import AnnotationError
from fashion_cli.model_cards import Vocabulary
from fashion_cli.training.recipe_sections import SetSection

ITEM_COLUMN = "item_id"
NAMING_PARTS = 4  # of a path that tell a photograph from others: 01_1_front.jpg is in every folder


class Photographs:
    """The photographs of one split, all sets together.

    Args:
        vocabulary: T tags.
        sets: Each set with its photographs of this split.
        rare_below: As `repeat_factors` takes it.

    Attributes:
        paths: N files.
        boxes: Row -> the part that shows the garment, where the recipe asks to cut it out.
        masks: Row -> the garment's pixels, where they are known.
        targets: (N, T) int8: 1 true, 0 false, -1 unknown.
        garments: For each garment, the rows of its photographs.
        garment_of: (N,) the garment of each photograph.
        similar: For each garment, what it shares with those it is confused with.
        shares: For each garment, how often an epoch takes it.
    """

    def __init__(
        self, vocabulary: Vocabulary, sets: Sequence[tuple[SetSection, Sequence[Annotation]]], rare_below: float
    ) -> None:
        self.paths: list[Path] = []
        self.boxes: dict[int, Box] = {}
        self.masks: dict[int, Mask] = {}
        self.garments: list[list[int]] = []
        self.similar: list[str] = []
        matrices = [np.zeros((0, len(vocabulary)), np.int8)]
        counts = []
        for section, annotations in sets:
            before = len(self.garments)
            self._add(section, annotations)
            counts.append(len(self.garments) - before)
            matrices.append(targets(vocabulary, section.labels, section.absent, annotations))
        self.targets = np.concatenate(matrices)
        self.garment_of = np.zeros(len(self.paths), np.int64)
        for garment, rows in enumerate(self.garments):
            self.garment_of[rows] = garment
        factors = repeat_factors(self.targets, vocabulary, rare_below)
        self.shares = self._shares(factors, [section.share for section, _ in sets], counts)

    def _shares(self, factors: npt.NDArray[np.float64], shares: Sequence[float], counts: Sequence[int]) -> list[float]:
        """How often an epoch takes each garment: on average over a set's garments, what the recipe says."""
        factor = np.array([factors[rows].max() for rows in self.garments])
        for share, end, count in zip(shares, np.cumsum(counts), counts, strict=True):
            own = factor[end - count : end]
            own *= share / own.mean() if count else 1.0
        return [float(each) for each in factor]

    def _add(self, section: SetSection, annotations: Sequence[Annotation]) -> None:
        rows: dict[str, list[int]] = {}
        for annotation in annotations:
            item = annotation.values[section.item] if section.item else ""
            key = item or str(annotation.path)
            if key not in rows:
                value = annotation.values[section.similar] if section.similar else ""
                self.similar.append(f"{section.source}:{value}")
                rows[key] = []
            if section.crop and annotation.box is not None:
                self.boxes[len(self.paths)] = annotation.box
            if annotation.mask is not None:
                self.masks[len(self.paths)] = annotation.mask
            rows[key].append(len(self.paths))
            self.paths.append(annotation.path)
        self.garments.extend(rows.values())


def read_set(section: SetSection, data: Path) -> list[Annotation]:
    """The photographs of a set, each in a split.

    A split that the set has stays as it is. Where it has no `val`, or no `test` and the recipe wants one, garments of
    `train` make it up: a garment's hash decides, so it stays in its split whatever is added to the set. A set without
    the column `split` counts as `train`; with `divide_anew` every set does. With `only_labelled`, photographs without
    a label are left out.

    Raises:
        AnnotationError: If the set lacks a column that the recipe names, or has no photograph.
    """
    annotations = list(read_annotations(section.source, data))
    for table in section.tables:
        annotations = _join_table(annotations, table, data)
    section = split_by_item(section, annotations)
    named = [section.item, section.similar, section.divide_by, *(rule.column for rule in section.labels)]
    for column in filter(None, named):
        require_column(section.source, annotations, column)
    if not annotations:
        raise AnnotationError(f"{section.source}: no photographs: the set is empty", hint="check --data")
    if section.only_labelled:
        annotations = _select_labelled(section, annotations)
    anew = section.divide_anew or "split" not in annotations[0].values
    if anew:
        annotations = [_move_to_split(annotation, "train") for annotation in annotations]
    root = folder_of(section.source, data) if anew or section.tested else None
    present = {annotation.split for annotation in annotations}
    return [_assign_split(section, annotation, root, present) for annotation in annotations]


def _join_table(annotations: list[Annotation], table: str, data: Path) -> list[Annotation]:
    """Photographs with the columns of a further table, which need not name each of them; "" where it does not.

    A column that the set has itself stays as the set has it.

    Raises:
        AnnotationError: If the table names a photograph twice, or none of the set's.
    """
    rows: dict[Path, Mapping[str, str]] = {}
    for row in read_annotations(table, data):
        if row.path in rows:
            raise AnnotationError(f"{table}: {row.path} is named twice", hint="one row for each photograph")
        rows[row.path] = row.values
    if annotations and not any(each.path in rows for each in annotations):
        raise AnnotationError(
            f"{table}: none of its photographs is in the set",
            hint="its column `path`, relative to it, has to lead to the same files",
        )
    empty = dict.fromkeys((column for values in rows.values() for column in values), "")
    return [replace(each, values={**empty, **rows.get(each.path, {}), **each.values}) for each in annotations]


def split_by_item(section: SetSection, annotations: Sequence[Annotation]) -> SetSection:
    """The set with its photographs divided by item, where it has items and the recipe leaves its columns to it."""
    free = section.every_column and not (section.item or section.divide_by)
    tells = bool(annotations) and ITEM_COLUMN in annotations[0].values
    return replace(section, divide_by=ITEM_COLUMN) if free and tells else section


def _select_labelled(section: SetSection, annotations: Sequence[Annotation]) -> list[Annotation]:
    chosen = [each for each in annotations if any(rule.labels(each.values[rule.column]) for rule in section.labels)]
    if not chosen:
        columns = ", ".join(rule.column for rule in section.labels) or "none is named"
        raise AnnotationError(
            f"{section.source}: no photograph has a label", hint=f"only_labelled looks into the columns: {columns}"
        )
    return chosen


def _assign_split(section: SetSection, annotation: Annotation, root: Path | None, present: Set[str]) -> Annotation:
    """Move a photograph from `train` where its garment's hash falls into the share of a split that is missing."""
    if annotation.split != "train":
        return annotation
    keys = [annotation.values[column] for column in (section.divide_by, section.item) if column]
    place = _place(next(filter(None, keys), "") or _name(annotation.path, root))
    split = "val" if place < section.held_out else "test" if place < section.held_out + section.tested else "train"
    return annotation if split in present else _move_to_split(annotation, split)


def _place(name: str) -> float:
    """Where the hash of a name falls in [0, 1)."""
    digest = hashlib.sha256(name.encode(errors="surrogateescape")).digest()
    return int.from_bytes(digest[:4], "big") / 2**32


def _name(path: Path, root: Path | None) -> str:
    """What tells a photograph from others, wherever the set lies: the end of its path, below the set's folder.

    Without a folder it is the end of the whole path, which is how recipes with `held_out` alone divide.
    """
    below = path.relative_to(root) if root is not None and path.is_relative_to(root) else path.absolute()
    return "/".join(below.parts[-NAMING_PARTS:])


def _move_to_split(annotation: Annotation, split: str) -> Annotation:
    return replace(annotation, values={**annotation.values, "split": split})
