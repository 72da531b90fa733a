"""Pixels that threads hold at once, against a count of them."""

from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from time import sleep

import pytest

from fashion_cli.data.images.budget import PixelBudget


def test_threads_never_hold_more_than_the_budget() -> None:
    budget, lock = PixelBudget(100), Lock()
    held, most = 0, []

    def decode(pixels: int) -> None:
        nonlocal held
        with budget.hold(pixels):
            with lock:
                held += pixels
                most.append(held)
            sleep(0.001)
            with lock:
                held -= pixels

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(decode, [30, 90, 20, 50, 250, 10, 40, 60] * 5))
    assert len(most) == 40
    assert max(most) == 250  # the one that is larger than the budget, alone
    assert all(count <= 100 or count == 250 for count in most)


def test_what_fails_gives_its_pixels_back() -> None:
    budget = PixelBudget(100)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), budget.hold(100):
            raise ZeroDivisionError
