"""Early stopping: which epoch was the best so far, and whether it is time to stop."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fashion_cli.errors import TrainingError
from fashion_cli.suggestions import suggest
from fashion_cli.training.recipe_sections import StopSection


@dataclass
class BestSoFar:
    """Follows one figure over the epochs.

    Attributes:
        settings: Which figure, what is better, how patient.
        value: The best one yet; None before the first.
        epoch: Epochs done when it was measured.
        weights: The state of the network that reached it, on the CPU.
        waited: Epochs since then.
    """

    settings: StopSection
    value: float | None = None
    epoch: int = 0
    weights: dict[str, Any] = field(default_factory=dict)
    waited: int = 0

    @property
    def is_enabled(self) -> bool:
        """Whether the recipe names a figure."""
        return bool(self.settings.metric)

    @property
    def is_exhausted(self) -> bool:
        """Whether there was no better figure for too long."""
        return self.is_enabled and 0 < self.settings.patience <= self.waited

    def check(self, figures: Mapping[str, float]) -> None:
        """See whether the recipe's figure is measured at all.

        Raises:
            TrainingError: If it is not.
        """
        name = self.settings.metric
        if name not in figures:
            hint = suggest(name, figures) if figures else "there are no photographs with split=val"
            raise TrainingError(f"stop.metric: val has no figure {name!r}", hint=hint)

    def follow(self, figures: Mapping[str, float], epoch: int) -> bool:
        """Take in an epoch's figures.

        Args:
            figures: What was measured.
            epoch: Epochs done.

        Returns:
            Whether this is the best one yet; the caller then keeps its weights. A figure that is NaN never is.

        Raises:
            TrainingError: If the recipe's figure is not among them.
        """
        self.check(figures)
        value = figures[self.settings.metric]
        if self._is_better(value):
            self.value, self.epoch, self.waited = value, epoch, 0
            return True
        self.waited += 1
        return False

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"value": self.value, "epoch": self.epoch, "weights": self.weights, "waited": self.waited}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.value, self.epoch, self.waited = state["value"], state["epoch"], state["waited"]
        self.weights = dict(state["weights"])

    def _is_better(self, value: float) -> bool:
        if math.isnan(value):
            return False
        if self.value is None:
            return True
        return value > self.value if self.settings.better == "higher" else value < self.value
