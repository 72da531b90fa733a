"""A small task that draws from every generator of random numbers; `main` trains it in a process that can be killed."""

import json
import math
import os
import random
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from fashion_cli.training import loop
from fashion_cli.training.progress import Progress
from fashion_cli.training.recipe_sections import OptimiserSection, StopSection
from fashion_cli.training.task import StepOutput

SIDE = 6  # pixels
ROWS = 20  # images in an epoch


@dataclass(frozen=True)
class DrawnBatch:
    images: Tensor
    answers: Tensor
    names: tuple[str, ...]

    def to(self, device: torch.device, non_blocking: bool = False) -> "DrawnBatch":
        images, answers = (each.to(device, non_blocking=non_blocking) for each in (self.images, self.answers))
        return DrawnBatch(images, answers, self.names)


class DrawnImages(Dataset[DrawnBatch]):
    def __init__(self) -> None:
        rng = torch.Generator().manual_seed(5)
        self.images = torch.rand(ROWS, 3, SIDE, SIDE, generator=rng)
        self.answers = self.images.mean(dim=(1, 2, 3)) + self.images[:, 0, 0, 0]
        self.is_closed = False

    def __len__(self) -> int:
        return ROWS

    def __getitems__(self, rows: list[int]) -> DrawnBatch:
        return DrawnBatch(self.images[rows], self.answers[rows], tuple(f"{row}.png" for row in rows))

    def close(self) -> None:
        self.is_closed = True


@dataclass
class DrawnTask:
    """Predict a number from an image.

    Attributes:
        epochs: In all.
        batch: Images in a batch.
        noise: Dropout, and noise from numpy and Python; 0 makes a step plain arithmetic.
        normalises: Whether the network has batch norm.
        figures: What `validate` says, epoch by epoch; empty measures the error.
        bad_batch: The batch of each epoch whose loss is NaN.
    """

    epochs: int = 3
    batch: int = 4
    noise: float = 0.3
    normalises: bool = True
    figures: Sequence[float] = ()
    bad_batch: int = -1
    validations: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        torch.manual_seed(1)
        layers: list[nn.Module] = [nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(self.noise)]
        if not self.normalises:
            layers[1] = nn.Identity()
        self.network = nn.Sequential(*layers, nn.Flatten(), nn.Linear(4 * (SIDE - 2) ** 2, 1))
        self.objective = nn.Linear(1, 1)
        self.datasets: list[DrawnImages] = []

    @property
    def identity(self) -> str:
        return f"{self.epochs} {self.batch} {self.noise} {self.normalises}"

    def parameter_groups(self) -> list[dict[str, Any]]:
        rest = [*list(self.network.parameters())[2:], *self.objective.parameters()]
        return [
            {"params": list(self.network.parameters())[:2], "lr": 0.02},
            {"params": rest, "lr": 0.05},
            {"params": [], "lr": 1.0},
        ]

    def rows(self, epoch: int) -> list[list[int]]:
        """The batches of an epoch."""
        order = torch.randperm(ROWS, generator=torch.Generator().manual_seed(epoch)).tolist()
        return [order[start : start + self.batch] for start in range(0, ROWS - self.batch + 1, self.batch)]

    def batches(self, epoch: int) -> DataLoader[Any]:
        self.datasets.append(DrawnImages())
        return DataLoader(self.datasets[-1], batch_sampler=self.rows(epoch), collate_fn=lambda batch: batch)

    def steps_per_epoch(self) -> Sequence[int]:
        return [ROWS // self.batch] * self.epochs

    def step(self, network: nn.Module, batch: DrawnBatch) -> StepOutput:
        noise = self.noise * float(np.random.rand() + random.random())  # noqa: NPY002  # as a library might
        guess = self.objective(network(batch.images)).squeeze(1)
        loss = (guess - batch.answers + noise).square().mean()
        if self.bad_batch >= 0 and batch.names[0] == f"{self.rows(0)[self.bad_batch][0]}.png":
            loss = loss * math.nan
        return StepOutput(loss, {"guess": float(guess.detach().mean())})

    def validate(self, network: nn.Module) -> Mapping[str, float]:
        self.validations += 1
        if self.figures:
            return {"figure": self.figures[self.validations - 1]}
        images = DrawnImages()
        with torch.no_grad():
            guess = self.objective(network(images.images)).squeeze(1)
        return {"error": float((guess - images.answers).square().mean())}


def watch(out: Path, save_at: int = -1, kill_at: int = -1) -> Any:
    """Report that makes the loop save after one step and ends the process after another."""

    def report(progress: Progress) -> None:
        assert out.is_dir()
        loop.CHECKPOINT_SECONDS = -1.0 if progress.step == save_at else math.inf
        if progress.step == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    return report


def main(directory: str, text: str) -> None:
    """Leave the final weights in `weights.pt`.

    Args:
        directory: Of the run.
        text: A JSON object: `optimiser` and `stop` as in recipes; what else it has goes to DrawnTask, but for `save_at`
            and `kill_at`, the steps after which a checkpoint is written and SIGKILL ends the process.
    """
    settings, out = json.loads(text), Path(directory)
    out.mkdir(exist_ok=True)
    optimiser = OptimiserSection(**settings.pop("optimiser", {}))
    stop = StopSection(**settings.pop("stop", {}))
    report = watch(out, settings.pop("save_at", -1), settings.pop("kill_at", -1))
    run = loop.TrainingLoop(DrawnTask(**settings), loop.LoopSettings(optimiser, stop), out, report)
    network = run.run()
    if run.accelerator.is_main_process:
        torch.save(
            {"network": network.state_dict(), "objective": run.learner.objective.state_dict()}, out / "weights.pt"
        )
    run.accelerator.end_training()
