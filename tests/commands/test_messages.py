import io
import os
import re
import sys
import time

import pytest
import typer

from fashion_cli.commands.output import progress as progress_module
from fashion_cli.commands.output.messages import name_skipped
from fashion_cli.commands.output.progress import duration, per_second, show_progress
from fashion_cli.inference.pipeline import Skipped


def test_skipped_photographs_are_counted_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    names = ["[red].jpg", "a\nb.jpg", os.fsdecode(b"\xe9.jpg")]
    name_skipped([Skipped(name, "empty\nfile") for name in names], 5, strict=False)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "fashion: skipped 3:",
        "  [red].jpg: empty file",
        r"  'a\nb.jpg': empty file",
        r"  '\udce9.jpg': empty file",
    ]


def test_a_reason_that_names_the_photograph_is_enough(capsys: pytest.CaptureFixture[str]) -> None:
    name_skipped([Skipped("a.jpg", "a.jpg: empty file")], 1, strict=False)
    assert capsys.readouterr().err.splitlines()[1] == "  a.jpg: empty file"


def test_after_twenty_the_rest_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    name_skipped([Skipped(f"{number}.jpg", "empty") for number in range(1023)], 1, strict=False)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "fashion: skipped 1,023:"
    assert lines[20:] == ["  19.jpg: empty", "  and 1,003 more"]


@pytest.mark.parametrize(("count", "done", "strict", "code"), [(1, 9, True, 3), (1, 0, False, 1), (1, 0, True, 3)])
def test_exit_codes(count: int, done: int, strict: bool, code: int) -> None:
    with pytest.raises(typer.Exit) as leaving:
        name_skipped([Skipped("a.jpg", "empty")] * count, done, strict=strict)
    assert leaving.value.exit_code == code


def test_nothing_skipped_is_nothing_said(capsys: pytest.CaptureFixture[str]) -> None:
    name_skipped([], 0, strict=True)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4123, "0.41 s"), (12.3, "12 s"), (125, "2 min 05 s"), (59.9, "60 s"), (3600 * 3 + 20 * 60, "3 h 20 min")],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_rates() -> None:
    assert per_second(4462, 10.0) == "446/s"
    assert per_second(20_000_000, 10.0) == "2,000,000/s"
    assert per_second(33, 10.0) == "3.3/s"
    assert per_second(1, 2.0) == "30.0/min"  # not "0/s" or "0.5/s"
    assert per_second(1, 1000.0) == "0.1/min"
    assert per_second(0, 10.0) == per_second(5, 0.0) == ""


def test_a_log_gets_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    clock = iter([0.0, 10.0, 40.0, 45.0, 80.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    with show_progress("embedding") as progress:
        for done, total in ((100, 0), (400, 1200), (450, 1200), (800, 0)):
            progress(done, total)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "embedding: 400 of 1,200 photographs, 10/s, 1 min 20 s left",
        "embedding: 800 photographs, 10/s",
    ]


def test_quiet_shows_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(progress_module, "LINE_EVERY", 0.0)
    with show_progress("embedding", quiet=True) as progress:
        progress(1, 2)
    assert capsys.readouterr() == ("", "")


def test_a_terminal_gets_a_bar_on_stderr(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with show_progress("[embedding]") as progress:
        progress(0, 0)
        progress(30, 120)
    out, err = capsys.readouterr()
    assert out == ""
    assert "[embedding]" in err
    assert "30/120" in err
    assert "photographs" in err


def test_a_bar_has_an_end_or_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """While it is not known how much there is to do, there is only what is done."""
    from rich.console import Console

    screen = io.StringIO()
    monkeypatch.setattr("rich.console.Console", lambda **_: Console(file=screen, force_terminal=True, width=100))
    with progress_module._bar("indexing", "photographs") as progress:
        pass
    assert "indexing" in screen.getvalue()
    assert "/?" not in screen.getvalue()
    assert "photographs" not in screen.getvalue()
    with progress_module._bar("indexing", "photographs") as progress:
        progress(2, 5)
    assert re.search(r"2/5\S* photographs", screen.getvalue())
