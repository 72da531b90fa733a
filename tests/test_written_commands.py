"""Every `fashion …` that is written down can be typed: in the README, in docs/, in the headers of the recipes.

Nothing runs: the command exists, its options do, and it takes so many arguments of these kinds. Paths and words in
capitals stand for whatever a reader has.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from fashion_cli.app import PROGRAM, app
from fashion_cli.training.recipe import read_recipe
from fashion_cli.training.recipe_files import find_recipe

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
RECIPES = sorted((ROOT / "examples" / "recipes").glob("*.toml"))
BLOCK = re.compile(r"^ *```(?:sh|bash|console)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
HEADER = re.compile(rf"^#   (?={PROGRAM} )((?:.*\\\n#)*.*)", re.MULTILINE)
ENDS = re.compile(r"[();<>|&]+")  # of a command in a line of shell
COMMAND: Any = typer.main.get_command(app)


def written(path: Path) -> Iterator[str]:
    """The lines of shell in a file; those that go on, behind a backslash or in a quotation, as one."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".toml":
        yield from (each.replace("\\\n#", " ") for each in HEADER.findall(text))
        return
    for block in BLOCK.findall(text):
        lines = block.replace("\\\n", " ").splitlines()
        while lines:
            whole = next((end for end in range(1, len(lines) + 1) if is_whole("\n".join(lines[:end]))), 0)
            if whole or lines[0].startswith(f"{PROGRAM} "):  # else it is what some program says
                yield "\n".join(lines[: whole or 1])
            del lines[: whole or 1]


def is_whole(text: str) -> bool:
    """Whether no quotation is open at the end."""
    try:
        shlex.split(text, comments=True)
    except ValueError:
        return False
    return True


def commands(line: str) -> Iterator[list[str]]:
    """The arguments of each `fashion` in a line of shell, without what other commands and comments say."""
    words = shlex.shlex(line, posix=True, punctuation_chars=True)
    words.whitespace_split = True
    command: list[str] = []
    for word in [*words, ";"]:
        if not ENDS.fullmatch(word):
            command.append(word)
            continue
        while command and re.fullmatch(r"[A-Z_]+=.*", command[0]):  # a variable of this command alone
            command.pop(0)
        if command and command[0] == PROGRAM:
            yield command[1:]
        command = []


def parsed(arguments: list[str]) -> Any:
    """The command that arguments are for, and what it was given.

    Raises:
        TyperException: If they cannot be typed.
    """
    command, names = COMMAND, [PROGRAM]
    while subcommands := getattr(command, "commands", {}):
        if not arguments or arguments[0] not in subcommands:
            raise typer.BadParameter(f"{' '.join(names)} has no command {' '.join(arguments[:1])!r}")
        names.append(arguments[0])
        command, arguments = subcommands[arguments[0]], arguments[1:]
    return command.make_context(" ".join(names), list(arguments))


WRITTEN = [
    pytest.param(arguments, id=f"{path.name}: {' '.join(arguments)}")
    for path in [*PAGES, *RECIPES]
    for line in written(path)
    for arguments in commands(line)
]


@pytest.mark.parametrize("arguments", WRITTEN)
def test_it_can_be_typed(arguments: list[str]) -> None:
    try:
        given = parsed(arguments).params
    except typer.TyperException as error:
        pytest.fail(f"{PROGRAM} {shlex.join(arguments)}: {error.format_message()}")
    except typer.Exit:  # --help
        return
    if arguments[0] == "train":
        read_recipe(find_recipe(given["recipe"]), given["override"] or ())


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_says_how_it_is_trained_and_its_own_name(path: Path) -> None:
    lines = [arguments for line in written(path) for arguments in commands(line)]
    trained = [parsed(arguments).params["recipe"] for arguments in lines if arguments[0] == "train"]
    assert {Path(name).stem for name in trained} == {path.stem}


def test_pages_without_commands_would_say_so() -> None:
    """Were blocks written otherwise, nothing would be checked and all would be green."""
    assert len(WRITTEN) > 80
    told = {arguments[0] for path in PAGES for line in written(path) for arguments in commands(line)}
    assert told >= {"tag", "index", "search", "embed", "map", "recommend", "train", "eval", "weights"}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("fashion tag a/ > tags.csv  # and a | comment", [["tag", "a/"]]),
        ("find . -print0 | FASHION_ENGINE=onnx fashion embed -0 - -o f.h5", [["embed", "-0", "-", "-o", "f.h5"]]),
        ("fashion index a && fashion search 'b c.jpg' | head", [["index", "a"], ["search", "b c.jpg"]]),
        ("fashion eval tags a.csv --split '' --best", [["eval", "tags", "a.csv", "--split", "", "--best"]]),
        ("pip install 'fashion-cli[map]'", []),
    ],
)
def test_commands_are_found_in_a_line_of_shell(line: str, found: list[list[str]]) -> None:
    assert list(commands(line)) == found


@pytest.mark.parametrize(
    "line", ["tag a --grup colour", "train", "train a b", "serach a", "eval", "eval tag a", "search a --topk many"]
)
def test_what_cannot_be_typed_is_refused(line: str) -> None:
    with pytest.raises(typer.TyperException):
        parsed(line.split())
