"""Index directories are written whole or not at all."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from fashion_cli.data.features import FeatureFile
from fashion_cli.errors import FeatureFileError, IndexDirectoryError, OutputError
from fashion_cli.retrieval import calibration
from fashion_cli.retrieval.gallery import Gallery
from fashion_cli.retrieval.manifest import Manifest
from fashion_cli.retrieval.publish import EXACT_BELOW, publish, working_features, writing
from tests.retrieval.conftest import MakeFeatures

REPOSITORY = Path(__file__).parents[2]


def put(directory: Path, make_features: MakeFeatures, count: int, seed: int = 0, exact_below: int = 0) -> Manifest:
    with writing(directory) as working:
        make_features(working, count, seed)
        return publish(directory, model_location="small", recall=0.9, exact_below=exact_below)


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def first_path(directory: Path) -> str:
    with Gallery.open(directory) as gallery:
        return gallery.features.paths()[0]


@contextmanager
def limited_file_size(limit: int) -> Iterator[None]:
    """Writing beyond the limit fails, as on a full disk, for Annoy's C code too."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.usefixtures("slow_scan")
def test_annoy_index(tmp_path: Path, make_features: MakeFeatures) -> None:
    manifest = put(tmp_path / "i", make_features, 300)
    assert names(tmp_path / "i") == ["features-000001.h5", "lock", "manifest.json", "neighbours-000001.ann"]
    assert (manifest.kind, manifest.rows, manifest.generation) == ("annoy", 300, 1)
    assert manifest.recall_reached >= manifest.recall_target == 0.9
    assert Manifest.read(tmp_path / "i") == manifest
    document = json.loads((tmp_path / "i" / "manifest.json").read_text())
    assert (document["format"], document["version"]) == ("fashion-index", 1)


def test_few_photographs_are_scanned(tmp_path: Path, make_features: MakeFeatures) -> None:
    manifest = put(tmp_path, make_features, 30, exact_below=EXACT_BELOW)
    assert names(tmp_path) == ["features-000001.h5", "lock", "manifest.json"]
    assert (manifest.kind, manifest.neighbours, manifest.calibration) == ("exact", "", None)
    assert manifest.reason == "30 photographs: below 50000, comparing all of them is as fast"
    assert manifest.recall_reached == 1.0


@pytest.mark.parametrize("count", [1, 2, 60])
@pytest.mark.usefixtures("slow_scan")
def test_any_number_of_photographs(tmp_path: Path, make_features: MakeFeatures, count: int) -> None:
    put(tmp_path, make_features, count)
    with Gallery.open(tmp_path) as gallery:
        vectors = gallery.features.vectors().astype(np.float32)
        assert gallery.nearest(vectors, 1).rows[:, 0].tolist() == list(range(count))


def test_annoy_is_not_used_where_a_scan_is_faster(
    tmp_path: Path, make_features: MakeFeatures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibration, "scan_milliseconds", lambda vectors, queries: 0.0)
    manifest = put(tmp_path, make_features, 300)
    assert manifest.kind == "exact"
    assert re.match(r"annoy reaches recall 0\.\d+ in .* ms a query: comparing all .* takes 0.0 ms", manifest.reason)
    assert manifest.calibration is not None
    assert manifest.recall_reached == 1.0
    assert names(tmp_path) == ["features-000001.h5", "lock", "manifest.json"]


def test_annoy_can_be_demanded(tmp_path: Path, make_features: MakeFeatures, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "scan_milliseconds", lambda vectors, queries: 0.0)
    with writing(tmp_path) as working:
        make_features(working, 600)
        manifest = publish(tmp_path, model_location="small", recall=0.97, choice="annoy")
    assert (manifest.kind, manifest.reason) == ("annoy", "")
    assert manifest.recall_reached >= 0.97  # however slow that is


def test_the_scan_can_be_demanded(tmp_path: Path, make_features: MakeFeatures) -> None:
    with writing(tmp_path) as working:
        make_features(working, 60)
        manifest = publish(tmp_path, model_location="small", choice="exact", exact_below=0)
    assert (manifest.kind, manifest.reason, manifest.recall_reached) == ("exact", "as asked for", 1.0)


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("raise ImportError('no compiler')", "annoy does not work here (ImportError: no compiler)"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "annoy crashes here (signal 11)"),
    ],
)
def test_annoy_is_not_used_where_it_does_not_work(
    tmp_path: Path, make_features: MakeFeatures, monkeypatch: pytest.MonkeyPatch, program: str, reason: str
) -> None:
    (tmp_path / "annoy.py").write_text(program)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    manifest = put(tmp_path / "i", make_features, 60)
    assert (manifest.kind, manifest.reason) == ("exact", reason)


@pytest.mark.usefixtures("slow_scan")
def test_a_new_state_takes_the_place_of_the_old_one(tmp_path: Path, make_features: MakeFeatures) -> None:
    put(tmp_path, make_features, 60, seed=1)
    (tmp_path / "notes.txt").write_text("not ours")
    (tmp_path / "neighbours-000009.ann").write_text("of a killed run")
    with Gallery.open(tmp_path) as old:
        put(tmp_path, make_features, 70, seed=2)
        assert len(old) == 60  # whoever has it open goes on with it
        assert old.features.paths()[-1] == "/photographs/1-59.jpg"
        assert old.nearest(old.features.vectors([5]).astype(np.float32), 1).rows.tolist() == [[5]]
    assert first_path(tmp_path) == "/photographs/2-0.jpg"
    assert names(tmp_path) == [
        "features-000002.h5",
        "lock",
        "manifest.json",
        "neighbours-000002.ann",
        "notes.txt",
    ]


def test_a_feature_file_from_elsewhere_is_copied(tmp_path: Path, make_features: MakeFeatures) -> None:
    source = make_features(tmp_path / "c.h5", 20)
    content = source.read_bytes()
    for _ in range(2):
        with writing(tmp_path / "i"):
            publish(tmp_path / "i", model_location="small", features=source)
    assert source.read_bytes() == content
    assert (tmp_path / "i" / "features-000002.h5").read_bytes() == content
    assert len(names(tmp_path / "i")) == 3


def test_the_current_feature_file_can_be_published_again(tmp_path: Path, make_features: MakeFeatures) -> None:
    manifest = put(tmp_path, make_features, 20)
    with writing(tmp_path):
        again = publish(tmp_path, model_location="small", features=tmp_path / manifest.features)
    assert again.features == "features-000002.h5"
    assert first_path(tmp_path) == "/photographs/0-0.jpg"


def test_a_users_own_file_in_the_directory_stays(tmp_path: Path, make_features: MakeFeatures) -> None:
    with writing(tmp_path):
        source = make_features(tmp_path / "features.h5", 20)
        publish(tmp_path, model_location="small", features=source)
    assert names(tmp_path) == ["features-000001.h5", "features.h5", "lock", "manifest.json"]


def test_nothing_to_publish(tmp_path: Path, make_features: MakeFeatures) -> None:
    with writing(tmp_path) as working, pytest.raises(FeatureFileError):
        publish(tmp_path, model_location="small")
    with writing(tmp_path) as working:
        make_features(working, 0)
        with pytest.raises(IndexDirectoryError, match="holds no photographs"):
            publish(tmp_path, model_location="small")
    assert names(tmp_path) == [working.name, "lock"]


@pytest.mark.usefixtures("slow_scan")
def test_full_disk(tmp_path: Path, make_features: MakeFeatures) -> None:
    put(tmp_path, make_features, 60, seed=1)
    before = names(tmp_path)
    with writing(tmp_path) as working:
        make_features(working, 2000, seed=2)
        with limited_file_size(20_000), pytest.raises(OutputError, match="cannot be written") as caught:
            publish(tmp_path, model_location="small", exact_below=0)
    assert "finished photographs are kept" in caught.value.hint
    assert names(tmp_path) == sorted([*before, working.name])
    assert first_path(tmp_path) == "/photographs/1-0.jpg"
    with FeatureFile.open(working) as features:
        assert len(features) == 2000
    with writing(tmp_path):
        publish(tmp_path, model_location="small", exact_below=0)
    assert first_path(tmp_path) == "/photographs/2-0.jpg"


def test_full_disk_while_copying(tmp_path: Path, make_features: MakeFeatures) -> None:
    put(tmp_path / "i", make_features, 60, seed=1)
    source = make_features(tmp_path / "c.h5", 2000, seed=2)
    before = names(tmp_path / "i")
    with writing(tmp_path / "i"), limited_file_size(20_000), pytest.raises(OutputError):
        publish(tmp_path / "i", model_location="small", features=source)
    assert names(tmp_path / "i") == before
    assert first_path(tmp_path / "i") == "/photographs/1-0.jpg"


def test_manifest_that_cannot_be_written(tmp_path: Path, make_features: MakeFeatures) -> None:
    put(tmp_path, make_features, 60, seed=1)
    (tmp_path / "manifest.json.partial").mkdir()
    with pytest.raises(OutputError, match="Is a directory"):
        put(tmp_path, make_features, 70, seed=2)
    assert first_path(tmp_path) == "/photographs/1-0.jpg"
    assert working_features(tmp_path).exists()


def test_unusable_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for directory in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OutputError, match="cannot be written") as caught, writing(directory):
            pass
        assert "-o" in caught.value.hint


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    program = f"""
import pathlib
from fashion_cli.retrieval.publish import writing
with writing(pathlib.Path({str(tmp_path)!r})):
    print("locked", flush=True)
    input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        with pytest.raises(IndexDirectoryError, match="another process is writing") as caught, writing(tmp_path):
            pass
        assert caught.value.hint
        other.kill()
    with writing(tmp_path):  # the lock of a killed process is no lock
        pass


def test_an_index_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    content = '{"format": "fashion-index", "version": 2}'
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(IndexDirectoryError, match="newer fashion-cli"), writing(tmp_path):
        pass
    assert (tmp_path / "manifest.json").read_text() == content


def test_a_damaged_manifest_can_be_replaced(tmp_path: Path, make_features: MakeFeatures) -> None:
    put(tmp_path, make_features, 60, seed=1)
    (tmp_path / "manifest.json").write_text("{")
    with writing(tmp_path) as working:
        with FeatureFile.open(working) as features:  # its rows are used again
            assert features.paths()[0] == "/photographs/1-0.jpg"
        publish(tmp_path, model_location="small")
    assert first_path(tmp_path) == "/photographs/1-0.jpg"


@pytest.mark.campaign
@pytest.mark.parametrize("way", ["steps", "moments", "readers"])
def test_killed_and_read_at_any_moment(tmp_path: Path, way: str) -> None:
    program = Path(__file__).with_name("killed_publisher.py")
    done = subprocess.run(
        [sys.executable, str(program), str(tmp_path / "index"), way],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    first, second = map(int, done.stdout.split())
    match way:
        case "steps":
            assert first >= 10  # file operations that a publication has
            assert second >= 2
        case "moments":
            assert first >= 3
            assert second >= 3
        case "readers":
            assert first >= second >= 2
