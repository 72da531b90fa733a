"""Who is told what an open index does: the server counts it, a program of one's own need not."""

from typing import Protocol


class Observer(Protocol):
    """Told about batches and reloads, by any thread."""

    def observe_batch(self, photographs: int, seconds: float) -> None:
        """A batch went through the model."""

    def count_reload(self, outcome: str) -> None:
        """A new index was "taken", or opening it "failed"."""


class NullObserver:
    """Nobody is told."""

    def observe_batch(self, photographs: int, seconds: float) -> None:
        pass

    def count_reload(self, outcome: str) -> None:
        pass
