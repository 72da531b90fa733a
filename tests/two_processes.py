"""Run a module in two processes that train together: forked from one that has imported torch already.

`accelerate launch` imports it three times, which takes longer than what most tests train.

Usage: python -m tests.two_processes MODULE ARGUMENTS…
"""

import os
import runpy
import sys


def run(module: str, *arguments: str) -> None:
    from torch import distributed

    os.environ["RANK"] = str(distributed.get_rank())  # as `accelerate launch` sets it: the first process alone writes
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    from accelerate import debug_launcher

    import fashion_cli.training.loop
    import fashion_cli.training.tasks.multitask  # noqa: F401  # before the fork

    debug_launcher(run, tuple(sys.argv[1:]))
