"""Ctrl-C while libraries are loaded, which takes most of a short command's time."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

# As the import of a module begins: a signal as the terminal sends it; or what pybind11 makes of one in C.
PROGRAM = """
import os, signal, sys

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs are started without

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == MODULE:
            sys.meta_path.remove(self)
            HOW()

def by_signal():
    os.kill(os.getpid(), signal.SIGINT)

def in_c():
    raise ImportError("initialization failed") from KeyboardInterrupt()

MODULE, HOW = sys.argv.pop(1), globals()[sys.argv.pop(1)]
sys.meta_path.insert(0, Interrupting())
from fashion_cli.entry import run
run()
"""


@pytest.mark.parametrize(
    ("module", "how", "engine"),
    [
        ("onnxruntime.capi.onnxruntime_pybind11_state", "by_signal", "onnx"),
        ("onnxruntime.capi.onnxruntime_pybind11_state", "in_c", "onnx"),
        ("numpy._core._multiarray_umath", "by_signal", "onnx"),
        ("numpy._core._multiarray_umath", "in_c", "onnx"),
        ("PIL._imaging", "in_c", "onnx"),
        ("torch._C", "by_signal", "torch"),
        ("torch._C", "in_c", "torch"),
    ],
)
def test_it_ends_as_any_interruption(module: str, how: str, engine: str, tmp_path: Path) -> None:
    Image.new("RGB", (60, 80), "red").save(tmp_path / "red.png")
    command = [sys.executable, "-c", PROGRAM, module, how, "tag", "red.png", "--engine", engine]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "fashion: interrupted\n")


@pytest.mark.parametrize(
    "module", ["typer", "typer._click.parser", "fashion_cli.app", "fashion_cli.commands.search", "fashion_cli.errors"]
)
def test_also_before_the_command_line_is_read(module: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, module, "by_signal", "--version"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "fashion: interrupted\n")


def test_a_module_that_is_broken_keeps_its_traceback(tmp_path: Path) -> None:
    program = PROGRAM.replace("from KeyboardInterrupt()", "from ValueError()")
    Image.new("RGB", (60, 80), "red").save(tmp_path / "red.png")
    command = [sys.executable, "-c", program, "onnxruntime", "in_c", "tag", "red.png"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "Traceback" in ran.stderr
