"""A file's stamp holds whatever a file system says, and tells when that proves nothing."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from fashion_cli.data.file_stamps import FileStamp

SECOND = 10**9
LONG_AGO = 1_700_000_000_123_456_789


def status(mtime_ns: int, ctime_ns: int = LONG_AGO, inode: int = 7) -> os.stat_result:
    times = {"st_mtime_ns": mtime_ns, "st_ctime_ns": ctime_ns}
    return os.stat_result((0o100644, inode, 1, 1, 0, 0, 1000, 0, 0, 0), times)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (10_413_792_000, 2**63 - 1),  # 2300-01-01
        (-11_644_473_600, -(2**63)),  # 1601-01-01, the zero of Windows
        (-1, -SECOND),
        (0, 0),
        (9_223_372_036, 9_223_372_036 * SECOND),
        (2**64, 2**63 - 1),
        (-(2**64), -(2**63)),
    ],
)
def test_times_fit_a_feature_file(seconds: int, expected: int) -> None:
    stamp = FileStamp.of(status(seconds * SECOND))
    assert stamp.mtime_ns == expected
    assert FileStamp.of(status(0, ctime_ns=seconds * SECOND)).ctime_ns in (expected, 0)
    np.array(stamp, np.int64)  # or OverflowError


def test_numbers_of_files_fit_a_feature_file() -> None:
    inodes = [FileStamp.of(status(0, inode=inode)).inode for inode in (1, 2**63 - 1, 2**63 + 5, 2**64 - 1)]
    assert inodes == [1, 2**63 - 1, 5, 2**63 - 1]


def test_a_file_that_was_changed_this_moment_may_change_again_unseen(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    os.utime(tmp_path / "a", ns=(LONG_AGO, LONG_AGO))  # what programs set says nothing of that
    assert not FileStamp.of((tmp_path / "a").stat()).detects_changes
    assert not FileStamp.of(
        status(0, ctime_ns=time.time_ns() + 3600 * SECOND)
    ).detects_changes  # a server's clock is ahead
    assert FileStamp.of(status(0, ctime_ns=time.time_ns() - 10 * SECOND)).detects_changes


def test_whole_seconds_are_coarse() -> None:
    assert FileStamp.of(status(0, ctime_ns=315_532_800 * SECOND)).has_coarse_time
    assert not FileStamp.of(status(0)).has_coarse_time
