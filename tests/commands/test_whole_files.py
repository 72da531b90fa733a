import os
from pathlib import Path

import pytest

from fashion_cli.atomic_files import atomic_text
from fashion_cli.errors import OutputError


def test_a_file_takes_its_name_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "tags.csv"
    path.write_text("old")
    with atomic_text(path) as stream:
        stream.write("å," + os.fsdecode(b"\xe9\n"))
        assert path.read_text() == "old"
    assert path.read_bytes() == "å,".encode() + b"\xe9\n"
    assert [each.name for each in tmp_path.iterdir()] == ["tags.csv"]


def test_a_failure_leaves_the_old_file_and_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "tags.csv"
    path.write_text("old")
    with pytest.raises(TypeError), atomic_text(path) as stream:
        stream.writelines(["half", None])  # type: ignore[list-item]
    assert path.read_text() == "old"
    assert (tmp_path / "tags.csv.partial").read_text() == "half"


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written") as error, atomic_text(tmp_path / "no" / "x.csv"):
        pass
    assert error.value.hint
