"""What lies in deploy/: the requirements of an image, the settings that Dockerfile and unit name, the unit itself."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from fashion_cli.commands.cli.settings import read_settings
from tests.required import not_there

DEPLOY = Path(__file__).parents[2] / "deploy"


def test_the_image_needs_all_that_serving_needs_but_torch(tmp_path: Path) -> None:
    wheel = tmp_path / "a-1-py3-none-any.whl"
    lines = (
        "numpy>=1.26",
        "torch>=2.4",
        "torchvision>=0.19",
        "uvicorn>=0.32; extra == 'serve'",
        "onnx; extra == 'train'",
    )
    metadata = "Metadata-Version: 2.4\nName: a\nVersion: 1\n" + "".join(f"Requires-Dist: {line}\n" for line in lines)
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("a-1.dist-info/METADATA", metadata)
    done = subprocess.run(
        [sys.executable, DEPLOY / "requirements.py", wheel, "serve"], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["numpy>=1.26", "uvicorn>=0.32"]


@pytest.mark.parametrize("name", ["Dockerfile", "fashion.service"])
def test_the_variables_are_settings(name: str, tmp_path: Path) -> None:
    found = dict(re.findall(r"(FASHION_[A-Z_]+)=(\S+)", (DEPLOY / name).read_text(encoding="utf-8")))
    assert set(read_settings(found, tmp_path)) == {"index", "root", "token_file"}


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        not_there("no systemd-analyze: apt install systemd")
    unit = (DEPLOY / "fashion.service").read_text(encoding="utf-8").replace("/opt/fashion/bin/fashion", sys.executable)
    (tmp_path / "fashion.service").write_text(unit, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / "fashion.service"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
