"""What photographs show, as tasks for linear probes: which photographs, which labels, who belongs together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fashion_cli.data.annotations import Annotation, read_manifest
from fashion_cli.data.targets import LabelRule, gather_vocabulary, targets
from fashion_cli.model_cards import TagGroup

TEN_CLASSES = (*("dress", "hat", "longsleeve", "outwear", "pants", "shirt", "shoes", "shorts", "skirt", "t-shirt"),)
SHOP_COLUMNS = ("article_type", "base_colour", "gender", "usage")
NEW_LABELS = ("sleeve", "neckline", "closure", "pattern", "length", "shot", "person")
DOES_NOT_APPLY = "na"  # the sleeve of trousers
LEAST_PHOTOGRAPHS = 20  # of `train` that a label needs, and
LEAST_STYLE_PHOTOGRAPHS = 50  # a style
LEAST_POSITIVES = 3  # of `val` that a tag needs to have an average precision worth averaging

Truths = npt.NDArray[np.int8]
ClusterOf = Callable[[Annotation], str]


@dataclass(frozen=True, eq=False)
class LabelTask:
    """A question about photographs.

    Attributes:
        name: Of the question.
        paths: N photographs.
        truths: (N, T) 1 true, 0 false, -1 unknown.
        training: (N,) whether a photograph is of `train`; the others are of `val`.
        clusters: (N,) photographs of one text are alike: of one person, of one item.
        group: The T labels.
    """

    name: str
    paths: tuple[Path, ...]
    truths: Truths
    training: npt.NDArray[np.bool_]
    clusters: tuple[str, ...]
    group: TagGroup

    @property
    def val_truths(self) -> Truths:
        return self.truths[~self.training]

    @property
    def val_clusters(self) -> list[str]:
        return [cluster for cluster, there in zip(self.clusters, self.training, strict=True) if not there]


def label_tasks(data: Path) -> list[LabelTask]:
    """All questions that the sets answer."""
    clothing = list(read_manifest(data / "clothing" / "clothing.csv"))
    sender = {each.path: each.values["sender"] for each in clothing}
    big = [each for each in clothing if each.values["category"] in TEN_CLASSES]
    catalog = list(read_manifest(data / "catalog" / "catalog.csv"))
    street = list(read_manifest(data / "street" / "street.csv"))
    styles = list(read_manifest(data / "street" / "styles.csv"))
    labelled = [each for name in ("catalog", "clothing") for each in read_manifest(data / name / "attributes.csv")]

    def by_sender(each: Annotation) -> str:
        return sender.get(each.path, each.path.name)

    return [
        one_label("clothing, 10 classes", big, "category", by_sender),
        one_label("clothing, all classes", clothing, "category", by_sender),
        *(one_label(f"catalog, {_spaced(column)}", catalog, column, _itself) for column in SHOP_COLUMNS),
        several_labels("street tags", street, "tags", LEAST_PHOTOGRAPHS),
        *(one_label(column, _applicable(labelled, column), column, by_sender) for column in NEW_LABELS),
        several_labels("styles", styles, "styles", LEAST_STYLE_PHOTOGRAPHS),
    ]


def one_label(name: str, photographs: Sequence[Annotation], column: str, cluster_of: ClusterOf) -> LabelTask:
    """A column with one value each; photographs whose value is too rare in `train` are left out."""
    return _task(name, photographs, LabelRule(name, column), LEAST_PHOTOGRAPHS, cluster_of)


def several_labels(name: str, photographs: Sequence[Annotation], column: str, least: int) -> LabelTask:
    """A column with several values each."""
    return _task(name, photographs, LabelRule(name, column, separator=";"), least, _itself)


def _task(
    name: str, photographs: Sequence[Annotation], rule: LabelRule, least: int, cluster_of: ClusterOf
) -> LabelTask:
    train = [each for each in photographs if each.split == "train"]
    exclusive = not rule.separator
    vocabulary = gather_vocabulary([(name, exclusive)], [([rule], train)], least)
    truths = targets(vocabulary, [rule], (), photographs)
    known: npt.NDArray[np.bool_] = np.asarray(((truths == 1) if exclusive else (truths >= 0)).any(axis=1))
    kept = [each for each, there in zip(photographs, known, strict=True) if there]
    return LabelTask(
        name,
        tuple(each.path for each in kept),
        truths[known],
        np.array([each.split == "train" for each in kept]),
        tuple(cluster_of(each) for each in kept),
        vocabulary.groups[0],
    )


def _applicable(photographs: Sequence[Annotation], column: str) -> list[Annotation]:
    return [each for each in photographs if each.values[column] != DOES_NOT_APPLY]


def _itself(photograph: Annotation) -> str:
    return photograph.path.name  # the same wherever the data lie


def _spaced(column: str) -> str:
    return column.replace("_", " ")
