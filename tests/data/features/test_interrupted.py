"""Whatever ends a writer, and whenever: what it had finished is in the file, whole, and can be continued."""

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from io import FileIO
from pathlib import Path

import numpy as np
import pytest

from fashion_cli.data.features import FeatureFile, FeatureHeader, FeatureRows, FeatureWriter
from fashion_cli.data.features.transactions import TransactionFile
from fashion_cli.errors import OutputError

RowsOf = Callable[..., FeatureRows]
SameRows = Callable[[FeatureRows, FeatureRows], None]
Holds = Callable[[Path, Sequence[int]], None]
MakeFile = Callable[..., Path]

CAMPAIGN = pytest.mark.campaign
ROOMS = range(1_000, 120_000, 7_919)  # bytes that a disk still has
KILLS = 10
BATCH = 32
# Starts a writer for each line on its stdin. A writer says how many rows it has finished, until it is killed.
WRITERS = f"""
import os, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from conftest import example_rows
from fashion_cli.data.features import FeatureWriter

for _ in sys.stdin:
    if child := os.fork():
        os.write(1, b"%d\\n" % child)
        os.waitpid(child, 0)
        os.write(1, b"dead\\n")
        continue
    with FeatureWriter.append_to(Path(sys.argv[1])) as writer:
        while True:
            os.write(1, b"%d\\n" % len(writer))
            writer.append(example_rows(range(len(writer), len(writer) + {BATCH})))
"""


@pytest.fixture
def writers(make_file: MakeFile) -> Iterator[tuple[Path, "subprocess.Popen[str]"]]:
    path = make_file(0)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", WRITERS, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        yield path, process
        assert process.stdin is not None
        process.stdin.close()


def start_and_kill(process: "subprocess.Popen[str]", delay: float) -> int:
    """The number of rows that the writer had reported when it was killed."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    writer = int(process.stdout.readline())
    finished = int(process.stdout.readline())
    time.sleep(delay)
    os.kill(writer, signal.SIGKILL)
    while (line := process.stdout.readline()) != "dead\n":
        finished = int(line)
    return finished


@pytest.mark.campaign
def test_killed_at_random_moments(
    writers: tuple[Path, "subprocess.Popen[str]"], rows_of: RowsOf, same_rows: SameRows
) -> None:
    path, process = writers
    draw = random.Random(os.getpid())
    counts, latest = [0], 0.12
    while len(counts) <= KILLS or counts[-1] < KILLS * BATCH:
        finished = start_and_kill(process, draw.uniform(0, latest))
        with FeatureFile.open(path) as file:
            assert len(file) in (finished, finished + BATCH)
            assert file.damaged == 0
            same_rows(file.read(slice(None)), rows_of(range(len(file))))
            latest *= 1.3 if len(file) == counts[-1] else 1.0  # a slow machine gets nowhere in the time of a fast one
            counts.append(len(file))
    assert counts == sorted(counts)


class RecordedFile(FileIO):
    """Remembers every change, so that a test can stop between any two, and inside each."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "r+b")
        self.changes: list[tuple[int, bytes | None]] = []  # where, and the bytes; without bytes the file was cut there

    def write(self, content: bytes | memoryview) -> int:  # type: ignore[override]
        self.changes.append((self.tell(), bytes(content)))
        return super().write(content)

    def truncate(self, size: int | None = None) -> int:
        assert size is not None
        self.changes.append((size, None))
        return super().truncate(size)


def stages(changes: list[tuple[int, bytes | None]], path: Path) -> Iterator[int]:
    """Bring the file to every state that a kill can leave behind, half-written blocks included."""
    for done, (position, content) in enumerate(changes):
        yield done
        with path.open("r+b") as stream:
            if content is None:
                stream.truncate(position)
                continue
            stream.seek(position)
            stream.write(content[: len(content) // 2])
            stream.flush()
            yield done
            stream.write(content[len(content) // 2 :])
    yield len(changes)


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(0, id="empty"),
        pytest.param(990, id="new chunks"),
        pytest.param(65_500, id="HDF5 splits its index of chunks", marks=CAMPAIGN),
    ],
)
def test_killed_between_any_two_writes(
    tmp_path: Path, make_file: MakeFile, rows_of: RowsOf, same_rows: SameRows, start: int
) -> None:
    """At 65,536 rows, plain HDF5 that is killed in its flush leaves a file that cannot be read at all."""
    path = make_file(start, batch=30_000)
    copy, continued = tmp_path / "copy.h5", tmp_path / "continued.h5"
    shutil.copy(path, copy)
    marks = []
    with RecordedFile(path) as stream:
        with FeatureWriter(path, stream, TransactionFile(stream)) as writer:
            for first in (start, start + 20, start + 40):
                writer.append(rows_of(range(first, first + 20)))
                marks.append(len(stream.changes))
        changes = stream.changes
    expected = rows_of(range(max(0, start - 30), start + 60))
    total, last = 0, 0
    for done in stages(changes, copy):
        total += 1
        finished = start + 20 * sum(done >= mark for mark in marks)
        with FeatureFile.open(copy) as file:
            rows = len(file)
            assert rows in (finished, finished + 20)
            assert rows >= last
            assert file.damaged == 0
            same_rows(file.read(slice(max(0, start - 30), None)), expected.take(range(rows - max(0, start - 30))))
            assert np.array_equal(file.vectors(slice(0, None, 777)), rows_of(range(0, rows, 777)).vectors)
        last = rows
        if done % 4 == 0:
            shutil.copy(copy, continued)
            with FeatureWriter.append_to(continued) as writer:
                writer.append(rows_of(range(rows, rows + 1100)))
            with FeatureFile.open(continued) as file:
                assert len(file) == rows + 1100
                first = max(0, start - 30)
                same_rows(file.read(slice(first, None)), rows_of(range(first, rows + 1100)))
    assert last == start + 60
    assert total > 60


def test_interrupted_inside_a_batch(make_file: MakeFile, rows_of: RowsOf, holds: Holds) -> None:
    """Control-C while HDF5 is being filled: closing the file must not commit the half."""

    class Interrupting(tuple[str, ...]):
        __slots__ = ()
        calls = 0

        def __iter__(self) -> Iterator[str]:
            type(self).calls += 1
            if type(self).calls == 2:  # after the checks, when every other dataset has its rows
                raise KeyboardInterrupt
            return super().__iter__()

    path = make_file(50, columns=["split"])
    batch = rows_of(range(50, 60), ["split"])
    with pytest.raises(KeyboardInterrupt), FeatureWriter.append_to(path) as writer:
        writer.append(replace(batch, columns={"split": Interrupting(batch.columns["split"])}))
    assert Interrupting.calls == 2
    holds(path, range(50))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system takes root and the right to mount")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_full_disk(
    small_disk: Path,
    make_file: MakeFile,
    header: FeatureHeader,
    rows_of: RowsOf,
    holds: Holds,
    capfd: pytest.CaptureFixture[str],
) -> None:
    path = small_disk / "clothes.h5"
    shutil.copy(make_file(100), path)
    finished = fill(path, rows_of)
    holds(path, range(finished))
    ballast = small_disk / "ballast"
    size = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
    ballast.write_bytes(bytes(size))  # not a byte is left
    with pytest.raises(OutputError, match="No space left on device"), FeatureWriter.append_to(path) as writer:
        writer.append(rows_of(range(finished, finished + 64)))
    holds(path, range(finished))
    with pytest.raises(OutputError, match="No space left on device") as raised:
        FeatureWriter.create(small_disk / "other.h5", header)
    assert "free some space" in raised.value.hint
    assert capfd.readouterr().err == ""


def fill(path: Path, rows_of: RowsOf) -> int:
    """Append until the disk is full. Returns how many rows were appended without complaint."""
    with FeatureWriter.append_to(path) as writer:
        with pytest.raises(OutputError, match="cannot be written") as raised:  # noqa: PT012
            while True:
                writer.append(rows_of(range(len(writer), len(writer) + 64)))
        assert "is kept" in raised.value.hint
        finished = len(writer)
        with pytest.raises(OutputError, match="earlier batch"):
            writer.append(rows_of(range(finished, finished + 1)))
    assert finished > 100
    return finished


@pytest.mark.parametrize("room", [4_000, 90_000, *(pytest.param(each, marks=CAMPAIGN) for each in ROOMS)])
def test_full_at_any_byte(make_file: MakeFile, rows_of: RowsOf, holds: Holds, room: int) -> None:
    """The limit on file sizes stands in for a full disk, and needs no rights."""
    path = make_file(1000)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + room, hard))
    try:
        finished = fill_or_refuse(path, rows_of)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    holds(path, range(finished))
    with FeatureWriter.append_to(path) as writer:  # there is room again
        writer.append(rows_of(range(finished, finished + 64)))
    holds(path, range(finished + 64))


def fill_or_refuse(path: Path, rows_of: RowsOf) -> int:
    with FeatureWriter.append_to(path) as writer:
        with pytest.raises(OutputError, match="File too large") as raised:  # noqa: PT012
            while True:
                writer.append(rows_of(range(len(writer), len(writer) + 64)))
        assert "is kept" in raised.value.hint
        return len(writer)
