"""The recipe `fashion-lite` with everything in it, on drawn photographs, interrupted in every phase and resumed."""

import csv
import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.numpy import load_file

from fashion_cli.data.annotations import kind_and_path
from fashion_cli.errors import RecipeError, TrainingError
from fashion_cli.steps.train import TrainConfig, train_model
from fashion_cli.training import tag_head
from fashion_cli.training.progress import TRAINING, Progress
from fashion_cli.training.recipe import read_recipe
from fashion_cli.training.recipe_files import find_recipe
from fashion_cli.training.recipe_sections import SetSection
from fashion_cli.weights import open_model

ROWS = 16
STEPS = 5
GARMENTS = ("dress", "bag")  # of every photograph with masks


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Networks on images this small lose more to threads that wait for each other than they win."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(autouse=True, scope="module")
def two_penalties() -> Iterator[None]:
    """What a refitted head is like is tested by `test_tag_head`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tag_head, "STRENGTHS", (0.1, 0.01))
        yield


def columns_of(section: SetSection) -> dict[str, list[str]]:
    """What a set's cells may hold, column by column; the last one is left to a further table where there is one."""
    values: dict[str, list[str]] = {}
    for rule in section.labels:
        values.setdefault(rule.column, []).extend(list(rule.tags)[:2] or ["casual", "classic"])
    for column in filter(None, (section.similar, section.item)):
        values.setdefault(column, ["a", "b"])
    values.pop("split", None)
    return values


def draw(path: Path, number: int) -> None:
    rng = np.random.default_rng(number)
    pixels = np.full((32, 24, 3), 255, np.uint8)
    pixels[8:26, 5:18] = rng.integers(0, 200, 3)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def write(path: Path, columns: dict[str, list[str]], folder: str, *, split: bool) -> None:
    """Values come in turns, each column at its own pace."""
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["path", *columns, *["split"] * split])
        for number in range(ROWS):
            cells = [values[number // (1 + place % 2) % len(values)] for place, values in enumerate(columns.values())]
            writer.writerow([f"{folder}/{number}.png", *cells, *["val" if number % 4 == 3 else "train"] * split])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every manifest, table and mask that the recipe names."""
    root = tmp_path_factory.mktemp("data")
    recipe = read_recipe(find_recipe("fashion-lite"))
    for section in recipe.sets:
        kind, name = kind_and_path(section.source)
        manifest, columns = root / name, columns_of(section)
        manifest.parent.mkdir(exist_ok=True)
        if kind == "masks":
            continue  # of photographs that another set has drawn
        for number in range(ROWS):
            draw(manifest.parent / "p" / f"{number}.png", number)
        for table in section.tables:
            (last,) = list(columns)[-1:]
            write(root / table, {last: columns.pop(last)}, "p", split=False)
        if any(section.source in each.source for each in recipe.sets if each.source.startswith("masks:")):
            columns["mask"] = ["m.png"]
        write(manifest, columns, "p", split=True)
    numbers = np.zeros((32, 24), np.uint8)
    numbers[8:20, 5:18], numbers[22:30, 2:9] = 1, 2
    Image.fromarray(numbers).save(root / "street" / "m.png")
    (root / "street" / "mask_labels.json").write_text(json.dumps(["null", *GARMENTS]))
    return root


def config(data: Path, out: Path, *teachers: Path, **changes: object) -> TrainConfig:
    overrides = [
        "precision=no",
        "least_photographs=2",
        f"optimiser.steps={STEPS}",
        "loss.memory=40",
        "loss.memory_after=2",
        *(f"stages.{stage}.{key}" for stage in (0, 1) for key in ("epochs=1", "garments=8")),
        *(f"stages.{stage}.{key}" for stage in (0, 1) for key in ("height=64", "width=32")),
        *(f"teachers.{place}.{key}" for place, model in enumerate(teachers) for key in (f"model='{model}'", "views=2")),
        "teachers.1.views=1",
        *(f"{key}={value}" for key, value in changes.items()),
    ]
    return TrainConfig("fashion-lite", data, out, overrides=tuple(overrides))


def ignore(progress: Progress) -> None:
    """Somebody watches."""


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture(scope="module")
def straight(data: Path, tiny_model: Path, untagged_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("straight")
    train_model(config(data, out, tiny_model, untagged_model), ignore)
    return out


def test_everything_in_it_is_learned_from(straight: Path) -> None:
    lines = [json.loads(line) for line in (straight / "metrics.jsonl").read_text().splitlines()]
    steps = [line for line in lines if "tag_loss" in line]
    assert len(steps) == STEPS
    assert all(line[f"teacher_{number}_loss"] > 0 for line in steps for number in (0, 1))
    assert all(line["vector_tag_loss"] > 0 for line in steps)
    card = open_model(straight).card
    assert card.architecture == "multitask_efficientnet_lite"
    assert {"category", "style", "sleeve", "shot"} <= {group.name for group in card.vocabulary.groups}
    assert len(list((straight / "teachers").iterdir())) == 2


@pytest.mark.campaign
def test_a_run_that_was_interrupted_in_every_phase_ends_as_if_it_had_not_been(
    data: Path, straight: Path, tiny_model: Path, untagged_model: Path, tmp_path: Path
) -> None:
    call = config(data, tmp_path, tiny_model, untagged_model)
    seen: list[tuple[str, int]] = []

    def stop_at(phase: str, least: int) -> None:
        def report(progress: Progress) -> None:
            seen.append((progress.phase, progress.step))
            if progress.phase == phase and progress.step == least:
                interrupt()

        with pytest.raises(KeyboardInterrupt):
            train_model(call, report)

    stop_at("teacher tiny", 16)
    stop_at("teacher untagged", 16)
    stop_at(TRAINING, 3)
    assert seen.count(("teacher tiny", 0)) == 1
    train_model(call, ignore)
    first, second = (load_file(out / "model.safetensors") for out in (straight, tmp_path))
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        assert (tensor == second[name]).all(), name


def test_a_checkpoint_holds_no_vectors_of_teachers_and_belongs_to_them(
    data: Path, straight: Path, tiny_model: Path, untagged_model: Path, tmp_path: Path
) -> None:
    state = torch.load(straight / "checkpoint.pt", weights_only=True)
    assert not [name for name in state["objectives"][0] if "teacher_vectors" in name]
    teacher, out = tmp_path / "teacher", tmp_path / "out"
    shutil.copytree(tiny_model, teacher)
    call = config(data, out, teacher, untagged_model)

    def stop(progress: Progress) -> None:
        if progress.phase == TRAINING and progress.step == 1:
            interrupt()

    with pytest.raises(KeyboardInterrupt):
        train_model(call, stop)
    assert (out / "checkpoint.pt").exists()
    shutil.rmtree(teacher)
    shutil.copytree(untagged_model, teacher)  # the same recipe, another teacher
    with pytest.raises(TrainingError, match="belongs to another recipe"):
        train_model(call, ignore)


def test_a_memory_smaller_than_a_batch_is_refused(
    data: Path, tiny_model: Path, untagged_model: Path, tmp_path: Path
) -> None:
    with pytest.raises(RecipeError, match="fewer than a batch of 16"):
        train_model(config(data, tmp_path, tiny_model, untagged_model, **{"loss.memory": 15}), ignore)
