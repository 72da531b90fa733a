"""Mean and deviation by arithmetic written out."""

import math

import pytest

from fashion_cli.metrics.spread import spread


def test_by_hand() -> None:
    found = spread([1.0, 2.0, 6.0])
    assert found.mean == pytest.approx(3)
    assert found.deviation == pytest.approx(((4 + 1 + 9) / 2) ** 0.5)


def test_one_run_has_no_deviation() -> None:
    assert spread([0.25]).mean == 0.25
    assert math.isnan(spread([0.25]).deviation)
