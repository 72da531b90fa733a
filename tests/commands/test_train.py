"""`fashion train`: what is asked for reaches the step, what happens is shown on stderr, figures go to stdout."""

import io
import json
import math
import re
import shlex
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.main import get_command

from fashion_cli.app import app, main
from fashion_cli.commands.output.training_progress import TimeLeft, heading, row, sentence, show_training, status
from fashion_cli.steps import train as step
from fashion_cli.training.progress import Progress

FIGURES = {"recall@1": 0.25, "colour/mAP": 0.51234}
MIDDLE = Progress(5, 20, 1, 4, 0.75, 311.6, FIGURES)
EPOCH = Progress(10, 20, 1, 4, 0.5, 300.0, FIGURES, measured=True, is_best=True)
BEFORE = Progress(0, 20, 0, 4, figures=FIGURES, measured=True)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[step.TrainConfig]:
    """What the step was asked for; it tells of one epoch."""
    asked: list[step.TrainConfig] = []

    def trained(config: step.TrainConfig, progress: Callable[[Progress], None]) -> step.TrainReport:
        asked.append(config)
        progress(MIDDLE)
        progress(EPOCH)
        return step.TrainReport(config.out, {"colour/mAP": 0.5, "loss": math.nan})

    monkeypatch.setattr(step, "train_model", trained)
    return asked


def test_train_prints_its_figures(calls: list[step.TrainConfig], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "r.toml", "--data", "data", "--out", "out"]) == 0
    assert calls == [step.TrainConfig("r.toml", "data", Path("out"))]
    out, err = capsys.readouterr()
    assert [json.loads(line) for line in out.splitlines()] == [
        {"figure": "colour/mAP", "value": 0.5},
        {"figure": "loss", "value": None},
    ]
    assert err.splitlines() == [
        "epoch 2 of 4: loss 0.5000, recall@1 0.2500, colour/mAP 0.5123, the best so far",
        "model: out",
    ]


def test_every_option_reaches_the_step(calls: list[step.TrainConfig]) -> None:
    line = "train lim-nang --data inshop:photos --init torchvision:IMAGENET1K_V2 --out runs/a --seed 3"
    assert main([*line.split(), "--set", "a=1", "--set", "b.0.c=x", "--quiet"]) == 0
    assert calls == [
        step.TrainConfig(
            "lim-nang", "inshop:photos", Path("runs/a"), "torchvision:IMAGENET1K_V2", ("a=1", "b.0.c=x"), 3
        )
    ]


def test_help_shows_the_two_commands_of_the_paper_as_they_are_typed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--help"]) == 0
    shown = capsys.readouterr().out
    train = r"""
    fashion train lim-nang --data inshop:DIR \
        --init torchvision:IMAGENET1K_V2 --out runs/lim-nang
    fashion eval retrieval --data inshop:DIR --model runs/lim-nang
"""
    assert train in shown


def test_quiet(calls: list[step.TrainConfig], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "r.toml", "--data", "data", "--out", "out", "-q"]) == 0
    assert capsys.readouterr().err == "model: out\n"


def test_only_the_first_process_speaks(
    calls: list[step.TrainConfig], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "1")
    assert main(["train", "r.toml", "--data", "data", "--out", "out"]) == 0
    assert capsys.readouterr() == ("", "")


def test_what_is_wrong_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "galery", "--data", "data", "--out", "out"]) == 1
    assert "no recipe 'galery'" in (err := capsys.readouterr().err)
    assert "did you mean 'gallery'?" in err
    assert main(["train", "gallery", "--data", "data", "--out", "out", "--set", "optimiser.backbone_l=1"]) == 1
    assert "--set optimiser.backbone_l=1: optimiser: unknown key 'backbone_l' — did you mean" in capsys.readouterr().err
    assert main(["train", "gallery", "--data", "folder:x", "--out", "out"]) == 2
    assert "sets, not one" in capsys.readouterr().err
    assert main(["train", "gallery", "--data", "data"]) == 2
    assert "--out" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "where", [["-o", "out"], ["--out", "out"], ["-oout"], ["-o", "runs/rate=3/out"], ["-o", "v1.2/rate=3"]]
)
def test_o_is_the_output_as_elsewhere(where: list[str], calls: list[step.TrainConfig]) -> None:
    assert main(["train", "r.toml", "--data", "data", "-q", *where]) == 0
    assert calls[0].out == Path(where[-1].removeprefix("-o"))


@pytest.mark.parametrize(
    "change", ["stages.0.epochs=2", "precision=bf16", "model.mean=[0.5, 1]", "groups.a b.weight=2"]
)
@pytest.mark.parametrize("also", [[], ["--out", "out"]])
def test_a_change_of_the_recipe_behind_o_is_told_from_a_directory(
    change: str, also: list[str], calls: list[step.TrainConfig], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "r.toml", "--data", "data", "-o", change, *also]) == 2
    assert capsys.readouterr().err == (
        f"fashion: -o {change}: -o is the model directory — change the recipe with --set {shlex.quote(change)}\n"
    )
    assert not calls


def test_two_outputs_are_refused(calls: list[step.TrainConfig], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "r.toml", "--data", "data", "-o", "a", "--out", "b"]) == 2
    assert "several model directories: a, b" in capsys.readouterr().err
    assert not calls


def test_o_means_output_in_every_command() -> None:
    commands, seen = [get_command(app)], 0
    while commands:
        command = commands.pop()
        for parameter in command.params:
            if "-o" in parameter.opts:
                assert (command.name, parameter.name, "--out" in parameter.opts) == (command.name, "out", True)
                seen += 1
        commands += getattr(command, "commands", {}).values()
    assert seen >= 8


def test_an_interrupted_run_says_that_it_can_go_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(config: step.TrainConfig, progress: Callable[[Progress], None]) -> step.TrainReport:
        raise KeyboardInterrupt

    monkeypatch.setattr(step, "train_model", interrupted)
    assert main(["train", "r.toml", "--data", "data", "--out", "out"]) == 130
    assert capsys.readouterr().err == "fashion: interrupted — the same call goes on from here\n"


def test_the_status_beside_the_bar() -> None:
    assert status(MIDDLE) == "loss 0.75, 312 images/s, recall@1 0.2500"
    assert "20.0 images/min" in status(replace(MIDDLE, images_per_second=1 / 3))
    assert status(Progress(0, 20, 0, 4)) == ""


def test_a_row_stands_under_its_heading() -> None:
    assert heading(EPOCH) == "  epoch      loss   recall@1  colour/mAP"
    assert row(EPOCH) == "    2/4    0.5000     0.2500      0.5123  *"
    assert row(BEFORE) == "    0/4         –     0.2500      0.5123"


def test_a_row_of_many_figures_says_how_many_are_missing() -> None:
    many = Progress(10, 20, 1, 4, 0.5, 300.0, {f"group{number}/mAP": 0.5 for number in range(8)}, measured=True)
    assert heading(many).endswith("group5/mAP  +2")
    for width in (20, 40, 60, 100):
        assert len(heading(many, width)) <= max(width, len("  epoch      loss  +8"))
        assert len(row(many, width)) <= max(width, len("  epoch      loss"))
    assert heading(many, 60).endswith("group2/mAP  +5")
    assert row(many).count("0.5000") == 7


def test_an_epoch_in_a_log() -> None:
    assert sentence(BEFORE) == "epoch 0 of 4: before training, recall@1 0.2500, colour/mAP 0.5123"


def test_time_left_counts_the_steps_of_this_call(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 104.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    left = TimeLeft()
    assert left.after(Progress(50, 90, 0, 1)) is None
    assert left.after(Progress(60, 90, 0, 1)) == pytest.approx(30 * 4 / 10)


def test_a_log_has_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    clock = iter([0.0, 1.0, 1.0, 31.0, 31.0, 31.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    with show_training() as show:
        show(Progress(1, 20, 0, 4, 0.9, 300.0))
        show(Progress(4, 20, 0, 4, 0.75, 311.6, FIGURES))
    told = capsys.readouterr().err
    assert told == "training: step 4 of 20, loss 0.75, 312 images/s, recall@1 0.2500, 2 min 40 s left\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_has_a_bar_and_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "120")
    with show_training() as show:
        show(BEFORE)
        show(MIDDLE)
        show(EPOCH)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.getvalue())
    lines = [line.rstrip() for line in shown.replace("\r", "\n").splitlines()]
    places = [lines.index(line) for line in (heading(EPOCH), row(BEFORE), row(EPOCH))]
    assert places == sorted(places)
    assert sum(line == heading(EPOCH) for line in lines) == 1
    assert "loss" in shown
    assert math.isfinite(EPOCH.loss)


def test_a_log_says_when_a_teacher_begins(capsys: pytest.CaptureFixture[str]) -> None:
    with show_training() as show:
        show(Progress(64, 1200, 0, 1, phase="teacher lite2"))
        show(Progress(80, 1200, 0, 1, phase="teacher lite2"))
        show(Progress(0, 1200, 0, 1, phase="teacher inception"))
        show(Progress(1, 20, 0, 4, 0.9))
    told = capsys.readouterr().err.splitlines()
    assert told == ["teacher lite2: 64 of 1,200 photographs", "teacher inception: 0 of 1,200 photographs"]


def test_time_left_begins_anew_with_each_phase(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 50.0, 60.0, 64.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    left = TimeLeft()
    assert left.after(Progress(0, 90, 0, 1, phase="teacher a")) is None
    assert left.after(Progress(45, 90, 0, 1, phase="teacher a")) == pytest.approx(50)
    assert left.after(Progress(50, 90, 0, 1)) is None
    assert left.after(Progress(60, 90, 0, 1)) == pytest.approx(30 * 4 / 10)


@pytest.mark.parametrize("width", [40, 60])
def test_rows_fit_a_narrow_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", str(width))
    many = Progress(10, 20, 1, 4, 0.5, 300.0, {f"group{number}/mAP": 0.5 for number in range(8)}, measured=True)
    with show_training() as show:
        show(many)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.getvalue())
    lines = [line.rstrip() for line in shown.replace("\r", "\n").splitlines()]
    assert heading(many, width) in lines
    assert [line for line in lines if re.fullmatch(r"[\d./* ]+", line)] == [row(many, width)]  # none goes on below
    assert all(len(line) <= width for line in lines)
