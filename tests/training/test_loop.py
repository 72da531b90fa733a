"""The loop against plain loops, and what is left when it is stopped, killed, launched twice."""

import json
import math
import os
import random
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from fashion_cli.errors import TrainingError
from fashion_cli.training import loop
from fashion_cli.training.checkpoint import read_checkpoint, write_checkpoint
from fashion_cli.training.loop import LoopSettings, TrainingLoop
from fashion_cli.training.progress import Progress
from fashion_cli.training.recipe_sections import OptimiserSection, StopSection
from fashion_cli.training.run_log import read_metrics
from tests.forked import Finished, run_forked
from tests.training import drawn_task
from tests.training.drawn_task import DrawnImages, DrawnTask, watch

PLAIN: dict[str, Any] = {"noise": 0.0, "normalises": False}
WAYS: dict[str, dict[str, Any]] = {
    "adamw": {"warmup_steps": 3, "ema_decay": 0.9},
    "adam, constant": {"kind": "adam", "schedule": "constant", "warmup_steps": 0, "ema_decay": 0.0},
    "sgd, accumulation, step": {
        "kind": "sgd",
        "accumulate": 2,
        "schedule": "step",
        "decay_every": 1,
        "decay": 0.5,
        "warmup_steps": 2,
        "ema_decay": 0.5,
    },
}


class KilledError(Exception):
    """In place of SIGKILL: what was in memory is lost."""


@pytest.fixture(autouse=True)
def _no_checkpoint_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", math.inf)


def train(
    out: Path,
    optimiser: dict[str, Any],
    *,
    report: Callable[[Progress], None] = lambda progress: None,
    stop: StopSection = StopSection(),  # noqa: B008  # frozen
    precision: str = "no",
    **task: Any,
) -> dict[str, Tensor]:
    """The final weights of a run."""
    out.mkdir(exist_ok=True)
    settings = LoopSettings(OptimiserSection(**optimiser), stop, precision=precision)
    return dict(TrainingLoop(DrawnTask(**task), settings, out, report).run().state_dict())


def assert_same(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    """Bit for bit."""
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert torch.equal(value, other[name]), name


def plain_weights(task: DrawnTask, accumulate: int, factors: list[float], clip: float, average: float) -> nn.Module:
    """SGD with momentum, clipping and a moving average, written out."""
    images = DrawnImages()
    network, rates = task.network, [0.02, 0.05]
    groups = [{"params": group["params"], "lr": group["lr"]} for group in task.parameter_groups()[:2]]
    sgd = torch.optim.SGD(groups, lr=1.0, momentum=0.9, weight_decay=0.02)
    mean: list[Tensor] = []
    step = 0
    for epoch in range(task.epochs):
        batches = task.rows(epoch)
        for start in range(0, len(batches), accumulate):
            losses = [
                (task.objective(network(images.images[rows])).squeeze(1) - images.answers[rows]).square().mean()
                for rows in batches[start : start + accumulate]
            ]
            for group, rate in zip(sgd.param_groups, rates, strict=True):
                group["lr"] = rate * factors[step]
            sgd.zero_grad()
            (sum(losses, torch.zeros(())) / len(losses)).backward()
            nn.utils.clip_grad_norm_([*network.parameters(), *task.objective.parameters()], clip)
            sgd.step()
            now = [value.detach().clone() for value in network.parameters()]
            mean = [average * old + (1 - average) * new for old, new in zip(mean, now, strict=True)] if mean else now
            step += 1
    for value, final in zip(network.parameters(), mean, strict=True):
        value.data = final
    return network


def test_a_step_is_what_a_plain_loop_does(tmp_path: Path) -> None:
    """Five batches of an epoch in steps of two: the last step has one."""
    warm, total = [1 / 2, 2 / 2], 9
    factors = warm + [0.5 * (1 + math.cos(math.pi * step / (total - 2))) for step in range(total - 2)]
    expected = plain_weights(DrawnTask(**PLAIN), 2, factors, clip=0.3, average=0.0)
    settings = {"kind": "sgd", "warmup_steps": 2, "clip_norm": 0.3, "ema_decay": 0.0, "accumulate": 2}
    found = train(tmp_path, settings, **PLAIN)
    for name, value in expected.state_dict().items():
        torch.testing.assert_close(found[name], value, msg=name)


def test_the_model_is_the_moving_average(tmp_path: Path) -> None:
    task = DrawnTask(epochs=2, **PLAIN)
    expected = plain_weights(task, 1, [1.0] * 10, clip=math.inf, average=0.75)
    settings = {"kind": "sgd", "schedule": "constant", "warmup_steps": 0, "clip_norm": 0, "ema_decay": 0.75}
    found = train(tmp_path, settings, epochs=2, **PLAIN)
    for name, value in expected.state_dict().items():
        torch.testing.assert_close(found[name], value, msg=name)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("save_at", "kill_at"), [(2, 4), (4, 4), (5, 7)])
def test_a_killed_run_ends_as_if_it_had_not_been(tmp_path: Path, way: str, save_at: int, kill_at: int) -> None:
    whole = train(tmp_path / "whole", WAYS[way])

    def report(progress: Progress) -> None:
        loop.CHECKPOINT_SECONDS = -1.0 if progress.step == save_at else math.inf
        if progress.step >= (save_at if progress.measured else max(kill_at, save_at + 1)):
            raise KilledError

    with pytest.raises(KilledError):
        train(tmp_path / "killed", WAYS[way], report=report)
    torch.rand(1), np.random.rand(), random.random()  # noqa: NPY002  # another process begins elsewhere
    assert read_checkpoint(tmp_path / "killed" / "checkpoint.pt")["done"] == save_at
    assert_same(train(tmp_path / "killed", WAYS[way]), whole)
    one, other = (
        [(line["step"], "loss" in line) for line in read_metrics(tmp_path / out)] for out in ("whole", "killed")
    )
    assert one == other
    assert [step for step, is_step in one if is_step] == list(range(1, one[-1][0] + 1))


def test_sigkill(tmp_path: Path) -> None:
    """In a process of its own: accumulation, sgd, a figure to watch; saved after step 4, killed after step 5 of 9."""
    settings = {"optimiser": WAYS["sgd, accumulation, step"], "stop": {"metric": "error", "better": "lower"}}

    def start(out: str, **more: int) -> int | None:
        return run_forked(drawn_task.main, str(tmp_path / out), json.dumps({**settings, **more})).returncode

    assert start("killed", save_at=4, kill_at=5) == -signal.SIGKILL
    assert not (tmp_path / "killed" / "weights.pt").exists()
    assert start("killed") == 0
    whole = train(tmp_path / "whole", settings["optimiser"], stop=StopSection("error", "lower"), report=watch(tmp_path))
    assert_same(torch.load(tmp_path / "killed" / "weights.pt")["network"], whole)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_after_the_step(tmp_path: Path, number: signal.Signals) -> None:
    whole = train(tmp_path / "whole", WAYS["adamw"])
    handlers = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]

    def report(progress: Progress) -> None:
        if progress.step == 7:
            os.kill(os.getpid(), number)

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "asked", WAYS["adamw"], report=report)
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == handlers
    assert read_checkpoint(tmp_path / "asked" / "checkpoint.pt")["done"] == 7
    assert_same(train(tmp_path / "asked", WAYS["adamw"]), whole)


def test_a_second_signal_does_not_wait_for_the_step(tmp_path: Path) -> None:
    class Slow(DrawnTask):
        def step(self, network: nn.Module, batch: Any) -> Any:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
            return super().step(network, batch)

    with pytest.raises(KeyboardInterrupt):
        TrainingLoop(Slow(), LoopSettings(OptimiserSection()), tmp_path, lambda progress: None).run()
    assert not (tmp_path / "checkpoint.pt").exists()


def test_a_signal_does_not_wait_for_validation(tmp_path: Path) -> None:
    class Asked(DrawnTask):
        def validate(self, network: nn.Module) -> Any:
            torch.rand(3)  # what it draws is not drawn twice
            if self.validations == 1:
                os.kill(os.getpid(), signal.SIGTERM)
            return super().validate(network)

    settings = LoopSettings(OptimiserSection(**WAYS["adamw"]))
    with pytest.raises(KeyboardInterrupt):
        TrainingLoop(Asked(), settings, tmp_path, lambda progress: None).run()
    state = read_checkpoint(tmp_path / "checkpoint.pt")
    assert (state["done"], state["validated"]) == (10, 1)
    again = Asked()
    again.validations = 2
    resumed = dict(TrainingLoop(again, settings, tmp_path, lambda progress: None).run().state_dict())
    straight = Asked()
    straight.validations = 2
    (tmp_path / "whole").mkdir()
    assert_same(resumed, dict(TrainingLoop(straight, settings, tmp_path / "whole", print_nothing).run().state_dict()))


def print_nothing(_progress: Progress) -> None:
    """Nobody watches."""


def test_the_run_stops_early_and_takes_the_best_weights(tmp_path: Path) -> None:
    """Before training 0.9, then four epochs: the second is best, the fourth is the second without a better one."""
    kept: dict[int, dict[str, Tensor]] = {}
    told: list[Progress] = []
    task = DrawnTask(epochs=9, figures=[0.9, 0.1, 0.5, math.nan, 0.4, 0.8])
    (tmp_path / "run").mkdir()
    settings = LoopSettings(OptimiserSection(**WAYS["adamw"]), StopSection("figure", "higher", patience=2))
    run = TrainingLoop(task, settings, tmp_path / "run", told.append)

    def report(progress: Progress) -> None:
        told.append(progress)
        if progress.measured:
            kept[progress.epoch + 1 if progress.step else 0] = run.learner.weights()

    run.report = report
    assert_same(dict(run.run().state_dict()), kept[2])
    assert list(kept) == [0, 1, 2, 3, 4]
    assert [each.is_best for each in told if each.measured] == [False, True, True, False, False]
    # What is over stays over: the same call only takes the weights out of the checkpoint.
    again = TrainingLoop(DrawnTask(epochs=9, figures=[0.9]), settings, tmp_path / "run", print_nothing)
    assert_same(dict(again.run().state_dict()), kept[2])
    assert again.done == 20


def test_early_stopping_survives_a_kill(tmp_path: Path) -> None:
    stop = StopSection("error", "lower", patience=1)
    whole = train(tmp_path / "whole", WAYS["adamw"], stop=stop, epochs=6)

    def report(progress: Progress) -> None:
        if progress.step == 11:
            raise KilledError

    with pytest.raises(KilledError):
        train(tmp_path / "killed", WAYS["adamw"], stop=stop, report=report, epochs=6)
    assert_same(train(tmp_path / "killed", WAYS["adamw"], stop=stop, epochs=6), whole)
    one, other = (read_metrics(tmp_path / out) for out in ("whole", "killed"))
    assert [line["step"] for line in one] == [line["step"] for line in other]


def test_a_figure_that_is_not_measured_is_named_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no figure 'eror'") as error:
        train(tmp_path, {}, stop=StopSection("eror"))
    assert error.value.hint == "did you mean 'error'?"
    assert not any("loss" in line for line in read_metrics(tmp_path))


def test_a_loss_that_is_no_number_names_its_photographs(tmp_path: Path) -> None:
    with pytest.raises(TrainingError) as error:
        train(tmp_path, WAYS["adamw"], bad_batch=3)
    names = [f"{row}.png" for row in DrawnTask().rows(0)[3]]
    message = str(error.value)
    assert message.startswith("the loss is nan at step 3, epoch 0: " + ", ".join(names[:3]))
    assert (tmp_path / "bad-batch.txt").read_text().split() == names
    assert len([line for line in read_metrics(tmp_path) if "loss" in line]) == 3


def test_the_last_good_checkpoint_stays(tmp_path: Path) -> None:
    def report(progress: Progress) -> None:
        loop.CHECKPOINT_SECONDS = -1.0 if progress.step == 2 else math.inf

    with pytest.raises(TrainingError, match="the loss is nan"):
        train(tmp_path, WAYS["adamw"], report=report, bad_batch=3)
    assert read_checkpoint(tmp_path / "checkpoint.pt")["done"] == 2
    weights = read_checkpoint(tmp_path / "checkpoint.pt")["learner"]["network"]
    assert all(value.isfinite().all() for value in weights.values())


def test_a_limit_in_steps_ends_the_run_within_an_epoch(tmp_path: Path) -> None:
    told: list[Progress] = []
    train(tmp_path, {"steps": 7, "warmup_steps": 0}, report=told.append)
    assert [(each.step, each.epoch) for each in told if each.measured] == [(5, 0), (7, 1)]
    assert {(each.steps, each.epochs) for each in told} == {(7, 2)}
    rates = [line["rate"] for line in read_metrics(tmp_path) if "loss" in line]
    assert rates == pytest.approx([0.5 * (1 + math.cos(math.pi * step / 7)) for step in range(7)])


def test_fewer_garments_than_a_batch(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="epoch 0 has 0 batches: fewer training garments") as error:
        train(tmp_path, {}, batch=21)
    assert "garments" in error.value.hint


def test_another_seed_is_another_run(tmp_path: Path) -> None:
    runs = []
    for number, seed in enumerate((3, 3, 4)):
        (tmp_path / str(number)).mkdir()
        settings = LoopSettings(OptimiserSection(warmup_steps=0), seed=seed)
        runs.append(dict(TrainingLoop(DrawnTask(), settings, tmp_path / str(number), print_nothing).run().state_dict()))
    assert_same(runs[0], runs[1])
    assert not torch.equal(runs[0]["0.weight"], runs[2]["0.weight"])


def test_half_precision_learns_and_leaves_full(tmp_path: Path) -> None:
    half = train(tmp_path / "half", WAYS["adam, constant"], precision="bf16", **PLAIN)
    full = train(tmp_path / "full", WAYS["adam, constant"], **PLAIN)
    assert {value.dtype for value in half.values()} == {torch.float32}
    assert any(not torch.equal(half[name], full[name]) for name in full)
    losses = [line["loss"] for line in read_metrics(tmp_path / "half") if "loss" in line]
    assert sum(losses[-5:]) < sum(losses[:5])


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("task", "another", "belongs to another recipe or other photographs"),
        ("version", 1, "written by another version"),
        ("processes", 4, "belongs to a run of 4 processes, this one has 1"),
    ],
)
def test_a_checkpoint_of_something_else(tmp_path: Path, key: str, value: object, message: str) -> None:
    train(tmp_path, {})
    state = read_checkpoint(tmp_path / "checkpoint.pt")
    write_checkpoint(tmp_path / "checkpoint.pt", {**state, key: value})
    with pytest.raises(TrainingError, match=message):
        train(tmp_path, {})


def test_nothing_is_left_running(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    task = DrawnTask()
    TrainingLoop(task, LoopSettings(OptimiserSection()), tmp_path, print_nothing).run()
    assert set(threading.enumerate()) <= before
    assert [each.is_closed for each in task.datasets] == [True] * 3


def test_tensorboard_reads_the_run(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    train(tmp_path, {})
    board = EventAccumulator(str(tmp_path / "tensorboard"))
    board.Reload()
    lines = read_metrics(tmp_path)
    for tag, name in (("train/loss", "loss"), ("val/error", "val/error")):
        shown = [(each.step, each.value) for each in board.Scalars(tag)]
        written = [(line["step"], line[name]) for line in lines if name in line]
        assert [step for step, _ in shown] == [step for step, _ in written]
        assert [value for _, value in shown] == pytest.approx([value for _, value in written])


def test_two_processes_take_turns_at_the_batches(tmp_path: Path) -> None:
    """Each step has a batch of each process, so it is a step of one process that accumulates two; killed in between."""
    optimiser = {"kind": "sgd", "warmup_steps": 2, "ema_decay": 0.5}

    def start(**more: int) -> Finished:
        settings = json.dumps({"optimiser": optimiser, "batch": 5, **PLAIN, **more})
        return run_forked(drawn_task.main, str(tmp_path / "two"), settings, processes=2)

    assert start(save_at=3, kill_at=4).returncode != 0
    assert not (tmp_path / "two" / "weights.pt").exists()
    done = start()
    assert done.returncode == 0, done.output
    one = train(tmp_path / "one", {**optimiser, "accumulate": 2}, batch=5, **PLAIN)
    two = torch.load(tmp_path / "two" / "weights.pt")["network"]
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, msg=name)
    lines = read_metrics(tmp_path / "two")
    assert [line["step"] for line in lines if "loss" in line] == [1, 2, 3, 4, 5, 6]
    assert len(read_checkpoint(tmp_path / "two" / "checkpoint.pt")["random"]) == 2
