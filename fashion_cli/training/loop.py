"""The one training loop: epochs, steps, pauses, figures on `val`, checkpoints, resume.

It runs unchanged on a CPU, on one GPU, or in the processes that `accelerate launch` starts; of those the first one
writes.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from accelerate import Accelerator
from accelerate.utils import broadcast_object_list, gather_object
from torch import nn

from fashion_cli.errors import TrainingError
from fashion_cli.training.checkpoint import read_checkpoint, write_checkpoint
from fashion_cli.training.interruption import Interruption
from fashion_cli.training.learner import Learner, LossError
from fashion_cli.training.plan import plan_steps
from fashion_cli.training.prefetch import prefetch
from fashion_cli.training.processes import any_process, start_processes
from fashion_cli.training.progress import ImageRate, Progress
from fashion_cli.training.random_states import random_states, restore_random_states, seed_all
from fashion_cli.training.recipe_sections import OptimiserSection, StopSection
from fashion_cli.training.run_log import VAL, RunLog
from fashion_cli.training.schedules import schedule_of, within_run
from fashion_cli.training.stopping import BestSoFar
from fashion_cli.training.task import Task

CHECKPOINT_FILE = "checkpoint.pt"
CHECKPOINT_VERSION = 3
CHECKPOINT_SECONDS = 120.0
BAD_BATCH_FILE = "bad-batch.txt"
NAMED = 3  # photographs of a bad batch that the message itself names


@dataclass(frozen=True)
class LoopSettings:
    """How a task is trained.

    Attributes:
        optimiser: Rates, schedule, accumulation, clipping, averaging.
        stop: When to end early, and which weights to take.
        seed: Of dropout and of everything else that draws from global generators.
        precision: accelerate's mixed precision: "no", "bf16" or "fp16".
        fits_run: Whether a warm-up and an average that are long for the run are shortened, as `within_run` does.
    """

    optimiser: OptimiserSection
    stop: StopSection = field(default_factory=StopSection)
    seed: int = 0
    precision: str = "no"
    fits_run: bool = False


class TrainingLoop:
    """Trains a task's network and keeps everything needed to go on after a kill.

    Args:
        task: What is learned.
        settings: How.
        directory: Holds the checkpoint, `metrics.jsonl`, TensorBoard's files.
        report: Called after each step and each validation, in the process that writes.
        accelerator: From `start_processes`, where the caller needed it before; None starts them here.

    Raises:
        TrainingError: If an epoch has no batch.
    """

    def __init__(
        self,
        task: Task,
        settings: LoopSettings,
        directory: Path,
        report: Callable[[Progress], None],
        accelerator: Accelerator | None = None,
    ) -> None:
        self.task, self.directory, self.report = task, directory, report
        self.accelerator = accelerator or start_processes(settings.precision)
        self.processes = self.accelerator.num_processes
        self.plan = plan_steps(
            task.steps_per_epoch(), self.processes, settings.optimiser.accumulate, settings.optimiser.steps
        )
        optimiser = settings.optimiser
        if settings.fits_run:
            optimiser = within_run(optimiser, self.plan.steps)
        self.settings = replace(settings, optimiser=optimiser)
        self.schedule = schedule_of(optimiser, self.plan)
        seed_all(settings.seed + self.accelerator.process_index)
        self.learner = Learner(task, optimiser, self.accelerator)
        self.best = BestSoFar(settings.stop)
        self.interruption = Interruption()
        self.images = ImageRate()
        self.log: RunLog | None = None
        self.done = 0  # steps
        self.validated = 0  # epochs
        self.progress = Progress(0, self.plan.steps, 0, self.plan.epochs)
        self.saved = time.monotonic()

    def run(self) -> nn.Module:
        """Train to the end, going on from the checkpoint if there is one.

        Returns:
            The network with averaged weights, those of the best epoch if the recipe names a figure; in evaluation mode.

        Raises:
            TrainingError: If the loss is no longer a number, `val` lacks the recipe's figure, or the checkpoint is
                damaged or of another recipe.
            KeyboardInterrupt: After SIGINT or SIGTERM, when a checkpoint is written.
        """
        self._resume()
        if self.accelerator.is_main_process:
            self.log = RunLog(self.directory, self.done, self.validated)
        try:
            with self.interruption.catching():
                self._run_epochs()
                if not self.plan.steps:  # what the directory holds is then known to the next call, too
                    self._save()
        finally:
            if self.log is not None:
                self.log.close()
        network = self.learner.model
        if self.best.weights:
            network.load_state_dict(self.best.weights)
        return network

    def _run_epochs(self) -> None:
        if self.best.is_enabled and self.done == 0:
            # Before any work: is the figure there at all? It is also what training is compared with.
            figures = self._measure()
            self.best.check(figures)
            self._report_figures(0, figures, is_best=False)
        for epoch in range(self.validated, self.plan.epochs):
            if self.best.is_exhausted:
                return
            self._run_epoch(epoch)

    def _run_epoch(self, epoch: int) -> None:
        end = self.plan.ends[epoch]
        if self.done < end:
            self.saved = time.monotonic()
            with prefetch(self.task.batches(epoch), self._turns(epoch)) as batches:
                self.images.start()
                while self.done < end:
                    self._step(batches, epoch)
                    self._pause()
        self._validate(epoch)

    def _turns(self, epoch: int) -> slice:
        """Which of an epoch's batches this process still has to do."""
        done = self.plan.batches_until(self.done, epoch)
        until = self.plan.batches_until(self.plan.ends[epoch], epoch)
        return slice(self.accelerator.process_index + done * self.processes, until * self.processes, self.processes)

    def _step(self, batches: Iterator[Any], epoch: int) -> None:
        factor = self.schedule(self.done)
        follows = self.done >= self.settings.optimiser.warmup_steps and self.settings.optimiser.ema_decay > 0
        try:
            step = self.learner.step(batches, self.plan.batches_of(self.done), factor, follows=follows)
        except LossError as error:
            raise self._bad_loss(error, epoch) from None
        self.done += 1
        rate = round(self.images.add(step.images * self.processes), 1)
        if self.log is not None:
            self.log.write(self.done, epoch, {**step.logs, "rate": factor, "images_per_second": rate})
        self._report_progress(
            epoch=epoch, loss=step.logs["loss"], images_per_second=rate, measured=False, is_best=False
        )

    def _bad_loss(self, error: LossError, epoch: int) -> TrainingError:
        photographs = ", ".join(error.names[:NAMED])
        if len(error.names) > NAMED:
            file = self.directory / BAD_BATCH_FILE
            file.write_text("".join(f"{name}\n" for name in error.names), encoding="utf-8", errors="surrogateescape")
            photographs += f" and {len(error.names) - NAMED} more, all in {file}"
        return TrainingError(
            f"the loss is {error.loss} at step {self.done}, epoch {epoch}"
            + (f": {photographs}" if photographs else ""),
            hint="lower the learning rate or clip_norm in the recipe; the last checkpoint is kept",
        )

    def _pause(self) -> None:
        """Between two steps: write a checkpoint when it is time, or when somebody wants to stop."""
        due = time.monotonic() - self.saved > CHECKPOINT_SECONDS
        stop_requested, due = any_process(self.accelerator, self.interruption.is_requested, due)
        if stop_requested or due:
            self._save()
        if stop_requested:
            raise KeyboardInterrupt

    def _validate(self, epoch: int) -> None:
        figures = self._measure()
        is_best = self.best.is_enabled and self.best.follow(figures, epoch + 1)
        if is_best:
            self.best.weights = self.learner.weights()
        self.validated = epoch + 1
        self._report_figures(epoch, figures, is_best=is_best)
        self._save()
        if any_process(self.accelerator, self.interruption.is_requested)[0]:
            raise KeyboardInterrupt

    def _measure(self) -> Mapping[str, float]:
        """Measure the averaged weights on `val` in the first process, and share the figures with all.

        A run of one process does not wait for the end when somebody wants to stop.
        """
        before = random_states()
        broadcast: list[Mapping[str, float]] = [{}]
        if self.accelerator.is_main_process:
            try:
                with self.interruption.at_once() if self.processes == 1 else nullcontext():
                    broadcast = [dict(self.task.validate(self.learner.model))]
            except KeyboardInterrupt:
                restore_random_states(before)
                self._save()
                raise
        figures: Mapping[str, float] = broadcast_object_list(broadcast)[0]
        return figures

    def _report_figures(self, epoch: int, figures: Mapping[str, float], *, is_best: bool) -> None:
        if self.log is not None:
            self.log.write(self.done, epoch, {f"{VAL}{name}": value for name, value in figures.items()})
        self._report_progress(epoch=epoch, figures=figures, measured=True, is_best=is_best)

    def _report_progress(self, **news: Any) -> None:
        """Report what is new together with what was known before."""
        self.progress = Progress(**{**vars(self.progress), "step": self.done, **news})
        if self.accelerator.is_main_process:
            self.report(self.progress)

    def _save(self) -> None:
        randoms, objectives = (gather_object([each]) for each in (random_states(), self.learner.objective_state()))
        if self.accelerator.is_main_process:
            state = {
                "version": CHECKPOINT_VERSION,
                "task": self.task.identity,
                "processes": self.processes,
                "done": self.done,
                "validated": self.validated,
                "random": list(randoms),
                "learner": self.learner.state(),
                "objectives": list(objectives),
                "best": self.best.state(),
            }
            write_checkpoint(self.directory / CHECKPOINT_FILE, state)
        self.saved = time.monotonic()

    def _resume(self) -> None:
        path = self.directory / CHECKPOINT_FILE
        if not path.exists():
            return
        state = read_checkpoint(path)
        self._refuse_foreign(state, path)
        own = self.accelerator.process_index
        self.learner.restore(state["learner"], state["objectives"][own])
        self.best.restore(state["best"])
        restore_random_states(state["random"][own])
        self.done, self.validated = state["done"], state["validated"]

    def _refuse_foreign(self, state: Mapping[str, Any], path: Path) -> None:
        away = "choose another --out, or delete it to start from the beginning"
        if state.get("version") != CHECKPOINT_VERSION:
            raise TrainingError(f"{path}: written by another version of fashion-cli", hint=away)
        if state["task"] != self.task.identity:
            raise TrainingError(f"{path}: belongs to another recipe or other photographs", hint=away)
        if (count := state["processes"]) != self.processes:
            raise TrainingError(
                f"{path}: belongs to a run of {count} processes, this one has {self.processes}",
                hint=f"accelerate launch --num_processes {count}, or choose another --out",
            )
