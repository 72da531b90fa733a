"""A recipe on drawn garments: it learns, leaves a model that commands take, and goes on after an interruption."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from safetensors.numpy import load_file

from fashion_cli.errors import RecipeError, TrainingError
from fashion_cli.steps.train import TrainConfig, TrainProgress, train_model
from fashion_cli.weights import open_model

COLOURS = {"red": (200, 30, 30), "blue": (30, 30, 200)}
RECIPE = """
task = "multitask"
least_photographs = 2

[model]
name = "drawn"
vector_width = 16

[[stages]]
epochs = 5
height = 48
width = 32
garments = 8

[optimiser]
trunk_rate = 1e-3
head_rate = 5e-3
warmup_steps = 2
average = 0.0

[augment]
least_area = 0.9
erase = 0.0

[[groups]]
name = "category"

[[groups]]
name = "colour"
exclusive = true

[[sets]]
manifest = "drawn.csv"
similar = "kind"

[[sets.labels]]
group = "category"
column = "kind"

[[sets.labels]]
group = "colour"
column = "colour"
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shirts and skirts, red and blue, four fifths for training."""
    folder = tmp_path_factory.mktemp("drawn")
    dice = np.random.default_rng(0)
    lines = ["path,kind,colour,split"]
    for number in range(80):
        kind, colour = ("shirt", "skirt")[number % 2], ("red", "blue")[number // 2 % 2]
        image = Image.new("RGB", (32, 48), "white")
        x, y = dice.integers(0, 6, 2).tolist()
        shape = [(4 + x, 4 + y), (26, 4 + y), (20, 40)] if kind == "shirt" else [(15, 4 + y), (26, 40), (4 + x, 40)]
        ImageDraw.Draw(image).polygon(shape, fill=COLOURS[colour])
        image.save(folder / f"{number}.png")
        lines.append(f"{number}.png,{kind},{colour},{'val' if number % 5 == 0 else 'train'}")
    (folder / "drawn.csv").write_text("\n".join(lines) + "\n")
    (folder / "recipe.toml").write_text(RECIPE)
    return folder


def ignore(progress: TrainProgress) -> None:
    """Somebody watches."""


def losses(out: Path) -> list[float]:
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return [line["tag_loss"] for line in lines if "tag_loss" in line]


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run") / "model"
    train_model(TrainConfig(data / "recipe.toml", data, out), ignore)
    return out


def test_it_learns(trained: Path) -> None:
    course = losses(trained)
    assert len(course) == 40
    assert np.mean(course[-8:]) < 0.7 * np.mean(course[:8])


def test_it_leaves_a_model(trained: Path) -> None:
    model = open_model(trained)
    model.file("model.safetensors")  # its sha256 is that of the card
    groups = {group.name: set(group.tags) for group in model.card.vocabulary.groups}
    assert groups == {"category": {"shirt", "skirt"}, "colour": {"red", "blue"}}
    assert set(model.card.figures) == {"category/mAP", "category/top1", "colour/mAP", "colour/top1"}
    assert all(0 < threshold < 1 for threshold in model.card.vocabulary.thresholds)


def test_an_interrupted_run_ends_as_if_it_had_not_been(data: Path, trained: Path, tmp_path: Path) -> None:
    def interrupt(progress: TrainProgress) -> None:
        if progress.step == 11:
            raise KeyboardInterrupt

    config = TrainConfig(data / "recipe.toml", data, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        train_model(config, interrupt)
    assert not (tmp_path / "model.safetensors").exists()
    train_model(config, ignore)
    straight, resumed = (load_file(out / "model.safetensors") for out in (trained, tmp_path))
    assert straight.keys() == resumed.keys()
    for name, tensor in straight.items():
        assert (tensor == resumed[name]).all(), name


def test_a_loss_that_is_no_number_ends_the_run(data: Path, tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(RECIPE.replace("head_rate = 5e-3", "head_rate = 1e30"))
    with pytest.raises(TrainingError, match="the loss is") as error:
        train_model(TrainConfig(tmp_path / "recipe.toml", data, tmp_path / "out"), ignore)
    assert "step" in str(error.value)


def test_an_unknown_key_names_the_nearest(data: Path, tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(RECIPE.replace("garments = 8", "garmets = 8"))
    with pytest.raises(RecipeError, match="garmets") as error:
        train_model(TrainConfig(tmp_path / "recipe.toml", data, tmp_path / "out"), ignore)
    assert "garments" in error.value.hint


def test_another_recipe_does_not_go_on_from_the_checkpoint(data: Path, trained: Path, tmp_path: Path) -> None:
    before = (trained / "model.safetensors").read_bytes()
    (tmp_path / "recipe.toml").write_text(RECIPE.replace("vector_width = 16", "vector_width = 8"))
    with pytest.raises(TrainingError, match="another recipe"):
        train_model(TrainConfig(tmp_path / "recipe.toml", data, trained), ignore)
    assert (trained / "model.safetensors").read_bytes() == before
