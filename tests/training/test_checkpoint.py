"""Checkpoints on a disk that is full: the one before stays, nothing else does, and the message says what happened."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from fashion_cli.errors import OutputError
from fashion_cli.steps.train import _naming
from fashion_cli.training.checkpoint import read_checkpoint, write_checkpoint

STATE = {"weights": torch.zeros(100_000), "done": 3}


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """The kernel refuses what is written beyond, as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [0, 1000, 50_000, 390_000, 400_500])
def test_a_full_disk_leaves_the_checkpoint_before(size: int, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    write_checkpoint(path, {"done": 2})
    with files_of_at_most(size), pytest.raises(OutputError, match="cannot be written") as caught, _naming(tmp_path):
        write_checkpoint(path, STATE)
    assert "goes on from its last checkpoint" in caught.value.hint
    assert [each.name for each in tmp_path.iterdir()] == ["checkpoint.pt"]
    assert read_checkpoint(path) == {"done": 2}


def test_with_room_it_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    write_checkpoint(path, {"done": 2})
    write_checkpoint(path, STATE)
    assert [each.name for each in tmp_path.iterdir()] == ["checkpoint.pt"]
    assert read_checkpoint(path)["done"] == 3


def test_what_cannot_be_stored_is_no_full_disk(tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"pickle|local"):
        write_checkpoint(tmp_path / "checkpoint.pt", {"function": lambda: None})
    assert list(tmp_path.iterdir()) == []
