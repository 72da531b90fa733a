"""What a run writes to be read, and how a picture is made of it."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from fashion_cli.training.curves import Curve, draw_learning_curve, gather, means, shares
from fashion_cli.training.run_log import RunLog, read_metrics

LINES: list[dict[str, Any]] = [
    {"step": 0, "epoch": 0, "val/recall": 0.1, "val/rank": 50.0},
    {"step": 1, "epoch": 0, "loss": 4.0},
    {"step": 2, "epoch": 0, "loss": 2.0},
    {"step": 2, "epoch": 0, "val/recall": 0.5, "val/rank": 9.0},
    {"step": 3, "epoch": 1, "loss": 1.0},
    {"step": 4, "epoch": 1, "loss": None},
    {"step": 4, "epoch": 1, "val/recall": None, "val/rank": 7.0},
]


def log(directory: Path, done: int, *steps: int) -> None:
    writer = RunLog(directory, done, measured=0)
    for step in steps:
        writer.write(step, 0, {"loss": step / 10, "odd": math.nan})
    writer.close()


def test_lines_are_json(tmp_path: Path) -> None:
    log(tmp_path, 0, 1, 2)
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [{**json.loads(line), "time": 0} for line in lines] == [
        {"step": 1, "epoch": 0, "time": 0, "loss": 0.1, "odd": None},
        {"step": 2, "epoch": 0, "time": 0, "loss": 0.2, "odd": None},
    ]


def test_what_was_written_behind_the_checkpoint_is_taken_back(tmp_path: Path) -> None:
    log(tmp_path, 0, 1, 2, 3)
    with (tmp_path / "metrics.jsonl").open("a") as stream:
        stream.write('{"step": 4, "lo')  # a kill
    assert [line["step"] for line in read_metrics(tmp_path)] == [1, 2, 3]
    log(tmp_path, 2, 3, 4)
    assert [line["step"] for line in read_metrics(tmp_path)] == [1, 2, 3, 4]


def test_figures_that_no_checkpoint_knows_are_measured_again(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in LINES))
    RunLog(tmp_path, done=4, measured=1).close()
    assert read_metrics(tmp_path) == LINES[:-1]


def test_a_new_run_begins_a_new_file(tmp_path: Path) -> None:
    log(tmp_path, 0, 1, 2)
    log(tmp_path, 0, 1)
    assert [line["step"] for line in read_metrics(tmp_path)] == [1]


def test_the_curves_of_a_run() -> None:
    steps, figures = gather(LINES)
    assert steps == Curve([0.5, 1.0, 1.5], [4.0, 2.0, 1.0])
    assert figures == {"recall": Curve([0, 1], [0.1, 0.5]), "rank": Curve([0, 1, 2], [50.0, 9.0, 7.0])}
    assert means(steps) == Curve([0.5, 1.5], [3.0, 1.0])
    assert list(shares(figures, within=True)) == ["recall"]
    assert list(shares(figures, within=False)) == ["rank"]


@pytest.mark.parametrize("lines", [LINES, LINES[1:3]])
def test_the_picture(tmp_path: Path, lines: list[dict[str, Any]]) -> None:
    draw_learning_curve(lines, tmp_path / "curve.png", best_epoch=1, title="drawn")
    with Image.open(tmp_path / "curve.png") as picture:
        assert picture.format == "PNG"
        colours = picture.convert("RGB").getcolors(1 << 20)
    assert colours is not None
    blue = (0, 0x72, 0xB2)  # the first figure's line
    assert (blue in {colour for _, colour in colours}) == (lines == LINES)
