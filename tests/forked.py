"""Run a function in processes of its own, forked from one that has imported torch and the training code already.

A new interpreter imports them for longer than most tests train.
"""

import multiprocessing
import os
import runpy
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

PRELOADED = (
    "fashion_cli.entry",
    "fashion_cli.training.model_directory",
    "fashion_cli.training.tasks.multitask",
    "fashion_cli.training.loop",
    "pytest",
)


@dataclass(frozen=True)
class Finished:
    """How a process ended.

    Attributes:
        returncode: Negative is the number of the signal that ended it.
        output: What it wrote to stdout and stderr.
    """

    returncode: int | None
    output: str


def run_forked(function: Callable[..., object], *arguments: object, processes: int = 1) -> Finished:
    """Wait for a function that runs elsewhere, with this process's environment and number of threads.

    Args:
        function: Of a module.
        arguments: Can be pickled.
        processes: Above 1, they train together.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    with tempfile.NamedTemporaryFile() as output:
        # Sums depend on the number of threads.
        start = (output.name, dict(os.environ), torch.get_num_threads(), processes, function, arguments)
        process = context.Process(target=_run, args=start)
        process.start()
        process.join()
        finished = Finished(process.exitcode, Path(output.name).read_text(errors="replace"))
        process.close()
    return finished


def _run(
    output: str,
    environment: dict[str, str],
    threads: int,
    processes: int,
    function: Callable[..., object],
    arguments: tuple[object, ...],
) -> None:
    file = os.open(output, os.O_WRONLY | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(file, stream)
    os.environ.clear()  # that of the first process to fork is another test's
    os.environ.update(environment)
    torch.set_num_threads(threads)
    if processes == 1:
        function(*arguments)
        return
    from accelerate import debug_launcher

    debug_launcher(_run_together, (function, *arguments), processes)


def _run_together(function: Callable[..., object], *arguments: object) -> None:
    os.environ["RANK"] = str(torch.distributed.get_rank())  # as `accelerate launch` sets it: the first process writes
    function(*arguments)


def run_module(module: str, *arguments: str) -> None:
    """As `python -m` does."""
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
