"""Labelled photographs to measure a model's tags on, by the rules that a recipe trains with or by columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fashion_cli.data.annotations import (
    SEPARATOR,
    Annotation,
    names_a_source,
    of_split,
    read_annotations,
    require_column,
)
from fashion_cli.data.tags import require_group
from fashion_cli.data.targets import UNSURE, LabelRule, targets
from fashion_cli.errors import AnnotationError, RecipeError, UsageError
from fashion_cli.model_cards import Vocabulary
from fashion_cli.training.column_groups import column_rules
from fashion_cli.training.photographs import read_set
from fashion_cli.training.recipe import SetSection, find_recipe, read_recipe


@dataclass(frozen=True)
class LabelSource:
    """Which photographs, and which of their columns hold which tags: a recipe says, or `columns`, or else the columns
    that are named as a group.

    Attributes:
        data: As `read_annotations` takes it: a CSV manifest, `folder:DIR`, `attributes:DIR`, ...
        split: Whose photographs; "" all. With a recipe, the splits are those that training with it makes.
        recipe: A training recipe with a set of this source, or with one set at all where the source names its kind.
        columns: "group=column"; the column's values are tags, with `;` between several.
        groups: Only these groups; empty: all.
    """

    data: str
    split: str = "val"
    recipe: Path | None = None
    columns: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Labelled:
    """Photographs with a label.

    Attributes:
        paths: N photographs.
        truths: (N, T): 1 true, 0 false, -1 unknown.
        unknown: Values, as "group:value", that the vocabulary has no tag for.
    """

    paths: tuple[Path, ...]
    truths: npt.NDArray[np.int8]
    unknown: tuple[str, ...]


def read_labelled(source: LabelSource, vocabulary: Vocabulary) -> Labelled:
    """The photographs of a split that have a label which the vocabulary knows.

    Raises:
        UsageError: If it is not clear which columns hold tags, or there is no such group.
        AnnotationError: If the source lacks a column or a split, or none of its values is a tag.
        RecipeError: If the recipe has no set with this source.
    """
    for group in source.groups:
        require_group(group, vocabulary)
    section, annotations = _read(source, vocabulary)
    rules = [rule for rule in section.labels if rule.group in (source.groups or vocabulary.columns)]
    for rule in rules:
        require_column(source.data, annotations, rule.column)
    # Over all splits: a tag that only other splits name is known to be absent in this one.
    matrix = targets(vocabulary, rules, section.absent, annotations)
    chosen = {id(annotation) for annotation in of_split(source.data, annotations, source.split)}
    rows = [row for row, each in enumerate(annotations) if id(each) in chosen and (matrix[row] >= 0).any()]
    if not rows:
        raise AnnotationError(
            f"{source.data}: no photograph with split={source.split} has a tag that the model knows",
            hint="the model's tags: fashion weights list",
        )
    unknown = tuple(dict.fromkeys(_unknown(vocabulary, rules, annotations)))
    return Labelled(tuple(annotations[row].path for row in rows), matrix[rows], unknown)


def _read(source: LabelSource, vocabulary: Vocabulary) -> tuple[SetSection, list[Annotation]]:
    """How the source's columns become the model's tags, and its photographs in all their splits."""
    if source.recipe is not None and source.columns:
        raise UsageError("a recipe and columns at once", hint="give --recipe or --column")
    if source.recipe is not None:
        section = replace(_section(source.recipe, source.data), source=source.data)
        annotations = read_set(section, Path())
        more = column_rules(section, annotations) if section.every_column else ()
        return replace(section, labels=(*section.labels, *more)), annotations
    annotations = list(read_annotations(source.data))
    pairs = [_pair(text) for text in source.columns]
    if not pairs:
        present = annotations[0].values if annotations else {}
        pairs = [(name, name) for name in vocabulary.columns if name in present]
    if not pairs:
        raise UsageError(
            f"{source.data}: no column is named as a tag group ({', '.join(vocabulary.columns)})",
            hint="--column GROUP=COLUMN, or --recipe with a set of this source",
        )
    for group, _ in pairs:
        require_group(group, vocabulary)
    rules = tuple(LabelRule(group, column, SEPARATOR) for group, column in pairs)
    return SetSection(source.data, labels=rules), annotations


def _pair(text: str) -> tuple[str, str]:
    group, equals, column = text.partition("=")
    if not (group and equals and column):
        raise UsageError(f"column {text!r}: expected GROUP=COLUMN", hint="for example --column colour=base_colour")
    return group, column


def _section(recipe: Path, data: str) -> SetSection:
    """The set of a recipe whose source, relative to any folder, is this one; or its only set, as for training."""
    sections = read_recipe(find_recipe(recipe)).sets
    if len(sections) == 1 and names_a_source(data):
        return sections[0]
    kind, path = _kind_and_path(data)
    parts = path.resolve().parts
    known = [(_kind_and_path(each.source), each) for each in sections]
    fitting = [each for (own, end), each in known if own == kind and parts[-len(end.parts) :] == end.parts]
    if len(fitting) != 1:
        raise RecipeError(
            f"{recipe}: {len(fitting) or 'no'} sets with the source {data}",
            hint=f"its sets: {', '.join(each.source for each in sections)}; --data KIND:PATH for a recipe of one set",
        )
    return fitting[0]


def _kind_and_path(source: str) -> tuple[str, Path]:
    kind, _, path = source.partition(":") if names_a_source(source) else ("csv", "", source)
    return kind, Path(path)


def _unknown(vocabulary: Vocabulary, rules: Sequence[LabelRule], annotations: Sequence[Annotation]) -> Iterator[str]:
    """Values that the rules name and the model does not know."""
    for rule in rules:
        known = set(vocabulary.names[vocabulary.columns[rule.group]])
        for annotation in annotations:
            for value in rule.values(annotation.values.get(rule.column, "")):
                tags = [tag.removeprefix(UNSURE) for tag in rule.tags_of(value)]
                yield from (f"{rule.group}:{tag}" for tag in tags if tag not in known)
