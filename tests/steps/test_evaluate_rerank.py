"""Each cell of the grid against `fashion eval retrieval --rerank` with its weights; gains against a plain loop."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fashion_cli.errors import UsageError
from fashion_cli.evaluation.retrieval_split import RetrievalOptions
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.steps.evaluate_rerank import EvalRerankConfig, EvalRerankReport, evaluate_rerank
from fashion_cli.steps.evaluate_retrieval import EvalRetrievalConfig, EvalRetrievalReport, evaluate_retrieval

ITEMS, VIEWS = 14, 4
CUTOFFS = (1, 3, 10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("views")
    rng = np.random.default_rng(0)
    with (folder / "m.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("path", "item_id", "split"))
        for item in range(ITEMS):
            patch = rng.integers(0, 256, (4, 3, 3))
            for view in range(VIEWS):
                noisy = np.clip(patch + rng.normal(0, 60, patch.shape), 0, 255).astype(np.uint8)
                Image.fromarray(noisy).resize((48, 64)).save(folder / f"i{item}v{view}.png")
                writer.writerow((f"i{item}v{view}.png", f"item{item}", "val"))
    return folder


@pytest.fixture(scope="module")
def inference(tiny_model: Path) -> InferenceOptions:
    return InferenceOptions(model=str(tiny_model), engine="onnx")


def sweep(folder: Path, inference: InferenceOptions, **more: Any) -> EvalRerankReport:
    config = EvalRerankConfig(
        RetrievalOptions(str(folder / "m.csv")), inference, folder / "f.h5", cutoffs=CUTOFFS, **more
    )
    return evaluate_rerank(config, lambda _done, _all: None)


def single(folder: Path, inference: InferenceOptions, **more: Any) -> EvalRetrievalReport:
    protocol = RetrievalOptions(str(folder / "m.csv"))
    config = EvalRetrievalConfig(protocol, inference, folder / "f.h5", cutoffs=CUTOFFS, **more)
    return evaluate_retrieval(config, lambda _done, _all: None)


def test_each_cell_is_a_measurement_of_its_own(folder: Path, inference: InferenceOptions) -> None:
    report = sweep(folder, inference, topk=20, alphas=(0.0, 1.0, 2.0), betas=(0.0, 2.0))
    plain = single(folder, inference)
    assert (report.queries, report.items, report.gallery) == (ITEMS * VIEWS, ITEMS, ITEMS * VIEWS)
    assert report.plain == plain.overall.recall
    assert [(cell.alpha, cell.beta) for cell in report.cells] == [(a, b) for a in (0.0, 1.0, 2.0) for b in (0.0, 2.0)]
    changed = 0
    for cell in report.cells:
        alone = single(folder, inference, rerank=True, topk=20, alpha=cell.alpha, beta=cell.beta).overall.recall
        for k in CUTOFFS:
            assert cell.recall[k] == pytest.approx(alone[k].mean)
            assert cell.gain[k].mean == pytest.approx(alone[k].mean - report.plain[k].mean)
            assert cell.gain[k].low <= cell.gain[k].mean <= cell.gain[k].high
            changed += cell.gain[k].mean != 0
        if cell.beta == 0:
            assert {each.mean for each in cell.gain.values()} == {0.0}
    assert changed  # or the comparison says nothing


def test_recall_at_as_many_hits_as_are_reranked_stays(folder: Path, inference: InferenceOptions) -> None:
    report = sweep(folder, inference, topk=10, betas=(50.0,))
    assert {cell.gain[10].low for cell in report.cells} == {cell.gain[10].high for cell in report.cells} == {0.0}
    assert any(cell.gain[1].mean for cell in report.cells)


def test_a_model_without_tags_cannot_rerank(folder: Path, inference: InferenceOptions, untagged_model: Path) -> None:
    with pytest.raises(UsageError, match="has no tags, only vectors") as raised:
        sweep(folder, InferenceOptions(model=str(untagged_model), engine="torch"))
    assert "--tagger" in raised.value.hint
    with pytest.raises(UsageError, match="topk 0"):
        sweep(folder, inference, topk=0)
