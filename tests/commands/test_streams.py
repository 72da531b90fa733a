"""Standard streams that whoever starts the command has closed."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

FASHION = f"{sys.executable} -m fashion_cli"
CLOSED = "fashion: standard output is closed — send it somewhere: > FILE, or > /dev/null\n"


def run(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A line of the shell; what it closes is closed in the command alone."""
    return subprocess.run(
        ["sh", "-c", line], cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


@pytest.mark.parametrize("arguments", ["--help", "--version", "weights list", "search --help"])
def test_without_an_output_there_is_one_line_of_error(arguments: str, tmp_path: Path) -> None:
    ran = run(f"{FASHION} {arguments} >&-", tmp_path)
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", CLOSED)
    assert run(f"{FASHION} {arguments} <&- >&- 2>&-", tmp_path).returncode == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_help_on_a_full_disk_is_one_line_of_error(tmp_path: Path) -> None:
    ran = run(f"{FASHION} --help > /dev/full", tmp_path)
    assert (ran.returncode, ran.stderr) == (
        1,
        "fashion: standard output: No space left on device — write to another disk\n",
    )


def test_without_a_place_for_messages_the_rest_is_as_ever(tmp_path: Path) -> None:
    expected = run(f"{FASHION} weights list", tmp_path)
    ran = run(f"{FASHION} weights list 2>&-", tmp_path)
    assert (ran.returncode, ran.stdout) == (0, expected.stdout)
    ran = run(f"{FASHION} tag nowhere.jpg 2>&-", tmp_path)
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", "")


def test_a_missing_input_is_not_an_empty_one(tmp_path: Path) -> None:
    ran = run(f"{FASHION} tag - <&-", tmp_path)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("fashion: -: standard input cannot be read (Bad file descriptor) — ")
    assert run(f"{FASHION} weights list <&-", tmp_path).returncode == 0


def test_a_file_never_gets_the_number_of_a_closed_stream(tiny_model: Path, tmp_path: Path) -> None:
    """Else messages would be written into the feature file."""
    Image.new("RGB", (60, 80), "red").save(tmp_path / "red.png")
    (tmp_path / "bad.png").write_bytes(b"no photograph")
    line = f"{FASHION} embed red.png bad.png -o features.h5 --model {tiny_model} <&- >&- 2>&-"
    assert run(line, tmp_path).returncode == 0
    assert run(f"{FASHION} index features.h5 -o index --model {tiny_model}", tmp_path).returncode == 0
