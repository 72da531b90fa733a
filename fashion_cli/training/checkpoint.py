"""Checkpoints: written whole or not at all, read without running anyone's pickled code."""

import os
import pickle
from pathlib import Path
from typing import Any

import torch

from fashion_cli.errors import TrainingError


def write_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint under a temporary name, then rename it: a kill leaves the previous one.

    Args:
        path: Where it will lie.
        state: Tensors, numbers, strings, lists and dicts of them.
    """
    draft = path.with_suffix(".partial")
    with draft.open("wb") as stream:
        torch.save(state, stream)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)


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
