"""The same photograph gives the same vector and scores from both engines; the choice between them follows the work."""

from pathlib import Path

import numpy as np
import pytest

from fashion_cli.data.images import ImageReader
from fashion_cli.errors import UsageError
from fashion_cli.inference.engines import open_engine
from fashion_cli.inference.onnx_engine import OnnxEngine
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.inference.torch_engine import TorchEngine
from fashion_cli.outputs import Predictions
from fashion_cli.weights import open_model


def predict(photographs: list[Path], engine: OnnxEngine | TorchEngine) -> Predictions:
    reader = ImageReader(open_model().card.input, fast=engine.fast_images)
    return engine.predict(np.stack([reader.read(path).pixels for path in photographs]))


def test_both_engines_give_the_same_vectors(photographs: Path) -> None:
    model = open_model()
    chosen = [path for name in ("clothing", "street", "views", "catalog") for path in first(photographs / name, 6)]
    onnx, torch = predict(chosen, OnnxEngine(model, 1)), predict(chosen, TorchEngine(model, "cpu", 1))
    assert np.linalg.norm(onnx.vectors, axis=1) == pytest.approx(1, abs=1e-4)
    assert ((onnx.vectors * torch.vectors).sum(axis=1) > 0.999).all()
    assert np.abs(onnx.scores - torch.scores).max() < 0.08  # bf16 convolutions
    assert np.abs(onnx.scores - torch.scores).mean() < 0.003


def test_a_batch_gives_what_each_photograph_gives(photographs: Path) -> None:
    engine = OnnxEngine(open_model(), 1)
    chosen = first(photographs / "views", 3)
    together = predict(chosen, engine).vectors
    alone = np.concatenate([predict([path], engine).vectors for path in chosen])
    assert together == pytest.approx(alone, abs=1e-5)


def first(folder: Path, count: int) -> list[Path]:
    return sorted((folder / "images").iterdir())[:count]


def test_one_photograph_does_not_wait_for_torch() -> None:
    assert open_engine(open_model(), InferenceOptions(), photographs=1).name == "onnx"


@pytest.mark.parametrize(
    ("device", "engine"), [("gpu", "auto"), ("cuda:99", "torch"), ("cuda", "onnx"), ("cpu", "tensorrt")]
)
def test_what_is_not_there_is_refused(device: str, engine: str) -> None:
    with pytest.raises(UsageError):
        open_engine(open_model(), InferenceOptions(device=device, engine=engine), photographs=1)
