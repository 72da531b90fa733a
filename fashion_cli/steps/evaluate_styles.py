"""Measure several labels per photograph, system beside system: any-, all- and example-recall, and those of each label.

Tables 3 to 5 of Kim, Choi and Park, Recognition of multi label fashion styles based on transfer learning and graph
convolution network (2021). Models that share a name are runs of one system with other seeds.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fashion_cli.checked_fields import CheckedFields
from fashion_cli.data.annotations import names_a_source
from fashion_cli.data.label_correlation import conditional_probabilities
from fashion_cli.data.tags import require_group
from fashion_cli.embedding.cached_features import cached_scores
from fashion_cli.errors import AnnotationError, UsageError
from fashion_cli.inference.multi_model import open_tagger
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.inference.pipeline import Progress, Skipped
from fashion_cli.metrics.multilabel import all_recall, any_recall, example_recall, label_all_recall, label_recall
from fashion_cli.metrics.spread import Spread, spread
from fashion_cli.metrics.tags import mean_average_precision
from fashion_cli.training.labelled import Labelled, LabelledSets, LabelSource, read_sets
from fashion_cli.weights import Model

CUTOFFS = (1, 2, 3)
LABEL_CUTOFF = 3
LABEL_ALL_CUTOFF = 2  # of the paper's table 5

Targets = npt.NDArray[np.int8]


@dataclass(frozen=True)
class EvalStylesConfig(CheckedFields):
    """What to measure.

    Attributes:
        source: A recipe, whose sets, labels and splits count; or a CSV manifest with a column for the group; "" where
            `data` names an annotated set with such a column.
        models: How each model runs; those of one name are runs of one system.
        data: Of a recipe: the folder that its sources are relative to, or, as `folder:DIR`, the one set that counts.
        split: Whose photographs; "" all.
        group: The tags that are ranked; "" where the models have one group only.
        columns: Without a recipe: the columns with the labels, as of main and of further ones, `;` between several in
            one; none is the column named as the group.
        top_labels: Only the most frequent labels of the training photographs count; 0 is all. The paper has 5 and 7.
        cutoffs: The k of any-recall, all-recall and example-recall.
        label_cutoff: The k of each label's recall.
        label_all_cutoff: The k of each label's all-recall.
        correlation: Also count which labels of the training photographs occur together.
    """

    source: str | Path
    models: tuple[InferenceOptions, ...]
    data: str | Path = Path()
    split: str = "test"
    group: str = ""
    columns: tuple[str, ...] = ()
    top_labels: int = 0
    cutoffs: tuple[int, ...] = CUTOFFS
    label_cutoff: int = LABEL_CUTOFF
    label_all_cutoff: int = LABEL_ALL_CUTOFF
    correlation: bool = False


@dataclass(frozen=True)
class SystemFigures:
    """One system.

    Attributes:
        name: Of its models.
        runs: How many there are.
        any_recall: k -> share of photographs with a true label among the first k.
        all_recall: k -> share of photographs whose true labels are all among the first k.
        example_recall: k -> share of a photograph's true labels that are among the first k, the mean over photographs.
        mean_average_precision: Over labels.
        labels: Label -> share of the photographs that show it which have it among the first k.
        labels_all: Label -> share of the photographs that show it whose true labels are all among the first k.
    """

    name: str
    runs: int
    any_recall: Mapping[int, Spread]
    all_recall: Mapping[int, Spread]
    example_recall: Mapping[int, Spread]
    mean_average_precision: Spread
    labels: Mapping[str, Spread]
    labels_all: Mapping[str, Spread]


@dataclass(frozen=True)
class Correlation:
    """Which labels occur together.

    Attributes:
        names: L labels, the most frequent first.
        probabilities: (L, L), P(column | row).
        photographs: That were counted.
        training: Whether these are the ones of `train`, and not of all splits.
    """

    names: tuple[str, ...]
    probabilities: npt.NDArray[np.float64]
    photographs: int
    training: bool


@dataclass(frozen=True)
class EvalStylesReport:
    """What was measured.

    Attributes:
        systems: In the order in which they were named.
        label_counts: Label -> photographs that show it, the most frequent first.
        photographs: That could be read and have a label.
        labels_each: How many labels they have, on average.
        label_cutoff: The k of each label's recall.
        label_all_cutoff: The k of each label's all-recall.
        unknown: Labels of the group that the models do not know.
        correlation: Where it was asked for.
        skipped: Photographs that could not be read.
        seconds: In all.
        notes: What looks like a mistake in the annotations.
    """

    systems: tuple[SystemFigures, ...]
    label_counts: Mapping[str, int]
    photographs: int
    labels_each: float
    label_cutoff: int
    label_all_cutoff: int
    unknown: tuple[str, ...]
    correlation: Correlation | None
    skipped: tuple[Skipped, ...]
    seconds: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Run:
    """The figures of one model.

    Attributes:
        truths: (N, L) of the photographs that could be read.
        labelled: All photographs with a label, in all splits.
    """

    any_recall: Mapping[int, float]
    all_recall: Mapping[int, float]
    example_recall: Mapping[int, float]
    mean_average_precision: float
    labels: Mapping[str, float]
    labels_all: Mapping[str, float]
    truths: Targets
    labelled: Labelled
    skipped: tuple[Skipped, ...]


def evaluate_styles(config: EvalStylesConfig, progress: Progress) -> EvalStylesReport:
    """Tag with every model, and compare with the labels.

    Raises:
        UsageError: If a model lacks the group, or it is not clear which one is meant, or what is measured on.
        RecipeError: If there is no such recipe, or it labels no such group.
        AnnotationError: If the photographs lack a column, a split or a label.
    """
    start = time.perf_counter()
    models = [open_tagger(options) for options in config.models]
    group = _group(config, models)
    sets = read_sets(_source(config, group), models[0].card.vocabulary)
    names: list[tuple[str, ...]] = []
    runs: dict[str, list[_Run]] = {}
    for model, options in zip(models, config.models, strict=True):
        names.append(_names(model, group))
        if set(names[-1]) != set(names[0]):
            raise UsageError(
                f"{options.model}: other {group} tags than {config.models[0].model}",
                hint="labels are ranked against each other: measure these models one at a time",
            )
        runs.setdefault(model.card.name, []).append(_measure(config, model, options, group, sets, progress))
    first = next(iter(runs.values()))[0]
    counts = dict(zip(first.labels, (first.truths == 1).sum(axis=0).tolist(), strict=True))
    return EvalStylesReport(
        systems=tuple(_system(name, each) for name, each in runs.items()),
        label_counts=dict(sorted(counts.items(), key=lambda pair: -pair[1])),
        photographs=len(first.truths),
        labels_each=float((first.truths == 1).sum(axis=1).mean()),
        label_cutoff=config.label_cutoff,
        label_all_cutoff=config.label_all_cutoff,
        unknown=tuple(each.removeprefix(f"{group}:") for each in first.labelled.unknown),
        correlation=_correlation(models[0], group, first.labelled) if config.correlation else None,
        skipped=first.skipped,
        seconds=time.perf_counter() - start,
        notes=tuple(sets.notes(config.split)),
    )


def _group(config: EvalStylesConfig, models: Sequence[Model]) -> str:
    """The group that is ranked; every model has it."""
    names = [group.name for group in models[0].card.vocabulary.groups]
    if not config.group and len(names) > 1:
        raise UsageError(
            f"the model {models[0].card.name} has {len(names)} groups of tags", hint=f"--group {'|'.join(names)}"
        )
    group = config.group or names[0]
    for model in models:
        require_group(group, model.card.vocabulary)
    return group


def _source(config: EvalStylesConfig, group: str) -> LabelSource:
    """The photographs in all their splits: the correlation is counted on other ones than are measured.

    Raises:
        UsageError: If nothing is named, or too much.
    """
    source, data = str(config.source), str(config.data)
    is_table = Path(source).suffix.lower() == ".csv"
    if is_table and names_a_source(data):
        raise UsageError(f"{source} and {data} at once", hint="give a table, or --data folder:DIR")
    if source and not is_table:
        if config.columns:
            raise UsageError("a recipe and a column at once", hint="the recipe's rules say which columns hold labels")
        if names_a_source(data):
            return LabelSource(data, "", Path(source), groups=(group,))
        return LabelSource("", "", Path(source), groups=(group,), root=Path(data))
    if not is_table and not names_a_source(data):
        raise UsageError("nothing to measure on", hint="give a recipe, a CSV table, or --data folder:DIR")
    columns = tuple(f"{group}={column}" for column in config.columns or (group,))
    return LabelSource(source or data, "", columns=columns, groups=(group,))


def _measure(
    config: EvalStylesConfig,
    model: Model,
    options: InferenceOptions,
    group: str,
    sets: LabelledSets,
    progress: Progress,
) -> _Run:
    vocabulary = model.card.vocabulary
    labelled = sets.labelled(vocabulary)
    matrix = labelled.truths[:, vocabulary.columns[group]]
    top = _top_labels(matrix, labelled.splits, config.top_labels)
    matrix = matrix[:, top]
    is_in_split = np.array([config.split in ("", split) for split in labelled.splits])
    rows = np.flatnonzero(is_in_split & (matrix == 1).any(axis=1))
    if not len(rows):
        splits = sorted(set(labelled.splits) - {""})
        raise AnnotationError(
            f"{sets.source.name}: no photograph with split={config.split} has a {group} tag that the model knows",
            hint=f"--split; its splits: {', '.join(splits)}" if splits else "--split '' takes all photographs",
        )
    paths = [labelled.paths[row] for row in rows]
    subset = cached_scores(paths, model, options, progress, boxes=labelled.boxes)
    scores, truths = subset.scores[:, vocabulary.columns[group]][:, top], matrix[rows][subset.places]
    names = [_names(model, group)[place] for place in top]
    recall = label_recall(scores, truths, config.label_cutoff)
    complete = label_all_recall(scores, truths, config.label_all_cutoff)
    return _Run(
        any_recall={k: any_recall(scores, truths, k) for k in config.cutoffs},
        all_recall={k: all_recall(scores, truths, k) for k in config.cutoffs},
        example_recall={k: example_recall(scores, truths, k) for k in config.cutoffs},
        mean_average_precision=mean_average_precision(scores, truths),
        labels=dict(zip(names, recall.tolist(), strict=True)),
        labels_all=dict(zip(names, complete.tolist(), strict=True)),
        truths=truths,
        labelled=labelled,
        skipped=subset.skipped,
    )


def _system(name: str, runs: Sequence[_Run]) -> SystemFigures:
    return SystemFigures(
        name=name,
        runs=len(runs),
        any_recall={k: spread([run.any_recall[k] for run in runs]) for k in runs[0].any_recall},
        all_recall={k: spread([run.all_recall[k] for run in runs]) for k in runs[0].all_recall},
        example_recall={k: spread([run.example_recall[k] for run in runs]) for k in runs[0].example_recall},
        mean_average_precision=spread([run.mean_average_precision for run in runs]),
        labels={label: spread([run.labels[label] for run in runs]) for label in runs[0].labels},
        labels_all={label: spread([run.labels_all[label] for run in runs]) for label in runs[0].labels_all},
    )


def _top_labels(matrix: Targets, splits: Sequence[str], count: int) -> list[int]:
    """Columns of the labels that most training photographs show; of all photographs where no split is called `train`.

    Args:
        matrix: (N, L).
        splits: Of the N photographs.
        count: How many; 0 is all of them.
    """
    if not count:
        return list(range(matrix.shape[1]))
    training = np.array([split == "train" for split in splits])
    chosen = matrix[training] if training.any() else matrix
    order = np.argsort(-(chosen == 1).sum(axis=0), kind="stable")
    return sorted(order[:count].tolist())


def _correlation(model: Model, group: str, labelled: Labelled) -> Correlation:
    """Of the training photographs; of all where no split is called `train`."""
    matrix = labelled.truths[:, model.card.vocabulary.columns[group]]
    training = [row for row, split in enumerate(labelled.splits) if split == "train"]
    chosen = matrix[training] if training else matrix
    chosen = chosen[(chosen == 1).any(axis=1)]
    order = np.argsort(-(chosen == 1).sum(axis=0), kind="stable")
    names = _names(model, group)
    probabilities = conditional_probabilities(chosen[:, order])
    return Correlation(tuple(names[place] for place in order.tolist()), probabilities, len(chosen), bool(training))


def _names(model: Model, group: str) -> tuple[str, ...]:
    return model.card.vocabulary.names[model.card.vocabulary.columns[group]]
