"""Schedules and optimisers against arithmetic written out."""

import pytest
import torch

from fashion_cli.training.optimisers import build_optimiser, scale_rates
from fashion_cli.training.plan import Plan
from fashion_cli.training.recipe_sections import OptimiserSection
from fashion_cli.training.schedules import schedule_of, within_run


def factors(plan: Plan, **settings: object) -> list[float]:
    schedule = schedule_of(OptimiserSection(**settings), plan)  # type: ignore[arg-type]
    return [schedule(step) for step in range(plan.steps)]


def test_cosine_after_a_warm_up() -> None:
    """Two steps of warm-up; then cos of 0, 45, 90 and 135 degrees, as (1 + cos) / 2."""
    found = factors(Plan([3, 3]), schedule="cosine", warmup_steps=2)
    assert found == pytest.approx([1 / 2, 2 / 2, 1.0, (1 + 0.5**0.5) / 2, 0.5, (1 - 0.5**0.5) / 2])


def test_steps_fall_by_epochs() -> None:
    """Three epochs of two steps, decay 0.1 after every two; a warm-up of one step changes nothing else."""
    found = factors(Plan([2, 2, 2]), schedule="step", warmup_steps=1, decay_every=2, decay=0.1)
    assert found == pytest.approx([1, 1, 1, 1, 0.1, 0.1])
    found = factors(Plan([2, 2, 2]), schedule="step", warmup_steps=0, decay_every=1, decay=0.5)
    assert found == pytest.approx([1, 1, 0.5, 0.5, 0.25, 0.25])


def test_constant() -> None:
    assert factors(Plan([4]), schedule="constant", warmup_steps=3) == pytest.approx([1 / 3, 2 / 3, 1, 1])
    assert factors(Plan([2]), schedule="constant", warmup_steps=0) == [1, 1]


def test_a_warm_up_that_is_longer_than_the_run() -> None:
    assert factors(Plan([2]), schedule="cosine", warmup_steps=8) == pytest.approx([1 / 8, 2 / 8])


def test_the_cosine_ends_with_the_limit() -> None:
    """Five epochs of two batches, cut at four steps: 0, 45, 90, 135 degrees."""
    found = factors(Plan([2] * 5, limit=4), schedule="cosine", warmup_steps=0)
    assert found == pytest.approx([1.0, (1 + 0.5**0.5) / 2, 0.5, (1 - 0.5**0.5) / 2])


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"kind": "adamw"}, torch.optim.AdamW),
        ({"kind": "adam"}, torch.optim.Adam),
        ({"kind": "sgd", "momentum": 0.7}, torch.optim.SGD),
    ],
)
def test_the_optimiser_that_is_named(settings: dict[str, object], kind: type) -> None:
    trunk, head = (torch.nn.Parameter(torch.ones(2)) for _ in range(2))
    groups = [{"params": [trunk], "lr": 0.1}, {"params": [], "lr": 9.0}, {"params": [head], "lr": 0.3}]
    optimiser = build_optimiser(groups, OptimiserSection(**settings, weight_decay=0.01))  # type: ignore[arg-type]
    assert type(optimiser) is kind
    assert [group["lr"] for group in optimiser.param_groups] == [0.1, 0.3]
    assert {group["weight_decay"] for group in optimiser.param_groups} == {0.01}
    assert [group.get("momentum") for group in optimiser.param_groups] == [settings.get("momentum")] * 2
    scale_rates(optimiser, [0.1, 0.3], 0.5)
    assert [group["lr"] for group in optimiser.param_groups] == pytest.approx([0.05, 0.15])


def test_cooldown_is_constant_and_falls_along_a_line_at_the_end() -> None:
    found = factors(Plan([10]), schedule="cooldown", warmup_steps=2, cooldown=0.4)
    assert found == pytest.approx([1 / 2, 1, 1, 1, 1, 1, 1, 3 / 4, 2 / 4, 1 / 4])
    assert factors(Plan([3]), schedule="cooldown", warmup_steps=0, cooldown=0.0) == [1, 1, 1]


@pytest.mark.parametrize(
    ("steps", "warm_up", "average"),
    [
        (300, 30, 1 - 1 / 60),  # a tenth and a fifth
        (2000, 200, 1 - 1 / 400),
        (2500, 200, 0.998),  # reaches back over 500 steps
        (100_000, 200, 0.998),
        (4, 0, 0.0),
        (0, 200, 0.998),
    ],
)
def test_a_warm_up_and_an_average_are_shortened_to_the_run(steps: int, warm_up: int, average: float) -> None:
    found = within_run(OptimiserSection(warmup_steps=200, ema_decay=0.998), steps)
    assert found.warmup_steps == warm_up
    assert found.ema_decay == pytest.approx(average)
    off = OptimiserSection(warmup_steps=0, ema_decay=0.0)
    assert within_run(off, steps) == off
