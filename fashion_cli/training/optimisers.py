"""The optimisers that a recipe can name, and how their rates are set."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import optim

from fashion_cli.training.recipe_sections import OptimiserSection


def build_optimiser(groups: Sequence[Mapping[str, Any]], settings: OptimiserSection) -> optim.Optimizer:
    """The optimiser of a recipe.

    Args:
        groups: As torch.optim takes them; each has its own `lr`. Groups without parameters are left out.
        settings: Kind, weight decay, momentum.
    """
    filled = [dict(group) for group in groups if group["params"]]
    match settings.kind:
        case "adamw":
            return optim.AdamW(filled, weight_decay=settings.weight_decay)
        case "adam":
            return optim.Adam(filled, weight_decay=settings.weight_decay)
        case "sgd":
            rate = filled[0]["lr"]
            return optim.SGD(filled, lr=rate, momentum=settings.momentum, weight_decay=settings.weight_decay)


def scale_rates(optimiser: optim.Optimizer, rates: Sequence[float], factor: float) -> None:
    """Set each group's learning rate to its own rate times a factor."""
    for group, rate in zip(optimiser.param_groups, rates, strict=True):
        group["lr"] = rate * factor
