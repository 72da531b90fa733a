"""Measure how well tag scores agree with annotations: per tag and per group, over the labelled entries only."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fashion_cli.checked_fields import CheckedFields
from fashion_cli.data.tags import present_tags, require_group
from fashion_cli.embedding.cached_features import cached_scores
from fashion_cli.errors import UsageError
from fashion_cli.inference.multi_model import open_models, open_tagger, require_tags
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.inference.pipeline import Progress, Skipped
from fashion_cli.metrics.confusion import Confusion, confuse
from fashion_cli.metrics.tags import (
    Rates,
    Scores,
    Truths,
    average_precision,
    count_tags,
    mean_average_precision,
    top_accuracy,
)
from fashion_cli.model_cards import TagGroup, Vocabulary
from fashion_cli.training.labelled import LabelSource, read_labelled

TOP = (1, 3, 5)


@dataclass(frozen=True)
class EvalTagsConfig(CheckedFields):
    """What to measure.

    Attributes:
        labels: Photographs and their tags.
        inference: How the model runs.
        features: A feature file to look into and to add to.
        best: Of an exclusive group the best tag is claimed whatever its threshold, as classifiers are reported.
        confusion: Also count which tag is taken for which; one exclusive group must be measured.
        top: The k of top-k accuracy.
        without: Groups; the accuracy over all exclusive groups is also given without each.
    """

    labels: LabelSource
    inference: InferenceOptions
    features: Path | None = None
    best: bool = False
    confusion: bool = False
    top: tuple[int, ...] = TOP
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class OverallAccuracy:
    """Over all exclusive groups, or all but one.

    Attributes:
        without: The group that is left out; "" for none.
        photographs: Labelled ones of each group, added up.
        accuracy: The share of these whose best-scored tag is the right one.
    """

    without: str
    photographs: int
    accuracy: float


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
        untagged: Of these, those whose label the model has no tag for.
        micro: Of all labelled entries together.
        macro: The mean over tags that a photograph shows.
        mean_average_precision: The mean over tags that a photograph shows.
        top: k -> the share of photographs with a right tag among their k best labelled ones; untagged ones have none.
        accuracy: Of an exclusive group, the share of photographs whose best-scored tag is the right one; untagged ones
            count as wrong. Of other groups nan.
    """

    name: str
    photographs: int
    untagged: int
    micro: Rates
    macro: Rates
    mean_average_precision: float
    top: Mapping[int, float]
    accuracy: float = float("nan")


@dataclass(frozen=True)
class EvalTagsReport:
    """What was measured.

    Attributes:
        groups: Those with a label.
        tags: Those with a labelled photograph.
        photographs: That could be read and have a label.
        unknown: Values of the annotations, as "group:value", that the model has no tag for.
        skipped: Photographs that could not be read.
        model: Its name.
        seconds: In all.
        confusion: Where it was asked for. Tags go by their English titles.
        notes: What looks like a mistake in the annotations.
        overall: Over all exclusive groups, then without each of those that are to be left out.
    """

    groups: tuple[GroupFigures, ...]
    tags: tuple[TagFigures, ...]
    photographs: int
    unknown: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    model: str
    seconds: float
    confusion: Confusion | None = None
    notes: tuple[str, ...] = ()
    overall: tuple[OverallAccuracy, ...] = ()


def evaluate_tags(config: EvalTagsConfig, progress: Progress) -> EvalTagsReport:
    """Tag, and compare with the annotations.

    Raises:
        UsageError: If the model has no tags, it is not clear which columns hold them, or which group's confusion is
            wanted; or if the recipe cuts photographs to their boxes and a feature file is to keep them.
        AnnotationError: If the annotations lack a column or a split, or none of their values is a tag.
        RecipeError: If the recipe has no set with these annotations.
        FeatureFileError: If the feature file is damaged or another model's.
    """
    start = time.perf_counter()
    # Vectors that are not kept need no second model.
    model = require_tags(open_models(config.inference)) if config.features else open_tagger(config.inference)
    vocabulary = model.card.vocabulary
    labelled = read_labelled(config.labels, vocabulary)
    confused = _find_exclusive_group(vocabulary, labelled.truths) if config.confusion else None
    for group in config.without:
        require_group(group, vocabulary)
    subset = cached_scores(
        labelled.paths, model, config.inference, progress, boxes=labelled.boxes, keep=config.features
    )
    scores, truths = subset.scores, labelled.truths[subset.places]
    untagged = dict(zip(vocabulary.columns, labelled.untagged[subset.places].sum(axis=0).tolist(), strict=True))
    if config.best:
        vocabulary = Vocabulary(tuple(_without_thresholds(group) for group in vocabulary.groups))
    confusions = {
        group.name: _confusion(group, vocabulary, scores, truths, untagged)
        for group in vocabulary.groups
        if group.exclusive and (truths[:, vocabulary.columns[group.name]] >= 0).any()
    }
    return EvalTagsReport(
        groups=tuple(_groups(vocabulary, scores, truths, untagged, confusions, config.top)),
        tags=tuple(_tags(vocabulary, scores, truths)),
        photographs=len(truths),
        unknown=labelled.unknown,
        skipped=subset.skipped,
        model=model.card.name,
        seconds=time.perf_counter() - start,
        confusion=confusions[confused.name] if confused is not None else None,
        notes=labelled.notes,
        overall=overall_accuracies(confusions, config.without),
    )


def overall_accuracies(confusions: Mapping[str, Confusion], without: Sequence[str]) -> tuple[OverallAccuracy, ...]:
    """The accuracy over all groups, every labelled photograph of each weighing the same, and without each of some.

    Nothing where there is one group: it has an accuracy of its own.

    Args:
        confusions: By the name of the group.
        without: Groups.
    """
    if len(confusions) < 2:
        return ()
    accuracies = []
    for left_out in ("", *without):
        chosen = [confusion for name, confusion in confusions.items() if name != left_out]
        if photographs := sum(each.photographs for each in chosen):
            accuracies.append(OverallAccuracy(left_out, photographs, sum(each.right for each in chosen) / photographs))
    return tuple(accuracies)


def _find_exclusive_group(vocabulary: Vocabulary, truths: Truths) -> TagGroup:
    """The one exclusive group that photographs are labelled with.

    Raises:
        UsageError: If there are several, or none.
    """
    labelled = [group for group in vocabulary.groups if (truths[:, vocabulary.columns[group.name]] == 1).any()]
    exclusive = [group for group in labelled if group.exclusive]
    if len(exclusive) != 1:
        names = " or ".join(f"--group {group.name}" for group in exclusive)
        raise UsageError(
            f"a confusion matrix of {len(exclusive) or 'no'} exclusive groups: one is wanted",
            hint=names or "in other groups a photograph may show several tags",
        )
    return exclusive[0]


def _confusion(
    group: TagGroup, vocabulary: Vocabulary, scores: Scores, truths: Truths, untagged: Mapping[str, int]
) -> Confusion:
    """With English titles: the font of a picture may lack other letters."""
    window = vocabulary.columns[group.name]
    titles = tuple(group.title(tag, "en") for tag in group.tags)
    return confuse(titles, scores[:, window], truths[:, window], untagged[group.name])


def _without_thresholds(group: TagGroup) -> TagGroup:
    return replace(group, thresholds=(0.0,) * len(group.tags)) if group.exclusive else group


def _groups(
    vocabulary: Vocabulary,
    scores: Scores,
    truths: Truths,
    untagged: Mapping[str, int],
    confusions: Mapping[str, Confusion],
    top: Sequence[int],
) -> Iterator[GroupFigures]:
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
            untagged=untagged[group.name],
            micro=counts.micro(),
            macro=counts.macro(),
            mean_average_precision=mean_average_precision(scores[:, window], truths[:, window]),
            top={k: top_accuracy(scores[:, window], truths[:, window], k, untagged[group.name]) for k in top},
            accuracy=confusions[group.name].accuracy if group.exclusive else float("nan"),
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
