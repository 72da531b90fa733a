"""File stamps: times and inodes, by which a change of a file's content shows without reading it."""

import os
import time
from typing import NamedTuple, Self

MOST = 2**63 - 1  # an int64, as feature files hold it
SECOND = 10**9  # nanoseconds
# A file may change again within the same tick of its file system's clock: 2 s on FAT, 1 s on HFS+, 4 ms on ext4.
TICK = 2 * SECOND
UNKNOWN = 0


class FileStamp(NamedTuple):
    """Times and place of a file; of equal stamps the content is equal, if one `detects_changes`.

    Attributes:
        mtime_ns: When its content was changed, nanoseconds since 1970; programs may set it to anything.
        inode: The number of the file in its file system; 0 where it is not known.
        ctime_ns: When anything about it was changed, which only the system sets; 0 where it is not known, or was so
            recent that a change after it might not show.
    """

    mtime_ns: int
    inode: int = UNKNOWN
    ctime_ns: int = UNKNOWN

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        """The stamp of a file as it is now. Times and numbers beyond 64 bits become the last that fit."""
        mtime_ns, ctime_ns = _clamp(status.st_mtime_ns), _clamp(status.st_ctime_ns)
        if ctime_ns > time.time_ns() - TICK:
            return cls(mtime_ns)
        return cls(mtime_ns, status.st_ino & MOST, ctime_ns)

    @property
    def detects_changes(self) -> bool:
        """Whether a change of the content after the stamp was taken shows in it."""
        return self.ctime_ns != UNKNOWN

    @property
    def has_coarse_time(self) -> bool:
        """Whether its time is in whole seconds, as of file systems that have no finer ones or none of their own."""
        return self.ctime_ns % SECOND == 0


NO_STAMP = FileStamp(UNKNOWN)


def _clamp(time_ns: int) -> int:
    return max(-MOST - 1, min(time_ns, MOST))
