"""What is freed is used again."""

import subprocess
import sys

import pytest

PROGRAM = """
import resource
import torch
from fashion_cli.inference.memory import reuse_freed_memory

torch.set_num_threads(1)
reuse_freed_memory()
for _ in range(10):  # until the heap is large enough
    torch.ones(10_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    torch.ones(10_000_000)
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) * resource.getpagesize())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc is on Linux")
def test_large_tensors_take_the_pages_of_freed_ones() -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert int(ran.stdout) < 40_000_000  # ten times that much was written
