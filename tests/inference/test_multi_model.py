"""Two models side by side give what each gives alone, and their files are told apart from those of one model."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashion_cli.data.features import FeatureFile
from fashion_cli.data.images import Box, ImageReader
from fashion_cli.embedding.update import update_features
from fashion_cli.errors import FeatureFileError, ImageError, UsageError
from fashion_cli.inference.engines import open_engine, open_reader
from fashion_cli.inference.multi_model import Models, MultiModel, open_models, open_tagger
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.model_cards import CARD_FILE, ModelCard
from fashion_cli.outputs import Predictions
from fashion_cli.weights import open_model


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    rng = np.random.default_rng(0)
    paths = [tmp_path / f"{number}.png" for number in range(5)]
    for path in paths:
        size = tuple(rng.integers(40, 90, 2).tolist())
        Image.fromarray(rng.integers(0, 255, (4, 3, 3), np.uint8)).resize(size).save(path)
    return paths


def predict(model: Models, images: list[Path], engine: str, box: Box | None = None) -> Predictions:
    runs = open_engine(model, InferenceOptions(engine=engine, device="cpu"), len(images))
    reader = open_reader(model, fast=runs.fast_images)
    return runs.predict(np.stack([reader.read(path, box).pixels for path in images]))


@pytest.mark.parametrize("engine", ["onnx", "torch"])
@pytest.mark.parametrize("box", [None, Box(3, 5, 30, 20)])
def test_each_model_gives_what_it_gives_alone(
    images: list[Path], untagged_model: Path, tiny_model: Path, engine: str, box: Box | None
) -> None:
    first, second = open_model(untagged_model), open_model(tiny_model)
    together = predict(MultiModel(first, (second,)), images, engine, box)
    assert together.vectors == pytest.approx(predict(first, images, engine, box).vectors, abs=1e-6)
    assert together.scores == pytest.approx(predict(second, images, engine, box).scores, abs=1e-6)
    assert together.scores.shape == (5, 7)


def test_models_that_want_the_same_pixels_share_them(images: list[Path], tiny_model: Path, tmp_path: Path) -> None:
    other = shutil.copytree(tiny_model, tmp_path / "other")
    card = ModelCard.read(other / CARD_FILE)  # another mean is the engine's business
    replace(card, input=replace(card.input, mean=(0.1, 0.2, 0.3), std=(0.3, 0.3, 0.3))).write(other / CARD_FILE)
    pair = MultiModel(open_model(other), (open_model(tiny_model),))
    pixels = open_reader(pair, fast=False).read(images[0]).pixels
    assert (pixels == ImageReader(pair.tagger.card.input).read(images[0]).pixels.ravel()).all()
    assert predict(pair, images, "onnx").scores == pytest.approx(predict(pair.tagger, images, "onnx").scores)


def test_the_pair_has_a_card_of_its_own(untagged_model: Path, tiny_model: Path) -> None:
    pair = open_models(InferenceOptions(model=str(untagged_model), tagger=str(tiny_model)))
    assert isinstance(pair, MultiModel)
    assert pair.embedder is not None
    first, second, both = pair.embedder.card, pair.tagger.card, pair.card
    assert (both.name, both.vector_width, both.vocabulary) == ("untagged + tiny", 16, second.vocabulary)
    swapped = MultiModel(pair.tagger, (pair.embedder,)).card
    assert len({each.weights_sha256 for each in (first, second, both, swapped)}) == 4
    assert len(both.weights_sha256) == 64


def test_a_tagger_with_the_models_own_weights_is_no_second_model(tiny_model: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tiny_model, tmp_path / "copy")
    model = open_models(InferenceOptions(model=str(tiny_model), tagger=str(copy)))
    assert model == open_model(tiny_model)


def test_a_tagger_without_tags_is_refused(tiny_model: Path, untagged_model: Path) -> None:
    with pytest.raises(UsageError, match="untagged has no tags, only vectors"):
        open_models(InferenceOptions(model=str(tiny_model), tagger=str(untagged_model)))
    with pytest.raises(UsageError, match="untagged has no tags") as raised:
        open_tagger(InferenceOptions(model=str(untagged_model)))
    assert "--tagger" in raised.value.hint
    assert open_tagger(InferenceOptions(model=str(untagged_model), tagger=str(tiny_model))) == open_model(tiny_model)


def test_a_photograph_that_changes_between_two_readings_is_refused(
    images: list[Path], untagged_model: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = open_reader(MultiModel(open_model(untagged_model), (open_model(tiny_model),)), fast=False)
    read = ImageReader.read

    def change(self: ImageReader, path: Path, box: Box | None = None):
        found = read(self, path, box)
        Image.new("RGB", (50, 60), "red").save(path)
        return found

    monkeypatch.setattr(ImageReader, "read", change)
    with pytest.raises(ImageError, match="changed while it was read"):
        reader.read(images[0])


def update(model: Models, images: list[Path], target: Path) -> None:
    update_features(images, target, model, InferenceOptions(engine="onnx"), lambda done, total: None)


def test_a_feature_file_belongs_to_its_pair(
    images: list[Path], untagged_model: Path, tiny_model: Path, tmp_path: Path
) -> None:
    first, second = open_model(untagged_model), open_model(tiny_model)
    pair, target = MultiModel(first, (second,)), tmp_path / "f.h5"
    update(pair, images, target)
    update(pair, images[:4], target)
    with FeatureFile.open(target) as features:
        header = features.header
        assert (header.model, header.weights_sha256) == ("untagged + tiny", pair.card.weights_sha256)
        assert header.vocabulary == second.card.vocabulary
        assert len(features) == 4
    for other in (first, second, MultiModel(second, (second,))):
        with pytest.raises(FeatureFileError, match="vectors of untagged \\+ tiny") as raised:
            update(other, images, target)
        assert raised.value.hint.startswith("use --model untagged --tagger tiny, or make the file again")
    target.unlink()
    update(first, images, target)
    with pytest.raises(FeatureFileError, match="vectors of untagged ") as raised:
        update(pair, images, target)
    assert raised.value.hint.startswith("use --model untagged --tagger '', or")


def test_a_model_without_tags_fills_a_feature_file(images: list[Path], untagged_model: Path, tmp_path: Path) -> None:
    for engine in ("onnx", "torch"):
        assert predict(open_model(untagged_model), images, engine).scores.shape == (5, 0)
    update(open_model(untagged_model), images, tmp_path / "f.h5")
    with FeatureFile.open(tmp_path / "f.h5") as features:
        assert features.scores().shape == (5, 0)
        assert features.header.vocabulary.names == ()
        stored = features.vectors().astype(np.float32)
    assert stored == pytest.approx(predict(open_model(untagged_model), images, "onnx").vectors, abs=1e-3)
    assert ModelCard.read(untagged_model / "card.json").vocabulary.names == ()
