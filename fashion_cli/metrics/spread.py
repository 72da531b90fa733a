"""Mean and deviation of a figure over several runs: a seed is chance, and a table that hides it claims too much."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Spread:
    """A figure over the runs of a system.

    Attributes:
        mean: Over the runs; nan where one of them has none.
        deviation: Sample standard deviation; nan for one run.
    """

    mean: float
    deviation: float


def spread(values: Sequence[float]) -> Spread:
    """Mean and sample standard deviation of at least one value."""
    return Spread(float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else float("nan"))
