"""The root of a feature file: the folder that its photographs' paths are relative to, and where that folder is now.

A file with a root can be moved, alone or together with its photographs: what it stores is below the root, and everyone
who reads it gets absolute paths. It records the root twice, as an absolute path and as the way there from its own
folder, since either may hold after a move. Which one does is found out by looking for some of the photographs.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

LOOKED_FOR = 16  # photographs, spread over the file, by which a root is recognised


def stored_path(path: str, root: str) -> str:
    """What a file stores for an absolute path: the part below the root; the whole path where it lies elsewhere."""
    folder = root if root.endswith(os.sep) else root + os.sep
    return path[len(folder) :] if root and path.startswith(folder) else path


def absolute_path(stored: str, root: str) -> str:
    """The inverse of `stored_path`."""
    return os.path.join(root, stored) if root else stored


def common_root(paths: Iterable[str]) -> str:
    """The innermost folder that holds all of these folders and files, given as absolute paths; "" for none."""
    entries = list(paths)
    return os.path.commonpath(entries) if entries else ""


def way_to(root: str, file: Path) -> str:
    """The root as seen from the folder of a feature file; "" for no root."""
    return os.path.relpath(root, file.absolute().parent) if root else ""


def recorded_roots(root: str, way: str, file: Path) -> tuple[str, ...]:
    """Where the root of a file may be, by what the file says: beside it as before, else where it was."""
    if not root:
        return ()
    relative = os.path.abspath(file.absolute().parent / way) if way else root
    return tuple(dict.fromkeys((relative, root)))


def likeliest_root(roots: Sequence[str], stored: Sequence[str]) -> str:
    """The root under which most photographs are found; the first one of equals, the last one where none is.

    Args:
        roots: Candidates, at least one.
        stored: Some of a file's paths, as it stores them.
    """
    counts = [sum(os.path.lexists(absolute_path(path, root)) for path in stored) for root in roots]
    return roots[counts.index(max(counts))] if any(counts) else roots[-1]
