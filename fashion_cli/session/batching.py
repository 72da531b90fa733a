"""Inference in one thread, several photographs at a time: who waits meanwhile goes into the next batch."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, Full, Queue
from threading import Thread, current_thread

import numpy as np
import numpy.typing as npt

from fashion_cli.inference.engine import Engine
from fashion_cli.outputs import Predictions

Pixels = npt.NDArray[np.uint8]
Waiting = tuple[Pixels, "Future[Predictions]"]
Observe = Callable[[int, float], None]  # (photographs, seconds) of a batch

WAIT = 0.003  # seconds at most that a photograph waits for company


class BusyError(Exception):
    """As many photographs wait as may."""


class Batcher:
    """Predicts single photographs in batches. Any thread may submit.

    A batch is what is there when the one before is done. Only where more is known to be on its way does it wait for
    that, and never longer than `WAIT`.

    Args:
        engine: What predicts.
        size: Photographs in a batch, at most.
        limit: Photographs that may wait.
        observe: Told about each batch.
        expected: How many more photographs are on their way; may be an estimate.
    """

    def __init__(
        self, engine: Engine, *, size: int, limit: int, observe: Observe, expected: Callable[[], int] = lambda: 0
    ) -> None:
        self._engine, self._size, self._observe, self._expected = engine, size, observe, expected
        self._queue: Queue[Waiting | None] = Queue(limit)
        self._thread = Thread(target=self._run, name="inference", daemon=True)
        self._thread.start()

    def __len__(self) -> int:
        """How many photographs wait."""
        return self._queue.qsize()

    def submit(self, pixels: Pixels) -> "Future[Predictions]":
        """Predict one photograph: (H, W, 3), or what the engine's reader makes.

        Raises:
            BusyError: If too many wait.
        """
        future: Future[Predictions] = Future()
        try:
            self._queue.put_nowait((pixels, future))
        except Full:
            raise BusyError from None
        return future

    def close(self) -> None:
        """Predict what waits, then end the thread."""
        self._queue.put(None)
        if current_thread() is not self._thread:  # which may collect what is closed here
            self._thread.join()

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, ended = self._collect(first)
            self._predict([each for each in batch if each[1].set_running_or_notify_cancel()])
            if ended:
                return

    def _collect(self, first: Waiting) -> tuple[list[Waiting], bool]:
        """What goes into one batch, and whether nothing comes after it."""
        batch = [first]
        until = time.monotonic() + WAIT
        while len(batch) < self._size:
            patience = until - time.monotonic() if self._expected() > len(batch) else 0.0
            try:
                waiting = self._queue.get(timeout=patience) if patience > 0 else self._queue.get_nowait()
            except Empty:
                break
            if waiting is None:
                return batch, True
            batch.append(waiting)
        return batch, False

    def _predict(self, batch: list[Waiting]) -> None:
        if not batch:
            return
        start = time.perf_counter()
        try:
            predictions = self._engine.predict(np.stack([pixels for pixels, _ in batch]))
        except Exception as error:  # noqa: BLE001  # belongs to those who wait for it
            for _, future in batch:
                future.set_exception(error)
            return
        self._observe(len(batch), time.perf_counter() - start)
        for place, (_, future) in enumerate(batch):
            row = slice(place, place + 1)
            future.set_result(Predictions(predictions.vectors[row], predictions.scores[row]))
