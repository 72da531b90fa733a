"""Who asks, who answers, what is right, and every rank: against a plain full sort and pytorch-metric-learning."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pytest
import torch

from fashion_cli.data.features import FeatureFile, FeatureHeader, FeatureRows, FeatureWriter
from fashion_cli.data.tags import present_tags
from fashion_cli.embedding.cached_features import read_features
from fashion_cli.errors import AnnotationError, UsageError
from fashion_cli.evaluation import ranking as module
from fashion_cli.evaluation.ranking import rank_photographs
from fashion_cli.evaluation.retrieval_split import (
    BenchmarkDefaults,
    RetrievalOptions,
    RetrievalSplit,
    list_photographs,
    split_queries,
)
from fashion_cli.metrics.ranking import RelevantRanks
from fashion_cli.model_cards import TagGroup, Vocabulary
from fashion_cli.retrieval.exact import exact_cosines
from fashion_cli.retrieval.rerank import rerank, rerank_lists

T = TypeVar("T")
WIDTH, ITEMS, PHOTOGRAPHS = 8, 30, 240
VOCABULARY = Vocabulary((TagGroup("a", tuple("abcdefgh"), False), TagGroup("b", ("x", "y", "z"), True)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A manifest and a feature file of it. Items lie near each other; some photographs are copies of others."""
    rng = np.random.default_rng(3)
    items = rng.integers(0, ITEMS, PHOTOGRAPHS)
    vectors = rng.standard_normal((ITEMS, WIDTH))[items] + 1.2 * rng.standard_normal((PHOTOGRAPHS, WIDTH))
    vectors[200:] = vectors[:40]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = [
        (f"{row}.jpg", "" if row % 17 == 0 else f"item{items[row]}", "val" if row % 3 else "train", f"only{row}")
        for row in range(PHOTOGRAPHS)
    ]
    lines = [",".join(row) for row in [("path", "item_id", "split", "alone"), *rows]]
    (tmp_path / "m.csv").write_text("\n".join(lines) + "\n")
    write_features(tmp_path, vectors.astype(np.float16), rng.random((PHOTOGRAPHS, len(VOCABULARY))))
    return tmp_path


def write_features(
    folder: Path, vectors: npt.NDArray[np.float16], scores: npt.NDArray[np.float64], vocabulary: Vocabulary = VOCABULARY
) -> None:
    count = len(vectors)
    header = FeatureHeader("drawn", "f" * 64, vectors.shape[1], vocabulary, "test")
    with FeatureWriter.create(folder / "f.h5", header) as writer:
        writer.append(
            FeatureRows(
                paths=tuple(str(folder / f"{row}.jpg") for row in range(count)),
                sha256=tuple(f"{row:064x}" for row in range(count)),
                sizes=np.ones(count, np.int64),
                mtimes_ns=np.ones(count, np.int64),
                widths=np.ones(count, np.int32),
                heights=np.ones(count, np.int32),
                vectors=vectors,
                scores=scores.astype(np.float16),
            )
        )


def with_protocol(folder: Path, do: Callable[[RetrievalSplit, FeatureFile], T], **more: object) -> T:
    options = RetrievalOptions(str(folder / "m.csv"), **more)  # type: ignore[arg-type]
    listed = list_photographs(options)
    with read_features(listed.paths, folder / "f.h5") as found:
        return do(split_queries(options, listed, found), found.features)


def plain_lists(folder: Path, gallery_split: str) -> dict[int, list[tuple[int, bool]]]:
    """Query row -> every (row, is it right), best first; each list sorted in Python."""
    with FeatureFile.open(folder / "f.h5") as features:
        vectors = features.vectors()
    cells = [line.split(",") for line in (folder / "m.csv").read_text().splitlines()[1:]]
    lists = {}
    for query, (_, item, split, _) in enumerate(cells):
        if split != "val" or not item:
            continue
        cosines = exact_cosines(vectors[query].astype(np.float32), vectors).tolist()
        rows = [row for row in range(PHOTOGRAPHS) if row != query and gallery_split in ("", cells[row][2])]
        rows.sort(key=lambda row: (-cosines[row], row))
        if any(cells[row][1] == item for row in rows):
            lists[query] = [(row, cells[row][1] == item) for row in rows]
    return lists


@pytest.mark.parametrize("at_once", [module.QUERIES_AT_ONCE, 9])
@pytest.mark.parametrize("gallery_split", ["", "train"])
def test_every_rank_is_that_of_a_full_sort(
    folder: Path, gallery_split: str, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "QUERIES_AT_ONCE", at_once)
    monkeypatch.setattr(module, "RELEVANT_AT_ONCE", 10 * at_once)

    def ranks(split: RetrievalSplit, features: FeatureFile) -> dict[int, list[int]]:
        rows = iter(split.queries.tolist())
        found = {}
        for ranked in rank_photographs(split, features):
            for each in np.split(ranked.relevant.ranks, ranked.relevant.starts[1:]):
                found[next(rows)] = each.tolist()
        return found

    expected = {
        query: [rank for rank, (_, right) in enumerate(ranked, 1) if right]
        for query, ranked in plain_lists(folder, gallery_split).items()
    }
    assert with_protocol(folder, ranks, gallery_split=gallery_split) == expected


@pytest.mark.parametrize("topk", [5, 50, 1000])
@pytest.mark.parametrize("gallery_split", ["", "train"])
@pytest.mark.parametrize("weights", [(2.0, 2.0), (0.0, 1.0), (1.0, 0.0), (0.5, 3.0)])
def test_reranking_at_once_is_reranking_one_by_one(
    folder: Path, topk: int, gallery_split: str, weights: tuple[float, float]
) -> None:
    def first_and_precision(split: RetrievalSplit, features: FeatureFile) -> list[tuple[int, float]]:
        figures: list[tuple[int, float]] = []
        for ranked in rank_photographs(split, features, topk):
            right = ranked.relevant.reorder(rerank_lists(ranked.shared, ranked.lengths, *weights))
            figures += zip(right.first.tolist(), right.average_precision().tolist(), strict=True)
        return figures

    with FeatureFile.open(folder / "f.h5") as features:
        present = present_tags(features.scores(), VOCABULARY)
    expected = []
    for query, ranked in plain_lists(folder, gallery_split).items():
        first = ranked[:topk]
        shared = np.array([(present[query] & present[row]).sum() for row, _ in first])
        falling = np.arange(len(first), 0, -1).astype(np.float32)  # cosines, as far as their order goes
        order = [first[place] for place in rerank(falling, shared, *weights)] + ranked[topk:]
        found = [rank for rank, (_, right) in enumerate(order, 1) if right]
        expected.append((found[0], sum(n / rank for n, rank in enumerate(found, 1)) / len(found)))
    figures = with_protocol(folder, first_and_precision, gallery_split=gallery_split)
    assert [first for first, _ in figures] == [first for first, _ in expected]
    assert [each for _, each in figures] == pytest.approx([each for _, each in expected])


def test_agrees_with_pytorch_metric_learning(folder: Path) -> None:
    """On random vectors without copies, since theirs breaks ties by chance."""
    from pytorch_metric_learning.distances import CosineSimilarity
    from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
    from pytorch_metric_learning.utils.inference import CustomKNN

    rng = np.random.default_rng(9)
    vectors = rng.standard_normal((PHOTOGRAPHS, WIDTH))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    write_features(folder, vectors.astype(np.float16), np.zeros((PHOTOGRAPHS, len(VOCABULARY))))

    def measured(
        split: RetrievalSplit, features: FeatureFile
    ) -> tuple[RelevantRanks, RetrievalSplit, npt.NDArray[np.float16]]:
        (ranked,) = rank_photographs(split, features)
        return ranked.relevant, split, features.vectors()

    right, split, stored = with_protocol(folder, measured, split="val", gallery_split="train")
    numbers = {item: number for number, item in enumerate(dict.fromkeys(split.items))}
    cells = [line.split(",") for line in (folder / "m.csv").read_text().splitlines()[1:]]
    figures = AccuracyCalculator(
        include=("precision_at_1", "mean_average_precision"), k=None, knn_func=CustomKNN(CosineSimilarity())
    ).get_accuracy(
        torch.from_numpy(stored[split.queries]).double(),
        torch.tensor([numbers[item] for item in split.items]),
        torch.from_numpy(stored[split.gallery]).double(),
        torch.tensor([numbers.get(cells[row][1], -1) for row in split.gallery]),
    )
    assert (right.first <= 1).mean() == pytest.approx(figures["precision_at_1"])
    assert right.average_precision().mean() == pytest.approx(figures["mean_average_precision"], abs=1e-6)


def test_queries_without_anything_right_are_counted(folder: Path) -> None:
    split = with_protocol(folder, lambda split, _: split, split="val", gallery_split="train")
    lists = plain_lists(folder, "train")
    assert split.queries.tolist() == list(lists)
    cells = [line.split(",") for line in (folder / "m.csv").read_text().splitlines()[1:]]
    asking = sum(item != "" and split == "val" for _, item, split, _ in cells)
    assert split.without_relevant_item == asking - len(lists)


def test_photographs_that_nobody_needs_are_not_listed(folder: Path) -> None:
    options = RetrievalOptions(str(folder / "m.csv"), split="val", gallery_split="val")
    assert len(list_photographs(options).paths) == sum(row % 3 != 0 for row in range(PHOTOGRAPHS))


def test_reranking_wants_tags(folder: Path) -> None:
    with FeatureFile.open(folder / "f.h5") as features:
        vectors = features.vectors()
    write_features(folder, vectors, np.zeros((PHOTOGRAPHS, 0)), Vocabulary(()))
    with pytest.raises(UsageError, match="has no tags") as raised:
        with_protocol(folder, lambda split, features: list(rank_photographs(split, features, 5)))
    assert "--tagger" in raised.value.hint


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (RetrievalOptions("m.csv"), BenchmarkDefaults("val", "")),
        (RetrievalOptions("csv:m.csv", split="train"), BenchmarkDefaults("train", "")),
        (RetrievalOptions("inshop:d"), BenchmarkDefaults("query", "gallery", by="category")),
        (RetrievalOptions("inshop:d", split="train", by=""), BenchmarkDefaults("train", "train")),
        (RetrievalOptions("inshop:d", gallery_split=""), BenchmarkDefaults("query", "", by="category")),
        (RetrievalOptions("c2s:d"), BenchmarkDefaults("test", "test", "consumer", "shop")),
        (RetrievalOptions("c2s:d", split="val"), BenchmarkDefaults("val", "val", "consumer", "shop")),
        (RetrievalOptions("c2s:d", gallery_split=""), BenchmarkDefaults("test", "", "consumer", "shop")),
        (RetrievalOptions("folder:d"), BenchmarkDefaults("val", "", item="class")),
        (RetrievalOptions("inshop/m.csv", item_column="garment"), BenchmarkDefaults("val", "", item="garment")),
    ],
)
def test_what_is_published_holds_until_an_option_says_otherwise(
    options: RetrievalOptions, expected: BenchmarkDefaults
) -> None:
    assert options.effective == expected


def test_nothing_right_anywhere_is_an_error(folder: Path) -> None:
    with pytest.raises(AnnotationError, match="no query has another photograph"):
        with_protocol(folder, lambda split, _: split, item_column="alone")
