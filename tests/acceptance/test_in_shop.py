"""The retrieval system of Lim & Nang from annotations to recall@K, on a drawn In-shop tree: it learns."""

import json
from pathlib import Path

import pytest

from fashion_cli.app import main
from tests.acceptance.in_shop_tree import draw_in_shop

RECIPE = """
task = "multitask"
similar_share = 0.0

[model]
name = "drawn"
architecture = "multitask_mobilenet"
vector_width = 32

[[stages]]
epochs = 20
height = 48
width = 36
garments = 16
photographs = 3

[optimiser]
backbone_lr = 2e-3
head_lr = 4e-3
warmup_steps = 10
ema_decay = 0.9

[augment]
least_area = 0.5

[loss]
tags = 0.0
kind = "supervised_contrastive"

[[sets]]
source = "csv:in-shop.csv"
item = "item_id"
held_out = 0.05
"""
ITEMS = {"training": 140, "testing": 60}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("in-shop") / "tree"
    draw_in_shop(root, **ITEMS)
    return root


def train(tree: Path, out: Path, capsys: pytest.CaptureFixture[str], *options: str) -> Path:
    recipe = out.with_suffix(".toml")
    recipe.write_text(RECIPE)
    assert main(["train", str(recipe), "--data", f"inshop:{tree}", "--out", str(out), "--quiet", *options]) == 0
    capsys.readouterr()
    return out


def recall(tree: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    line = ["eval", "retrieval", "--data", f"inshop:{tree}", "--model", str(model), "--format", "json", "--quiet"]
    assert main(line) == 0
    rows: list[dict[str, float]] = json.loads(capsys.readouterr().out)
    (overall,) = (row for row in rows if not row["part"])
    return overall


@pytest.mark.campaign
def test_training_at_least_doubles_recall_at_1(tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nothing = (
        "--set",
        "optimiser.backbone_lr=1e-12",
        "--set",
        "optimiser.head_lr=1e-12",
        "--set",
        "optimiser.steps=1",
    )
    before = recall(tree, train(tree, tmp_path / "before", capsys, *nothing), capsys)
    after = recall(tree, train(tree, tmp_path / "after", capsys), capsys)
    assert before["queries"] == after["queries"] == after["gallery"] == 2 * ITEMS["testing"]
    assert after["recall@1"] >= 2 * before["recall@1"]
    assert after["recall@20"] >= 2 * before["recall@20"]
    assert 0 < after["recall@1"] <= after["recall@20"] <= after["recall@50"]
