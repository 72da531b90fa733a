"""Command lines with a slip of the finger: the message names what was meant."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

import fashion_cli
from fashion_cli.app import app, main
from fashion_cli.commands.cli.mistyped import DASHES

PACKAGE = Path(fashion_cli.__file__).parent
OTHER_PROGRAMS = {
    "--upgrade",
    "--num_processes",
    "-p",
    "-c",
    "-n",
    "-name",
}  # pip, accelerate, mkdir, python, tail, find


@pytest.mark.parametrize(
    ("argv", "hint"),
    [
        (["serch"], "did you mean search? fashion --help"),
        (["weights", "lst"], "did you mean list? fashion weights --help"),
        (["eval", "retrival"], "did you mean retrieval? fashion eval --help"),
        (["search", "a.jpg", "--topkk", "3"], "did you mean --topk? fashion search --help"),
        (["tag", "a.jpg", "--minscore=1"], "did you mean --min-score? fashion tag --help"),
        (["search", "a.jpg", "--format", "tabel"], "did you mean table? fashion search --help"),
        (["search", "a.jpg", "--engine", "oxnn"], "did you mean onnx? fashion search --help"),
        (["search", "a.jpg", "--format", "zzz"], "fashion search --help"),
        (["search", "--topk"], "fashion search --help"),
        (["weights", "fetch", "--size"], "fashion weights fetch --help"),
        (["zzz"], "fashion --help"),
    ],
)
def test_what_was_meant_is_named(argv: list[str], hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.endswith(f" — {hint}\n")
    assert err.count("\n") == 1
    assert "Value error" not in err


@pytest.mark.parametrize("name", ["-x.jpg", "--x.jpg", "-0.png", "-a b.webp", "-q.heic", "-qx.jpg"])
def test_a_photograph_that_begins_with_a_hyphen_is_told_from_an_option(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["search", name]) == 2
    assert f"a file of that name is written ./{name}, or stands behind --\n" in capsys.readouterr().err


def test_any_file_that_begins_with_a_hyphen_is_told_from_an_option(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "-photographs").mkdir()
    assert main(["tag", "-photographs"]) == 2
    assert "written ./-photographs, or" in capsys.readouterr().err


@pytest.mark.parametrize("dash", DASHES)
@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("{}topk", "--topk"),
        ("{0}{0}topk=5", "--topk=5"),
        ("-{}topk", "--topk"),
        ("{}o", "-o"),
        ("{}0", "-0"),
        ("{}", "-"),
    ],
)
def test_a_pasted_dash_is_no_hyphen(dash: str, typed: str, meant: str, capsys: pytest.CaptureFixture[str]) -> None:
    argument = typed.format(dash)
    assert main(["search", "a.jpg", argument, "5"]) == 2
    assert capsys.readouterr().err == (
        f"fashion: {argument!r} begins with a dash that is no hyphen — did you mean {meant}?\n"
    )


def test_a_file_or_a_number_may_begin_with_any_dash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "–topk").touch()
    for argv in (["search", "–topk"], ["search", "–.jpg"], ["search", "--", "–o"]):
        assert main(argv) == 1  # as far as looking for an index
        assert "no index" in capsys.readouterr().err


def hints() -> Iterator[tuple[str, str]]:
    """Every text that is written as a hint, with its place; what is filled in is left out."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "hint":
                for each in ast.walk(node.value):
                    if isinstance(each, ast.Constant) and isinstance(each.value, str):
                        yield f"{path.name}:{each.lineno}", each.value


def test_hints_show_options_with_hyphens_and_only_those_that_exist() -> None:
    commands, options = [get_command(app)], {"--help", "--version"}
    while commands:
        command = commands.pop()
        options |= {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
        commands += getattr(command, "commands", {}).values()
    found = list(hints())
    assert len(found) > 100
    wrong = [(place, text) for place, text in found if re.search(rf"[{DASHES}][A-Za-z{DASHES}]", text)]
    assert wrong == []
    unknown = {
        (place, name)
        for place, text in found
        for name in re.findall(r"(?<![\w-])--?[A-Za-z][\w-]*", text)
        if name not in options | OTHER_PROGRAMS
    }
    assert unknown == set()
