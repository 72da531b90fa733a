"""Plan which rows of earlier feature files still stand for a photograph, without reading a pixel.

A photograph with the path, the size and the stamp of a row is the row's. Where only the stamp differs, as after a copy,
a restored backup or in another container, the bytes decide.
"""

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from fashion_cli.data.features import FeatureFile, Identity
from fashion_cli.data.file_stamps import FileStamp
from fashion_cli.data.images import file_sha256
from fashion_cli.errors import ImageError

THREADS = 8  # that read and hash: a disk or a network answers several at once


@dataclass(frozen=True)
class ReusedRow:
    """A row that is taken over.

    Attributes:
        source: Which of the feature files.
        row: Of that file.
        path: The photograph's absolute path now.
        stamp: The file's stamp now.
        moved: Whether it was known by its content, under another path.
    """

    source: int
    row: int
    path: str
    stamp: FileStamp
    moved: bool


@dataclass(frozen=True)
class ReusePlan:
    """Rows that can be taken over, and photographs that have none.

    Attributes:
        reused: In the order of the files and their rows.
        missing: Photographs that have to be read.
        unchanged: Whether the last file holds exactly these photographs, as they are.
        dropped: Rows of the last file whose photograph, by its content, is not taken over.
    """

    reused: tuple[ReusedRow, ...]
    missing: tuple[Path, ...]
    unchanged: bool
    dropped: int


@dataclass(frozen=True)
class _File:
    """A photograph on the disk.

    Attributes:
        size: Bytes.
        stamp: As it is now.
    """

    size: int
    stamp: FileStamp


def plan_reuse(targets: Mapping[str, Path], sources: Sequence[FeatureFile], *, keep_others: bool = False) -> ReusePlan:
    """Match photographs with rows: by path, size and stamp; else by path and content; else by content alone.

    Args:
        targets: Absolute path -> path as given, in order.
        sources: Feature files of one model; an earlier one is preferred.
        keep_others: Take over the rows of the last file that nobody wants, too, as they are.
    """
    files = {path: file for path in targets if (file := _inspect_file(path)) is not None}
    rows_of_sources = [source.identities() for source in sources]
    shared = _shared_times(files.values())
    digests = _digests_where_needed(files, rows_of_sources, shared)
    by_content: dict[str, tuple[int, int]] = {}
    reused: dict[str, ReusedRow] = {}
    untouched = 0
    for number, identities in enumerate(rows_of_sources):
        untouched = 0
        for row, each in enumerate(identities):
            by_content.setdefault(each.sha256, (number, row))
            file = files.get(each.path)
            if file is None or file.size != each.size or each.path in reused:
                continue
            if _is_unchanged(file, each, shared) or digests.get(each.path) == each.sha256:
                reused[each.path] = ReusedRow(number, row, each.path, file.stamp, moved=False)
                untouched += file.stamp == each.stamp or not each.stamp.detects_changes
    for path, file in files.items():
        digest = digests.get(path)
        if path not in reused and digest and (place := by_content.get(digest)) is not None:
            reused[path] = ReusedRow(*place, path, file.stamp, moved=True)
    missing = tuple(original for path, original in targets.items() if path not in reused)
    last = rows_of_sources[-1] if rows_of_sources else []
    if keep_others:
        for row, each in enumerate(last):
            if each.path not in targets:
                reused[each.path] = ReusedRow(len(rows_of_sources) - 1, row, each.path, each.stamp, moved=False)
    contents = {rows_of_sources[each.source][each.row].sha256 for each in reused.values()}
    return ReusePlan(
        reused=tuple(sorted(reused.values(), key=lambda each: (each.source, each.row, each.path))),
        missing=missing,
        unchanged=bool(rows_of_sources) and untouched == len(targets) and len(reused) == len(last),
        dropped=sum(each.sha256 not in contents for each in last),
    )


def is_current(identity: Identity, path: Path) -> bool:
    """Whether a row still says what is on a photograph; one that is gone cannot contradict.

    Args:
        identity: The row. Without a sha256, its size and its time decide.
        path: Where the photograph lies.
    """
    file = _inspect_file(str(path))
    if file is None:
        return True
    if file.size != identity.size:
        return False
    if not identity.sha256:
        return file.stamp.mtime_ns == identity.stamp.mtime_ns
    # Alone, it is not known how many others share its time.
    shared = {file.stamp.ctime_ns} if file.stamp.has_coarse_time else frozenset[int]()
    return _is_unchanged(file, identity, shared) or _digest(str(path)) == identity.sha256


def _is_unchanged(file: _File, identity: Identity, shared: Set[int]) -> bool:
    """Whether size and stamp alone prove that a photograph has not changed since its row was made."""
    same = file.size == identity.size and file.stamp == identity.stamp
    return same and file.stamp.detects_changes and file.stamp.ctime_ns not in shared


def _digests_where_needed(
    files: Mapping[str, _File], rows_of_sources: Sequence[Sequence[Identity]], shared: Set[int]
) -> dict[str, str]:
    """The sha256 of photographs that no row has as they are, but some row may: by path or size."""
    sizes = {each.size for identities in rows_of_sources for each in identities}
    proven = {
        each.path
        for identities in rows_of_sources
        for each in identities
        if (file := files.get(each.path)) is not None and _is_unchanged(file, each, shared)
    }
    return _digests([path for path, file in files.items() if path not in proven and file.size in sizes])


def _shared_times(files: Iterable[_File]) -> Set[int]:
    """Times in whole seconds that several files have in common.

    A file system without times of its own (a read-only image, an archive) gives all its files one time, whatever is in
    them, in the next version of the image too: there, a stamp proves nothing.
    """
    times = Counter(file.stamp.ctime_ns for file in files if file.stamp.has_coarse_time)
    return {time for time, count in times.items() if count > 1}


def _digests(paths: Sequence[str]) -> dict[str, str]:
    if not paths:
        return {}
    threads = ThreadPoolExecutor(THREADS)
    try:
        return dict(zip(paths, threads.map(_digest, paths), strict=True))
    finally:
        threads.shutdown(cancel_futures=True)


def _inspect_file(path: str) -> _File | None:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None  # reading it will fail too, and say why
    return _File(status.st_size, FileStamp.of(status))


def _digest(path: str) -> str:
    try:
        return file_sha256(Path(path))
    except ImageError:
        return ""
