"""A file takes its name when it is whole, and a failure leaves nothing."""

from pathlib import Path

import pytest

from fashion_cli.atomic_files import atomic_path


def fail_in_the_middle(path: Path, error: type[BaseException]) -> None:
    with atomic_path(path) as draft:
        draft.write_text("half")
        raise error


@pytest.mark.parametrize("error", [OSError, ValueError, KeyboardInterrupt])
def test_a_failure_leaves_what_was_there(error: type[BaseException], tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("before")
    with pytest.raises(error):
        fail_in_the_middle(path, error)
    assert [each.name for each in tmp_path.iterdir()] == ["file.txt"]
    assert path.read_text() == "before"


def test_a_whole_file_replaces_it(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    with atomic_path(path) as draft:
        draft.write_text("whole")
        assert not path.exists()
    assert [each.name for each in tmp_path.iterdir()] == ["file.txt"]
    assert path.read_text() == "whole"
