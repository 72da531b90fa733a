"""A feature file with a root stores what is below it, and gives absolute paths wherever the root is now."""

import gzip
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import pytest

from fashion_cli.data.features import (
    FeatureFile,
    FeatureHeader,
    FeatureRows,
    FeatureWriter,
    absolute_path,
    common_root,
    stored_path,
)

GOLDEN = Path(__file__).parents[1] / "golden" / "features-v2.h5.gz"
RowsOf = Callable[..., FeatureRows]
SameRows = Callable[[FeatureRows, FeatureRows], None]


def make_golden(folder: Path, header: FeatureHeader, rows_of: RowsOf) -> None:
    """How the golden file was made, once, in a folder /photos/index. Never make it again."""
    with FeatureWriter.create(folder / "golden.h5", replace(header, root="/photos"), ["item_id"]) as writer:
        writer.append(rows_of(range(6), ["item_id"]))
    GOLDEN.write_bytes(gzip.compress((folder / "golden.h5").read_bytes(), mtime=0))


def test_golden_file_of_version_2(tmp_path: Path, header: FeatureHeader, rows_of: RowsOf, same_rows: SameRows) -> None:
    path = tmp_path / "golden.h5"
    path.write_bytes(gzip.decompress(GOLDEN.read_bytes()))
    with FeatureFile.open(path) as file:
        assert file.header == replace(header, root="/photos")
        same_rows(file.read(slice(None)), rows_of(range(6), ["item_id"]))


def test_plain_h5py_sees_relative_paths_and_the_root(tmp_path: Path, header: FeatureHeader, rows_of: RowsOf) -> None:
    path = tmp_path / "a.h5"
    with FeatureWriter.create(path, replace(header, root="/photos")) as writer:
        writer.append(replace(rows_of([5, 105]), paths=("/photos/0/é 5.jpg", "/elsewhere/b.jpg")))
    with h5py.File(path) as file:
        assert file.attrs["version"] == 2
        assert file.attrs["root"] == "/photos"
        assert file.attrs["root_from_here"] == os.path.relpath("/photos", tmp_path)
        assert list(file["path"].asstr()) == ["0/é 5.jpg", "/elsewhere/b.jpg"]
    with FeatureFile.open(path) as features:
        assert features.paths() == ["/photos/0/é 5.jpg", "/elsewhere/b.jpg"]
        assert [features.find(each) for each in (*features.paths(), "/photos/b.jpg")] == [0, 1, None]


@pytest.mark.parametrize("name", [b"a.jpg", b"sub/b.jpg", b"\xff.jpg", b"sub/new\nline.jpg", "é.jpg".encode()])
@pytest.mark.parametrize("root", ["/", "/photos", "/photos/x y", os.fsdecode(b"/photos/\xfe")])
def test_a_stored_path_comes_back(root: str, name: bytes) -> None:
    path = os.path.join(root, os.fsdecode(name))
    assert stored_path(path, root) == os.fsdecode(name)
    assert absolute_path(stored_path(path, root), root) == path


@pytest.mark.parametrize("outside", ["/photos2/a.jpg", "/a.jpg", "/photo/a.jpg"])
def test_a_path_outside_the_root_stays_absolute(outside: str) -> None:
    assert stored_path(outside, "/photos") == outside
    assert absolute_path(outside, "/photos") == outside
    assert stored_path(outside, "") == outside


def test_the_innermost_common_folder() -> None:
    assert common_root(["/a/b", "/a/b/c", "/a/b/d"]) == "/a/b"
    assert common_root(["/a/bc", "/a/bd"]) == "/a"
    assert common_root(["/a", "/b"]) == "/"
    assert common_root([]) == ""


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ((), "old"),  # nowhere: as recorded
        (("old",), "old"),
        (("new",), "new"),
        (("old", "new"), "new"),  # a copy uses its own photographs
        (("given",), "old"),  # without being told, it cannot know
    ],
)
def test_where_the_root_is_now(
    there: tuple[str, ...], expected: str, tmp_path: Path, header: FeatureHeader, rows_of: RowsOf
) -> None:
    root, file = tmp_path / "old" / "photos", tmp_path / "old" / "index" / "f.h5"
    file.parent.mkdir(parents=True)
    with FeatureWriter.create(file, replace(header, root=str(root))) as writer:
        writer.append(replace(rows_of(range(2)), paths=(str(root / "a.jpg"), str(root / "b.jpg"))))
    (tmp_path / "new").mkdir()
    moved = Path(shutil.move(file.parent, tmp_path / "new")) / "f.h5"
    for place in there:
        (tmp_path / place / "photos").mkdir(parents=True)
        (tmp_path / place / "photos" / "b.jpg").touch()
    with FeatureFile.open(moved) as features:
        assert features.header.root == str(tmp_path / expected / "photos")
        assert features.paths() == [str(tmp_path / expected / "photos" / name) for name in ("a.jpg", "b.jpg")]
    given = str(tmp_path / "given" / "photos")
    with FeatureFile.open(moved, root=given) as features:
        assert features.header.root == given
    with FeatureFile.open(moved, fallback=given) as features:
        assert features.header.root == (given if there == ("given",) else str(tmp_path / expected / "photos"))
