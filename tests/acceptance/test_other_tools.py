"""What we write is read with h5py and annoy alone, as another program would."""

import json
from pathlib import Path

import annoy
import h5py
import numpy as np
import pytest
from PIL import Image

from fashion_cli.app import main
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.steps.index import IndexConfig, build_index


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    rng = np.random.default_rng(3)
    (tmp_path / "images").mkdir()
    for number in range(60):
        patch = Image.fromarray(rng.integers(0, 255, (4, 3, 3), np.uint8)).resize((48, 64))
        patch.save(tmp_path / "images" / f"{number:02}.png")
    return tmp_path


def test_plain_h5py_reads_a_feature_file(gallery: Path, tiny_model: Path) -> None:
    images, written = str(gallery / "images"), str(gallery / "f.h5")
    assert main(["embed", images, "-o", written, "--model", str(tiny_model), "--quiet"]) == 0
    card = json.loads((tiny_model / "card.json").read_text())
    with h5py.File(gallery / "f.h5", "r") as file:
        assert file.attrs["format"] == "fashion-features"
        assert file.attrs["version"] == 1
        assert file.attrs["model"] == card["name"]
        assert file.attrs["weights_sha256"] == card["files"]["model.safetensors"]
        paths = file["path"].asstr()[:]
        assert list(paths) == [str(gallery / "images" / f"{number:02}.png") for number in range(60)]
        vectors = file["vectors"][:]
        assert vectors.dtype == np.float16
        assert np.linalg.norm(vectors.astype(np.float64), axis=1) == pytest.approx(1, abs=2e-3)
        names = [tag for group in card["vocabulary"]["groups"] for tag in group["tags"]]
        assert list(file["tags/names"].asstr()[:]) == names
        assert file["tags/scores"].shape == (60, len(names))
        assert ((file["tags/scores"][:] >= 0) & (file["tags/scores"][:] <= 1)).all()
        assert file["width"][0] == 48
        assert file["height"][0] == 64


def test_plain_annoy_reads_an_index(gallery: Path, tiny_model: Path) -> None:
    options = InferenceOptions(model=str(tiny_model))
    config = IndexConfig((gallery / "images",), gallery / "index", options, neighbours="annoy")
    report = build_index(config, lambda done, total: None)
    assert report.kind == "annoy"
    manifest = json.loads((gallery / "index" / "manifest.json").read_text())
    with h5py.File(gallery / "index" / manifest["features"], "r") as file:
        vectors = file["vectors"][:].astype(np.float64)
    trees = annoy.AnnoyIndex(vectors.shape[1], "angular")
    trees.load(str(gallery / "index" / manifest["neighbours"]))
    assert trees.get_n_items() == len(vectors)
    rows, distances = trees.get_nns_by_item(7, 5, 10_000, include_distances=True)
    cosines = vectors @ vectors[7] / np.linalg.norm(vectors, axis=1) / np.linalg.norm(vectors[7])
    assert rows[0] == 7
    assert 1 - np.square(distances) / 2 == pytest.approx(np.sort(cosines)[::-1][:5], abs=1e-3)
