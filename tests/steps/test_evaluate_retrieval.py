"""Retrieval figures against plain loops over the stored vectors."""

import csv
import math
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fashion_cli.data.features import FeatureFile
from fashion_cli.data.tags import present_tags
from fashion_cli.errors import AnnotationError, FashionError, UsageError
from fashion_cli.evaluation.retrieval_split import RetrievalOptions
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.steps.evaluate_retrieval import (
    RERANKED,
    EvalRetrievalConfig,
    EvalRetrievalReport,
    evaluate_retrieval,
)

ITEMS, VIEWS, OTHERS = 8, 3, 60
CUTOFFS = (1, 2, 5)
PROTOCOL = {field.name for field in fields(RetrievalOptions)}

Ranking = tuple[dict[int, float], float]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Items of three photographs each (a noisy patch of its own colours), a singleton, one of no item, others."""
    folder = tmp_path_factory.mktemp("views")
    rng = np.random.default_rng(0)
    rows: list[tuple[str, ...]] = []
    for item in range(ITEMS):
        patch = rng.integers(0, 256, (4, 3, 3))
        for view in range(VIEWS):
            name = f"i{item}v{view}.png"
            draw(folder / name, np.clip(patch + rng.normal(0, 40, patch.shape), 0, 255))
            rows.append((name, f"item{item}", "val" if item % 2 else "train", "wool" if item < 4 else "silk"))
    for name, alone in (("single.png", "alone"), ("unknown.png", "")):
        draw(folder / name, rng.integers(0, 256, (4, 3, 3)))
        rows.append((name, alone, "val", "silk"))
    for number in range(OTHERS):
        (folder / "others").mkdir(exist_ok=True)
        draw(folder / "others" / f"{number:03}.png", rng.integers(0, 256, (4, 3, 3)))
    write_manifest(folder / "m.csv", rows)
    (folder / "others" / "o.csv").write_text("path,item_id\n000.png,item1\n001.png,item1\n")
    return folder


def draw(path: Path, patch: np.ndarray) -> None:
    Image.fromarray(patch.astype(np.uint8)).resize((48, 64)).save(path)


def write_manifest(path: Path, rows: list[tuple[str, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("path", "item_id", "split", "cloth"), *rows])


def measure(folder: Path, model: Path | None, **more: Any) -> EvalRetrievalReport:
    inference = InferenceOptions(model=str(model), engine="onnx") if model else None
    asked = {name: more.pop(name) for name in PROTOCOL & set(more)}
    protocol = RetrievalOptions(**{"data": str(folder / "m.csv"), **asked})
    return evaluate_retrieval(
        EvalRetrievalConfig(protocol, inference, **{"cutoffs": CUTOFFS, **more}), lambda _done, _all: None
    )


def plain_figures(folder: Path, features: Path, *, split: str = "val", rerank: bool = False) -> Ranking:
    """Every list sorted in Python, every figure by its definition."""
    with FeatureFile.open(features) as stored:
        paths = stored.paths()
        vectors = stored.vectors().astype(np.float64)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        present = present_tags(stored.scores(), stored.header.vocabulary)
    with (folder / "m.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    item_of = {str(folder / row["path"]): row["item_id"] for row in rows}
    hits: dict[int, list[bool]] = {k: [] for k in CUTOFFS}
    precisions = []
    for row in rows:
        query = paths.index(str(folder / row["path"]))
        if split and row["split"] != split:
            continue
        others = [number for number in range(len(paths)) if number != query]
        right = [bool(row["item_id"]) and item_of.get(paths[other]) == row["item_id"] for other in others]
        if not any(right):
            continue
        cosines = [float(vectors[query] @ vectors[other]) for other in others]
        order = sorted(range(len(others)), key=[-cosine for cosine in cosines].__getitem__)
        if rerank:
            shared = [int((present[query] & present[others[place]]).sum()) for place in order[:RERANKED]]
            totals = [-2 * rank + 2 * count for rank, count in enumerate(shared, 1)]
            first = sorted(range(len(totals)), key=[-total for total in totals].__getitem__)
            order = [order[place] for place in first] + order[RERANKED:]
        ranked = [right[place] for place in order]
        for k in CUTOFFS:
            hits[k].append(any(ranked[:k]))
        found = [rank for rank, is_right in enumerate(ranked, 1) if is_right]
        precisions.append(sum(n / rank for n, rank in enumerate(found, 1)) / len(found))
    return {k: sum(each) / len(each) for k, each in hits.items()}, sum(precisions) / len(precisions)


def check(report: EvalRetrievalReport, expected: Ranking) -> None:
    recall, precision = expected
    assert {k: found.mean for k, found in report.overall.recall.items()} == pytest.approx(recall)
    assert report.overall.mean_average_precision.mean == pytest.approx(precision, abs=1e-6)


@pytest.mark.parametrize("rerank", [False, True])
@pytest.mark.parametrize("split", ["val", ""])
def test_agrees_with_a_plain_loop(folder: Path, tiny_model: Path, tmp_path: Path, split: str, rerank: bool) -> None:
    report = measure(
        folder,
        tiny_model,
        distractors=(folder / "others",),
        features=tmp_path / "f.h5",
        split=split,
        rerank=rerank,
    )
    items = ITEMS if not split else ITEMS // 2
    assert (report.overall.queries, report.overall.items) == (items * VIEWS, items)
    assert report.gallery == ITEMS * VIEWS + 2 + OTHERS
    assert report.without_relevant_item == 1  # the item with a single photograph
    expected = plain_figures(folder, tmp_path / "f.h5", split=split, rerank=rerank)
    check(report, expected)
    assert 0.1 < expected[1] < 0.95  # or the comparison says nothing
    for found in report.overall.recall.values():
        assert found.low <= found.mean <= found.high


def test_what_a_distractor_manifest_says_of_items_does_not_count(
    folder: Path, tiny_model: Path, tmp_path: Path
) -> None:
    report = measure(folder, tiny_model, distractors=(folder / "others" / "o.csv",), features=tmp_path / "f.h5")
    assert report.gallery == ITEMS * VIEWS + 2 + 2
    check(report, plain_figures(folder, tmp_path / "f.h5"))


def test_a_photograph_that_is_also_among_the_distractors_counts_once(folder: Path, tiny_model: Path) -> None:
    report = measure(folder, tiny_model, distractors=(folder, folder / "others"))
    assert report.gallery == ITEMS * VIEWS + 2 + OTHERS


def test_a_gallery_of_another_split_leaves_nothing_right(folder: Path, tiny_model: Path) -> None:
    with pytest.raises(AnnotationError, match="no query has another photograph"):
        measure(folder, tiny_model, gallery_split="train")


def test_figures_for_each_value_of_a_column_add_up(folder: Path, tiny_model: Path) -> None:
    report = measure(folder, tiny_model, split="", by="cloth")
    assert [part.name for part in report.parts] == ["silk", "wool"]
    for k in CUTOFFS:
        hits = sum(part.queries * part.recall[k].mean for part in report.parts)
        assert hits / report.overall.queries == pytest.approx(report.overall.recall[k].mean)


def test_a_kept_feature_file_is_used_again_and_keeps_what_else_it_holds(
    folder: Path, tiny_model: Path, tmp_path: Path
) -> None:
    features = tmp_path / "f.h5"
    more = measure(folder, tiny_model, distractors=(folder / "others",), features=features)
    written = features.stat().st_mtime_ns
    fewer = measure(folder, tiny_model, features=features)
    assert (more.gallery, fewer.gallery) == (ITEMS * VIEWS + 2 + OTHERS, ITEMS * VIEWS + 2)
    assert features.stat().st_mtime_ns == written
    with FeatureFile.open(features) as stored:
        assert len(stored) == more.gallery


def test_what_else_a_kept_feature_file_holds_is_none_of_this_measurements_business(
    folder: Path, tiny_model: Path, tmp_path: Path
) -> None:
    (tmp_path / "other.png").write_bytes((folder / "others" / "000.png").read_bytes())
    measure(folder, tiny_model, distractors=(tmp_path,), features=tmp_path / "f.h5")
    (tmp_path / "other.png").write_bytes(b"no picture any more")
    report = measure(folder, tiny_model, features=tmp_path / "f.h5")
    assert report.skipped == ()
    assert report.gallery == ITEMS * VIEWS + 2


def test_unreadable_photographs_are_counted_and_named(folder: Path, tiny_model: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    rows = [(str(folder / f"i1v{view}.png"), "a", "val", "") for view in range(VIEWS)]
    write_manifest(tmp_path / "m.csv", [*rows, (str(broken), "a", "val", ""), ("gone.png", "a", "val", "")])
    report = measure(tmp_path, tiny_model)
    assert (report.overall.queries, report.gallery) == (VIEWS, VIEWS)
    assert {Path(each.path).name for each in report.skipped} == {"broken.png", "gone.png"}


def test_identical_photographs_find_each_other_first(tiny_model: Path, tmp_path: Path, folder: Path) -> None:
    for copy in ("a.png", "b.png"):
        (tmp_path / copy).write_bytes((folder / "i0v0.png").read_bytes())
    write_manifest(tmp_path / "m.csv", [("a.png", "x", "val", ""), ("b.png", "x", "val", "")])
    report = measure(tmp_path, tiny_model, distractors=(folder / "others",))
    assert report.overall.recall[1].mean == report.overall.mean_average_precision.mean == 1
    assert math.isclose(report.overall.recall[1].low, 1)


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"item_column": "garment"}, AnnotationError, "no column 'garment'"),
        ({"by": "garment"}, AnnotationError, "no column 'garment'"),
        ({"split": "test"}, AnnotationError, "no photograph with split=test"),
        ({"distractors": (Path("/nowhere"),)}, UsageError, "no such file or folder"),
        ({"data": "/nowhere.csv"}, AnnotationError, "cannot be read"),
        ({"data": "c2:/nowhere"}, AnnotationError, "neither a kind of set nor a file"),
    ],
)
def test_wrong_options_say_what_to_do(
    folder: Path, tiny_model: Path, more: dict[str, Any], error: type[FashionError], message: str
) -> None:
    with pytest.raises(error, match=message) as raised:
        measure(folder, tiny_model, **more)
    assert raised.value.hint


def test_a_feature_file_is_measured_as_it_is(folder: Path, tiny_model: Path, tmp_path: Path) -> None:
    with_model = measure(folder, tiny_model, distractors=(folder / "others",), features=tmp_path / "f.h5")
    alone = measure(folder, None, distractors=(folder / "others",), features=tmp_path / "f.h5")
    assert (alone.overall, alone.parts, alone.gallery) == (with_model.overall, with_model.parts, with_model.gallery)
    assert (alone.model, alone.source) == (with_model.model, str(tmp_path / "f.h5"))
    (folder / "more.png").write_bytes((folder / "i0v0.png").read_bytes())
    more = measure(folder, None, distractors=(folder / "more.png",), features=tmp_path / "f.h5")
    (folder / "more.png").unlink()
    assert [(each.path, each.reason) for each in more.skipped] == [
        (str(folder / "more.png"), f"not in {tmp_path / 'f.h5'}")
    ]
    with pytest.raises(UsageError, match="neither a model nor a feature file"):
        measure(folder, None)


def test_only_the_first_hits_are_reranked(folder: Path, tiny_model: Path, tmp_path: Path) -> None:
    """Re-ranking one hit changes nothing, and recall at as many hits as are re-ranked never changes."""
    options = {"distractors": (folder / "others",), "features": tmp_path / "f.h5"}
    plain, one, five = (
        measure(folder, tiny_model, **options),
        measure(folder, tiny_model, rerank=True, topk=1, **options),
        measure(folder, tiny_model, rerank=True, topk=5, beta=50.0, **options),
    )
    assert one.overall == plain.overall
    assert five.overall.recall[5] == plain.overall.recall[5]
    assert five.overall.mean_average_precision != plain.overall.mean_average_precision
