"""A network of another library becomes a model that commands take."""

import io
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torchvision import models, transforms

from fashion_cli.app import main
from fashion_cli.data.images import ImageReader
from fashion_cli.errors import OutputError, WeightsError
from fashion_cli.inference import faithful_weights
from fashion_cli.inference.onnx_engine import OnnxEngine
from fashion_cli.inference.torch_engine import TorchEngine
from fashion_cli.model_cards import CARD_FILE, ONNX_FILE, SAFETENSORS_FILE, ModelCard
from fashion_cli.steps import fetch_weights as step
from fashion_cli.steps.fetch_weights import FetchConfig, FetchReport, fetch_weights
from fashion_cli.weights import open_model

SOURCE = "torchvision:mobilenet_v3_small"
SIZE = (64, 64)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state dict of a MobileNetV3 whose batch norms know their inputs."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        network = models.mobilenet_v3_small(weights=None)
        for layer in network.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.momentum = None
        network.train()(torch.randn(8, 3, 64, 64))
    path = tmp_path_factory.mktemp("published") / "by-hand.pth"
    torch.save(network.state_dict(), path)
    return path


@pytest.fixture(autouse=True)
def unverified(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file holds random weights: its sha256 is not the one in the name that torchvision knows."""
    weights = models.MobileNet_V3_Small_Weights.IMAGENET1K_V1
    monkeypatch.setattr(weights.value, "url", "http://127.0.0.1:9/by-hand.pth")


@pytest.fixture(scope="module")
def fetched(published: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A model that the command made, and what it wrote to stdout and stderr."""
    folder, out, err = tmp_path_factory.mktemp("models") / "fetched", io.StringIO(), io.StringIO()
    reports: list[FetchReport] = []

    def recorded(config: FetchConfig) -> FetchReport:
        reports.append(fetch_weights(config))
        return reports[-1]

    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        weights = models.MobileNet_V3_Small_Weights.IMAGENET1K_V1
        patch.setattr(weights.value, "url", "http://127.0.0.1:9/by-hand.pth")
        patch.setattr(step, "fetch_weights", recorded)
        argv = ["weights", "fetch", SOURCE, "-o", str(folder), "--size", "64x64", "--file", str(published)]
        assert main(argv) == 0, err.getvalue()
    (report,) = reports
    assert (report.model, report.why_no_onnx) == (folder, "")
    assert report.cosine > 0.999
    return folder, out.getvalue(), err.getvalue()


@pytest.fixture(scope="module")
def model(fetched: tuple[Path, str, str]) -> Path:
    return fetched[0]


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("photographs")
    paths = []
    for number in range(3):
        y, x = np.mgrid[0 : 90 + 20 * number, 0:120]
        waves = [127 + 120 * np.sin(x / 9 + number + phase) * np.cos(y / (7 + number)) for phase in (0, 1, 2.5)]
        paths.append(folder / f"{number}.png")
        Image.fromarray(np.stack(waves, axis=-1).astype(np.uint8)).save(paths[-1])
    return paths


def as_the_library_does_it(published: Path, photographs: list[Path]) -> Tensor:
    network = models.mobilenet_v3_small(weights=None)
    network.load_state_dict(torch.load(published, weights_only=True))
    network.classifier[3] = nn.Identity()
    prepare = transforms.Compose(
        [
            transforms.Resize(round(64 * 256 / 224)),
            transforms.CenterCrop(64),
            transforms.ToTensor(),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )
    images = []
    for path in photographs:
        with Image.open(path) as image:
            images.append(prepare(image))
    with torch.inference_mode():
        return nn.functional.normalize(network.eval()(torch.stack(images)), dim=1)


@pytest.mark.parametrize("engine", [OnnxEngine, TorchEngine])
def test_both_engines_give_the_vectors_of_the_library(
    model: Path, published: Path, photographs: list[Path], engine: type[OnnxEngine | TorchEngine]
) -> None:
    opened = open_model(model)
    running = OnnxEngine(opened, 1) if engine is OnnxEngine else TorchEngine(opened, "cpu", 1)
    reader = ImageReader(opened.card.input, fast=running.fast_images)
    predictions = running.predict(np.stack([reader.read(path).pixels for path in photographs]))
    expected = as_the_library_does_it(published, photographs).numpy()
    assert (predictions.vectors * expected).sum(axis=1).min() > 0.999
    assert np.linalg.norm(predictions.vectors, axis=1) == pytest.approx([1] * 3, abs=1e-4)
    assert predictions.scores.shape == (3, 0)


def test_the_card_says_what_it_is(model: Path) -> None:
    card = ModelCard.read(model / CARD_FILE)
    assert (card.name, card.architecture, card.vector_width, len(card.vocabulary)) == (SOURCE, "encoder", 1024, 0)
    assert (card.input.height, card.input.width, card.input.fit, card.input.crop_share) == (64, 64, "crop", 224 / 256)
    assert set(card.files) == {SAFETENSORS_FILE, ONNX_FILE}
    assert card.options["init"] == SOURCE
    assert len(card.options["init_sha256"]) == 64
    assert main(["weights", "verify", str(model)]) == 0


def test_a_model_that_is_there_is_replaced_on_demand_only(model: Path, published: Path, tmp_path: Path) -> None:
    config = FetchConfig(SOURCE, tmp_path / "a", SIZE, published)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / CARD_FILE).write_text("mine")
    with pytest.raises(OutputError, match="already") as raised:
        fetch_weights(config)
    assert "--force" in raised.value.hint
    assert (tmp_path / "a" / CARD_FILE).read_text() == "mine"


def test_without_the_exporter_there_is_a_model_all_the_same(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "fashion_cli.inference.onnx_export", None)
    report = fetch_weights(FetchConfig(SOURCE, tmp_path / "a", SIZE, published, force=True))
    assert not report.onnx
    assert "fashion-cli[train]" in report.why_no_onnx
    assert set(open_model(tmp_path / "a").card.files) == {SAFETENSORS_FILE}


def test_weights_that_lose_too_much_in_half_precision_are_kept_whole(
    model: Path, published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faithful_weights, "LEAST_COSINE", 0.99999999)
    monkeypatch.setitem(__import__("sys").modules, "fashion_cli.inference.onnx_export", None)
    report = fetch_weights(FetchConfig(SOURCE, tmp_path / "a", SIZE, published))
    assert report.cosine == 1
    halves = (model / SAFETENSORS_FILE).stat().st_size
    assert (tmp_path / "a" / SAFETENSORS_FILE).stat().st_size > 1.9 * halves


def test_a_place_that_cannot_be_written(published: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        fetch_weights(FetchConfig(SOURCE, tmp_path / "file" / "a", SIZE, published))


# Through the command


def test_the_command_says_what_it_made(fetched: tuple[Path, str, str], capsys: pytest.CaptureFixture[str]) -> None:
    folder, out, err = fetched
    assert out == ""
    assert f"{folder}: vectors of 1024, 3." in err
    assert main(["weights", "fetch", SOURCE, "-o", str(folder)]) == 1
    assert "--force" in capsys.readouterr().err


def test_a_size_is_height_and_width(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "fashion_cli.inference.onnx_export", None)
    out = tmp_path / "a"
    assert main(["weights", "fetch", SOURCE, "-o", str(out), "--size", "64x48", "--file", str(published)]) == 0
    assert "64 x 48 pixels" in capsys.readouterr().err
    card = ModelCard.read(out / CARD_FILE)
    assert (card.input.height, card.input.width) == (64, 48)


@pytest.mark.parametrize("size", ["64", "64x", "axb", "0x64", "64x64x64"])
def test_a_size_is_two_numbers(size: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weights", "fetch", SOURCE, "-o", "a", "--size", size]) == 2
    assert "HEIGHTxWIDTH" in capsys.readouterr().err


def test_a_name_given_as_a_model_says_how_to_fetch_it() -> None:
    with pytest.raises(WeightsError, match="model directory") as raised:
        open_model("timm:vit_small_patch14_dinov2.lvd142m")
    assert "fashion weights fetch timm:vit_small_patch14_dinov2.lvd142m -o DIR" in raised.value.hint


def test_photographs_are_embedded_with_it(
    model: Path, published: Path, photographs: list[Path], tmp_path: Path
) -> None:
    import h5py

    out = tmp_path / "f.h5"
    assert main(["embed", str(photographs[0].parent), "-o", str(out), "--model", str(model), "-q"]) == 0
    with h5py.File(out) as file:
        order = [Path(name.decode()).name for name in file["path"][:]]
        vectors = file["vectors"][:].astype(np.float32)
    expected = as_the_library_does_it(published, [photographs[0].parent / name for name in order]).numpy()
    assert (vectors * expected).sum(axis=1).min() > 0.999
