"""`python -m benchmarks.model_quality` from photographs to the table, on drawn sets and random networks."""

import copy
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torchvision.models import mobilenet_v2

from benchmarks.model_quality import __main__ as program
from benchmarks.model_quality import made_photographs, networks, probes
from benchmarks.model_quality.features import embed
from benchmarks.model_quality.labels import label_tasks
from benchmarks.model_quality.made_photographs import close_ups, copies, garments, random_of, two_parts
from benchmarks.model_quality.networks import JoinedOutputs, find_source, open_network
from fashion_cli.data.annotations import read_manifest
from fashion_cli.data.images import ImageReader
from fashion_cli.inference import pipeline
from fashion_cli.inference.deployed_model import DeployedModel
from fashion_cli.model_cards import CARD_FILE, SAFETENSORS_FILE, InputSpec, ModelCard, Vocabulary
from fashion_cli.models.basic_cnn import FEATURE_WIDTH, BasicCNN
from fashion_cli.models.multitask_mobilenet import MultitaskMobileNet
from fashion_cli.models.trunk import Encoder
from fashion_cli.training import tag_head
from fashion_cli.weights import open_model
from fashion_cli.zoo import load_model, save_weights
from tests.benchmarks.drawn_sets import draw_sets
from tests.conftest import TINY_VOCABULARY

MEASURES = (
    "clothing, 10 classes: accuracy",
    "clothing, all classes: macro F1",
    "catalog, article type: accuracy",
    "catalog, base colour: accuracy",
    "catalog, gender: accuracy",
    "catalog, usage: accuracy",
    "street tags: mean AP over 2",
    *(f"{column}: accuracy" for column in ("sleeve", "neckline", "closure", "pattern", "length", "shot", "person")),
    "styles: mean AP over 2",
    "styles: any-recall@1",
    "styles: all-recall@3",
    "views: recall@1",
    "views: recall@50",
    "copies: recall@20",
    "garments: recall@20",
    "close-ups: recall@5",
    "same type and colour: precision@10",
    "home to shop: precision@5",
    "judged home to shop: nDCG@10",
    "judged home to shop: not judged of the first 10",
    "pooled retrieval",
)


@pytest.fixture(scope="module", autouse=True)
def hasty_probes():
    """One penalty and a few steps: what probes learn is tested by `test_model_quality_figures`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(probes, "PENALTIES", (0.1,))
        patch.setattr(probes, "fit", lambda *given: tag_head.fit(given[0], given[1], given[2], given[3], steps=5))
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return draw_sets(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> tuple[Path, ...]:
    """Two small networks with random weights, and inputs of their own."""
    folder = tmp_path_factory.mktemp("models")
    return tuple(small_model(folder / f"small-{seed}", seed, height) for seed, height in enumerate((32, 40)))


def small_model(directory: Path, seed: int, height: int) -> Path:
    spec = InputSpec(height, 24, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    card = ModelCard(directory.name, "basic_cnn", "", "", "CC0-1.0", FEATURE_WIDTH, spec, TINY_VOCABULARY)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = BasicCNN(len(TINY_VOCABULARY))
    directory.mkdir()
    files = {SAFETENSORS_FILE: save_weights(network, directory / SAFETENSORS_FILE)}
    replace(card, files=files).write(directory / CARD_FILE)
    return directory


@pytest.fixture(scope="module")
def work(data, models, tmp_path_factory) -> Path:
    """What two runs leave."""
    folder: Path = tmp_path_factory.mktemp("work")
    for model in models:
        program.main([str(model), "--data", str(data), "--work", str(folder), "--workers", "1"])
    return folder


@pytest.fixture
def run(data, work, capsys):
    def run(*arguments: str) -> str:
        program.main([*arguments, "--data", str(data), "--work", str(work), "--workers", "1"])
        printed: str = capsys.readouterr().out
        return printed

    return run


def test_prints_every_measure_with_an_interval_for_vectors_and_features(run, models) -> None:
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in run(str(models[0])).splitlines()}
    for name in MEASURES:
        assert re.search(r"\d+\.\d \[\d+\.\d, \d+\.\d\]", rows[name]), name
    probes = [line for line in rows.values() if line.count("[") == 2]
    assert {line.split(":")[0] for line in probes} == {f"| {task}" for task in tasks_of(rows)}
    assert "ms of processor time a photograph" in run(str(models[0]))


def tasks_of(rows: dict[str, str]) -> set[str]:
    return {
        name.rpartition(":")[0] for name in rows if re.search(r": (accuracy|macro F1|mean AP.*|a\w\w-recall@\d)$", name)
    }


def test_a_second_run_reads_no_photograph_and_fits_nothing(run, models, monkeypatch) -> None:
    first = json.loads(run(str(models[0]), "--format", "json"))
    monkeypatch.setattr(pipeline, "_predict", lambda *_: pytest.fail("embedded again"))
    monkeypatch.setattr("benchmarks.model_quality.probes.fitted_probabilities", lambda *_: pytest.fail("fitted again"))
    second = json.loads(run(str(models[0]), "--format", "json"))
    assert second[0]["figures"] == first[0]["figures"]


def test_the_document_says_what_was_measured(run, models) -> None:
    (document,) = json.loads(run(str(models[0]), "--format", "json"))
    assert (document["vector_width"], document["input"]["height"], document["input"]["width"]) == (256, 32, 24)
    assert document["parameters"] == sum(each.numel() for each in load_model(open_model(models[0])).parameters())
    assert document["megabytes"] == (models[0] / "model.safetensors").stat().st_size / 1e6
    figure = document["figures"]["vectors"]["views: recall@1"]
    assert (figure["rows"], figure["clusters"]) == (4, 2)
    assert 0 <= figure["low"] <= figure["mean"] <= figure["high"] <= 1


def test_two_models_stand_beside_each_other_with_paired_differences(run, models) -> None:
    arguments = (str(models[0]), "--against", str(models[1]))
    first, other = json.loads(run(*arguments, "--format", "json"))
    (minus,) = first["minus"].values()
    for name, figure in first["figures"]["vectors"].items():
        expected = figure["mean"] - other["figures"]["vectors"][name]["mean"]
        assert minus[f"vectors, {name}"]["mean"] == pytest.approx(expected)
    table = run(*arguments).splitlines()
    assert all(line.count("|") == table[0].count("|") for line in table if line.startswith("|"))
    assert re.search(r"[+-]\d+\.\d \[[+-]\d+\.\d, [+-]\d+\.\d\]", table[2])


def test_a_model_that_is_not_there_is_said_with_a_hint(run) -> None:
    with pytest.raises(SystemExit, match=r"no model 'nothing'.*fashion weights list"):
        run("nothing")


# ---- the photographs


def test_close_ups_are_two_parts_that_do_not_overlap(data, work) -> None:
    size = (90, 120)
    places = np.arange(size[0] * size[1]).reshape(size[1], size[0])
    photograph = Image.fromarray(
        np.stack([places // 256 % 256, places % 256, np.full_like(places, 200)], -1).astype(np.uint8)
    )
    for name in range(20):
        first, second = (np.asarray(part) for part in unlit_parts(photograph, str(name)))
        assert first.shape == second.shape == (36, 36, 3)
        seen = [{tuple(pixel) for pixel in part.reshape(-1, 3).tolist()} for part in (first, second)]
        assert not seen[0] & seen[1]
        assert (0, 0, 0) not in seen[0] | seen[1]  # beyond the photograph
    made = close_ups(data, work)
    assert len(made) == 2 * sum(
        each.split == "val" and each.values["category"] not in ("", "hat", "shoes")
        for each in read_manifest(data / "clothing" / "clothing.csv")
    )


def unlit_parts(photograph: Image.Image, name: str) -> tuple[Image.Image, Image.Image]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(made_photographs, "CLOSE_UP_LIGHT", (1, 1))
        return two_parts(photograph, random_of(Path(name)))


def test_the_same_photographs_are_made_again(data, work, tmp_path) -> None:
    for make, count in ((copies, 20), (garments, 15), (close_ups, 34)):
        before, again = make(data, work), make(data, tmp_path)
        assert len(before) == len(again) == count
        assert all(one.path.read_bytes() == other.path.read_bytes() for one, other in zip(before, again, strict=True))
        assert {each.split for each in before} == {"val"}


# ---- the labels


def test_rare_labels_and_those_that_do_not_apply_are_left_out(data) -> None:
    tasks = {task.name: task for task in label_tasks(data)}
    assert tasks["sleeve"].group.tags == ("long", "short")
    assert set(tasks["clothing, 10 classes"].group.tags) == {"t-shirt", "shirt", "hat"}  # of skirts `train` has three
    assert not any(path.stem == "77" for path in tasks["clothing, 10 classes"].paths)  # the skirt in `val`
    assert tasks["styles"].group.tags == ("casual", "retro")
    assert len(tasks["styles"].paths) == 85


def test_senders_and_splits_are_those_of_the_manifests(data) -> None:
    tasks = {task.name: task for task in label_tasks(data)}
    rows = {each.path: each.values for each in read_manifest(data / "clothing" / "clothing.csv")}
    task = tasks["closure"]
    own = [place for place, path in enumerate(task.paths) if path in rows]
    assert own
    assert [task.clusters[place] for place in own] == [rows[task.paths[place]]["sender"] for place in own]
    assert [bool(task.training[place]) for place in own] == [
        rows[task.paths[place]]["split"] == "train" for place in own
    ]


def test_tasks_are_the_same_wherever_the_data_lie(data, tmp_path) -> None:
    moved = shutil.copytree(data, tmp_path / "moved")
    for one, other in zip(label_tasks(data), label_tasks(moved), strict=True):
        assert one.clusters == other.clusters


# ---- the networks


def test_a_frozen_model_gives_vectors_and_pooled_features_of_unit_length(data, work, models) -> None:
    network = open_network(str(models[0]), work)
    photographs = [each.path for each in read_manifest(data / "views" / "views.csv")]
    embedded = embed(network, photographs, work, 1, lambda *_: None)
    model = open_model(models[0])
    pixels = torch.from_numpy(np.stack([ImageReader(model.card.input).read(path).pixels for path in photographs]))
    with torch.inference_mode():
        vectors, _ = DeployedModel(load_model(model), model.card)(pixels)
    assert embedded.vectors == pytest.approx(vectors.numpy(), abs=2e-3)
    assert embedded.features == pytest.approx(vectors.numpy(), abs=2e-3)  # of this network the two are one


def test_features_stand_behind_the_vector_where_it_is_made_of_them() -> None:
    network = MultitaskMobileNet(16, 7).eval()
    images = torch.rand(3, 3, 64, 48) * 2 - 1
    with torch.inference_mode():
        joined = JoinedOutputs(copy.deepcopy(network))(images).vectors * 2**0.5
        expected = [network(images).vectors, torch.nn.functional.normalize(network.pooled(images), dim=1)]
    assert joined.shape == (3, 16 + 1280)
    assert torch.allclose(joined, torch.cat(expected, dim=1), atol=1e-4)


def test_a_trunk_of_a_library_has_its_features_once() -> None:
    trunk = torch.nn.Sequential(torch.nn.Conv2d(3, 5, 3), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    images = torch.rand(2, 3, 8, 8)
    with torch.inference_mode():
        joined = JoinedOutputs(Encoder(trunk).eval())(images).vectors
        assert torch.allclose(joined, torch.nn.functional.normalize(trunk(images), dim=1), atol=1e-6)


def test_other_weights_are_another_network_and_a_copy_is_not(work, models, tmp_path) -> None:
    again = shutil.copytree(models[0], tmp_path / "again")
    first, second, copied = (open_network(str(each), work).identity for each in (*models, again))
    assert first == copied != second


def test_the_untouched_mobilenet_is_run_as_tensorflow_runs_it(tmp_path) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        save_file(mobilenet_v2(weights=None).state_dict(), tmp_path / "trunk.safetensors")
    network, spec = find_source(str(tmp_path / "trunk.safetensors")).build()
    assert (spec.height, spec.width, spec.fit, spec.mean, spec.std) == (224, 224, "squash", (0.5,) * 3, (0.5,) * 3)
    first = network.get_submodule("features.features.0.0")
    images = torch.rand(1, 3, 8, 8)
    padded = torch.nn.functional.pad(images, (0, 1, 0, 1))  # what is odd goes to the right and to the bottom
    with torch.inference_mode():
        weight = network.state_dict()["features.features.0.0.convolution.weight"]
        assert torch.allclose(first(images), torch.nn.functional.conv2d(padded, weight, stride=2), atol=1e-5)


def test_a_librarys_network_sees_the_whole_photograph(monkeypatch) -> None:
    spec = InputSpec(32, 32, fit="crop", crop_share=0.875)
    card = ModelCard("x", "encoder", "", "", "", 5, spec, Vocabulary(()))
    monkeypatch.setattr(networks, "fetch_encoder", lambda *_: (torch.nn.Identity(), card))
    source = find_source("timm:resnet18")
    assert (source.build()[1].fit, source.build()[1].crop_share) == ("squash", 1.0)
