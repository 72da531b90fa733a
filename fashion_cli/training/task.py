"""What the loop asks of an objective. A task turns a batch into a loss; everything else belongs to the loop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor, nn
from torch.utils.data import DataLoader


@dataclass(frozen=True)
class StepOutput:
    """One batch.

    Attributes:
        loss: Scalar to minimise.
        logs: Name -> value for people.
    """

    loss: Tensor
    logs: Mapping[str, float] = field(default_factory=dict)


class Task(Protocol):
    """An objective with its photographs."""

    network: nn.Module
    epochs: int

    @property
    def identity(self) -> str:
        """Differs between tasks that must not go on from each other's checkpoints."""

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Parameters and their learning rates, as torch.optim takes them."""

    def batches(self, epoch: int) -> DataLoader[Any]:
        """The training batches of an epoch (from 0); the same call gives the same batches."""

    def steps_per_epoch(self) -> Sequence[int]:
        """How many batches each epoch has."""

    def step(self, network: nn.Module, batch: Any) -> StepOutput:
        """The loss of one batch."""

    def validate(self, network: nn.Module) -> Mapping[str, float]:
        """Figures on the `val` split; the network is in evaluation mode."""
