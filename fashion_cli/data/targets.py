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

from fashion_cli.data.annotations import NOTHING, UNSURE, Annotation
from fashion_cli.model_cards import TagGroup, Vocabulary

__all__ = ["FALSE", "TRUE", "UNKNOWN", "UNSURE", "LabelRule", "gather_vocabulary", "rare_tag_notes", "targets"]

TRUE, FALSE, UNKNOWN = 1, 0, -1
NAMED_TAGS = 8  # of those that are left out


@dataclass(frozen=True)
class LabelRule:
    """How one column becomes tags of one group.

    In a cell `?value` says that the photograph may or may not show the value. Where there is a separator, `-` says that
    the photograph was labelled and shows none of the values; an empty cell says that nobody looked.

    Attributes:
        group: The group that the tags belong to.
        column: The set's column.
        separator: What stands between several values of a cell; "" where a cell holds one.
        words: Look for the keys of `tags` as whole words anywhere in the cell (a product title, say).
        tags: Value -> tags; `?tag` marks one that the value leaves open. Empty: each value is a tag of its own.
        complete: A labelled cell speaks of every tag of the group: what it neither names nor leaves open is false, also
            if no photograph of the set shows it. For attributes that a set gives as 1 and -1.
    """

    group: str
    column: str
    separator: str = ""
    words: bool = False
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    complete: bool = False

    def values(self, cell: str) -> list[str]:
        """The values of a cell that this rule knows, those that it leaves open with their `?`."""
        if self.words:
            words = set(re.findall(r"[\w'-]+", cell.lower()))
            return [word for word in self.tags if word in words]
        return [value for value in self._parts(cell) if self._knows(value)]

    def labels(self, cell: str) -> bool:
        """Whether a cell says anything: a value that this rule knows, or that there is none."""
        return bool(self.values(cell)) or bool(self.separator and not self.words and NOTHING in self._parts(cell))

    def tags_of(self, value: str) -> tuple[str, ...]:
        """The tags of a value, those marked as unsure among them."""
        if not self.tags:
            return (value,)
        if value in self.tags:
            return self.tags[value]
        return tuple(UNSURE + tag.removeprefix(UNSURE) for tag in self.tags[value.removeprefix(UNSURE)])

    def _parts(self, cell: str) -> list[str]:
        return [part.strip() for part in (cell.split(self.separator) if self.separator else [cell])]

    def _knows(self, value: str) -> bool:
        if self.tags:
            return value in self.tags or (value.startswith(UNSURE) and value.removeprefix(UNSURE) in self.tags)
        return value not in ("", UNSURE) and not (self.separator and value == NOTHING)


def gather_vocabulary(
    groups: Sequence[tuple[str, bool]], labelled: Sequence[tuple[Sequence[LabelRule], Sequence[Annotation]]], least: int
) -> Vocabulary:
    """The tags that occur, the most frequent first; of equally frequent ones that which came first.

    Args:
        groups: (name, exclusive) of each group, in order.
        labelled: The rules of each set and its training photographs.
        least: Tags with fewer photographs are left out.
    """
    counts: dict[str, Counter[str]] = {name: Counter() for name, _ in groups}
    for rules, annotations in labelled:
        for rule in rules:
            for annotation in annotations:
                counts[rule.group].update(dict.fromkeys(_sure(rule, annotation)).keys())  # in the same order always
    return Vocabulary(
        tuple(
            TagGroup(name, tuple(tag for tag, count in counts[name].most_common() if count >= least), exclusive)
            for name, exclusive in groups
        )
    )


def rare_tag_notes(every: Vocabulary, common: Vocabulary, least: int) -> tuple[str, ...]:
    """Which tags of a vocabulary another leaves out because few photographs show them, a note for each group.

    Args:
        every: All tags.
        common: Those with enough photographs.
        least: How many these have.
    """
    notes = []
    for group in every.groups:
        enough = common.names[common.columns[group.name]] if group.name in common.columns else ()
        rare = [tag for tag in group.tags if tag not in enough]
        if rare:
            more = f" and {len(rare) - NAMED_TAGS} more" if len(rare) > NAMED_TAGS else ""
            named = ", ".join(rare[:NAMED_TAGS])
            notes.append(f"{group.name}: left out, on fewer than {least} training photographs: {named}{more}")
    return tuple(notes)


def targets(
    vocabulary: Vocabulary, rules: Sequence[LabelRule], absent: Sequence[str], annotations: Sequence[Annotation]
) -> npt.NDArray[np.int8]:
    """(N, T) matrix of TRUE, FALSE and UNKNOWN.

    Args:
        vocabulary: Column t belongs to its tag t.
        rules: How the set's columns become tags.
        absent: Tags that no labelled photograph of this set shows, although its columns never name them.
        annotations: N photographs.
    """
    matrix = np.full((len(annotations), len(vocabulary)), UNKNOWN, dtype=np.int8)
    for rule in rules:
        column_of = _columns(vocabulary, rule.group)
        named = {tag for value in _all_values(rule, annotations) for tag in rule.tags_of(value)} | set(absent)
        labelled_columns = np.array(
            [column_of[tag] for tag in column_of if rule.complete or tag in named], dtype=np.int64
        )
        for row, annotation in enumerate(annotations):
            cell = annotation.values.get(rule.column, "")
            if not rule.labels(cell):
                continue
            stated = [tag for value in rule.values(cell) for tag in rule.tags_of(value)]
            matrix[row, labelled_columns] = np.maximum(matrix[row, labelled_columns], FALSE)
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
