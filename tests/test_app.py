"""The command line as a whole: help, versions, exit codes, and what an error looks like."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from fashion_cli import __version__, app
from fashion_cli.app import main
from fashion_cli.errors import FashionError, OutputError

HEAVY = ("torch", "torchvision", "numpy", "h5py", "PIL", "annoy", "onnxruntime", "rich")
COMMANDS = ("tag", "index", "search", "embed", "train", "eval", "weights")


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No `fashion.toml` and no variable of the person who runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in [each for each in os.environ if each.startswith("FASHION_")]:
        monkeypatch.delenv(name)


def cpu_seconds(*argv: str) -> float:
    """User and system time of a program: the least of a few runs, which a busy machine disturbs least."""
    times = []
    for _ in range(5):
        process = subprocess.Popen([sys.executable, *argv], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        times.append(usage.ru_utime + usage.ru_stime)
    return min(times)


@pytest.mark.parametrize("argv", [["--help"], ["-h"], []])
def test_help_names_every_command(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 0
    out, err = capsys.readouterr()
    assert all(f"\n  {name} " in out for name in COMMANDS)
    assert err == ""


@pytest.mark.parametrize(
    "command",
    [[each] for each in COMMANDS]
    + [["eval", "retrieval"], ["eval", "tags"], ["weights", "list"], ["weights", "verify"], ["weights", "export"]]
    + [["weights", "fetch"], ["eval", "rerank"]],
)
def test_every_command_has_a_help_page(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command, "--help"]) == 0
    assert f"Usage: fashion {' '.join(command)}" in capsys.readouterr().out


def test_options_stand_under_their_headings(capsys: pytest.CaptureFixture[str]) -> None:
    main(["search", "--help"])
    page = capsys.readouterr().out
    order = [page.index(text) for text in ("Arguments:", "Which hits:", "--topk", "Their order:", "--alpha")]
    assert order == sorted(order)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"fashion {__version__}\n"


def test_help_imports_nothing_that_is_slow() -> None:
    for argv in (["--help"], ["search", "--help"], ["eval", "tags", "--help"]):
        program = (
            f"import sys; from fashion_cli.app import main; assert main({argv}) == 0;"
            f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
        )
        ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert ran.stderr == "[]\n"


def test_help_takes_at_most_three_times_the_import_of_typer() -> None:
    assert cpu_seconds("-m", "fashion_cli", "--help") < 3 * cpu_seconds("-c", "import typer")


@pytest.mark.parametrize(
    ("argv", "part"),
    [
        (["search", "a.jpg", "--topk", "0"], "--topk"),
        (["search", "a.jpg", "--topk", "-3"], "--topk"),
        (["search", "a.jpg", "--topk", "many"], "--topk"),
        (["search", "a.jpg", "--alpha", "nan"], "--alpha"),
        (["search", "a.jpg", "--min-percentile", "101"], "--min-percentile"),
        (["search", "a.jpg", "--format", "xml"], "--format"),
        (["search", "a.jpg", "--box", "1,2,3"], "box"),
        (["search", "a.jpg", "--box", "0,0,0,5"], "box"),
        (["search", "a.jpg", "--topkk", "3"], "--topk"),
        (["search", "a.jpg", "-0"], "-0"),
        (["search", "a.jpg", "--thumbnails"], "--thumbnails"),
        (["search", "--query", "a.jpg:0"], "weight"),
        (["embed", "-o", "f.h5"], "no photographs given"),
        (["embed", "a.jpg"], "--out"),
        (["embed", "-", "-", "-o", "f.h5"], "standard input"),
        (["embed", "a.jpg", "-0", "-o", "f.h5"], "-0"),
        (["tag", "a.jpg", "-o", "tags.xls"], "tags.xls"),
        (["tag", "a.jpg", "-o", "tags.csv", "--format", "json"], "--format"),
        (["tag", "a.jpg", "-o", "tags.h5", "--top", "2"], "every score"),
        (["tag", "a.jpg", "--batch-size", "0"], "--batch-size"),
        (["index", "--recall", "2", "a"], "--recall"),
        (["index", "nowhere"], "nowhere"),
        (["serch"], "did you mean search?"),
        (["eval"], "Missing command"),
        (["weights", "export"], "NAME|DIR"),
    ],
)
def test_wrong_usage_is_one_line_and_2(
    argv: list[str], part: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.jpg").touch()
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert part in err
    assert err.startswith("fashion: ")
    assert err.count("\n") == 1


def raising(error: BaseException) -> Callable[..., int]:
    def run(argv: object) -> int:
        raise error

    return run


def test_an_error_is_one_line_however_long_and_with_what_is_in_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = "[red]/" + "long name " * 40 + "with\na newline"
    monkeypatch.setattr(app, "_run", raising(OutputError(f"{path}: full", hint="make room")))
    assert main(["embed"]) == 1
    escaped = path.replace("\n", "\\n")
    assert capsys.readouterr().err == f"fashion: {escaped}: full — make room\n"


def test_an_error_without_a_hint_ends_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(app, "_run", raising(FashionError("broken")))
    assert main([]) == 1
    assert capsys.readouterr().err == "fashion: broken\n"


@pytest.mark.parametrize(("command", "hint"), [("index", " — the same call goes on from here"), ("search", "")])
def test_an_interrupted_command_returns_130(
    command: str, hint: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(app, "_run", raising(KeyboardInterrupt()))
    assert main([command]) == 130
    assert capsys.readouterr().err == f"fashion: interrupted{hint}\n"


def test_an_unknown_exception_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "_run", raising(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        main(["search"])


def test_a_missing_extra_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = ModuleNotFoundError("No module named 'accelerate'", name="accelerate.utils")
    monkeypatch.setattr(app, "_run", raising(error))
    assert main(["train", "recipe.toml"]) == 1
    assert "pip install 'fashion-cli[train]'" in capsys.readouterr().err
    monkeypatch.setattr(app, "_run", raising(ModuleNotFoundError("No module named 'x'", name="x")))
    with pytest.raises(ModuleNotFoundError):
        main(["train"])


@pytest.mark.parametrize("extra", app.PACKAGES)
def test_every_package_of_an_extra_is_known(extra: str) -> None:
    document = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
    lines = document["project"]["optional-dependencies"][extra]
    named = {re.split(r"[\[>]", each)[0].replace("-", "_") for each in lines}
    modules = {"multipart" if name == "python_multipart" else name for name in named}
    assert modules <= set(app.EXTRAS)
    assert set(app.PACKAGES[extra]) - {"lxml", "tldextract", "twisted", "w3lib"} <= modules  # these come with scrapy


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    program = """
import sys
from fashion_cli import app
from fashion_cli.commands.output.render import emit

@app.app.command()
def endless() -> None:
    while True:
        emit("line\\n" * 1000)

sys.exit(app.main(["endless"]))
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"line\n"
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_help_into_a_closed_pipe_is_quiet() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w") as stdout:
        ran = subprocess.run(
            [sys.executable, "-m", "fashion_cli", "search", "--help"],
            stdout=stdout,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (ran.returncode, ran.stderr) == (0, b"")
