"""What a run leaves to be read: `metrics.jsonl`, and the same for TensorBoard."""

import json
import math
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter

from fashion_cli.atomic_files import atomic_path

METRICS_FILE = "metrics.jsonl"
TENSORBOARD_DIRECTORY = "tensorboard"
VAL = "val/"  # before the names of figures that were measured on `val`


class RunLog:
    """Writes one line per step and per epoch.

    Args:
        directory: Of the run.
        done: Steps that are done. What a run that was killed wrote behind its last checkpoint is taken back.
        measured: Epochs whose figures on `val` are known.
    """

    def __init__(self, directory: Path, done: int, measured: int) -> None:
        path = directory / METRICS_FILE
        _take_back(path, done, measured)
        self._stream = path.open("a", encoding="utf-8")
        self._board = SummaryWriter(directory / TENSORBOARD_DIRECTORY, purge_step=done + 1)

    def write(self, step: int, epoch: int, logs: Mapping[str, float]) -> None:
        """Add a line.

        Args:
            step: Steps done.
            epoch: From 0.
            logs: Name -> value; what is no finite number becomes null.
        """
        values = {name: value if math.isfinite(value) else None for name, value in logs.items()}
        line = {"step": step, "epoch": epoch, "time": round(time.time(), 3), **values}
        self._stream.write(json.dumps(line) + "\n")
        self._stream.flush()
        for name, value in logs.items():
            self._board.add_scalar(name if "/" in name else f"train/{name}", value, step)

    def close(self) -> None:
        self._stream.close()
        self._board.close()


def read_metrics(directory: Path) -> list[dict[str, Any]]:
    """The lines of a run's `metrics.jsonl`; one that was cut off in the middle is left out."""
    return list(_lines(directory / METRICS_FILE))


def _take_back(path: Path, done: int, measured: int) -> None:
    lines = [line for line in _lines(path) if line["step"] <= done and _stands(line, measured)] if done else []
    with atomic_path(path) as draft:
        draft.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")


def _stands(line: Mapping[str, Any], measured: int) -> bool:
    """Whether a line tells of a step, or of `val` before the first one or after an epoch that is over."""
    return not any(name.startswith(VAL) for name in line) or line["step"] == 0 or line["epoch"] < measured


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            return
