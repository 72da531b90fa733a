"""A network that takes steps: gradients, optimiser, moving average of the weights."""

import math
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import send_to_device
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from fashion_cli.training.optimisers import build_optimiser, scale_rates
from fashion_cli.training.processes import share_gradients, share_values
from fashion_cli.training.recipe_sections import OptimiserSection
from fashion_cli.training.task import ImageBatch, NamedBatch, Task


class LossError(Exception):
    """The loss of a batch is no number; the weights are still those of the step before.

    Args:
        loss: What it is.
        names: The photographs of the batch, where it tells them.
    """

    def __init__(self, loss: float, names: tuple[str, ...]) -> None:
        super().__init__(f"the loss is {loss}")
        self.loss, self.names = loss, names


@dataclass(frozen=True)
class Step:
    """One change of the weights.

    Attributes:
        logs: Means over its batches, the loss among them.
        images: How many there were, in this process.
    """

    logs: Mapping[str, float]
    images: int


class Learner:
    """The network of a task, what its loss learns, and how both move.

    Args:
        task: What is learned.
        settings: Optimiser, clipping, averaging.
        accelerator: Devices, processes and precision.
    """

    def __init__(self, task: Task, settings: OptimiserSection, accelerator: Accelerator) -> None:
        self.task, self.settings, self.accelerator = task, settings, accelerator
        network = task.network.to(memory_format=torch.channels_last)
        # A copy made before `prepare` wraps the network: what is measured and kept runs in full precision.
        self.average = AveragedModel(
            network,
            device=accelerator.device,
            multi_avg_fn=get_ema_multi_avg_fn(settings.ema_decay),  # type: ignore[no-untyped-call]
            use_buffers=True,
        )
        self.objective = task.objective.to(accelerator.device)
        share_values(accelerator, self.objective)
        optimiser = build_optimiser(task.parameter_groups(), settings)
        self.rates = [group["lr"] for group in optimiser.param_groups]
        self.network, self.optimiser = accelerator.prepare(network, optimiser)

    @property
    def model(self) -> nn.Module:
        """The network with averaged weights, in evaluation mode."""
        module: nn.Module = self.average.module
        return module.eval()

    def weights(self) -> dict[str, Tensor]:
        """A copy of the averaged weights, on the CPU."""
        return {name: value.detach().cpu().clone() for name, value in self.average.module.state_dict().items()}

    def step(self, batches: Iterator[Any], count: int, factor: float, *, follows: bool) -> Step:
        """Change the weights once.

        Args:
            batches: Where the next ones come from.
            count: How many make the step.
            factor: Of the learning rates.
            follows: Whether the average moves slowly; else it is set to the weights.

        Raises:
            LossError: If a loss is no number.
        """
        self.network.train()
        self.objective.train()
        scale_rates(self.optimiser, self.rates, factor)
        step = self._gradients(batches, count)
        share_gradients(self.accelerator, self.objective)
        if self.settings.clip_norm:
            learned = [*self.network.parameters(), *self.objective.parameters()]
            self.accelerator.clip_grad_norm_(learned, self.settings.clip_norm)
        self.optimiser.step()
        self.optimiser.zero_grad()
        if not follows:
            self.average.n_averaged.zero_()  # a first update copies
        self.average.update_parameters(self.accelerator.unwrap_model(self.network))
        return step

    def _gradients(self, batches: Iterator[Any], count: int) -> Step:
        """Add up the gradients of several batches, so that they are those of the mean loss."""
        logs: list[Mapping[str, float]] = []
        images = 0
        for number in range(count):
            batch = send_to_device(next(batches), self.accelerator.device, non_blocking=True)
            is_last = number == count - 1
            with nullcontext() if is_last else self.accelerator.no_sync(self.network):
                logs.append(self._gradient(batch, count))
            images += len(batch.images) if isinstance(batch, ImageBatch) else 0
        return Step({name: sum(each[name] for each in logs) / count for name in logs[0]}, images)

    def _gradient(self, batch: Any, count: int) -> Mapping[str, float]:
        with self.accelerator.autocast():
            output = self.task.step(self.network, batch)
        loss = float(output.loss.detach())
        if not math.isfinite(loss):
            raise LossError(loss, batch.names if isinstance(batch, NamedBatch) else ())
        self.accelerator.backward(output.loss / count)
        return {"loss": loss, **output.logs}

    def objective_state(self) -> dict[str, Any]:
        """What the loss has learned and remembers, on the CPU; each process remembers other images."""
        state = self.objective.state_dict()
        return {
            name: value.detach().cpu().clone() if isinstance(value, Tensor) else value for name, value in state.items()
        }

    def state(self) -> dict[str, Any]:
        """For a checkpoint: what all processes have in common."""
        scaler = self.accelerator.scaler
        return {
            "network": self.accelerator.unwrap_model(self.network).state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": {} if scaler is None else scaler.state_dict(),
        }

    def restore(self, state: Mapping[str, Any], objective: Mapping[str, Any]) -> None:
        """Go on where `state` and `objective_state` were called."""
        self.accelerator.unwrap_model(self.network).load_state_dict(state["network"])
        self.objective.load_state_dict(objective)
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        if self.accelerator.scaler is not None:
            self.accelerator.scaler.load_state_dict(state["scaler"])
