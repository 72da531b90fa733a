"""Checkpoints: written whole or not at all, read without running anyone's pickled code."""

import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from fashion_cli.atomic_files import atomic_path
from fashion_cli.errors import TrainingError


def write_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint under a temporary name, then rename it: a kill or a full disk leaves the previous one.

    Args:
        path: Where it will lie.
        state: Tensors, numbers, strings, lists and dicts of them.

    Raises:
        OSError: If it cannot be written.
    """
    with atomic_path(path) as draft, draft.open("wb") as stream, _reasons():
        torch.save(state, stream)
        stream.flush()
        os.fsync(stream.fileno())


@contextmanager
def _reasons() -> Iterator[None]:
    """A write that failed is told as such: torch ends in an error about the archive that it was writing."""
    try:
        yield
    except RuntimeError as error:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, OSError):
            cause = cause.__cause__ or cause.__context__
        if cause is None:
            raise
        raise cause from None


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint.

    Raises:
        TrainingError: If the file is damaged or holds anything but data.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise TrainingError(
            f"{path}: not a usable checkpoint ({str(error).splitlines()[0]})",
            hint="delete it to start the run from the beginning",
        ) from error
    return state
