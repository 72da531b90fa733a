"""Sources without a photograph are named, with what is there instead."""

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fashion_cli.app import main
from fashion_cli.embedding.no_photographs import no_photographs
from fashion_cli.inference.pipeline import Skipped

COMMANDS = (["index"], ["tag"], ["embed", "-o", "f.h5"], ["tag", "-o", "t.csv"])


@pytest.fixture(autouse=True)
def _no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [each for each in os.environ if each.startswith("FASHION_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs a command line that has to end with one line and 2."""

    def run(*argv: str) -> str:
        assert main(argv) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1
        return err

    return run


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_an_empty_folder_is_named(command: list[str], tmp_path: Path, refused: Callable[..., str]) -> None:
    (tmp_path / "empty [1]" / "inner").mkdir(parents=True)
    assert "fashion: empty [1]: no photographs, nothing at all — give" in refused(*command, "empty [1]")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_files_of_other_kinds_are_counted(command: list[str], tmp_path: Path, refused: Callable[..., str]) -> None:
    (tmp_path / "films" / "old").mkdir(parents=True)
    for name in ("a.MP4", "old/b.mp4", "c.txt", ".hidden.jpg"):
        (tmp_path / "films" / name).touch()
    assert "films: no photographs among 3 files (.mp4, .txt) —" in refused(*command, "films")
    for name in ("a.MP4", "old/b.mp4"):
        (tmp_path / "films" / name).unlink()
    assert "films: no photographs among 1 file (.txt) —" in refused(*command, "films")


def test_hidden_files_are_said_to_be_left_out(tmp_path: Path, refused: Callable[..., str]) -> None:
    (tmp_path / "shop" / ".trash" / "old").mkdir(parents=True)
    (tmp_path / "shop" / ".trash" / "old" / "a.jpg").touch()
    assert "shop: no photographs; 1 file there, hidden, left out —" in refused("index", "shop")


def test_several_folders_are_named_and_many_counted(tmp_path: Path, refused: Callable[..., str]) -> None:
    names = ["a", "b", "c", "d\ne"]
    for name in names:
        (tmp_path / name).mkdir()
    assert "fashion: a, b: no photographs" in refused("index", "a", "b")
    assert "fashion: 'd\\ne': no photographs" in refused("index", "d\ne")
    assert "fashion: a, b, c and 1 more: no photographs" in refused("index", *names)


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    error = no_photographs([tmp_path], unreadable=[Skipped(str(locked), "folder cannot be read (Permission denied)")])
    assert str(error) == (
        f"{tmp_path}: no photographs, nothing at all; {locked}: folder cannot be read (Permission denied)"
    )


def test_an_empty_list_and_an_empty_table_are_named(
    tmp_path: Path, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for command in COMMANDS:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))
        assert "standard input: no photographs: the list is empty" in refused(*command, "-")
    (tmp_path / "m.csv").write_text("path,colour\n")
    assert "m.csv: no photographs: the table has no rows" in refused("index", "--manifest", "m.csv")
