"""Labelled photographs to measure a model's tags on, by the rules that a recipe trains with or by columns."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fashion_cli.data.annotations import (
    SEPARATOR,
    Annotation,
    kind_and_path,
    names_a_source,
    near_splits,
    of_split,
    read_annotations,
    require_column,
)
from fashion_cli.data.images import Box
from fashion_cli.data.tags import require_group
from fashion_cli.data.targets import UNSURE, LabelRule, targets
from fashion_cli.data.words import folded
from fashion_cli.errors import AnnotationError, RecipeError, UsageError
from fashion_cli.model_cards import Vocabulary
from fashion_cli.training.column_groups import column_rules
from fashion_cli.training.photographs import read_set
from fashion_cli.training.recipe import read_recipe
from fashion_cli.training.recipe_files import find_recipe
from fashion_cli.training.recipe_sections import SetSection


@dataclass(frozen=True)
class LabelSource:
    """Which photographs, and which of their columns hold which tags: a recipe says, or `columns`, or else the columns
    that are named as a group.

    Attributes:
        data: As `read_annotations` takes it: a CSV manifest, `folder:DIR`, `attributes:DIR`, ...; "" where all sets of
            the recipe count.
        split: Whose photographs; "" all. With a recipe, the splits are those that training with it makes.
        recipe: A training recipe with a set of this source, or with one set at all where the source names its kind.
        columns: "group=column"; the column's values are tags, with `;` between several.
        groups: Only these groups; empty: all.
        root: Where all sets of the recipe count: the folder that they are relative to.
    """

    data: str
    split: str = "val"
    recipe: Path | None = None
    columns: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    root: Path = Path()

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.data or str(self.recipe)


@dataclass(frozen=True)
class Labelled:
    """Photographs with a label.

    Attributes:
        paths: N photographs.
        splits: The split of each.
        truths: (N, T): 1 true, 0 false, -1 unknown.
        untagged: (N, G) whether all that a photograph shows of each group of the vocabulary has no tag there.
        boxes: The part that shows the garment, of those that the recipe asks to cut out as training does.
        unknown: Values, as "group:value", that the vocabulary has no tag for.
        notes: What looks like a mistake in the annotations.
    """

    paths: tuple[Path, ...]
    splits: tuple[str, ...]
    truths: npt.NDArray[np.int8]
    untagged: npt.NDArray[np.bool_]
    boxes: Mapping[Path, Box]
    unknown: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LabelledSets:
    """Annotated sets, in all their splits, and how their columns become tags.

    Attributes:
        source: Where they are from.
        sets: Each with its photographs.
    """

    source: LabelSource
    sets: tuple[tuple[SetSection, tuple[Annotation, ...]], ...]

    def labelled(self, vocabulary: Vocabulary) -> Labelled:
        """The photographs of the split that have a label which the vocabulary knows.

        Raises:
            AnnotationError: If there is no such split, or none of its values is a tag.
        """
        annotations = [each for _, own in self.sets for each in own]
        rules = [self._rules(section, vocabulary) for section, _ in self.sets]
        # Over all splits: a tag that only other splits name is known to be absent in this one.
        matrix = np.concatenate(
            [
                targets(vocabulary, each, section.absent, own)
                for each, (section, own) in zip(rules, self.sets, strict=True)
            ]
        )
        chosen = {id(each) for each in of_split(self.source.name, annotations, self.source.split)}
        rows = [row for row, each in enumerate(annotations) if id(each) in chosen and (matrix[row] >= 0).any()]
        if not rows:
            of = f" with split={self.source.split}" if self.source.split else ""
            raise AnnotationError(
                f"{self.source.name}: no photograph{of} has a tag that the model knows",
                hint=_other_case(vocabulary, rules, self.sets) or "the model's tags: fashion weights tags MODEL",
            )
        unknown = (_unknown_values(vocabulary, each, own) for each, (_, own) in zip(rules, self.sets, strict=True))
        paths = dict.fromkeys(annotations[row].path for row in rows)
        return Labelled(
            paths=tuple(annotations[row].path for row in rows),
            splits=tuple(annotations[row].split for row in rows),
            truths=matrix[rows],
            untagged=np.concatenate(
                [_untagged(vocabulary, each, own) for each, (_, own) in zip(rules, self.sets, strict=True)]
            )[rows],
            boxes={path: box for path, box in self._boxes() if path in paths},
            unknown=tuple(dict.fromkeys(chain.from_iterable(unknown))),
            notes=tuple(self.notes(self.source.split)),
        )

    def notes(self, split: str) -> list[str]:
        """What looks like a mistake in the annotations, for whoever asks for a split."""
        return near_splits(self.source.name, (each for _, own in self.sets for each in own), split)

    def _rules(self, section: SetSection, vocabulary: Vocabulary) -> list[LabelRule]:
        return [rule for rule in section.labels if rule.group in (self.source.groups or vocabulary.columns)]

    def _boxes(self) -> Iterator[tuple[Path, Box]]:
        for section, annotations in self.sets:
            if section.crop:
                yield from ((each.path, each.box) for each in annotations if each.box is not None)


def read_labelled(source: LabelSource, vocabulary: Vocabulary) -> Labelled:
    """The photographs of a split that have a label which the vocabulary knows.

    Raises:
        UsageError: If it is not clear which columns hold tags, or there is no such group.
        AnnotationError: If the source lacks a column or a split, or none of its values is a tag.
        RecipeError: If the recipe has no set with this source.
    """
    return read_sets(source, vocabulary).labelled(vocabulary)


def read_sets(source: LabelSource, vocabulary: Vocabulary) -> LabelledSets:
    """The annotations of a source.

    Args:
        source: Which.
        vocabulary: Has the groups that columns and rules may name.

    Raises:
        UsageError: If it is not clear which columns hold tags, or there is no such group.
        AnnotationError: If the source lacks a column.
        RecipeError: If the recipe has no set with this source, or none of its sets labels the groups.
    """
    for group in source.groups:
        require_group(group, vocabulary)
    groups = source.groups or tuple(vocabulary.columns)
    if source.recipe is None:
        sets = [_by_columns(source, vocabulary)]
    elif source.columns:
        raise UsageError("a recipe and columns at once", hint="the recipe's rules say which columns hold labels")
    elif source.data:
        section = replace(_section(source.recipe, source.data), source=source.data)
        sets = [_by_rules(section, Path())]
    else:
        sets = [_by_rules(section, source.root) for section in _sections(source.recipe, groups)]
    for section, annotations in sets:
        for rule in section.labels:
            if rule.group in groups:
                require_column(source.data or section.source, annotations, rule.column)
    return LabelledSets(source, tuple((section, tuple(annotations)) for section, annotations in sets))


def _by_rules(section: SetSection, root: Path) -> tuple[SetSection, list[Annotation]]:
    """A recipe's set, divided as training divides it."""
    annotations = read_set(section, root)
    more = column_rules(section, annotations) if section.every_column else ()
    return replace(section, labels=(*section.labels, *more)), annotations


def _by_columns(source: LabelSource, vocabulary: Vocabulary) -> tuple[SetSection, list[Annotation]]:
    """A set whose columns are tags as they stand."""
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


def _sections(recipe: Path, groups: Sequence[str]) -> list[SetSection]:
    """The sets of a recipe that label one of the groups."""
    read = read_recipe(find_recipe(recipe))
    chosen = [each for each in read.sets if each.every_column or any(rule.group in groups for rule in each.labels)]
    if not chosen:
        raise RecipeError(
            f"{recipe}: no set labels the group {' or '.join(map(repr, groups))}",
            hint=f"its groups: {', '.join(each.name for each in read.groups)}",
        )
    return chosen


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
    kind, path = kind_and_path(data)
    parts = Path(path).resolve().parts
    sources = [(*kind_and_path(each.source), each) for each in sections]
    fitting = [each for own, end, each in sources if own == kind and parts[-len(Path(end).parts) :] == Path(end).parts]
    if len(fitting) != 1:
        raise RecipeError(
            f"{recipe}: {len(fitting) or 'no'} sets with the source {data}",
            hint=f"its sets: {', '.join(each.source for each in sections)}; --data KIND:PATH for a recipe of one set",
        )
    return fitting[0]


def _unknown_values(
    vocabulary: Vocabulary, rules: Sequence[LabelRule], annotations: Sequence[Annotation]
) -> Iterator[str]:
    """Values that the rules name and the model does not know."""
    for rule in rules:
        vocabulary_tags = set(vocabulary.names[vocabulary.columns[rule.group]])
        for annotation in annotations:
            for value in rule.values(annotation.values.get(rule.column, "")):
                tags = [tag.removeprefix(UNSURE) for tag in rule.tags_of(value)]
                yield from (f"{rule.group}:{tag}" for tag in tags if tag not in vocabulary_tags)


def _untagged(
    vocabulary: Vocabulary, rules: Sequence[LabelRule], annotations: Sequence[Annotation]
) -> npt.NDArray[np.bool_]:
    """(N, G) whether a photograph is labelled in a group, and with nothing that the model knows."""
    numbers = {group.name: number for number, group in enumerate(vocabulary.groups)}
    labelled = np.zeros((len(annotations), len(numbers)), np.bool_)
    known = np.zeros_like(labelled)
    for rule in rules:
        names = set(vocabulary.names[vocabulary.columns[rule.group]])
        for row, annotation in enumerate(annotations):
            values = rule.values(annotation.values.get(rule.column, ""))
            tags = [tag.removeprefix(UNSURE) for value in values for tag in rule.tags_of(value)]
            labelled[row, numbers[rule.group]] |= bool(tags)
            known[row, numbers[rule.group]] |= not names.isdisjoint(tags)
    return labelled & ~known


def _other_case(
    vocabulary: Vocabulary,
    rules: Sequence[Sequence[LabelRule]],
    sets: Sequence[tuple[SetSection, Sequence[Annotation]]],
) -> str:
    """That a value is a tag but for its case; "" where none is."""
    for of_set, (_, annotations) in zip(rules, sets, strict=True):
        for rule in of_set:
            names = {folded(name): name for name in vocabulary.names[vocabulary.columns[rule.group]]}
            for annotation in annotations:
                for value in rule.values(annotation.values.get(rule.column, "")):
                    if (name := names.get(folded(value))) is not None:
                        return f"labels go by their exact spelling: the tag is {name!r}, and here is {value!r}"
    return ""
