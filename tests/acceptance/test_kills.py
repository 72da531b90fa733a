"""Ten kills at random moments of `fashion index` lose no finished row and no old index."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashion_cli.atomic_files import partial_path
from fashion_cli.data.features import FeatureFile
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.retrieval.gallery import Gallery
from fashion_cli.retrieval.publish import working_features
from fashion_cli.steps.index import IndexConfig, build_index

KILLS = 10


def draw(folder: Path, count: int) -> None:
    folder.mkdir()
    for number in range(count):
        Image.new("RGB", (6, 8), (number % 256, number // 256, 100)).save(folder / f"{number:05}.png")


def start(tmp_path: Path, model: Path, *folders: str) -> subprocess.Popen[bytes]:
    line = [sys.executable, "-m", "fashion_cli", "index", *folders, "-o", "index", "--model", str(model)]
    return subprocess.Popen(
        [*line, "--engine", "onnx", "--batch-size", "8"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def finished_rows(directory: Path) -> int:
    """Rows that a killed run left behind, wherever it was killed."""
    working = working_features(directory)
    for file in (partial_path(working), working):
        if file.exists():
            with FeatureFile.open(file) as features:
                return len(features)
    return 0


@pytest.mark.campaign
def test_ten_kills(tiny_model: Path, tmp_path: Path) -> None:
    draw(tmp_path / "old", 50)
    draw(tmp_path / "new", 3000)
    assert start(tmp_path, tiny_model, "old").wait() == 0
    directory = tmp_path / "index"
    with Gallery.open(directory) as gallery:
        paths, vectors = gallery.features.paths(), gallery.features.vectors()
    rng = np.random.default_rng(1)
    least = 0
    kills, latest = 0, 0.5
    while kills < KILLS or least <= 50:
        process = start(tmp_path, tiny_model, "old", "new")
        time.sleep(float(rng.uniform(latest / 2, latest)))
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills += 1
        with Gallery.open(directory) as gallery:
            if len(gallery) == 50:
                assert gallery.features.paths() == paths
                assert (gallery.features.vectors() == vectors).all()
                left = finished_rows(directory)
                assert left >= least
                latest *= 1.3 if left == least else 1.0  # a slow machine gets nowhere in the time of a fast one
                least = left
            else:
                assert len(gallery) == 3050
                break
    options = InferenceOptions(model=str(tiny_model), engine="onnx")
    config = IndexConfig((tmp_path / "old", tmp_path / "new"), directory, options)
    report = build_index(config, lambda done, total: None)
    assert report.rows == 3050
    assert report.kept >= least
    assert report.kept > 50
    with Gallery.open(directory) as gallery:
        assert len(set(gallery.features.paths())) == 3050
