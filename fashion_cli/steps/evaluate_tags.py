"""How well tag scores agree with a manifest: per tag and per group, over the labelled entries only."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fashion_cli.data.annotations import Annotation, of_split, read_manifest, require_column
from fashion_cli.data.tags import present_tags, require_group
from fashion_cli.data.targets import UNSURE, LabelRule, targets
from fashion_cli.errors import AnnotationError, RecipeError, UsageError
from fashion_cli.inference.on_demand import features_on_demand
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.inference.pair import open_models, open_tagger, require_tags
from fashion_cli.inference.pipeline import Progress, Skipped
from fashion_cli.metrics.tags import (
    Rates,
    Scores,
    Truths,
    average_precision,
    count_tags,
    mean_average_precision,
    top_accuracy,
)
from fashion_cli.model_cards import Vocabulary
from fashion_cli.training.recipe import SetSection, find_recipe, read_recipe

TOP = (1, 3, 5)
SEPARATOR = ";"  # between several values of a cell


@dataclass(frozen=True)
class EvalTagsConfig:
    """What to measure.

    Which columns hold which tags: a recipe says, or `columns`, or else the columns that are named as a group.

    Attributes:
        manifest: A CSV manifest.
        inference: How the model runs.
        split: Whose photographs; "" all.
        recipe: A training recipe with a set of this manifest; its label rules are used.
        columns: "group=column"; the column's values are tags, with `;` between several.
        features: A feature file to look into and to add to.
        top: The k of top-k accuracy.
    """

    manifest: Path
    inference: InferenceOptions
    split: str = "val"
    recipe: Path | None = None
    columns: tuple[str, ...] = ()
    features: Path | None = None
    top: tuple[int, ...] = TOP


@dataclass(frozen=True)
class TagFigures:
    """One tag.

    Attributes:
        photographs: That show it.
        labelled: That show it, or are known not to.
        threshold: The model's; in an exclusive group the tag must also be the best.
        rates: Precision, recall and F1 of what `fashion tag` says; nan where no photograph shows the tag.
        average_precision: The same for every threshold.
    """

    group: str
    name: str
    photographs: int
    labelled: int
    threshold: float
    rates: Rates
    average_precision: float


@dataclass(frozen=True)
class GroupFigures:
    """One group.

    Attributes:
        photographs: With a label in this group.
        micro: Of all labelled entries together.
        macro: The mean over tags that a photograph shows.
        mean_average_precision: The mean over tags that a photograph shows.
        top: k -> the share of photographs with a right tag among their k best labelled ones.
    """

    name: str
    photographs: int
    micro: Rates
    macro: Rates
    mean_average_precision: float
    top: Mapping[int, float]


@dataclass(frozen=True)
class EvalTagsReport:
    """What was measured.

    Attributes:
        groups: Those with a label.
        tags: Those with a labelled photograph.
        photographs: That could be read and have a label.
        unknown: Values of the manifest, as "group:value", that the model has no tag for.
        skipped: Photographs that could not be read.
        model: Its name.
        seconds: In all.
    """

    groups: tuple[GroupFigures, ...]
    tags: tuple[TagFigures, ...]
    photographs: int
    unknown: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    model: str
    seconds: float


def evaluate_tags(config: EvalTagsConfig, progress: Progress) -> EvalTagsReport:
    """Tag, and compare with the manifest.

    Raises:
        UsageError: If the model has no tags, or it is not clear which columns hold them.
        AnnotationError: If the manifest lacks a column or a split, or none of its values is a tag.
        RecipeError: If the recipe has no set with this manifest.
        FeatureFileError: If the feature file is damaged or another model's.
    """
    start = time.perf_counter()
    # Vectors that are not kept need no second model.
    model = require_tags(open_models(config.inference)) if config.features else open_tagger(config.inference)
    vocabulary = model.card.vocabulary
    annotations = list(read_manifest(config.manifest))
    rules = _rules(config, annotations, vocabulary)
    for rule in rules.labels:
        require_column(config.manifest, annotations, rule.column)
    # Over all splits: a tag that only other splits name is known to be absent in this one.
    matrix = targets(vocabulary, rules.labels, rules.absent, annotations)
    chosen = {id(annotation) for annotation in of_split(config.manifest, annotations, config.split)}
    labelled = [
        row for row, annotation in enumerate(annotations) if id(annotation) in chosen and (matrix[row] >= 0).any()
    ]
    if not labelled:
        raise AnnotationError(
            f"{config.manifest}: no photograph with split={config.split} has a tag that the model knows",
            hint="the model's tags: fashion weights list",
        )
    paths = [annotations[row].path for row in labelled]
    with features_on_demand(paths, model, config.inference, progress, config.features) as found:
        scores = found.features.scores(found.rows).astype(np.float32)
    truths = matrix[labelled][found.places]
    return EvalTagsReport(
        groups=tuple(_groups(vocabulary, scores, truths, config.top)),
        tags=tuple(_tags(vocabulary, scores, truths)),
        photographs=len(truths),
        unknown=tuple(dict.fromkeys(_unknown(vocabulary, rules.labels, annotations))),
        skipped=found.skipped,
        model=model.card.name,
        seconds=time.perf_counter() - start,
    )


def _rules(config: EvalTagsConfig, annotations: Sequence[Annotation], vocabulary: Vocabulary) -> SetSection:
    """How the manifest's columns become the model's tags."""
    if config.recipe is not None and config.columns:
        raise UsageError("a recipe and columns at once", hint="give --recipe or --column")
    if config.recipe is not None:
        section = _section(config.recipe, config.manifest)
        labels = tuple(rule for rule in section.labels if rule.group in vocabulary.columns)
        return replace(section, labels=labels)
    pairs = [_pair(text) for text in config.columns]
    if not pairs:
        present = annotations[0].values if annotations else {}
        pairs = [(name, name) for name in vocabulary.columns if name in present]
    if not pairs:
        raise UsageError(
            f"{config.manifest}: no column is named as a tag group ({', '.join(vocabulary.columns)})",
            hint="--column GROUP=COLUMN, or --recipe with a set of this manifest",
        )
    for group, _ in pairs:
        require_group(group, vocabulary)
    return SetSection(str(config.manifest), labels=tuple(LabelRule(*pair, SEPARATOR) for pair in pairs))


def _pair(text: str) -> tuple[str, str]:
    group, equals, column = text.partition("=")
    if not (group and equals and column):
        raise UsageError(f"column {text!r}: expected GROUP=COLUMN", hint="for example --column colour=base_colour")
    return group, column


def _section(recipe: Path, manifest: Path) -> SetSection:
    """The set of a recipe whose manifest, relative to any folder, is this one."""
    sections = read_recipe(find_recipe(recipe)).sets
    parts = manifest.resolve().parts
    fitting = [each for each in sections if parts[-len(Path(each.source).parts) :] == Path(each.source).parts]
    if len(fitting) != 1:
        raise RecipeError(
            f"{recipe}: {len(fitting) or 'no'} sets with the manifest {manifest}",
            hint=f"its sets: {', '.join(each.source for each in sections)}",
        )
    return fitting[0]


def _groups(vocabulary: Vocabulary, scores: Scores, truths: Truths, top: Sequence[int]) -> Iterator[GroupFigures]:
    present = present_tags(scores, vocabulary)
    for group in vocabulary.groups:
        window = vocabulary.columns[group.name]
        labelled = (truths[:, window] >= 0).any(axis=1)
        if not labelled.any():
            continue
        counts = count_tags(present[:, window], truths[:, window])
        yield GroupFigures(
            name=group.name,
            photographs=int(labelled.sum()),
            micro=counts.micro(),
            macro=counts.macro(),
            mean_average_precision=mean_average_precision(scores[:, window], truths[:, window]),
            top={k: top_accuracy(scores[:, window], truths[:, window], k) for k in top},
        )


def _tags(vocabulary: Vocabulary, scores: Scores, truths: Truths) -> Iterator[TagFigures]:
    counts = count_tags(present_tags(scores, vocabulary), truths)
    rates, precisions = counts.each(), average_precision(scores, truths)
    labelled = (truths >= 0).sum(axis=0)
    for tag, name in enumerate(vocabulary.names):
        if labelled[tag]:
            yield TagFigures(
                group=vocabulary.group_names[tag],
                name=name,
                photographs=int(counts.true[tag]),
                labelled=int(labelled[tag]),
                threshold=vocabulary.thresholds[tag],
                rates=rates[tag],
                average_precision=float(precisions[tag]),
            )


def _unknown(vocabulary: Vocabulary, rules: Sequence[LabelRule], annotations: Sequence[Annotation]) -> Iterator[str]:
    """Values that the rules name and the model does not know."""
    for rule in rules:
        known = set(vocabulary.names[vocabulary.columns[rule.group]])
        for annotation in annotations:
            for value in rule.values(annotation.values.get(rule.column, "")):
                tags = [tag.removeprefix(UNSURE) for tag in rule.tags_of(value)]
                yield from (f"{rule.group}:{tag}" for tag in tags if tag not in known)
