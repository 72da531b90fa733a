"""Files that are damaged, missing, in use or forbidden: an error that says what to do, and nothing lost."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pytest

from fashion_cli.data.features import VERSION, FeatureFile, FeatureHeader, FeatureRows, FeatureWriter
from fashion_cli.errors import FeatureFileError, OutputError

RowsOf = Callable[..., FeatureRows]
Holds = Callable[[Path, Sequence[int]], None]
MakeFile = Callable[..., Path]


def change(path: Path, action: Callable[[h5py.File], object]) -> Path:
    with h5py.File(path, "r+") as file:
        action(file)
    return path


def cut_off(name: str, rows: int) -> Callable[[h5py.File], None]:
    return lambda file: file[name].resize(rows, axis=0)


def replace_dataset(file: h5py.File, name: str, values: npt.NDArray[Any]) -> None:
    del file[name]
    file[name] = values


def retyped(name: str, kind: str) -> Callable[[h5py.File], None]:
    return lambda file: replace_dataset(file, name, file[name][:].astype(kind))


def add_a_tag(file: h5py.File) -> None:
    for name in ("names", "groups", "thresholds", "exclusive"):
        values = file[f"tags/{name}"][:]
        replace_dataset(file, f"tags/{name}", np.append(values, values[-1:]))


BAD_FILES: dict[str, Callable[[h5py.File], object]] = {
    "newer than this program": lambda file: file.attrs.modify("version", VERSION + 1),
    "no version of the format": lambda file: file.attrs.create("version", "one"),
    "HDF5, but not a feature file": lambda file: file.attrs.modify("format", "keras"),
    "attribute 'model' is missing": lambda file: file.attrs.pop("model"),
    "attribute 'rows' is missing": lambda file: file.attrs.pop("rows"),
    "unequal row counts: 100 rows, but 99 in 'sha256'": cut_off("sha256", 99),
    "unequal row counts: 100 rows, but 0 in 'item_id'": cut_off("item_id", 0),
    "dataset 'width' is missing": lambda file: file.pop("width"),
    "dataset 'tags/thresholds' is missing": lambda file: file.pop("tags/thresholds"),
    "dataset 'vectors' is not of the type": retyped("vectors", "f4"),
    "dataset 'mtime_ns' is not of the type": retyped("mtime_ns", "S30"),
    "tags have unequal numbers": lambda file: replace_dataset(file, "tags/exclusive", np.zeros(3, "u1")),
    "5 scores a row, but 6 tags": add_a_tag,
}


@pytest.mark.parametrize("message", BAD_FILES)
def test_files_that_do_not_follow_the_format(
    make_file: MakeFile, capfd: pytest.CaptureFixture[str], message: str
) -> None:
    path = change(make_file(100, columns=["item_id"]), BAD_FILES[message])
    before = path.read_bytes()
    for action in (FeatureFile.open, FeatureWriter.append_to):
        with pytest.raises(FeatureFileError, match=message) as raised:
            action(path)
        assert str(path) in str(raised.value)
        assert raised.value.hint
    assert path.read_bytes() == before
    assert capfd.readouterr().err == ""


def test_half_a_batch_of_another_program_is_left_out(
    make_file: MakeFile, rows_of: RowsOf, holds: Holds, capfd: pytest.CaptureFixture[str]
) -> None:
    path = change(make_file(100), lambda file: [file[name].resize(130, axis=0) for name in ("path", "vectors")])
    with FeatureFile.open(path) as file:
        assert len(file) == 100
        assert file.damaged == 30
        assert len(file.paths()) == 100
        assert len(file.vectors()) == 100
    with FeatureWriter.append_to(path) as writer:
        writer.append(rows_of(range(100, 110)))
    holds(path, range(110))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("name", "bad"), [("vectors", np.nan), ("tags/scores", np.inf), ("vectors", -np.inf)])
def test_rows_that_are_not_finite(make_file: MakeFile, rows_of: RowsOf, name: str, bad: float) -> None:
    def spoil(file: h5py.File) -> None:
        file[name][57, 2] = bad

    with FeatureFile.open(change(make_file(100), spoil)) as file:
        for rows in (slice(50, 60), [3, 57], slice(99, None, -1)):
            with pytest.raises(FeatureFileError, match=rf"row 57 of '{name}'.*not a finite") as raised:
                file.read(rows)
            assert "fashion embed" in raised.value.hint
        assert len(file.read(slice(0, 57))) == 57


def not_hdf5(path: Path) -> None:
    path.write_text("path,item_id\n")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def cut_short(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def signature_only(path: Path) -> None:
    os.truncate(path, 8)


def first_block_lost(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[8:4096] = bytes(4088)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (not_hdf5, "not HDF5"),
        (empty, "not HDF5"),
        (cut_short, "the end of the file is missing"),
        (signature_only, "damaged"),
        (first_block_lost, "damaged"),
    ],
)
def test_files_that_are_not_hdf5_or_broken(
    make_file: MakeFile, capfd: pytest.CaptureFixture[str], spoil: Callable[[Path], None], message: str
) -> None:
    path = make_file()
    spoil(path)

    def in_a_thread() -> None:  # HDF5 keeps its error printing per thread
        with pytest.raises(FeatureFileError, match=message):
            FeatureFile.open(path)

    for action in (FeatureFile.open, FeatureWriter.append_to):
        with pytest.raises(FeatureFileError, match=message) as raised:
            action(path)
        assert raised.value.hint
        assert "\n" not in str(raised.value)
    thread = threading.Thread(target=in_a_thread)
    thread.start()
    thread.join()
    assert capfd.readouterr().err == ""


def test_missing_file_and_folder(tmp_path: Path, header: FeatureHeader) -> None:
    for action in (FeatureFile.open, FeatureWriter.append_to):
        with pytest.raises(FeatureFileError, match="no such feature file") as missing:
            action(tmp_path / "none.h5")
        assert "fashion embed" in missing.value.hint
    with pytest.raises(FeatureFileError, match="Is a directory"):
        FeatureFile.open(tmp_path)
    with pytest.raises(OutputError, match="Is a directory"):
        FeatureWriter.create(tmp_path, header)
    with pytest.raises(OutputError, match="No such file or directory") as no_folder:
        FeatureWriter.create(tmp_path / "a b" / "f.h5", header)
    assert no_folder.value.hint == f"mkdir -p '{tmp_path}/a b'"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux")
def test_unwritable_place(header: FeatureHeader) -> None:
    with pytest.raises(OutputError, match="cannot be written") as raised:
        FeatureWriter.create(Path("/proc/clothes.h5"), header)
    assert raised.value.hint


@pytest.fixture
def read_only(make_file: MakeFile) -> Iterator[Path]:
    """A file that everybody may read, also outside the tests' own folder, and nobody may write."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clothes.h5"
        shutil.copyfile(make_file(), path)
        path.chmod(0o444)
        Path(folder).chmod(0o555)
        yield path
        Path(folder).chmod(0o755)


@pytest.fixture
def an_ordinary_user() -> Iterator[None]:
    """Root may write everywhere, so that root becomes somebody else for this test."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_no_permission(read_only: Path, an_ordinary_user: None, header: FeatureHeader) -> None:
    for action in (lambda: FeatureWriter.create(read_only, header), lambda: FeatureWriter.append_to(read_only)):
        with pytest.raises(OutputError, match="Permission denied"):
            action()
    with FeatureFile.open(read_only) as file:
        assert len(file) == 100


LOCKED_BY_ANOTHER = """
import sys, h5py
file = h5py.File(sys.argv[1], sys.argv[2])
print("open", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("mode", ["r", "r+"])
def test_in_use_by_another_hdf5_program(make_file: MakeFile, header: FeatureHeader, holds: Holds, mode: str) -> None:
    path = make_file(30)
    command = [sys.executable, "-c", LOCKED_BY_ANOTHER, str(path), mode]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        for action in (lambda: FeatureWriter.create(path, header), lambda: FeatureWriter.append_to(path)):
            with pytest.raises(FeatureFileError, match="in use by another process") as raised:
                action()
            assert "wait" in raised.value.hint
        if mode == "r":
            holds(path, range(30))
        else:
            with pytest.raises(FeatureFileError, match="in use"):
                FeatureFile.open(path)
        assert other.stdin is not None
        other.stdin.close()
    holds(path, range(30))
