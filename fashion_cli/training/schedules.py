"""How learning rates go: pure functions from a step to a factor of each rate."""

import math
from collections.abc import Callable
from dataclasses import replace

from fashion_cli.training.plan import Plan
from fashion_cli.training.recipe_sections import OptimiserSection

LONGEST_WARM_UP = 0.1  # of a run's steps
LONGEST_AVERAGE = 0.2

Schedule = Callable[[int], float]


def cosine(step: int, total: int) -> float:
    """Half a cosine from 1 at step 0 to 0 at `total`."""
    return 0.5 * (1 + math.cos(math.pi * min(1.0, step / max(1, total))))


def stepwise(epoch: int, every: int, decay: float) -> float:
    """Multiplied with `decay` after each `every` epochs."""
    return float(decay ** (epoch // every))


def cooldown(step: int, total: int, share: float) -> float:
    """1, and over the last `share` of all steps a line to 0.

    Hägele et al., Scaling laws and compute-optimal training beyond fixed training durations (NeurIPS 2024): as good as
    a cosine, and what comes before does not depend on how long the run is to be.
    """
    falling = total * share
    return min(1.0, max(0, total - step) / falling) if falling else 1.0


def warm_up(step: int, steps: int) -> float:
    """A line that reaches 1 at the last of `steps` steps, and stays there."""
    return min(1.0, (step + 1) / steps) if steps else 1.0


def within_run(settings: OptimiserSection, steps: int) -> OptimiserSection:
    """The settings with a warm-up of a tenth of a run's steps at most, and an average over a fifth of them at most.

    What suits thousands of steps leaves nothing of a run of three hundred: two thirds of it would be warm-up, and the
    average would still hold the weights that it began with.

    Args:
        settings: Of a recipe. An average with decay d reaches back over 1 / (1 - d) steps.
        steps: In all.
    """
    if not steps:
        return settings
    return replace(
        settings,
        warmup_steps=min(settings.warmup_steps, int(LONGEST_WARM_UP * steps)),
        ema_decay=min(settings.ema_decay, max(0.0, 1 - 1 / (LONGEST_AVERAGE * steps))),
    )


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
            case "cooldown":
                return cooldown(step, plan.steps, settings.cooldown)
            case "constant":
                return 1.0

    return factor
