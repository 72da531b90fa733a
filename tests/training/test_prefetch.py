"""Batches arrive in order, a few ahead, and nothing is left open."""

import threading
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from fashion_cli.errors import ImageError
from fashion_cli.training.prefetch import AHEAD, prefetch


class Numbers(Dataset[int]):
    def __init__(self, broken: int = -1) -> None:
        self.read: list[int] = []
        self.broken, self.is_closed = broken, False

    def __getitem__(self, row: int) -> int:
        if row == self.broken:
            raise ImageError(f"{row}: cannot be read")
        self.read.append(row)
        return row

    def __len__(self) -> int:
        return 10

    def close(self) -> None:
        self.is_closed = True


def loader(numbers: Numbers) -> DataLoader[Any]:
    return DataLoader(numbers, batch_sampler=[[2 * n, 2 * n + 1] for n in range(5)], collate_fn=list)


@pytest.mark.parametrize("turns", [slice(None), slice(3, None), slice(1, 5, 2), slice(5, 5), slice(0, 2)])
def test_the_batches_that_are_asked_for(turns: slice) -> None:
    numbers = Numbers()
    with prefetch(loader(numbers), turns) as batches:
        found = list(batches)
    assert found == [[2 * n, 2 * n + 1] for n in range(5)][turns]
    assert numbers.read == [row for batch in found for row in batch]
    assert numbers.is_closed


def test_nothing_is_left_when_the_rest_is_not_wanted() -> None:
    numbers, threads = Numbers(), set(threading.enumerate())
    with prefetch(loader(numbers), slice(None)) as batches:
        assert next(batches) == [0, 1]
    assert set(threading.enumerate()) <= threads
    assert len(numbers.read) <= 2 * (1 + AHEAD)
    assert numbers.is_closed


def test_what_a_dataset_raises_comes_with_its_batch() -> None:
    numbers = Numbers(broken=5)
    with prefetch(loader(numbers), slice(None)) as batches:
        assert [next(batches), next(batches)] == [[0, 1], [2, 3]]
        with pytest.raises(ImageError, match="5: cannot be read"):
            next(batches)
    assert numbers.is_closed


def test_the_global_generator_stands_still() -> None:
    before = torch.get_rng_state()
    with prefetch(loader(Numbers()), slice(None)) as batches:
        list(batches)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_loader_without_batches() -> None:
    with pytest.raises(TypeError, match="batch_sampler"), prefetch(DataLoader(Numbers(), batch_size=None), slice(None)):
        pass
