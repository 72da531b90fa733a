"""Batches of an epoch, read ahead in one thread while the step before them runs."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Protocol, runtime_checkable

import torch
from torch.utils.data import DataLoader

AHEAD = 2  # batches that wait, ready


@runtime_checkable
class Closable(Protocol):
    """What holds threads or files until it is closed."""

    def close(self) -> None:
        """Let go of them."""


@contextmanager
def prefetch(loader: DataLoader[Any], turns: slice) -> Iterator[Iterator[Any]]:
    """The batches of an epoch, or some of them; nothing is read that nobody asks for, and no thread stays.

    Args:
        loader: With a batch sampler that gives the same batches whenever it is asked; its dataset draws nothing from
            global generators, and is closed at the end if it can be.
        turns: Which of its batches.
    """
    if loader.batch_sampler is None:
        raise TypeError("a task's loader has a batch_sampler")
    chosen = list(loader.batch_sampler)[turns]
    batches = iter(_part(loader, chosen))
    try:
        with _reading_ahead(lambda: next(batches), len(chosen)) as ready:
            yield ready
    finally:
        if isinstance(loader.dataset, Closable):
            loader.dataset.close()


def _part(loader: DataLoader[Any], chosen: Sequence[Any]) -> DataLoader[Any]:
    return DataLoader(
        loader.dataset,
        batch_sampler=chosen,
        num_workers=loader.num_workers,
        collate_fn=loader.collate_fn,
        pin_memory=loader.pin_memory,
        worker_init_fn=loader.worker_init_fn,
        # Its iterators draw a number; from the global generator a resumed run would draw once more than a whole one.
        generator=loader.generator or torch.Generator(),
    )


@contextmanager
def _reading_ahead(read: Callable[[], Any], count: int) -> Iterator[Iterator[Any]]:
    """`count` results of `read`, `AHEAD` of them before they are asked for."""
    with ThreadPoolExecutor(1, thread_name_prefix="prefetch") as thread:
        waiting: list[Future[Any]] = [thread.submit(read) for _ in range(min(AHEAD, count))]

        def ready() -> Iterator[Any]:
            for number in range(count):
                if number + AHEAD < count:
                    waiting.append(thread.submit(read))
                yield waiting.pop(0).result()

        try:
            yield ready()
        finally:
            thread.shutdown(cancel_futures=True)
