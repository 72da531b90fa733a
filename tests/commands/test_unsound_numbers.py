"""Numbers from outside, vectors and times, are checked where they enter: what is good stays, what is not is named."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import h5py
import numpy as np
import pytest
from safetensors.numpy import load_file

from fashion_cli.app import main
from fashion_cli.model_cards import CARD_FILE, ONNX_FILE, SAFETENSORS_FILE, ModelCard
from tests.commands.conftest import draw

COUNT = 8
Fashion = Callable[..., int]
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def fashion(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Fashion:
    monkeypatch.setenv("FASHION_MODEL", str(tiny_model))
    monkeypatch.setenv("FASHION_ENGINE", "onnx")
    return lambda *argv: main([str(each) for each in argv])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    """A folder with photographs in `shop`, their feature file and their index. Tests copy what they change."""
    folder = tmp_path_factory.mktemp("made")
    for seed in range(COUNT):
        draw(folder / "shop" / f"{seed}.bmp", seed)
    for line in (["embed", folder / "shop", "-o", folder / "f.h5"], ["index", folder / "f.h5", "-o", folder / "index"]):
        assert main([*map(str, line), "--model", str(tiny_model), "-q"]) == 0
    return folder


@pytest.fixture
def shop(made: Path, tmp_path: Path) -> Path:
    """The folder with photographs; here lie copies of the feature file and the index."""
    shutil.copy(made / "f.h5", tmp_path)
    shutil.copytree(made / "index", tmp_path / ".fashion")
    return made / "shop"


@pytest.fixture
def own_shop(shop: Path, tmp_path: Path, fashion: Fashion, capsys: Capture) -> Path:
    """An indexed folder whose photographs a test may change."""
    shutil.copytree(shop, tmp_path / "shop")
    assert fashion("index", tmp_path / "shop") == 0
    capsys.readouterr()
    return tmp_path / "shop"


SPOILT = {
    "nan": ("vectors", (2, 3), np.nan),
    "inf": ("vectors", (2, 3), np.inf),
    "zeros": ("vectors", 2, 0),
    "length": ("vectors", 2, 0.5),
    "score nan": ("tags/scores", (2, 1), np.nan),
    "score inf": ("tags/scores", (2, 1), -np.inf),
    "score above 1": ("tags/scores", (2, 1), 1.5),
    "score below 0": ("tags/scores", (2, 1), -0.01),
}


@pytest.mark.parametrize(("dataset", "place", "value"), SPOILT.values(), ids=SPOILT)
@pytest.mark.parametrize("neighbours", ["auto", "annoy"])
def test_a_good_index_outlives_a_bad_feature_file(
    shop: Path, fashion: Fashion, capsys: Capture, neighbours: str, dataset: str, place: object, value: float
) -> None:
    before = {path.name: path.read_bytes() for path in Path(".fashion").iterdir()}
    with h5py.File("f.h5", "r+") as file:
        file[dataset][place] = value
    assert fashion("index", "f.h5", "--neighbours", neighbours) == 1
    error = capsys.readouterr().err
    assert "row 2" in error
    assert "2.bmp" in error
    assert " — " in error
    assert {path.name: path.read_bytes() for path in Path(".fashion").iterdir()} == before
    assert fashion("search", shop / "2.bmp", "--format", "paths") == 0


def test_a_map_is_not_made_of_what_is_no_score(shop: Path, fashion: Fashion, capsys: Capture) -> None:
    with h5py.File("f.h5", "r+") as file:
        file["tags/scores"][4, 0] = 2
    assert fashion("map", "f.h5", "-q") == 1
    assert "4.bmp: its scores are not all in [0, 1]" in capsys.readouterr().err
    assert not (Path("map") / "map.json").exists()


@pytest.fixture
def broken_model(tiny_model: Path, tmp_path: Path) -> Path:
    """The tiny model, trained until its numbers were none any more."""
    directory = tmp_path / "broken"
    shutil.copytree(tiny_model, directory)
    bias = load_file(directory / SAFETENSORS_FILE)["vector_head.bias"].astype(np.float32)  # as the graph holds it
    content = (directory / ONNX_FILE).read_bytes()
    assert bias.tobytes() in content
    (directory / ONNX_FILE).write_bytes(content.replace(bias.tobytes(), np.full_like(bias, np.nan).tobytes()))
    card = ModelCard.read(directory / CARD_FILE)
    digest = sha256((directory / ONNX_FILE).read_bytes()).hexdigest()
    replace(card, files={**card.files, ONNX_FILE: digest}).write(directory / CARD_FILE)
    return directory


def test_a_model_that_answers_with_no_number_makes_no_index(
    shop: Path, fashion: Fashion, broken_model: Path, capsys: Capture
) -> None:
    assert fashion("index", shop, "-o", "new", "--model", broken_model) != 0
    assert "0.bmp" in capsys.readouterr().err
    assert not (Path("new") / "manifest.json").exists()
    assert fashion("embed", shop, "-o", "new.h5", "--model", broken_model) == 1
    assert f"skipped {COUNT}" in capsys.readouterr().err


@pytest.mark.parametrize("seconds", [10_413_792_000, -11_644_473_600, -1, 0])  # 2300, 1601, 1969, 1970
def test_odd_times_end_no_command(own_shop: Path, fashion: Fashion, capsys: Capture, seconds: int) -> None:
    os.utime(own_shop / "3.bmp", (seconds, seconds))
    assert fashion("tag", own_shop, "--format", "jsonl") == 0
    assert len(capsys.readouterr().out.splitlines()) == COUNT
    for line in (["embed", own_shop, "-o", "g.h5"], ["index", own_shop], ["index", own_shop]):
        assert fashion(*line) == 0
    capsys.readouterr()
    assert fashion("search", own_shop / "3.bmp", "--format", "jsonl", "--topk", 1) == 0
    assert json.loads(capsys.readouterr().out)["path"] == str(own_shop / "3.bmp")


def test_a_query_that_is_another_photograph_by_now_is_looked_at(
    own_shop: Path, fashion: Fashion, capsys: Capture
) -> None:
    times = (own_shop / "0.bmp").stat()
    (own_shop / "0.bmp").write_bytes((own_shop / "4.bmp").read_bytes())
    os.utime(own_shop / "0.bmp", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert fashion("search", own_shop / "0.bmp", "--format", "jsonl", "--no-rerank", "--topk", 1) == 0
    assert json.loads(capsys.readouterr().out)["path"] == str(own_shop / "4.bmp")
