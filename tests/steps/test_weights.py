"""What ships is listed; damage is found; an export arrives in the card."""

import hashlib
import shutil
from pathlib import Path

import pytest

from fashion_cli import weights
from fashion_cli.errors import MissingExtraError, OutputError, UsageError, WeightsError
from fashion_cli.model_cards import CARD_FILE, ONNX_FILE, SAFETENSORS_FILE, ModelCard
from fashion_cli.steps import weights as step
from fashion_cli.steps.weights import export_onnx, list_weights, verify_weights


@pytest.fixture
def model(tiny_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model, tmp_path / "shipped" / "tiny"))


@pytest.fixture
def shipped(model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that ships the tiny model alone."""
    monkeypatch.setattr(weights, "shipped_directory", lambda: model.parent)
    return model


def test_lists_what_ships(shipped: Path) -> None:
    (row,) = list_weights()
    assert (row.name, row.vector_width, row.tags, row.directory) == ("tiny", 16, 7, shipped)
    assert set(row.files) == {SAFETENSORS_FILE, ONNX_FILE}
    size = sum((shipped / name).stat().st_size for name in row.files)
    assert row.megabytes == pytest.approx(size / 1e6)


def test_a_file_that_is_gone_is_not_listed(shipped: Path) -> None:
    (shipped / ONNX_FILE).unlink()
    assert list_weights()[0].files == (SAFETENSORS_FILE,)


def test_whole_files_are_verified(shipped: Path) -> None:
    files = verify_weights()
    assert {(each.model, each.file) for each in files} == {("tiny", SAFETENSORS_FILE), ("tiny", ONNX_FILE)}
    for each in files:
        assert each.ok
        content = (shipped / each.file).read_bytes()
        assert each.sha256_found == each.sha256_expected == hashlib.sha256(content).hexdigest()


def test_one_changed_bit_is_found(model: Path) -> None:
    content = bytearray((model / SAFETENSORS_FILE).read_bytes())
    content[-1] ^= 1
    (model / SAFETENSORS_FILE).write_bytes(content)
    (model / ONNX_FILE).unlink()
    files = {each.file: each for each in verify_weights([str(model)])}
    assert not files[SAFETENSORS_FILE].ok
    assert files[SAFETENSORS_FILE].sha256_found == hashlib.sha256(content).hexdigest()
    assert (files[ONNX_FILE].ok, files[ONNX_FILE].sha256_found) == (False, "")


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no model"):
        verify_weights([str(tmp_path / "none")])


def test_exporting_needs_an_extra(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "EXPORTERS", ("onnx", "a_package_that_nobody_has"))
    with pytest.raises(MissingExtraError) as error:
        export_onnx(model)
    assert "fashion-cli[train]" in error.value.hint


def test_exports_into_the_card(model: Path) -> None:
    before = ModelCard.read(model / CARD_FILE)
    (model / ONNX_FILE).unlink()
    report = export_onnx(model)
    card = ModelCard.read(model / CARD_FILE)
    assert report.path == model / ONNX_FILE
    assert card.files[ONNX_FILE] == report.sha256 == hashlib.sha256(report.path.read_bytes()).hexdigest()
    assert card.files[SAFETENSORS_FILE] == before.files[SAFETENSORS_FILE]
    assert card.vocabulary == before.vocabulary
    assert report.cosine > 0.9999
    assert report.megabytes == pytest.approx(report.path.stat().st_size / 1e6)
    assert report.sha256 == before.files[ONNX_FILE]  # the same weights give the same file
    assert {path.name for path in model.iterdir()} == {CARD_FILE, SAFETENSORS_FILE, ONNX_FILE}


def test_damaged_weights_are_not_exported(model: Path) -> None:
    (model / SAFETENSORS_FILE).write_bytes(b"damaged")
    with pytest.raises(WeightsError, match="sha256"):
        export_onnx(model, force=True)


def test_a_file_that_is_there_is_replaced_only_by_force(model: Path) -> None:
    old = (model / CARD_FILE).read_bytes(), (model / ONNX_FILE).stat()
    with pytest.raises(UsageError, match="there already") as caught:
        export_onnx(model)
    assert caught.value.hint == "--force makes it anew"
    assert ((model / CARD_FILE).read_bytes(), (model / ONNX_FILE).stat()) == old


def test_a_place_that_cannot_be_written(model: Path) -> None:
    (model / "model.partial").symlink_to(model / "none" / "model.partial")  # where the export is drafted
    old = (model / CARD_FILE).read_bytes(), (model / ONNX_FILE).read_bytes()
    with pytest.raises(OutputError, match="cannot be written"):
        export_onnx(model, force=True)
    assert ((model / CARD_FILE).read_bytes(), (model / ONNX_FILE).read_bytes()) == old
