"""The interface between training loop and objective. A task turns a batch into a loss; the rest is the loop's."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from fashion_cli.training.progress import Progress


@dataclass(frozen=True)
class StepOutput:
    """One batch.

    Attributes:
        loss: Scalar to minimise.
        logs: Name -> value for people.
    """

    loss: Tensor
    logs: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class TrainingContext:
    """Where a task is trained: directory, device, progress.

    Attributes:
        directory: Of the run; a task may keep there what is dear to compute.
        device: What computes.
        report: Called while a task prepares something that takes long.
    """

    directory: Path
    device: torch.device
    report: Callable[[Progress], None]


@runtime_checkable
class ImageBatch(Protocol):
    """A batch that tells its images; the loop counts them."""

    images: Tensor


@runtime_checkable
class NamedBatch(Protocol):
    """A batch that tells its photographs; the loop names them where the loss is no number."""

    names: tuple[str, ...]


class Task(Protocol):
    """An objective with its photographs.

    Attributes:
        network: What is trained.
        objective: What the loss itself learns, for example proxies; without parameters where it learns nothing. The
            loop moves it to the device and keeps its state in checkpoints.
        epochs: In all.
    """

    @property
    def network(self) -> nn.Module: ...

    @property
    def objective(self) -> nn.Module: ...

    @property
    def epochs(self) -> int: ...

    @property
    def identity(self) -> str:
        """Differs between tasks that must not go on from each other's checkpoints."""

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Parameters of network and objective with their learning rates, as torch.optim takes them."""

    def batches(self, epoch: int) -> DataLoader[Any]:
        """The training batches of an epoch (from 0), by a batch sampler; the same call gives the same batches.

        The loader's dataset draws nothing from global generators: it is read ahead in a thread of its own. If it has a
        method `close`, the loop calls that when the epoch is over.
        """

    def steps_per_epoch(self) -> Sequence[int]:
        """How many batches each epoch has."""

    def step(self, network: nn.Module, batch: Any) -> StepOutput:
        """The loss of one batch."""

    def validate(self, network: nn.Module) -> Mapping[str, float]:
        """Figures on the `val` split; the network is in evaluation mode."""
