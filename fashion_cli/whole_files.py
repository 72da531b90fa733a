"""Files that take their name when they are whole."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name beside a file. What was written there when the block ends becomes the file, in one step.

    A block that fails, also on a full disk, leaves what was there before and nothing else.
    """
    draft = path.with_name(f"{path.name}.partial")
    try:
        yield draft
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise
