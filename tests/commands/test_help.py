"""`fashion help` says what `--help` says, also as man pages."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from fashion_cli.app import app, main
from tests.required import not_there


def commands(command: Any = None, names: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The names of every command, groups too."""
    command = command or get_command(app)
    yield names
    for name, each in getattr(command, "commands", {}).items():
        yield from commands(each, (*names, name))


@pytest.mark.parametrize("names", list(commands()), ids=" ".join)
def test_help_is_the_page_of_the_option(names: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*names, "--help"]) == 0
    page = capsys.readouterr().out
    assert main(["help", *names]) == 0
    assert capsys.readouterr().out == page


def test_help_shows_the_defaults_that_are_in_force(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FASHION_TOPK", "7")
    assert main(["help", "search"]) == 0
    assert "default: 7" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["serch"], "no command 'serch' — did you mean search? fashion --help"),
        (["eval", "tgs"], "fashion eval: no command 'tgs' — did you mean tags? fashion eval --help"),
        (["search", "x"], "fashion search: no command 'x' — fashion search --help"),
    ],
)
def test_help_of_nothing(names: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", *names]) == 2
    assert capsys.readouterr() == ("", f"fashion: {message}\n")
    if names[0] != "search":  # which has no commands: `x` is words there
        assert main(names) == 2
        assert capsys.readouterr() == ("", f"fashion: {message}\n")


def test_man_pages_have_every_command_and_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    every = list(commands())
    assert main(["help", "--man-pages", str(tmp_path / "man1")]) == 0
    assert capsys.readouterr().err == f"{tmp_path}/man1: {len(every)} man pages\n"
    assert {each.name for each in (tmp_path / "man1").iterdir()} == {
        f"{'-'.join(('fashion', *names))}.1" for names in every
    }
    for names in every:
        main([*names, "--help"])
        options = set(re.findall(r"(?<![\w-])--?[a-z0-9][\w-]*", capsys.readouterr().out))
        page = (tmp_path / "man1" / f"{'-'.join(('fashion', *names))}.1").read_text("utf-8")
        assert options <= set(
            re.findall(r"(?<![\w-])--?[a-z0-9][\w-]*", re.sub(r"\\f[BR]", "", page).replace("\\-", "-"))
        )
        lines = "\n".join(page.splitlines()[1:])
        assert re.findall(r"(?<!\\)-", lines) == []  # roff may show one as a dash, which no shell takes


def test_man_shows_the_pages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if shutil.which("groff") is None:
        not_there("no groff")
    assert main(["help", "--man-pages", str(tmp_path)]) == 0
    for page in tmp_path.iterdir():
        command = ["groff", "-man", "-Tutf8", "-ww", "-P-cbou", "-rLL=100n", str(page)]
        shown = subprocess.run(command, capture_output=True, text=True, check=True)
        assert shown.stderr == ""
        assert {"NAME", "SYNOPSIS", "OPTIONS"} <= set(shown.stdout.splitlines())
    main(["search", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    search = tmp_path / "fashion-search.1"
    command = ["groff", "-man", "-Tascii", "-P-cbou", "-rLL=10000n", str(search)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "--topk N" in shown.stdout  # hyphens that can be copied
    assert "--topk N" in text


def test_a_folder_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main(["help", "--man-pages", str(tmp_path / "file")]) == 1
    assert "file: cannot be written" in capsys.readouterr().err
