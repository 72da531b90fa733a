"""How learning rates go: pure functions from a step to a factor of each rate."""

import math
from collections.abc import Callable

from fashion_cli.training.plan import Plan
from fashion_cli.training.recipe import OptimiserSection

Schedule = Callable[[int], float]


def cosine(step: int, total: int) -> float:
    """Half a cosine from 1 at step 0 to 0 at `total`."""
    return 0.5 * (1 + math.cos(math.pi * min(1.0, step / max(1, total))))


def stepwise(epoch: int, every: int, decay: float) -> float:
    """Multiplied with `decay` after each `every` epochs."""
    return float(decay ** (epoch // every))


def warm_up(step: int, steps: int) -> float:
    """A line that reaches 1 at the last of `steps` steps, and stays there."""
    return min(1.0, (step + 1) / steps) if steps else 1.0


def schedule_of(settings: OptimiserSection, plan: Plan) -> Schedule:
    """The schedule that a recipe names.

    Returns:
        Step (from 0) -> factor of each group's rate. A cosine begins where the warm-up ends; the falls of a stepwise
        schedule are counted in epochs from the start.
    """
    warm = settings.warmup_steps

    def factor(step: int) -> float:
        if step < warm:
            return warm_up(step, warm)
        match settings.schedule:
            case "cosine":
                return cosine(step - warm, plan.steps - warm)
            case "step":
                return stepwise(plan.epoch_of(step), settings.decay_every, settings.decay)
            case "constant":
                return 1.0

    return factor
