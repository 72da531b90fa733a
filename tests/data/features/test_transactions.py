"""A file in a transaction behaves as a file in memory, and on the disk as it was or as it is to be."""

import errno
import os
import random
from collections.abc import Iterator
from io import BytesIO, FileIO
from pathlib import Path

import pytest

from fashion_cli import atomic_files
from fashion_cli.data.features import transactions
from fashion_cli.data.features.transactions import PAGE, TransactionFile, open_locked

ROUNDS = 60


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


def apply(change: tuple[int, bytes | None], path: Path) -> None:
    position, content = change
    with path.open("r+b") as stream:
        if content is None:
            stream.truncate(position)
        else:
            stream.seek(position)
            stream.write(content)


def stages(changes: list[tuple[int, bytes | None]], path: Path) -> Iterator[int]:
    """Bring the file to every state that a kill can leave behind, half-written blocks included."""
    yield 0
    for done, (position, content) in enumerate(changes):
        if content is not None:
            for length in {1, len(content) // 2, len(content) - 1}:
                apply((position, content[:length]), path)
                yield done
        apply((position, content), path)
        yield done + 1


def change_at_random(draw: random.Random, file: TransactionFile, model: BytesIO) -> None:
    size = len(model.getvalue())
    kind = draw.choice(["inside", "inside", "append", "gap", "cut", "grow"])
    if kind in ("cut", "grow"):
        new = draw.randint(size // 2, size) if kind == "cut" else size + draw.randint(0, 2 * PAGE)
        file.truncate(new)
        model.truncate(new)
        model.seek(0, os.SEEK_END)
        model.write(bytes(max(0, new - size)))
        return
    position = {"inside": draw.randint(0, size), "append": size, "gap": size + draw.randint(0, PAGE)}[kind]
    content = draw.randbytes(draw.choice([1, 100, PAGE, 3 * PAGE + 5]))
    for stream in (file, model):
        stream.seek(position)
        stream.write(content)


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_every_state_on_the_disk_is_the_old_or_the_new_file(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    path, copy = tmp_path / "file", tmp_path / "copy"
    path.write_bytes(draw.randbytes(draw.choice([1, PAGE - 1, PAGE, 5 * PAGE + 7])))
    model = BytesIO(path.read_bytes())
    with RecordedFile(path) as stream:
        file = TransactionFile(stream)
        for _ in range(3):
            old = path.read_bytes()
            stream.changes.clear()
            for _ in range(draw.randint(1, 5)):
                change_at_random(draw, file, model)
            file.seek(0)
            content = file.read()
            assert len(content) == len(model.getvalue())
            assert path.read_bytes() == old  # nothing before the commit
            file.commit()
            assert path.read_bytes() == content
            copy.write_bytes(old)
            was_new = False
            for done in stages(stream.changes, copy):
                found = reopened(copy)
                is_new = found == content
                assert is_new or found[: len(old)] == old  # the old file, and an end that means nothing
                assert is_new >= was_new, f"new and old again after {done} changes"
                was_new = is_new
            assert was_new
            model = BytesIO(content)


def reopened(path: Path) -> bytes:
    """What a reader and a writer see; they must agree, and the reader must change nothing."""
    before = path.read_bytes()
    with FileIO(path, "rb") as stream:
        seen = TransactionFile(stream).read()
    assert path.read_bytes() == before
    copy = path.with_suffix(".repaired")
    copy.write_bytes(before)
    with FileIO(copy, "r+b") as stream:
        assert TransactionFile(stream).read() == seen
    assert copy.read_bytes() == seen
    return seen


@pytest.mark.parametrize("seed", range(20))
def test_reads_what_was_written(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    (tmp_path / "file").write_bytes(draw.randbytes(3 * PAGE + 10))
    model = BytesIO((tmp_path / "file").read_bytes())
    with FileIO(tmp_path / "file", "r+b") as stream:
        file = TransactionFile(stream)
        for _ in range(30):
            position = draw.randint(0, 5 * PAGE)
            if draw.random() < 0.5:
                content = draw.randbytes(draw.randint(0, 2 * PAGE))
                for either in (file, model):
                    either.seek(position)
                    assert either.write(content) == len(content)
            else:
                for either in (file, model):
                    either.seek(position)
                assert file.read(PAGE + 3) == model.read(PAGE + 3)
            assert file.tell() == model.tell()
            assert file.seek(-1, os.SEEK_END) == model.seek(-1, os.SEEK_END)
            assert file.seek(1, os.SEEK_CUR) == model.seek(1, os.SEEK_CUR)


class FullDisk(FileIO):
    """A real file that takes so many bytes and no more."""

    room = 0

    def write(self, content: bytes | memoryview) -> int:  # type: ignore[override]
        fits = min(self.room, len(content))
        self.room -= fits
        if fits == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(memoryview(content)[:fits])


@pytest.mark.parametrize("room", range(0, 6 * PAGE, 997))
def test_full_disk_leaves_the_old_file(tmp_path: Path, room: int) -> None:
    path = tmp_path / "file"
    old = random.Random(0).randbytes(3 * PAGE + 10)
    path.write_bytes(old)
    with FullDisk(path, "r+b") as stream:
        stream.room = room
        file = TransactionFile(stream)
        file.write(b"changed")
        file.seek(0, os.SEEK_END)
        file.write(bytes(5 * PAGE))
        with pytest.raises(OSError, match="No space left"):
            file.commit()
    assert path.read_bytes() == old


def test_damaged_journal_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "file"
    journal = transactions._journal([(0, b"new")], 10)
    for damaged in (
        journal[:3] + b"?" + journal[4:],
        journal[:-1],
        journal[1:],
        journal[:-9] + b"?" + journal[-8:],
    ):
        path.write_bytes(b"0123456789" + damaged)
        assert reopened(path) == b"0123456789" + damaged
    path.write_bytes(b"0123456789" + journal)
    assert reopened(path) == b"new3456789"


def test_lock_is_of_the_file_that_has_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process may rename its finished file between our opening and locking: keep off it."""
    path, finished = tmp_path / "f.partial", tmp_path / "f"
    path.write_bytes(b"finished")
    lock = atomic_files.lock

    def rename_first(stream: FileIO, *, exclusive: bool) -> None:
        if path.exists() and not finished.exists():
            path.rename(finished)
        lock(stream, exclusive=exclusive)

    monkeypatch.setattr(transactions, "lock", rename_first)
    with open_locked(path, create=True) as stream:
        stream.truncate(0)
        stream.write(b"next")
    assert finished.read_bytes() == b"finished"
    assert path.read_bytes() == b"next"
