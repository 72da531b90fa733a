"""How the C library gives memory back to the system."""

import ctypes

# Parameters of mallopt(3).
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
LARGEST = 2**31 - 1  # what an int holds: bytes that may stay free at the end of the heap
STEP = 1 << 26  # bytes that the heap grows by


def reuse_freed_memory() -> None:
    """Let this process keep what it has freed, for its next large tensors; does nothing without glibc.

    glibc maps each large tensor anew, and the system fills every page of it with zeros: a step of training a small
    network on a processor takes a third longer. The process holds on to its largest amount until it ends.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, LARGEST)
        mallopt(M_TOP_PAD, STEP)
