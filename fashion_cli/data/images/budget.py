"""How many pixels are decoded at once: large photographs wait for each other, whatever the number of threads."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

from PIL import Image

# A decoded pixel takes 4 bytes, twice while transparency or colours are converted. So many of a telephone's
# photographs are decoded at once by every processor that none of them waits; of 100 megapixels, one.
_PIXELS_PER_PROCESSOR = 16_000_000
_LEAST = 100_000_000


class PixelBudget:
    """Pixels that all threads together may hold while they decode.

    Args:
        most: That many; a photograph with more is decoded while nothing else is.
    """

    def __init__(self, most: int) -> None:
        self._most, self._held = most, 0
        self._changed = Condition()

    @contextmanager
    def hold(self, pixels: int) -> Iterator[None]:
        """Wait until there is room for so many pixels, and hold them in the block."""
        with self._changed:
            self._changed.wait_for(lambda: self._held == 0 or self._held + pixels <= self._most)
            self._held += pixels
        try:
            yield
        finally:
            with self._changed:
                self._held -= pixels
                self._changed.notify_all()


# Pillow takes memory in blocks of 16 MB, which glibc keeps for each thread once they are free. Blocks above its largest
# threshold (32 MB) go back to the system at once.
Image.core.set_block_size(64 << 20)  # type: ignore[attr-defined]  # what PILLOW_BLOCK_SIZE sets

# One for the whole process, since its memory is one.
DECODING = PixelBudget(max(_LEAST, _PIXELS_PER_PROCESSOR * (os.cpu_count() or 1)))
