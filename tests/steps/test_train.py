"""A recipe on drawn garments: it learns, leaves a model that commands take, and goes on after an interruption."""

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from safetensors.numpy import load_file

from fashion_cli.errors import AnnotationError, OutputError, RecipeError, TrainingError, UsageError
from fashion_cli.model_cards import CARD_FILE, SAFETENSORS_FILE
from fashion_cli.steps.train import TrainConfig, effective_recipe, train_model
from fashion_cli.training.progress import Progress
from fashion_cli.training.recipe import read_recipe
from fashion_cli.weights import open_model
from tests.forked import run_forked, run_module
from tests.full_disks import files_of_at_most

REPOSITORY = Path(__file__).parents[2]
COLOURS = {"red": (200, 30, 30), "blue": (30, 30, 200)}
RECIPE = """
task = "multitask"
least_photographs = 2

[model]
name = "drawn"
architecture = "trunk"
vector_width = 16
options = { trunk = "torchvision:mobilenet_v3_small", config = { until = "features.3.add" } }

[[stages]]
epochs = 5
height = 48
width = 32
garments = 8

[optimiser]
backbone_lr = 5e-3
head_lr = 1e-2
warmup_steps = 2
ema_decay = 0.0

[augment]
least_area = 0.9
erase = 0.0

[[groups]]
name = "category"

[[groups]]
name = "colour"
exclusive = true

[[sets]]
source = "drawn.csv"
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
    rng = np.random.default_rng(0)
    lines = ["path,kind,colour,split"]
    for number in range(80):
        kind, colour = ("shirt", "skirt")[number % 2], ("red", "blue")[number // 2 % 2]
        image = Image.new("RGB", (32, 48), "white")
        x, y = rng.integers(0, 6, 2).tolist()
        shape = [(4 + x, 4 + y), (26, 4 + y), (20, 40)] if kind == "shirt" else [(15, 4 + y), (26, 40), (4 + x, 40)]
        ImageDraw.Draw(image).polygon(shape, fill=COLOURS[colour])
        image.save(folder / f"{number}.png")
        lines.append(f"{number}.png,{kind},{colour},{'val' if number % 5 == 0 else 'train'}")
    (folder / "drawn.csv").write_text("\n".join(lines) + "\n")
    (folder / "recipe.toml").write_text(RECIPE)
    return folder


def ignore(progress: Progress) -> None:
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


def test_a_full_disk_is_an_error_that_says_how_to_go_on(data: Path, tmp_path: Path) -> None:
    config = TrainConfig(data / "recipe.toml", data, tmp_path / "run", overrides=("stages.0.epochs=1",))
    with files_of_at_most(100_000), pytest.raises(OutputError, match="run: cannot be written") as caught:
        train_model(config, ignore)
    assert "goes on from its last checkpoint" in caught.value.hint
    train_model(config, ignore)  # there is room again
    assert open_model(tmp_path / "run").card.figures


def test_it_leaves_a_model(trained: Path) -> None:
    model = open_model(trained)
    model.file("model.safetensors")  # its sha256 is that of the card
    groups = {group.name: set(group.tags) for group in model.card.vocabulary.groups}
    assert groups == {"category": {"shirt", "skirt"}, "colour": {"red", "blue"}}
    assert set(model.card.figures) == {"category/mAP", "category/top1", "colour/mAP", "colour/top1"}
    assert all(0 < threshold < 1 for threshold in model.card.vocabulary.thresholds)


def test_an_interrupted_run_ends_as_if_it_had_not_been(data: Path, trained: Path, tmp_path: Path) -> None:
    def interrupt(progress: Progress) -> None:
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


def train_until_killed(recipe: Path, data: Path, out: Path) -> None:
    def kill(progress: Progress) -> None:
        if progress.step == 11:
            os.kill(os.getpid(), signal.SIGKILL)

    train_model(TrainConfig(recipe, data, out), kill)


@pytest.mark.campaign
def test_a_killed_run_ends_as_if_it_had_not_been(data: Path, trained: Path, tmp_path: Path) -> None:
    killed = run_forked(train_until_killed, data / "recipe.toml", data, tmp_path)
    assert killed.returncode == -signal.SIGKILL, killed.output
    assert not (tmp_path / "model.safetensors").exists()
    train_model(TrainConfig(data / "recipe.toml", data, tmp_path), ignore)
    straight, resumed = (load_file(out / "model.safetensors") for out in (trained, tmp_path))
    for name, tensor in straight.items():
        assert (tensor == resumed[name]).all(), name


def train_line(data: Path, out: Path, change: str) -> list[str]:
    overrides = ["--set", change, "--set", "stages.0.epochs=1", "--set", "optimiser.steps=3"]
    return ["train", str(data / "recipe.toml"), "--data", str(data), "--out", str(out), *overrides]


@pytest.mark.parametrize("change", ["loss.tags=0", "loss.vectors=0", "loss.memory=64"])
def test_two_processes_train_a_head_that_nothing_teaches_and_with_a_memory(
    data: Path, tmp_path: Path, change: str
) -> None:
    done = run_forked(run_module, "fashion_cli", *train_line(data, tmp_path / "out", change), processes=2)
    assert done.returncode == 0, done.output
    assert open_model(tmp_path / "out").card.vector_width == 16


@pytest.mark.campaign  # three interpreters that import torch; the processes above are what it starts
def test_accelerate_launch_starts_two_processes(data: Path, tmp_path: Path) -> None:
    launch = (
        *("accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1"),
        *("--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0", "--module", "fashion_cli"),
    )
    threads = str(torch.get_num_threads())
    done = subprocess.run(
        [sys.executable, "-m", *launch, *train_line(data, tmp_path / "out", "loss.tags=0")],
        check=False,
        cwd=REPOSITORY,
        env={**os.environ, "OMP_NUM_THREADS": threads, "ACCELERATE_USE_CPU": "true"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert open_model(tmp_path / "out").card.vector_width == 16


def test_other_labels_are_another_run(data: Path, tmp_path: Path) -> None:
    """The same photographs and tags: a checkpoint of the old labels would go on with the new ones in silence."""
    changed = tmp_path / "changed"
    changed.mkdir()
    lines = (data / "drawn.csv").read_text().splitlines()
    rows = [line.split(",") for line in lines[1:]]
    for row in rows:
        row[0] = str(data / row[0])
    # The last ones: the vocabulary is in order of appearance, and it has to stay as it is.
    train = [row for row in rows if row[3] == "train"]
    last, other = (next(row for row in train[::-1] if row[1] == kind) for kind in ("shirt", "skirt"))
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPE)

    def write() -> None:
        (changed / "drawn.csv").write_text("\n".join([lines[0], *(",".join(row) for row in rows)]) + "\n")

    def stop(progress: Progress) -> None:
        if progress.step == 9:
            raise KeyboardInterrupt

    write()
    with pytest.raises(KeyboardInterrupt):
        train_model(TrainConfig(recipe, changed, tmp_path / "out"), stop)
    last[1], other[1] = other[1], last[1]
    write()
    with pytest.raises(TrainingError, match="belongs to another recipe or other photographs"):
        train_model(TrainConfig(recipe, changed, tmp_path / "out"), ignore)


def test_a_loss_that_is_no_number_ends_the_run(data: Path, tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(RECIPE.replace("head_lr = 1e-2", "head_lr = 1e30"))
    with pytest.raises(TrainingError, match=r"the loss is (nan|inf) at step \d+, epoch \d") as error:
        train_model(TrainConfig(tmp_path / "recipe.toml", data, tmp_path / "out"), ignore)
    named = (tmp_path / "out" / "bad-batch.txt").read_text().splitlines()
    assert len(named) == 16
    assert all(Path(name).is_file() for name in named)
    assert named[0] in str(error.value)


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


def test_it_shows_how_it_came_about(trained: Path) -> None:
    with Image.open(trained / "learning-curve.png") as picture:
        assert picture.format == "PNG"
    assert list((trained / "tensorboard").glob("events.out.tfevents.*"))
    assert read_recipe(trained / "recipe.toml").model.name == "drawn"


def test_what_the_call_changes_stands_in_the_recipe_of_the_run(data: Path, tmp_path: Path) -> None:
    told: list[Progress] = []
    changes = ("stages.0.epochs=1", "optimiser.steps=2", "groups.colour.weight=0.5")
    config = TrainConfig(data / "recipe.toml", data, tmp_path, overrides=changes, seed=9)
    train_model(config, told.append)
    recipe = read_recipe(tmp_path / "recipe.toml")
    assert (recipe.stages[0].epochs, recipe.optimiser.steps, recipe.seed) == (1, 2, 9)
    assert [group.weight for group in recipe.groups] == [1.0, 0.5]
    assert [each.step for each in told if not each.measured] == [1, 2]
    with pytest.raises(TrainingError, match="another recipe"):
        train_model(TrainConfig(data / "recipe.toml", data, tmp_path), ignore)
    assert read_recipe(tmp_path / "recipe.toml") == recipe


def test_it_stops_early_on_a_figure_of_the_task(data: Path, tmp_path: Path) -> None:
    """Patience 1: the run ends with the first epoch that is no better, or with the last."""
    told: list[Progress] = []
    changes = ("stages.0.epochs=3", "stop.metric=colour/mAP", "stop.patience=1")
    train_model(TrainConfig(data / "recipe.toml", data, tmp_path, overrides=changes), told.append)
    measured = [each for each in told if each.measured]
    assert measured[0].step == 0  # before training
    course = [each.is_best for each in measured[1:]]
    assert all(course[:-1])
    assert not course[-1] or len(course) == 3


def test_photographs_take_the_place_of_the_only_set(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(data)
    recipe, folder = effective_recipe(TrainConfig("recipe.toml", "csv:drawn.csv", tmp_path))
    assert ([section.source for section in recipe.sets], folder) == (["csv:drawn.csv"], Path())
    (tmp_path / "csv:drawn").mkdir()
    recipe, folder = effective_recipe(TrainConfig("recipe.toml", tmp_path / "csv:drawn", tmp_path))
    assert ([section.source for section in recipe.sets], folder) == (["drawn.csv"], tmp_path / "csv:drawn")
    told: list[Progress] = []
    config = TrainConfig("recipe.toml", "csv:drawn.csv", tmp_path / "out", overrides=("optimiser.steps=1",))
    train_model(config, told.append)
    assert told[-1].step == 1


def test_photographs_for_one_of_several_sets(data: Path, tmp_path: Path) -> None:
    several = RECIPE + RECIPE[RECIPE.index("[[sets]]") :]
    (tmp_path / "recipe.toml").write_text(several)
    with pytest.raises(UsageError, match="the recipe has 2 sets, not one"):
        train_model(TrainConfig(tmp_path / "recipe.toml", "folder:here", tmp_path / "out"), ignore)


def test_a_kind_of_photographs_that_nobody_knows(data: Path, tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="inshp"):
        train_model(TrainConfig(data / "recipe.toml", "inshp:here", tmp_path / "out"), ignore)


def test_a_task_that_nobody_knows(data: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="unknown task 'multitusk'") as error:
        train_model(TrainConfig(data / "recipe.toml", data, tmp_path, overrides=("task=multitusk",)), ignore)
    assert error.value.hint == "did you mean 'multitask'?"


def test_fewer_garments_than_a_batch(data: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="fewer training garments than one batch"):
        train_model(TrainConfig(data / "recipe.toml", data, tmp_path, overrides=("stages.0.garments=65",)), ignore)


def test_a_run_without_epochs_fits_the_tag_head_alone(data: Path, tmp_path: Path) -> None:
    """The trunk and the vectors stay as they are, to the last bit; the head is the best one on them."""
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(re.sub(r"(?m)^(architecture|options) = .*\n", "", RECIPE))  # the network that the package ships
    trained = train_model(TrainConfig(recipe, data, tmp_path / "trained", overrides=("stages.0.epochs=1",)), ignore)
    only_head = ("stages.0.epochs=0", "refit_tags=true", "model.options={tag_blocks=[3, 13]}")
    config = TrainConfig(recipe, data, tmp_path / "head", init=trained.model / SAFETENSORS_FILE, overrides=only_head)
    report = train_model(config, ignore)
    before, after = (load_file(folder / SAFETENSORS_FILE) for folder in (trained.model, report.model))
    for name, tensor in before.items():
        if not name.startswith("tag_head"):
            assert np.array_equal(tensor, after[name]), name
    assert after["tag_head.weight"].shape[1] == 1280 + 24 + 96
    assert report.figures["category/top1"] > 0.8
    card = (tmp_path / "head" / CARD_FILE).read_bytes()
    with pytest.raises(TrainingError, match="belongs to another recipe or other photographs"):
        train_model(replace(config, overrides=("stages.0.epochs=1",)), ignore)
    (tmp_path / "head" / "checkpoint.pt").unlink()
    with pytest.raises(UsageError, match="holds a model already, and no checkpoint"):
        train_model(config, ignore)
    assert (tmp_path / "head" / CARD_FILE).read_bytes() == card
