"""Batches against single predictions; how many wait; what becomes of errors."""

import threading
from concurrent.futures import Future

import numpy as np
import pytest

from fashion_cli.outputs import Predictions
from fashion_cli.session.batching import Batcher, BusyError


class Slow:
    """Doubles a number; each batch waits until it is let go."""

    name, num_threads, fast_images = "slow", 1, False

    def __init__(self, *, held: bool = False) -> None:
        self.sizes: list[int] = []
        self.begun = threading.Semaphore(0)
        self.gate = threading.Event()
        if not held:
            self.gate.set()

    def predict(self, pixels: np.ndarray) -> Predictions:
        self.sizes.append(len(pixels))
        self.begun.release()
        assert self.gate.wait(20)
        if (pixels == 13).any():
            raise RuntimeError("unlucky")
        return Predictions(pixels.astype(np.float32) * 2, pixels.astype(np.float32))


def numbered(number: int) -> np.ndarray:
    return np.array([number], np.uint8)


def open_batcher(engine: Slow, **more) -> Batcher:
    given = {"size": 4, "limit": 10, "observe": lambda photographs, seconds: None, **more}
    return Batcher(engine, **given)


def test_who_waits_goes_into_one_batch_and_gets_their_own_answer() -> None:
    engine = Slow(held=True)
    batcher = open_batcher(engine)
    first = batcher.submit(numbered(1))
    assert engine.begun.acquire(timeout=20)  # is on its own, and the others come meanwhile
    others = [batcher.submit(numbered(number)) for number in range(2, 9)]
    assert len(batcher) == 7
    engine.gate.set()
    said = [each.result(20) for each in (first, *others)]
    assert [each.vectors.tolist() for each in said] == [[[2.0 * number]] for number in range(1, 9)]
    assert [each.scores.tolist() for each in said] == [[[float(number)]] for number in range(1, 9)]
    assert engine.sizes == [1, 4, 3]
    batcher.close()


def test_what_is_on_its_way_is_waited_for() -> None:
    engine = Slow()
    coming = threading.Event()

    def expected() -> int:
        coming.set()
        return 2

    batcher = open_batcher(engine, expected=expected)
    assert batcher.submit(numbered(1)).result(20).vectors.tolist() == [[2.0]]  # though the second never comes
    assert coming.is_set()
    batcher.close()


def test_too_many_are_refused() -> None:
    engine = Slow(held=True)
    batcher = open_batcher(engine, limit=2)
    batcher.submit(numbered(1))
    assert engine.begun.acquire(timeout=20)
    waiting = [batcher.submit(numbered(2)), batcher.submit(numbered(3))]
    with pytest.raises(BusyError):
        batcher.submit(numbered(4))
    engine.gate.set()
    assert [each.result(20).vectors.item() for each in waiting] == [4.0, 6.0]
    batcher.close()


def test_an_error_goes_to_those_of_its_batch_alone() -> None:
    engine = Slow(held=True)
    batcher = open_batcher(engine, size=2)
    first = batcher.submit(numbered(1))
    assert engine.begun.acquire(timeout=20)
    unlucky = [batcher.submit(numbered(number)) for number in (13, 2)]
    lucky = batcher.submit(numbered(3))
    engine.gate.set()
    assert (first.result(20).vectors.item(), lucky.result(20).vectors.item()) == (2.0, 6.0)
    for each in unlucky:
        assert isinstance(each.exception(20), RuntimeError)
    batcher.close()


def test_who_has_gone_is_left_out() -> None:
    engine = Slow(held=True)
    batcher = open_batcher(engine)
    batcher.submit(numbered(1))
    assert engine.begun.acquire(timeout=20)
    gone, there = batcher.submit(numbered(2)), batcher.submit(numbered(3))
    assert gone.cancel()
    engine.gate.set()
    assert there.result(20).vectors.item() == 6.0
    assert engine.sizes == [1, 1]
    batcher.close()


def test_closing_answers_what_waits() -> None:
    engine = Slow(held=True)
    batcher = open_batcher(engine)
    waiting: list[Future[Predictions]] = [batcher.submit(numbered(number)) for number in range(3)]
    closing = threading.Thread(target=batcher.close)
    closing.start()
    engine.gate.set()
    closing.join(20)
    assert [each.result(0).vectors.item() for each in waiting] == [0.0, 2.0, 4.0]
    assert not closing.is_alive()
