"""Observers of an open index: the server counts its batches and reloads, other programs need not."""

from typing import Protocol


class Observer(Protocol):
    """Notified of batches and reloads, from any thread."""

    def observe_batch(self, photographs: int, seconds: float) -> None:
        """A batch went through the model."""

    def count_reload(self, outcome: str) -> None:
        """A new index was "taken", or opening it "failed"."""


class NullObserver:
    """An observer that does nothing."""

    def observe_batch(self, photographs: int, seconds: float) -> None:
        pass

    def count_reload(self, outcome: str) -> None:
        pass
