"""Which rows of earlier feature files still stand for a photograph, without reading a pixel."""

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fashion_cli.data.features import FeatureFile
from fashion_cli.data.images import file_sha256
from fashion_cli.errors import ImageError


@dataclass(frozen=True)
class ReusedRow:
    """A row that is taken over.

    Attributes:
        source: Which of the feature files.
        row: Of that file.
        path: The photograph's absolute path now.
        mtime_ns: Its modification time now.
        moved: Whether it was known by its content, under another path.
    """

    source: int
    row: int
    path: str
    mtime_ns: int
    moved: bool


@dataclass(frozen=True)
class ReusePlan:
    """What can be taken over and what cannot.

    Attributes:
        reused: In the order of the files and their rows.
        missing: Photographs that have to be read.
        unchanged: Whether the last file holds exactly the wanted photographs, as they are.
        dropped: Rows of the last file whose photograph, by its content, is not taken over.
    """

    reused: tuple[ReusedRow, ...]
    missing: tuple[Path, ...]
    unchanged: bool
    dropped: int


def plan_reuse(wanted: Mapping[str, Path], sources: Sequence[FeatureFile], *, keep_others: bool = False) -> ReusePlan:
    """Match photographs with rows: by path, size and time; else by path and content; else by content alone.

    Args:
        wanted: Absolute path -> path as given, in order.
        sources: Feature files of one model; an earlier one is preferred.
        keep_others: Take over the rows of the last file that nobody wants, too, as they are.
    """
    stats = {path: stat for path in wanted if (stat := _stat(path)) is not None}
    known = [source.identities() for source in sources]
    reused: dict[str, ReusedRow] = {}
    by_size: dict[int, list[tuple[int, int, str]]] = defaultdict(list)
    untouched = 0
    for number, identities in enumerate(known):
        untouched = 0
        for row, each in enumerate(identities):
            by_size[each.size].append((number, row, each.sha256))
            stat = stats.get(each.path)
            if stat is None or stat.st_size != each.size or each.path in reused:
                continue
            same_time = stat.st_mtime_ns == each.mtime_ns
            if same_time or _digest(each.path) == each.sha256:
                reused[each.path] = ReusedRow(number, row, each.path, stat.st_mtime_ns, moved=False)
                untouched += same_time
    for path, stat in stats.items():
        if path not in reused and (moved := _by_content(path, stat, by_size)) is not None:
            reused[path] = moved
    missing = tuple(given for path, given in wanted.items() if path not in reused)
    last = known[-1] if known else []
    if keep_others:
        for row, each in enumerate(last):
            if each.path not in wanted:
                reused[each.path] = ReusedRow(len(known) - 1, row, each.path, each.mtime_ns, moved=False)
    contents = {known[each.source][each.row].sha256 for each in reused.values()}
    return ReusePlan(
        reused=tuple(sorted(reused.values(), key=lambda each: (each.source, each.row, each.path))),
        missing=missing,
        unchanged=bool(known) and untouched == len(wanted) and len(reused) == len(last),
        dropped=sum(each.sha256 not in contents for each in last),
    )


def may_stand_for(size: int, mtime_ns: int, path: Path) -> bool:
    """Whether a row of this size and time still says what is on the photograph; one that is gone cannot contradict.

    Args:
        size: Of the file when it was read, bytes.
        mtime_ns: When it had last been changed.
        path: Where it lies.
    """
    stat = _stat(str(path))
    return stat is None or (stat.st_size, stat.st_mtime_ns) == (size, mtime_ns)


def _by_content(
    path: str, stat: os.stat_result, by_size: Mapping[int, Sequence[tuple[int, int, str]]]
) -> ReusedRow | None:
    if stat.st_size not in by_size:
        return None
    digest = _digest(path)
    for source, row, known in by_size[stat.st_size]:
        if known == digest:
            return ReusedRow(source, row, path, stat.st_mtime_ns, moved=True)
    return None


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except (OSError, ValueError):
        return None  # reading it will fail too, and say why


def _digest(path: str) -> str:
    try:
        return file_sha256(Path(path))
    except ImageError:
        return ""
