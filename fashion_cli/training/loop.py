"""The one training loop: epochs, precision, schedule, clipping, average of the weights, checkpoints, resume."""

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from fashion_cli.errors import TrainingError
from fashion_cli.training.checkpoint import read_checkpoint, write_checkpoint
from fashion_cli.training.recipe import OptimiserSection
from fashion_cli.training.task import Task

CHECKPOINT_FILE = "checkpoint.pt"
METRICS_FILE = "metrics.jsonl"
CHECKPOINT_SECONDS = 120.0


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    Attributes:
        step: Batches done.
        steps: Batches in all.
        epoch: From 0.
        logs: Loss and figures of the last step or epoch.
    """

    step: int
    steps: int
    epoch: int
    logs: Mapping[str, float]


class TrainingLoop:
    """Trains a task's network and keeps everything needed to go on after a kill.

    Args:
        task: What is learned.
        optimiser: Rates, warm-up, clipping, averaging.
        directory: Holds the checkpoint and `metrics.jsonl`.
        seed: Of dropout and everything else that draws from torch's global generator.
        precision: accelerate's mixed precision: "no", "bf16" or "fp16".
        report: Called after each step and each validation.
    """

    def __init__(
        self,
        task: Task,
        optimiser: OptimiserSection,
        directory: Path,
        *,
        seed: int,
        precision: str,
        report: Callable[[Progress], None],
    ) -> None:
        torch.manual_seed(seed)
        self.task, self.settings, self.directory, self.report = task, optimiser, directory, report
        self.accelerator = Accelerator(mixed_precision=precision)
        self.plan = list(task.steps_per_epoch())
        network = task.network.to(memory_format=torch.channels_last)
        adam = torch.optim.AdamW(task.parameter_groups(), weight_decay=optimiser.weight_decay)
        schedule = torch.optim.lr_scheduler.LambdaLR(adam, self._rate)
        self.network, self.adam, self.schedule = self.accelerator.prepare(network, adam, schedule)
        self.average = AveragedModel(
            self.accelerator.unwrap_model(self.network),
            multi_avg_fn=get_ema_multi_avg_fn(optimiser.average),  # type: ignore[no-untyped-call]
            use_buffers=True,
        )
        self.done = 0

    def run(self) -> nn.Module:
        """Train to the end, going on from the checkpoint if there is one.

        Returns:
            The network with averaged weights, in evaluation mode.

        Raises:
            TrainingError: If the loss is no longer a number, or the checkpoint is damaged or of another recipe.
        """
        self._resume()
        for epoch in range(self.task.epochs):
            self._run_epoch(epoch)
        network: nn.Module = self.average.module.eval()
        return network

    def _run_epoch(self, epoch: int) -> None:
        first = sum(self.plan[:epoch])
        if self.done >= first + self.plan[epoch]:
            return
        saved = time.monotonic()
        batches = self.accelerator.prepare(self.task.batches(epoch))
        if self.done > first:
            batches = self.accelerator.skip_first_batches(batches, self.done - first)
        for batch in batches:
            self._step(batch, epoch)
            if time.monotonic() - saved > CHECKPOINT_SECONDS:
                self._save()
                saved = time.monotonic()
        self._validate(epoch)
        self._save()

    def _step(self, batch: Any, epoch: int) -> None:
        self.network.train()
        with self.accelerator.autocast():
            output = self.task.step(self.network, batch)
        loss = float(output.loss.detach())
        if not math.isfinite(loss):
            raise TrainingError(
                f"the loss is {loss} at step {self.done}, epoch {epoch}",
                hint="lower the learning rate or clip_norm in the recipe; the last checkpoint is kept",
            )
        self.accelerator.backward(output.loss)
        self.accelerator.clip_grad_norm_(self.network.parameters(), self.settings.clip_norm)
        self.adam.step()
        self.schedule.step()
        self.adam.zero_grad()
        self._follow()
        self.done += 1
        self._log(epoch, {"loss": loss, **output.logs})

    def _follow(self) -> None:
        """Move the average towards the weights; through the warm-up it is the weights."""
        if self.done < self.settings.warmup_steps or self.settings.average == 0:
            self.average.n_averaged.zero_()
        self.average.update_parameters(self.accelerator.unwrap_model(self.network))

    def _validate(self, epoch: int) -> None:
        figures = self.task.validate(self.average.module.eval())
        self._log(epoch, {f"val/{name}": value for name, value in figures.items()})

    def _log(self, epoch: int, logs: Mapping[str, float]) -> None:
        line = {"step": self.done, "epoch": epoch, "time": round(time.time(), 3), **logs}
        with (self.directory / METRICS_FILE).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")
        self.report(Progress(self.done, sum(self.plan), epoch, logs))

    def _rate(self, step: int) -> float:
        """Warm-up from zero, then a cosine to zero, as a factor of each group's rate."""
        warmup, total = self.settings.warmup_steps, sum(self.plan)
        if step < warmup:
            return (step + 1) / warmup
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warmup) / max(1, total - warmup))))

    def _save(self) -> None:
        write_checkpoint(
            self.directory / CHECKPOINT_FILE,
            {
                "task": self.task.identity,
                "done": self.done,
                "network": self.accelerator.unwrap_model(self.network).state_dict(),
                "average": self.average.state_dict(),
                "optimiser": self.adam.state_dict(),
                "schedule": self.schedule.state_dict(),
                "random": torch.get_rng_state(),
            },
        )

    def _resume(self) -> None:
        path = self.directory / CHECKPOINT_FILE
        if not path.exists():
            return
        state = read_checkpoint(path)
        if state["task"] != self.task.identity:
            raise TrainingError(
                f"{path}: belongs to another recipe or other photographs",
                hint="choose another --out, or delete it to start from the beginning",
            )
        self.accelerator.unwrap_model(self.network).load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.adam.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        torch.set_rng_state(state["random"])
        self.done = state["done"]
