"""What a linear probe on the untouched MobileNetV2 reaches, and beside it a trained model.

    python -m benchmarks.linear_probe --data DATA --weights mobilenet_v2.safetensors [--model DIR] [--out F.json]

Sets, split, label rules and vocabulary are those of the recipe. The probe is the head that the recipe fits last:
L2-regularised logistic regression per group (softmax where one tag excludes the others) on the `train` photographs of
all sets, its strength chosen on `val`. Both inputs are tried, 224 x 224 squashed as in ImageNet and the model's own
letterboxed size; the better one counts, figure by figure. Thresholds for F1 are chosen on `val` for both sides.
Vectors are compared on `val` photographs of the sets with items: each queries all photographs of its set and, as
distractors, those of `--distractors`.
"""

import argparse
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from benchmarks.untouched_trunk import READERS, Features, untouched_features
from fashion_cli.data.annotations import Annotation, read_manifest
from fashion_cli.data.tags import present_tags
from fashion_cli.data.targets import gather_vocabulary, targets
from fashion_cli.embedding.cached_features import cached_features
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.layers.tag_probabilities import tag_probabilities
from fashion_cli.metrics.bootstrap import mean_interval
from fashion_cli.metrics.ranking import CUTOFFS, average_precision, has_relevant_item
from fashion_cli.metrics.tags import best_thresholds, count_tags, mean_average_precision, top_accuracy
from fashion_cli.model_cards import TagGroup, Vocabulary
from fashion_cli.training import tag_head
from fashion_cli.training.recipe import Recipe, SetSection, read_recipe
from fashion_cli.weights import open_model

ROOT = Path(__file__).parents[1]

Truths = npt.NDArray[np.int8]
Figures = dict[str, float]


@dataclass(frozen=True)
class Photographs:
    """All photographs of a recipe's sets.

    Attributes:
        annotations: N of them.
        sets: (N,) number of each one's set.
        training: (N,) whether it is in `train`.
        validating: (N,) whether it is in `val`.
        truths: (N, T).
    """

    annotations: list[Annotation]
    sets: npt.NDArray[np.int64]
    training: npt.NDArray[np.bool_]
    validating: npt.NDArray[np.bool_]
    truths: Truths


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True, help="MobileNetV2, safetensors")
    parser.add_argument("--recipe", type=Path, default=ROOT / "examples" / "recipes" / "gallery.toml")
    parser.add_argument("--model", type=Path, help="a trained model to print beside the probe")
    parser.add_argument("--distractors", nargs="*", default=["catalog/catalog.csv"])
    parser.add_argument("--cache", type=Path, default=ROOT / "caches" / "linear_probe")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    recipe = read_recipe(options.recipe)
    vocabulary, photographs = read_sets(recipe, options.data)
    paths = [
        [photographs.annotations[row].path for row in np.flatnonzero(photographs.sets == number)]
        for number in range(len(recipe.sets))
    ]
    report: dict[str, Any] = {}
    for read in READERS:
        features = np.concatenate([untouched_features(options.weights, each, read, options.cache) for each in paths])
        scores = probe(features, photographs, vocabulary, options.cache)
        report[read] = measure(recipe, vocabulary, photographs, features, scores, options.distractors)
    report["probe"] = better(*report.values())
    if options.model:
        every = [annotation.path for annotation in photographs.annotations]
        vectors, scores = trained(options.model, vocabulary, every, options.cache)
        report["model"] = measure(recipe, vocabulary, photographs, vectors, scores, options.distractors)
    print(table(report))
    if options.out:
        options.out.write_text(json.dumps(report, indent=1) + "\n")


def read_sets(recipe: Recipe, data: Path) -> tuple[Vocabulary, Photographs]:
    """The vocabulary and the targets that the recipe trains with."""
    sets = [list(read_manifest(data / section.source)) for section in recipe.sets]
    groups = [(group.name, group.exclusive) for group in recipe.groups]
    labelled = [
        (section.labels, [annotation for annotation in rows if annotation.split == "train"])
        for section, rows in zip(recipe.sets, sets, strict=True)
    ]
    vocabulary = gather_vocabulary(groups, labelled, recipe.least_photographs)
    annotations = [annotation for rows in sets for annotation in rows]
    matrices = [
        targets(vocabulary, section.labels, section.absent, rows)
        for section, rows in zip(recipe.sets, sets, strict=True)
    ]
    return vocabulary, Photographs(
        annotations=annotations,
        sets=np.repeat(np.arange(len(sets)), [len(rows) for rows in sets]),
        training=np.array([annotation.split == "train" for annotation in annotations]),
        validating=np.array([annotation.split == "val" for annotation in annotations]),
        truths=np.concatenate(matrices),
    )


def probe(features: Features, photographs: Photographs, vocabulary: Vocabulary, cache: Path) -> Features:
    """(N, T) probabilities of the head that the recipe's last step fits, here to features that nobody trained."""
    identity = hashlib.sha256(features.tobytes() + photographs.truths.tobytes())
    identity.update(repr((vocabulary, tag_head.STRENGTHS, tag_head.STEPS)).encode())
    kept = cache / f"{identity.hexdigest()[:16]}-probe.npz"
    if not kept.exists():
        train, val = (
            (features[rows], photographs.truths[rows]) for rows in (photographs.training, photographs.validating)
        )
        weights, biases = tag_head.refit_tag_head(train, val, vocabulary)
        np.savez(kept, weights=weights.numpy(), biases=biases.numpy())
    head = np.load(kept)
    logits = torch.from_numpy(features @ head["weights"].T + head["biases"])
    return np.asarray(tag_probabilities(logits, vocabulary).numpy())


def trained(model: Path, vocabulary: Vocabulary, paths: Sequence[Path], cache: Path) -> tuple[Features, Features]:
    """(N, D) vectors and (N, T) scores of a trained model, its tags in the order of the vocabulary."""
    opened = open_model(model)
    keep = cache / f"{opened.card.weights_sha256[:16]}.h5"
    columns = {
        (group, name): column
        for column, (group, name) in enumerate(
            zip(opened.card.vocabulary.group_names, opened.card.vocabulary.names, strict=True)
        )
    }
    order = [columns[tag] for tag in zip(vocabulary.group_names, vocabulary.names, strict=True)]
    options = InferenceOptions(model=str(model))
    with cached_features(paths, opened, options, lambda _done, _all: None, keep) as found:
        if len(found.places) != len(paths):
            raise SystemExit(f"unreadable: {found.skipped[0]}")
        vectors = found.features.vectors(found.rows).astype(np.float32)
        return vectors, found.features.scores(found.rows).astype(np.float32)[:, order]


def measure(
    recipe: Recipe,
    vocabulary: Vocabulary,
    photographs: Photographs,
    vectors: Features,
    scores: Features,
    distractors: Sequence[str],
) -> dict[str, Figures]:
    """Name -> figures: "group" and "group, set" for tags, "vectors, set" for sets with items."""
    report: dict[str, Figures] = {}
    for group in vocabulary.groups:
        window = vocabulary.columns[group.name]
        for name, rows in rows_of(recipe, photographs):
            truths = photographs.truths[rows, window]
            if (truths == 1).any():
                report[", ".join(filter(None, (group.name, name)))] = tag_figures(scores[rows, window], truths, group)
    for number, section in enumerate(recipe.sets):
        if section.item:
            away = [at for at, each in enumerate(recipe.sets) if each.source in distractors]
            report[f"vectors, {Path(section.source).parent}"] = ranking(photographs, vectors, number, away, section)
    return report


def rows_of(recipe: Recipe, photographs: Photographs) -> list[tuple[str, npt.NDArray[np.int64]]]:
    """The `val` photographs of all sets together, and of each."""
    together = [("", np.flatnonzero(photographs.validating))]
    return together + [
        (str(Path(section.source).parent), np.flatnonzero(photographs.validating & (photographs.sets == number)))
        for number, section in enumerate(recipe.sets)
    ]


def tag_figures(scores: Features, truths: Truths, group: TagGroup) -> Figures:
    answers = np.where(scores < scores.max(axis=1, keepdims=True), 0, scores) if group.exclusive else scores
    cuts = tuple(best_thresholds(answers, truths).tolist())
    alone = Vocabulary((TagGroup(group.name, group.tags, group.exclusive, cuts),))
    return {
        "photographs": int((truths == 1).any(axis=1).sum()),
        "mAP": mean_average_precision(scores, truths),
        "top-1": top_accuracy(scores, truths),
        "macro F1": count_tags(present_tags(scores, alone), truths).macro().f1,
    }


def ranking(
    photographs: Photographs, vectors: Features, number: int, distractors: Sequence[int], section: SetSection
) -> Figures:
    """recall@K and mAP of the `val` photographs of a set among all of it and the distractors."""
    gallery = np.flatnonzero(np.isin(photographs.sets, [number, *distractors]))
    queries = np.flatnonzero(photographs.validating & (photographs.sets == number))
    items = np.array([a.values.get(section.item, "") for a in photographs.annotations])
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = units[queries] @ units[gallery].T  # (Q, G)
    own = gallery == queries[:, None]
    cosines[own] = -np.inf
    right = (items[gallery] == items[queries][:, None]) & (photographs.sets[gallery] == number) & ~own
    order = np.argsort(-cosines, axis=1, kind="stable")
    relevance = np.take_along_axis(right, order, axis=1)
    answerable = right.any(axis=1)
    figures: Figures = {"queries": int(answerable.sum()), "gallery": len(gallery)}
    for k in CUTOFFS:
        found = mean_interval(has_relevant_item(relevance[answerable], k), items[queries[answerable]].tolist())
        figures |= {f"recall@{k}": found.mean, f"recall@{k} low": found.low, f"recall@{k} high": found.high}
    figures["mAP"] = float(np.nanmean(average_precision(relevance, right.sum(axis=1))))
    return figures


def better(*reports: Mapping[str, Figures]) -> dict[str, Figures]:
    """The best of several inputs, figure by figure: the probe is given every advantage."""
    return {
        name: {figure: max(report[name][figure] for report in reports) for figure in reports[0][name]}
        for name in reports[0]
    }


def table(report: Mapping[str, Mapping[str, Figures]]) -> str:
    """A Markdown table, one row per figure, one column per contender."""
    lines = ["| | " + " | ".join(report) + " |", "|---" * (len(report) + 1) + "|"]
    for name, figures in next(iter(report.values())).items():
        for figure in figures:
            if not figure.endswith((" low", " high")):
                cells = [f"{each[name][figure]:.4g}" for each in report.values()]
                lines.append(f"| {name}: {figure} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
