"""What is freed is used again."""

import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
import torch
from fashion_cli.inference.memory import reuse_freed_memory

torch.set_num_threads(1)
if sys.argv[1] == "reused":
    reuse_freed_memory()
for _ in range(10):
    torch.ones(20_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    torch.ones(20_000_000)
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) * resource.getpagesize())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc is on Linux")
def test_large_tensors_take_the_pages_of_freed_ones() -> None:
    faults = {}
    for how in ("as it comes", "reused"):
        ran = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True)
        faults[how] = int(ran.stdout)
    assert faults["reused"] < 20_000_000 < 20 * 80_000_000 * 0.5 < faults["as it comes"]
