"""SIGINT and SIGTERM end a run between two steps, after a checkpoint."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Remembers that a signal asked to stop.

    Inside `catching()` the first signal is noted and the second raises KeyboardInterrupt at once. Outside the main
    thread, where Python sets no signal handlers, nothing is caught.
    """

    def __init__(self) -> None:
        self.is_requested = False
        self._at_once = False

    @contextmanager
    def catching(self) -> Iterator[None]:
        """Note signals while the block runs."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before: dict[signal.Signals, Any] = {each: signal.signal(each, self._note) for each in SIGNALS}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Do not wait: raise KeyboardInterrupt in the middle of the block."""
        self._at_once = True
        try:
            yield
        finally:
            self._at_once = False

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        if self.is_requested or self._at_once:
            raise KeyboardInterrupt
        self.is_requested = True
