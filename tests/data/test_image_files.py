"""Walking folders and reading bytes, against folders that are drawn by hand."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fashion_cli.data.images import IMAGE_SUFFIXES, ImageReader, file_sha256, find_images
from fashion_cli.errors import ImageError, UsageError
from fashion_cli.model_cards import InputSpec


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def names(folder: Path, *sources: Path) -> list[str]:
    return [os.path.relpath(path, folder) for path in find_images(sources or [folder])]


@pytest.fixture
def locked() -> Iterator[Path]:
    """A folder with one photograph; what has mode 0 in it is locked, for root too."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        touch(folder, "a/shut.jpg", "b/open.jpg")
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        try:
            yield folder
        finally:
            os.seteuid(user)
            (folder / "a").chmod(0o755)


def lock(path: Path) -> None:
    """Take all rights away, as the owner."""
    user = os.geteuid()
    os.seteuid(os.getuid())
    path.chmod(0)
    os.seteuid(user)


def test_order_is_by_name_in_bytes_with_folders_in_their_place(tmp_path: Path) -> None:
    touch(tmp_path, "b.jpg", "a/z.jpg", "a/B.jpg", "é.jpg", "c/1.jpg", "Z.jpg", "10.jpg", "9.jpg", "a.jpg")
    assert names(tmp_path) == [
        "10.jpg", "9.jpg", "Z.jpg", "a/B.jpg", "a/z.jpg", "a.jpg", "b.jpg", "c/1.jpg", "é.jpg"
    ]  # fmt: skip


def test_only_image_suffixes_in_any_case_and_nothing_hidden(tmp_path: Path) -> None:
    touch(tmp_path, "a.JPG", "b.Png", "c.txt", "d", ".e.jpg", ".git/f.jpg", "jpg", "g.jpg.part", "h.heic")
    touch(tmp_path, *(f"all/x{suffix}" for suffix in IMAGE_SUFFIXES))
    found = names(tmp_path)
    assert [name for name in found if not name.startswith("all")] == ["a.JPG", "b.Png", "h.heic"]
    assert len(found) == 3 + len(IMAGE_SUFFIXES)


def test_hidden_folder_and_odd_file_are_found_when_named(tmp_path: Path) -> None:
    touch(tmp_path, ".hidden/a.jpg", "notes.txt")
    assert names(tmp_path, tmp_path / ".hidden", tmp_path / "notes.txt") == [".hidden/a.jpg", "notes.txt"]


@pytest.mark.parametrize("name", ["a b.jpg", "a\nb.jpg", "é中文.jpg", "[red].jpg", "*.jpg", "-0.jpg", "a\udcff.jpg"])
def test_odd_names(tmp_path: Path, name: str) -> None:
    touch(tmp_path, name)
    assert names(tmp_path) == [name]
    with pytest.raises(ImageError) as raised:
        ImageReader(InputSpec(8, 8)).read(tmp_path / name)
    assert str(raised.value).isprintable()
    assert str(raised.value).endswith("not a photograph (JPEG, PNG, WebP, AVIF, GIF, BMP, TIFF or HEIC)")


def test_links_are_followed_and_loops_end(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.jpg", "b/2.jpg", "elsewhere.txt")
    (tmp_path / "a/loop").symlink_to(tmp_path)
    (tmp_path / "b/also-a").symlink_to(tmp_path / "a")
    (tmp_path / "b/3.jpg").symlink_to(tmp_path / "elsewhere.txt")
    (tmp_path / "b/4.jpg").symlink_to("4.jpg")
    (tmp_path / "b/5.jpg").symlink_to("gone.jpg")
    (tmp_path / "b/self").symlink_to("self")
    # The last two are named, so that reading them counts them.
    assert names(tmp_path) == ["a/1.jpg", "b/2.jpg", "b/3.jpg", "b/4.jpg", "b/5.jpg"]
    assert names(tmp_path, tmp_path, tmp_path / "a") == names(tmp_path)


def test_missing_source(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    sources = [tmp_path, tmp_path / "gone\n", tmp_path / "a.jpg/b"]
    with pytest.raises(UsageError, match=r"gone\\n': no such file or folder"):
        find_images(sources)  # raised here, before anything is yielded
    found = list(find_images(sources, missing_ok=True))
    assert found == [tmp_path / "a.jpg", *sources[1:]]
    for path in found:
        with pytest.raises(ImageError):
            ImageReader(InputSpec(8, 8)).read(path)


def test_endless_list(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    endless = iter(lambda: tmp_path / "a.jpg", None)
    assert next(find_images(endless, missing_ok=True)) == tmp_path / "a.jpg"


def test_locked_folder_is_told(locked: Path) -> None:
    lock(locked / "a")
    told: list[tuple[Path, str]] = []
    found = list(find_images([locked], on_skip=lambda path, reason: told.append((path, reason))))
    assert found == [locked / "b/open.jpg"]
    assert told == [(locked / "a", "folder cannot be read (Permission denied)")]
    with pytest.raises(ImageError, match="folder cannot be read"):
        list(find_images([locked]))


def test_locked_file(locked: Path) -> None:
    lock(locked / "b/open.jpg")
    with pytest.raises(ImageError, match=r"open.jpg: cannot be read \(Permission denied\)"):
        ImageReader(InputSpec(8, 8)).read(locked / "b/open.jpg")
    with pytest.raises(ImageError, match="Permission denied"):
        file_sha256(locked / "b/open.jpg")


def test_what_could_block_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    assert names(tmp_path) == ["pipe.jpg"]
    for path in (tmp_path / "pipe.jpg", Path("/dev/zero")):
        with pytest.raises(ImageError, match="not a regular file"):
            ImageReader(InputSpec(8, 8)).read(path)
        with pytest.raises(ImageError, match="not a regular file"):
            file_sha256(path)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("folder", "cannot be read (Is a directory)"),
        ("gone.jpg", "cannot be read (No such file or directory)"),
        ("a\0b", "cannot be read (embedded null byte)"),
    ],
)
def test_what_is_no_file(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ImageError) as raised:
        ImageReader(InputSpec(8, 8)).read(tmp_path / name)
    assert str(raised.value).endswith(reason)


def test_a_file_too_large_for_a_photograph_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "film.jpg").open("wb") as stream:
        stream.truncate(2**30 + 1)  # sparse: takes no room
    with pytest.raises(ImageError, match="1,073,741,825 bytes, over the limit of 1,073,741,824"):
        ImageReader(InputSpec(8, 8)).read(tmp_path / "film.jpg")


def test_sha256(tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    (tmp_path / "x").write_bytes(data)
    assert file_sha256(tmp_path / "x") == hashlib.sha256(data).hexdigest()
