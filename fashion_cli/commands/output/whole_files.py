"""Files that are there whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from fashion_cli.data.image_files import printable
from fashion_cli.errors import FashionError, OutputError


@contextmanager
def whole_file(path: Path) -> Iterator[TextIO]:
    """A UTF-8 file that takes its name when it is complete. What was there before stays until then.

    Raises:
        OutputError: If it cannot be written; what could be written lies beside it as `.partial`.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
            yield stream
        os.replace(partial, path)
    except FashionError:
        partial.unlink(missing_ok=True)
        raise
    except OSError as error:
        raise OutputError(
            f"{printable(path)}: cannot be written ({error.strerror or error})",
            hint="choose another place, or make room there",
        ) from error
