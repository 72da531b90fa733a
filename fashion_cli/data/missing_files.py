"""Photographs that are not where an index or a map has them: moved, deleted, on a disk that is away."""

import os
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class MissingFiles:
    """How many of some photographs are not there.

    Attributes:
        count: Those that are not.
        of: All.
        first: The path of the first one that is not; "" where all are there.
        hint: What to do where some are not.
    """

    count: int = 0
    of: int = 0
    first: str = ""
    hint: str = ""


def find_missing(paths: Iterable[str], hint: str) -> MissingFiles:
    """Look which of some photographs are there; one that comes twice counts once."""
    unique = list(dict.fromkeys(paths))
    missing = [path for path in unique if not os.path.lexists(path)]
    return MissingFiles(len(missing), len(unique), missing[0] if missing else "", hint)
