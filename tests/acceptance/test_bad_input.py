"""Every mistake gets one line on stderr with what to do next, the designed exit code, and costs nothing."""

import os
import shutil
import subprocess
from pathlib import Path

import h5py
import pytest
from PIL import Image

from fashion_cli.app import main
from fashion_cli.errors import ExitCode
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.steps.index import IndexConfig, build_index
from fashion_cli.weights import open_model


@pytest.fixture
def gallery(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with three photographs, their index in .fashion, and the model that made it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FASHION_MODEL", str(tiny_model))
    (tmp_path / "images").mkdir()
    for colour in ("red", "green", "blue"):
        Image.new("RGB", (48, 64), colour).save(tmp_path / "images" / f"{colour}.png")
    assert main(["index", "images", "--quiet"]) == ExitCode.DONE
    return tmp_path


def complain(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str]:
    """Run a command that has to fail; its exit code and its one line."""
    capsys.readouterr()
    code = main(list(argv))
    out, err = capsys.readouterr()
    lines = [line for line in err.splitlines() if line.startswith("fashion: ")]
    assert out == ""
    assert len(lines) == 1, err
    assert "Traceback" not in err
    return code, lines[0]


def manifest(folder: Path) -> bytes:
    return (folder / ".fashion" / "manifest.json").read_bytes()


def test_no_index_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FASHION_INDEX", raising=False)
    Image.new("RGB", (48, 64)).save("q.png")
    code, line = complain(capsys, "search", "q.png")
    assert code == ExitCode.FAILED
    assert "fashion index" in line


def test_index_of_another_model(gallery: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = gallery / "other"
    shutil.copytree(tiny_model, other)
    card = (other / "card.json").read_text()
    (other / "card.json").write_text(card.replace(open_model(tiny_model).card.weights_sha256, "2" * 64))
    before = manifest(gallery)
    Image.new("RGB", (48, 64)).save("q.png")
    for argv in (["search", "q.png", "--model", str(other)], ["index", "images", "--model", str(other)]):
        code, line = complain(capsys, *argv)
        assert code == ExitCode.FAILED
        assert "--model" in line
    assert manifest(gallery) == before


def test_newer_feature_file(gallery: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["embed", "images", "-o", "f.h5", "--quiet"]) == ExitCode.DONE
    with h5py.File("f.h5", "r+") as file:
        file.attrs["version"] = 99
    before = Path("f.h5").read_bytes()
    for argv in (["embed", "images", "-o", "f.h5"], ["index", "f.h5", "-o", "other"]):
        code, line = complain(capsys, *argv)
        assert code == ExitCode.FAILED
        assert "upgrade" in line
    assert Path("f.h5").read_bytes() == before


def test_newer_index(gallery: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = manifest(gallery).decode().replace('"version": 1', '"version": 99')
    (gallery / ".fashion" / "manifest.json").write_text(text)
    code, line = complain(capsys, "search", "images/red.png")
    assert code == ExitCode.FAILED
    assert "upgrade" in line


def test_a_cut_off_part_of_an_index_is_mended_by_the_command_that_is_named(
    gallery: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (features,) = (gallery / ".fashion").glob("features-*.h5")
    features.write_bytes(features.read_bytes()[:1000])
    code, line = complain(capsys, "search", "images/red.png")
    assert code == ExitCode.FAILED
    assert "call `fashion index` again" in line
    assert "embed" not in line
    assert main(["index", "images", "--quiet"]) == ExitCode.DONE
    assert main(["search", "images/red.png"]) == ExitCode.DONE


def test_empty_folder(gallery: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (gallery / "empty").mkdir()
    before = manifest(gallery)
    for command in ("index", "tag"):
        code, line = complain(capsys, command, "empty")
        assert code == ExitCode.USAGE
        assert "photographs" in line
    assert manifest(gallery) == before


def test_missing_folder(gallery: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, line = complain(capsys, "index", "nowhere")
    assert code == ExitCode.USAGE
    assert "nowhere" in line


def test_unwritable_output(gallery: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (gallery / "file").write_text("in the way")
    for argv in (["embed", "images", "-o", "file/f.h5"], ["index", "images", "-o", "file/index"]):
        code, line = complain(capsys, *argv)
        assert code == ExitCode.FAILED
        assert "file" in line
    assert (gallery / "file").read_text() == "in the way"


@pytest.mark.parametrize("topk", ["0", "-3", "many", "2.5"])
def test_wrong_topk(gallery: Path, capsys: pytest.CaptureFixture[str], topk: str) -> None:
    code = main(["search", "images/red.png", "--topk", topk])
    out, err = capsys.readouterr()
    assert code == ExitCode.USAGE
    assert out == ""
    assert "topk" in err


def test_missing_weights(gallery: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, line = complain(capsys, "tag", "images", "--model", "nowhere")
    assert code == ExitCode.FAILED
    assert "fashion weights list" in line
    other = gallery / "other"
    shutil.copytree(tiny_model, other)
    (other / "model.onnx").unlink()
    code, line = complain(capsys, "tag", "images", "--model", str(other), "--engine", "onnx")
    assert code == ExitCode.FAILED
    assert "model.onnx" in line


def test_damaged_weights(gallery: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = gallery / "other"
    shutil.copytree(tiny_model, other)
    for name, engine in (("model.onnx", "onnx"), ("model.safetensors", "torch")):
        damaged = bytearray((other / name).read_bytes())
        damaged[len(damaged) // 2] ^= 1
        (other / name).write_bytes(damaged)
        code, line = complain(capsys, "tag", "images", "--model", str(other), "--engine", engine)
        assert code == ExitCode.FAILED
        assert "sha256" in line


def test_skipped_photographs_and_strict(gallery: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (gallery / "images" / "[red].jpg").write_bytes(b"no photograph")
    capsys.readouterr()
    assert main(["tag", "images", "--format", "jsonl"]) == ExitCode.DONE
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 3
    assert "[red].jpg" in err
    assert main(["tag", "images", "--format", "jsonl", "--strict"]) == ExitCode.SKIPPED
    assert main(["index", "images", "--quiet", "--strict"]) == ExitCode.SKIPPED
    assert main(["search", "images/red.png", "images/[red].jpg", "--strict"]) == ExitCode.SKIPPED


@pytest.mark.campaign
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_full_disk_keeps_the_old_index_and_every_finished_row(
    gallery: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = gallery / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=900k", "tmpfs", str(small)], check=True)
    try:
        assert main(["index", "images", "-o", "small/index", "--quiet"]) == ExitCode.DONE
        before = (small / "index" / "manifest.json").read_bytes()
        many = gallery / "many"
        many.mkdir()
        for number in range(4000):
            Image.new("RGB", (2, 2), (number % 256, number // 256, 0)).save(many / f"{number}.png")
        code, line = complain(capsys, "index", "images", "many", "-o", "small/index", "--batch-size", "64")
        assert code == ExitCode.FAILED
        assert "free some space" in line
        assert (small / "index" / "manifest.json").read_bytes() == before
        assert main(["search", "images/red.png", "--index", "small/index", "--format", "paths"]) == ExitCode.DONE
        assert len(capsys.readouterr().out.splitlines()) == 3
        subprocess.run(["mount", "-o", "remount,size=64m", str(small)], check=True)
        options = InferenceOptions(model=str(tiny_model))
        config = IndexConfig((Path("images"), many), small / "index", options)
        report = build_index(config, lambda done, total: None)
        assert report.rows == 4003
        assert report.kept > 3
    finally:
        subprocess.run(["umount", str(small)], check=True)
