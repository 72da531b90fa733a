"""Checkpoints on a disk that is full: the one before stays, nothing else does, and the message says what happened."""

from pathlib import Path

import pytest
import torch

from fashion_cli.training.checkpoint import read_checkpoint, write_checkpoint
from tests.full_disks import files_of_at_most

STATE = {"weights": torch.zeros(100_000), "done": 3}


@pytest.mark.parametrize("size", [0, 1000, 50_000, 390_000, 400_500])
def test_a_full_disk_leaves_the_checkpoint_before(size: int, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    write_checkpoint(path, {"done": 2})
    with files_of_at_most(size), pytest.raises(OSError, match="too large"):
        write_checkpoint(path, STATE)
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
