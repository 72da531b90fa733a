"""Folders of classes."""

import hashlib
from pathlib import Path

import pytest

from fashion_cli.data.annotations import Annotation, read_folder
from fashion_cli.errors import AnnotationError


def touch(root: Path, *names: str) -> Path:
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return root


def test_a_folder_per_class(tmp_path: Path) -> None:
    root = touch(
        tmp_path, "dress/b.jpg", "dress/a.PNG", "coat/new/c.webp", "coat/notes.txt", ".cache/x.jpg", "list.csv"
    )
    found = list(read_folder(root))
    assert [(str(each.path.relative_to(root)), each.values["class"]) for each in found] == [
        ("coat/new/c.webp", "coat"),
        ("dress/a.PNG", "dress"),
        ("dress/b.jpg", "dress"),
    ]
    assert all(list(each.values) == ["class", "split"] for each in found)


def test_the_hash_of_the_path_decides_the_split(tmp_path: Path) -> None:
    names = [f"class {n % 3}/{n:03}.jpg" for n in range(400)]
    found = {str(each.path.relative_to(tmp_path)): each.split for each in read_folder(touch(tmp_path, *names))}
    for name in names:
        share = int(hashlib.sha256(name.encode()).hexdigest()[:16], 16) / 16**16
        assert found[name] == ("train" if share < 0.8 else "val")
    assert 60 < list(found.values()).count("val") < 100  # 80 expected
    moved = tmp_path / "elsewhere"
    (tmp_path / "class 1").rename(moved.parent / "class 9")
    touch(tmp_path, "class 0/added.jpg")
    again = {str(each.path.relative_to(tmp_path)): each.split for each in read_folder(tmp_path)}
    assert all(again[name] == found[name] for name in names if not name.startswith("class 1"))


def test_folders_of_splits(tmp_path: Path) -> None:
    root = touch(tmp_path, "val/coat/a.jpg", "train/coat/b.jpg", "train/dress/c.jpg", "test/dress/d.jpg")
    assert list(read_folder(root)) == [
        Annotation(root / split / name, {"class": name.split("/")[0], "split": split})
        for split, name in (
            ("test", "dress/d.jpg"), ("train", "coat/b.jpg"), ("train", "dress/c.jpg"), ("val", "coat/a.jpg")
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["train/coat/a.jpg", "skirt/b.jpg"], "skirt: beside train: expected either splits or classes"),
        (["coat/a.jpg", "b.jpg"], "b.jpg: a photograph without a class"),
        (["train/a.jpg", "val/coat/b.jpg"], "a.jpg: a photograph without a class"),
        (["notes.txt"], "no folder of a class"),
        (["train/notes.txt"], "train: no folder of a class"),
    ],
)
def test_folders_that_say_nothing(tmp_path: Path, names: list[str], message: str) -> None:
    with pytest.raises(AnnotationError) as error:
        list(read_folder(touch(tmp_path, *names)))
    assert message in str(error.value)
    assert error.value.hint


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="cannot be read"):
        list(read_folder(tmp_path / "none"))
