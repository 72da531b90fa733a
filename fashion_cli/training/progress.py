"""Where a run stands, for people. No torch: commands read it."""

import math
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

TRAINING = "training"
WINDOW = 50  # steps that a rate is taken over


@dataclass(frozen=True)
class Progress:
    """A step or an epoch is done; or, before training, a teacher has looked at more photographs.

    Attributes:
        step: Steps done; photographs of a teacher.
        steps: Steps in all; photographs of a teacher.
        epoch: From 0.
        epochs: In all.
        loss: Of the last step; NaN before the first.
        images_per_second: Of late, on all processes together; 0 before there is a rate.
        figures: Measured last on `val`; empty before the first time.
        measured: Whether they were measured just now: the epoch is done.
        is_best: Whether they are the best so far, by the recipe's own figure.
        phase: What is under way: `TRAINING`, or which teacher looks.
    """

    step: int
    steps: int
    epoch: int
    epochs: int
    loss: float = math.nan
    images_per_second: float = 0.0
    figures: Mapping[str, float] = field(default_factory=dict)
    measured: bool = False
    is_best: bool = False
    phase: str = TRAINING


class ImageRate:
    """Images per second over the last steps."""

    def __init__(self) -> None:
        self._steps: deque[tuple[float, int]] = deque(maxlen=WINDOW)

    def start(self) -> None:
        """Forget what was before: a pause is no slow step."""
        self._steps.clear()
        self._steps.append((time.monotonic(), 0))

    def add(self, images: int) -> float:
        """Count a step's images.

        Returns:
            Images per second since the oldest step that is remembered.
        """
        now = time.monotonic()
        self._steps.append((now, images))
        seconds = now - self._steps[0][0]
        return sum(count for _, count in list(self._steps)[1:]) / seconds if seconds > 0 else 0.0
