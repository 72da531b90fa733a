"""Which epoch is the best, and when to give up, against a loop over written-out figures."""

import math

import pytest

from fashion_cli.errors import TrainingError
from fashion_cli.training.recipe_sections import StopSection
from fashion_cli.training.stopping import BestSoFar


@pytest.mark.parametrize(
    ("better", "figures", "best"),
    [
        ("higher", [0.1, 0.3, 0.3, 0.2], [True, True, False, False]),
        ("lower", [0.3, 0.3, 0.1, 0.2], [True, False, True, False]),
        ("higher", [math.nan, 0.1, math.nan, 0.2], [False, True, False, True]),
    ],
)
def test_the_best_so_far(better: str, figures: list[float], best: list[bool]) -> None:
    follower = BestSoFar(StopSection("recall@1", better))  # type: ignore[arg-type]
    assert [follower.follow({"recall@1": value}, epoch) for epoch, value in enumerate(figures, 1)] == best
    assert follower.epoch == max(number for number, is_best in enumerate(best, 1) if is_best)
    assert not follower.is_exhausted


def test_patience() -> None:
    follower = BestSoFar(StopSection("x", "higher", patience=2))
    course = []
    for value in (0.5, 0.4, 0.6, 0.6, 0.1):
        follower.follow({"x": value}, 1)
        course.append(follower.is_exhausted)
    assert course == [False, False, False, False, True]


def test_it_goes_on_from_its_state() -> None:
    follower = BestSoFar(StopSection("x", "higher", patience=2))
    follower.follow({"x": 0.5}, 1)
    follower.follow({"x": 0.4}, 2)
    again = BestSoFar(StopSection("x", "higher", patience=2))
    again.restore(follower.state())
    assert not again.follow({"x": 0.5}, 3)
    assert (again.value, again.epoch, again.is_exhausted) == (0.5, 1, True)


@pytest.mark.parametrize(
    ("figures", "hint"),
    [({"recall@1": 1.0, "mAP": 1.0}, "did you mean 'recall@1'?"), ({}, "there are no photographs with split=val")],
)
def test_a_figure_that_nobody_measures(figures: dict[str, float], hint: str) -> None:
    with pytest.raises(TrainingError, match="no figure 'recal@1'") as error:
        BestSoFar(StopSection("recal@1")).check(figures)
    assert error.value.hint == hint
