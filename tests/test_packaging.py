"""What `python -m build` makes, and that it works where no checkout is."""

import email
import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

import fashion_cli

ROOT = Path(__file__).parents[1]
RELEASE = f"fashion_cli-{fashion_cli.__version__}"
WEIGHT_FILES = {"MODEL_CARD.md", "card.json", "model.safetensors", "model.onnx"}
PHOTOGRAPHS = (".jpg", ".jpeg", ".webp", ".heic", ".tif", ".tiff")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    return built / f"{RELEASE}-py3-none-any.whl"


@pytest.fixture(scope="module")
def wheel_names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def sdist_names(built: Path) -> set[str]:
    with tarfile.open(built / f"{RELEASE}.tar.gz") as archive:
        return {name.removeprefix(f"{RELEASE}/") for name in archive.getnames()}


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel in it, which borrows the dependencies of this one."""
    folder = tmp_path_factory.mktemp("elsewhere")
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv")
    python = folder / "venv/bin/python"
    run(
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--quiet",
        "--no-index",
        "--no-deps",
        wheel,
    )
    # A .pth file adds a folder to the path, but not what that folder's .pth files name: not the checkout.
    site = sysconfig.get_path("purelib", scheme="venv", vars={"base": str(folder / "venv")})
    Path(site, "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return folder


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Run a program in a clean environment and return what it printed."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(list(map(str, command)), cwd=cwd, env=kept, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def shipped_files() -> set[str]:
    """Every file of `weights/`, relative to it."""
    return {str(path.relative_to(ROOT / "weights")) for path in (ROOT / "weights").rglob("*") if path.is_file()}


def test_wheel_holds_the_package_and_every_weight(wheel_names: set[str]) -> None:
    shipped = {name.removeprefix("fashion_cli/shipped/") for name in wheel_names if "/shipped/" in name}
    assert shipped == shipped_files()
    assert {Path(name).name for name in shipped} >= WEIGHT_FILES
    assert wheel_names >= {"fashion_cli/app.py", "fashion_cli/py.typed"}


def test_wheel_holds_the_catalogues_migrations(wheel_names: set[str]) -> None:
    migrations = ROOT / "fashion_cli" / "products" / "migrations"
    files = {path.relative_to(ROOT).as_posix() for end in ("py", "mako") for path in migrations.rglob(f"*.{end}")}
    assert len(files) >= 5
    assert wheel_names >= files


def test_wheel_holds_nothing_but_the_package(wheel_names: set[str]) -> None:
    assert {name.split("/")[0] for name in wheel_names} == {"fashion_cli", f"{RELEASE}.dist-info"}


def test_sdist_holds_weights_tests_and_examples(sdist_names: set[str]) -> None:
    assert sdist_names >= {f"weights/{name}" for name in shipped_files()}
    assert sdist_names >= {"tests/run.sh", "examples/quickstart.sh", "scripts/set-up.sh", "LICENSE"}


def test_nothing_that_is_built_holds_a_photograph(wheel_names: set[str], sdist_names: set[str]) -> None:
    assert [name for name in wheel_names | sdist_names if name.lower().endswith(PHOTOGRAPHS)] == []


def test_metadata(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        metadata = email.message_from_bytes(archive.read(f"{RELEASE}.dist-info/METADATA"))
        entry_points = archive.read(f"{RELEASE}.dist-info/entry_points.txt").decode()
    assert metadata["Version"] == fashion_cli.__version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    assert "fashion = fashion_cli.entry:run" in entry_points


def test_base_installation_brings_what_the_design_says_and_no_more(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        metadata = email.message_from_bytes(archive.read(f"{RELEASE}.dist-info/METADATA"))
    required = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert {line.split(">=")[0] for line in required} == {
        *("typer", "rich", "torch", "torchvision", "annoy"),
        *("h5py", "pillow", "numpy", "onnxruntime", "safetensors"),
    }


def test_installed_wheel_finds_its_own_weights(elsewhere: Path) -> None:
    program = (
        "from fashion_cli.weights import shipped_directory, shipped_models\n"
        "print(shipped_directory())\n"
        "for model in shipped_models():\n"
        "    for name in model.card.files:\n"
        "        print(model.file(name))\n"  # compares the sha256
    )
    directory, *files = run(elsewhere / "venv/bin/python", "-c", program, cwd=elsewhere).splitlines()
    assert Path(directory).is_relative_to(elsewhere)
    assert Path(directory).parts[-2:] == ("fashion_cli", "shipped")
    assert {Path(file).name for file in files} >= {"model.safetensors", "model.onnx"}


def test_installed_command_runs(elsewhere: Path) -> None:
    assert "search" in run(elsewhere / "venv/bin/fashion", "--help", cwd=elsewhere)
    run(elsewhere / "venv/bin/fashion", "weights", "verify", cwd=elsewhere)
