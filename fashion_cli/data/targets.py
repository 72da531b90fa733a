"""From annotation columns to training targets: what is true, what is false and what nobody said.

A set of photographs labels only part of a vocabulary. What it does not label is unknown, never false: a garment on a
white ground whose table has no pattern column is not "not striped".
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fashion_cli.data.annotations import Annotation
from fashion_cli.model_cards import TagGroup, Vocabulary

TRUE, FALSE, UNKNOWN = 1, 0, -1
UNSURE = "?"  # before a tag: photographs with this value may or may not show it


@dataclass(frozen=True)
class LabelRule:
    """How one column of a manifest becomes tags of one group.

    Attributes:
        group: The group that the tags belong to.
        column: The manifest's column.
        separator: What stands between several values of a cell; "" where a cell holds one.
        words: Look for the keys of `tags` as whole words anywhere in the cell (a product title, say).
        tags: Value -> tags; `?tag` marks one that the value leaves open. Empty: each value is a tag of its own.
    """

    group: str
    column: str
    separator: str = ""
    words: bool = False
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def values(self, cell: str) -> list[str]:
        """The values of a cell that this rule knows."""
        if self.words:
            found = set(re.findall(r"[\w'-]+", cell.lower()))
            return [word for word in self.tags if word in found]
        values = [value.strip() for value in (cell.split(self.separator) if self.separator else [cell])]
        return [value for value in values if value and (not self.tags or value in self.tags)]

    def tags_of(self, value: str) -> tuple[str, ...]:
        """The tags of a value, those marked as unsure among them."""
        return self.tags[value] if self.tags else (value,)


def gather_vocabulary(
    groups: Sequence[tuple[str, bool]], labelled: Sequence[tuple[Sequence[LabelRule], Sequence[Annotation]]], least: int
) -> Vocabulary:
    """The tags that occur, the most frequent first.

    Args:
        groups: (name, exclusive) of each group, in order.
        labelled: The rules of each set and its training photographs.
        least: Tags with fewer photographs are left out.
    """
    counts: dict[str, Counter[str]] = {name: Counter() for name, _ in groups}
    for rules, annotations in labelled:
        for rule in rules:
            for annotation in annotations:
                counts[rule.group].update(set(_sure(rule, annotation)))
    return Vocabulary(
        tuple(
            TagGroup(name, tuple(tag for tag, count in counts[name].most_common() if count >= least), exclusive)
            for name, exclusive in groups
        )
    )


def targets(
    vocabulary: Vocabulary, rules: Sequence[LabelRule], absent: Sequence[str], annotations: Sequence[Annotation]
) -> npt.NDArray[np.int8]:
    """(N, T) matrix of TRUE, FALSE and UNKNOWN.

    Args:
        vocabulary: Column t belongs to its tag t.
        rules: How the manifest's columns become tags.
        absent: Tags that no labelled photograph of this set shows, although its columns never name them.
        annotations: N photographs.
    """
    matrix = np.full((len(annotations), len(vocabulary)), UNKNOWN, dtype=np.int8)
    for rule in rules:
        column_of = _columns(vocabulary, rule.group)
        named = {tag for value in _all_values(rule, annotations) for tag in rule.tags_of(value)} | set(absent)
        known = [column_of[tag] for tag in named if tag in column_of]
        for row, annotation in enumerate(annotations):
            values = rule.values(annotation.values.get(rule.column, ""))
            if not values:
                continue
            stated = [tag for value in values for tag in rule.tags_of(value)]
            matrix[row, known] = np.maximum(matrix[row, known], FALSE)
            unsure = [column_of[tag[1:]] for tag in stated if tag[0] == UNSURE and tag[1:] in column_of]
            matrix[row, [column for column in unsure if matrix[row, column] != TRUE]] = UNKNOWN
            matrix[row, [column_of[tag] for tag in stated if tag in column_of]] = TRUE
    return matrix


def _sure(rule: LabelRule, annotation: Annotation) -> Iterator[str]:
    for value in rule.values(annotation.values.get(rule.column, "")):
        yield from (tag for tag in rule.tags_of(value) if tag[0] != UNSURE)


def _all_values(rule: LabelRule, annotations: Sequence[Annotation]) -> set[str]:
    if rule.tags:
        return set(rule.tags)
    return {value for annotation in annotations for value in rule.values(annotation.values.get(rule.column, ""))}


def _columns(vocabulary: Vocabulary, group: str) -> dict[str, int]:
    window = vocabulary.columns[group]
    return {vocabulary.names[column]: column for column in range(window.start, window.stop)}
