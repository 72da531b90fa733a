"""The plan of a run against a plain loop that goes through it."""

import pytest

from fashion_cli.errors import TrainingError
from fashion_cli.training.plan import Plan, plan_steps


def walk(batches: list[int], accumulate: int, limit: int) -> list[tuple[int, int, int]]:
    """(epoch, batches done before, batches) of each step."""
    steps = []
    for epoch, count in enumerate(batches):
        done = 0
        while done < count:
            size = min(accumulate, count - done)
            steps.append((epoch, done, size))
            done += size
    return steps[: limit or None]


@pytest.mark.parametrize("batches", [[5], [4, 4], [1, 7, 3], [2, 2, 2, 2]])
@pytest.mark.parametrize("accumulate", [1, 2, 3, 10])
@pytest.mark.parametrize("limit", [0, 1, 3, 4, 100])
def test_it_is_what_a_loop_does(batches: list[int], accumulate: int, limit: int) -> None:
    plan, steps = Plan(batches, accumulate, limit), walk(batches, accumulate, limit)
    assert plan.steps == len(steps)
    assert plan.epochs == steps[-1][0] + 1
    for step, (epoch, done, size) in enumerate(steps):
        assert plan.epoch_of(step) == epoch
        assert plan.batches_until(step, epoch) == done
        assert plan.batches_of(step) == size
        assert plan.first_step(epoch) <= step < plan.ends[epoch]


def test_processes_share_the_batches() -> None:
    """Seven batches for three processes: two each, one is left out."""
    assert plan_steps([7, 9], processes=3, accumulate=1, limit=0).batches == [2, 3]


@pytest.mark.parametrize(
    ("batches", "processes", "message"),
    [
        ([3, 0], 1, "epoch 1 has 0 batches: fewer training garments than one batch takes"),
        ([3], 4, "epoch 0 has 3 batches for 4 processes"),
    ],
)
def test_an_epoch_without_a_batch(batches: list[int], processes: int, message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        plan_steps(batches, processes, accumulate=1, limit=0)


def test_no_epoch_is_a_plan_too() -> None:
    plan = plan_steps([], processes=2, accumulate=1, limit=0)
    assert (plan.steps, plan.epochs) == (0, 0)
