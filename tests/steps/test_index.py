"""An index directory follows its folder, and the old one stays whole until the new one is."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashion_cli.errors import IndexDirectoryError, UsageError
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.products.catalogue import Catalogue
from fashion_cli.retrieval.gallery import Gallery
from fashion_cli.retrieval.manifest import Manifest
from fashion_cli.steps.embed import EmbedConfig, embed_images
from fashion_cli.steps.index import IndexConfig, IndexReport, build_index
from fashion_cli.weights import open_model


def draw(folder: Path, count: int, seed: int = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    for number in range(count):
        Image.fromarray(rng.integers(0, 255, (32, 24, 3), np.uint8)).save(folder / f"{seed}-{number}.png")


@pytest.fixture
def index(tiny_model: Path, tmp_path: Path):
    inference = InferenceOptions(model=str(tiny_model), engine="onnx", workers=2)

    def run(*gallery: Path, **more) -> IndexReport:
        return build_index(IndexConfig(gallery, tmp_path / "index", inference, **more), lambda done, total: None)

    return run


def test_calling_again_embeds_only_what_is_new(index, tmp_path: Path) -> None:
    draw(tmp_path / "g", 6)
    first = index(tmp_path / "g")
    assert (first.rows, first.embedded, first.kind) == (6, 6, "exact")
    draw(tmp_path / "g", 2, seed=1)
    (tmp_path / "g" / "0-0.png").unlink()
    second = index(tmp_path / "g")
    assert (second.rows, second.embedded, second.kept, second.dropped) == (7, 2, 5, 1)
    assert Manifest.read(tmp_path / "index").rows == 7
    before = sorted((path.name, path.stat().st_mtime_ns) for path in (tmp_path / "index").glob("features*"))
    third = index(tmp_path / "g")
    assert (third.embedded, third.kept) == (0, 7)
    assert sorted((path.name, path.stat().st_mtime_ns) for path in (tmp_path / "index").glob("features*")) == before


def test_a_feature_file_becomes_an_index(index, tiny_model: Path, tmp_path: Path) -> None:
    draw(tmp_path / "g", 5)
    inference = InferenceOptions(model=str(tiny_model), engine="onnx")
    embed_images(EmbedConfig((tmp_path / "g",), tmp_path / "f.h5", inference), lambda done, total: None)
    report = index(tmp_path / "f.h5")
    assert report.rows == 5
    assert (tmp_path / "f.h5").exists()


def test_a_manifests_columns_go_into_the_index(index, tmp_path: Path) -> None:
    draw(tmp_path / "g", 3)
    manifest = tmp_path / "g" / "m.csv"
    manifest.write_text("path,item_id,brand\n0-0.png,a,Äcme\n0-1.png,a,\n0-2.png,b,Other\n")
    report = index(manifest=manifest)
    assert report.rows == 3
    with Gallery.open(tmp_path / "index") as gallery:
        assert gallery.features.column("item_id") == ["a", "a", "b"]
        assert gallery.features.column("label/brand") == ["Äcme", "", "Other"]


def test_another_model_is_refused_and_the_old_index_stays(index, tiny_model: Path, tmp_path: Path) -> None:
    draw(tmp_path / "g", 3)
    index(tmp_path / "g")
    old = (tmp_path / "index" / "manifest.json").read_bytes()
    other = tmp_path / "other"
    shutil.copytree(tiny_model, other)
    card = (other / "card.json").read_text().replace(open_model(tiny_model).card.weights_sha256, "1" * 64)
    (other / "card.json").write_text(card)
    config = IndexConfig((tmp_path / "g",), tmp_path / "index", InferenceOptions(model=str(other), engine="onnx"))
    with pytest.raises(IndexDirectoryError, match="do not compare") as error:
        build_index(config, lambda done, total: None)
    assert "--model" in error.value.hint
    assert (tmp_path / "index" / "manifest.json").read_bytes() == old


def test_nothing_to_index_says_so(index, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no photographs"):
        index(tmp_path / "empty")
    (tmp_path / "empty" / "a.jpg").write_bytes(b"broken")
    with pytest.raises(UsageError, match="the photograph cannot be read"):
        index(tmp_path / "empty")
    with pytest.raises(UsageError, match="recall"):
        index(tmp_path / "empty", recall=1.5)


@pytest.mark.parametrize("is_cut", ["features", "features, wholly", "features and manifest", "work of a killed run"])
def test_cut_feature_files_are_made_anew(index, tmp_path: Path, is_cut: str) -> None:
    draw(tmp_path / "g", 6)
    table = tmp_path / "m.csv"
    table.write_text("path,price\n" + "".join(f"g/0-{number}.png,{number}\n" for number in range(6)))
    index(tmp_path / "g", manifest=table)
    (features,) = (tmp_path / "index").glob("features-*.h5")
    if is_cut == "work of a killed run":
        features = Path(shutil.copy(features, tmp_path / "index" / "features.h5.partial"))
    if is_cut == "features, wholly":
        features.unlink()
    else:
        os.truncate(features, features.stat().st_size - 3000)
    if is_cut == "features and manifest":
        (tmp_path / "index" / "manifest.json").write_text("damaged")
    report = index(tmp_path / "g")
    assert report.rows == 6
    with Gallery.open(tmp_path / "index") as gallery:
        assert len(gallery) == 6
        has_price = any("price" in name for name in gallery.features.column_names)
    assert has_price == (is_cut == "work of a killed run")
    assert ("give --manifest again" in report.note) == (is_cut != "work of a killed run")
    put_aside = tmp_path / "index" / "features.h5.partial.damaged"
    assert put_aside.exists() == (is_cut in ("features and manifest", "work of a killed run"))  # nothing is thrown away
    assert index(tmp_path / "g").note == ""


def test_a_damaged_manifest_is_mended_by_indexing_again(index, tmp_path: Path) -> None:
    draw(tmp_path / "g", 4)
    index(tmp_path / "g")
    (tmp_path / "index" / "manifest.json").write_text("{")
    report = index(tmp_path / "g")
    assert (report.rows, report.embedded, report.kept) == (4, 0, 4)
    assert Manifest.read(tmp_path / "index").rows == 4


def test_another_way_to_find_neighbours_is_published_without_embedding(index, tmp_path: Path) -> None:
    draw(tmp_path / "g", 30)
    assert index(tmp_path / "g").kind == "exact"
    again = index(tmp_path / "g", neighbours="annoy")
    assert (again.kind, again.embedded, again.kept) == ("annoy", 0, 30)
    assert index(tmp_path / "g").kind == "annoy"


def test_an_empty_catalogue_is_one(index, tmp_path: Path) -> None:
    draw(tmp_path / "g", 3)
    with Catalogue.open(tmp_path / "g" / "catalogue.sqlite", create=True):
        pass
    report = index(tmp_path / "g")
    assert (report.catalog, report.in_catalog) == (str(tmp_path / "g" / "catalogue.sqlite"), 0)
    assert Manifest.read(tmp_path / "index").catalog == "catalogue.sqlite"


def test_annoy_is_not_built_again_for_the_same_vectors(index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What changed is times, or a table; neighbours are the same."""
    monkeypatch.setattr("fashion_cli.data.file_stamps.TICK", 0)  # a new file's stamp counts at once
    draw(tmp_path / "g", 12)
    index(tmp_path / "g", neighbours="annoy")
    first = Manifest.read(tmp_path / "index")
    built = (tmp_path / "index" / first.neighbours).stat()
    for photograph in (tmp_path / "g").iterdir():
        os.utime(photograph, ns=(10**18, 10**18))
    report = index(tmp_path / "g", neighbours="annoy")
    second = Manifest.read(tmp_path / "index")
    assert (report.embedded, report.kept, report.kind) == (0, 12, "annoy")
    assert (second.generation, second.features) == (2, "features-000002.h5")
    (tmp_path / "g" / "m.csv").write_text("path,brand\n0-0.png,Äcme\n")
    index(tmp_path / "g", neighbours="annoy", manifest=tmp_path / "g" / "m.csv")
    third = Manifest.read(tmp_path / "index")
    for manifest in (second, third):
        assert manifest.neighbours == first.neighbours
        assert manifest.calibration == first.calibration
    still = (tmp_path / "index" / first.neighbours).stat()
    assert (still.st_ino, still.st_mtime_ns) == (built.st_ino, built.st_mtime_ns)
    with Gallery.open(tmp_path / "index") as gallery:
        vectors = gallery.features.vectors().astype(np.float32)
        assert gallery.nearest(vectors, 1).rows[:, 0].tolist() == list(range(12))
    draw(tmp_path / "g", 1, seed=1)
    index(tmp_path / "g", neighbours="annoy")
    fourth = Manifest.read(tmp_path / "index")
    assert fourth.neighbours != first.neighbours
    assert not (tmp_path / "index" / first.neighbours).exists()
    index(tmp_path / "g", neighbours="annoy", recall=0.5)
    assert Manifest.read(tmp_path / "index").neighbours != fourth.neighbours
