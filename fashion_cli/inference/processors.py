"""How many processors this process may use: those it may run on, or the share of them that its container is given."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

PROCESS = Path("/proc/self")
_NONE = ("max", "-1")  # no limit, in either version


def processors() -> int:
    """From 1; a part of a processor counts as one."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit = processor_limit(PROCESS)
    return allowed if limit is None else max(1, min(allowed, -int(-limit // 1)))


def processor_limit(process: Path) -> float | None:
    """Processors' time that control groups grant per second, as `docker run --cpus 1.5` asks them to; None for any.

    Args:
        process: Its folder in /proc.
    """
    limits = [limit for group in _groups(process) if (limit := _limit(group)) is not None]
    return min(limits, default=None)


@dataclass(frozen=True)
class _Mount:
    """Where a hierarchy of control groups is seen.

    Attributes:
        root: Which of its groups stands at `place`.
        place: The folder.
        version: 1 or 2.
    """

    root: PurePosixPath
    place: Path
    version: int


def _groups(process: Path) -> Iterator[Path]:
    """The folders of this process's groups and of all above them, which limit it too."""
    with suppress(OSError, ValueError):
        for mount in _mounts((process / "mountinfo").read_text()):
            group = _group((process / "cgroup").read_text(), mount.version)
            if group is None:
                continue
            inside = group.relative_to(mount.root) if group.is_relative_to(mount.root) else PurePosixPath()
            folder = mount.place / inside
            yield folder
            yield from (above for above in folder.parents if above.is_relative_to(mount.place))


def _mounts(text: str) -> Iterator[_Mount]:
    """Of /proc/self/mountinfo (proc(5)): only hierarchies that divide processors."""
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        place, kind = before.split(), after.split()
        if kind[0] == "cgroup2":
            yield _Mount(PurePosixPath(place[3]), Path(place[4]), 2)
        elif kind[0] == "cgroup" and "cpu" in kind[-1].split(","):
            yield _Mount(PurePosixPath(place[3]), Path(place[4]), 1)


def _group(text: str, version: int) -> PurePosixPath | None:
    """Of /proc/self/cgroup (cgroups(7)): "0::/group", "4:cpu,cpuacct:/group"."""
    for line in text.splitlines():
        number, controllers, group = line.split(":", 2)
        if (version == 2 and number == "0") or (version == 1 and "cpu" in controllers.split(",")):
            return PurePosixPath(group)
    return None


def _limit(folder: Path) -> float | None:
    """What one group grants; None for any."""
    for names in (("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us")):
        with suppress(OSError, ValueError):
            quota, period = " ".join((folder / name).read_text() for name in names).split()
            return None if quota in _NONE else int(quota) / int(period)
    return None
