"""`fashion map`, `fashion recommend` and `fashion eval recommend`, from photographs to pictures."""

import csv
import io
import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fashion_cli.app import main
from fashion_cli.commands.output.map_picture import draw_map
from fashion_cli.data.features import FeatureFile
from fashion_cli.data.tags import present_tags
from fashion_cli.retrieval.map_directory import open_map
from fashion_cli.steps.map import MapGroup, MapReport
from fashion_cli.training.tasks import attribute_map as task_module
from tests.commands.conftest import draw

COUNT = 24


@dataclass(frozen=True)
class Shop:
    """Drawn photographs, their feature file, and a map of it."""

    folder: Path
    features: Path
    map: Path
    model: Path

    @property
    def photographs(self) -> list[Path]:
        return sorted((self.folder / "photographs").iterdir())


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Shop:
    folder = tmp_path_factory.mktemp("shop")
    for number in range(COUNT):
        draw(folder / "photographs" / f"{number:02}.png", seed=number)
    features = folder / "shop.h5"
    assert main(["embed", str(folder / "photographs"), "-o", str(features), "--model", str(tiny_model), "-q"]) == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(task_module, "EPOCHS", 1)
        patch.setattr(task_module, "STEPS", 60)
        assert main(["map", str(features), "-o", str(folder / "map"), "-q"]) == 0
    return Shop(folder, features, folder / "map", tiny_model)


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_module, "EPOCHS", 1)
    monkeypatch.setattr(task_module, "STEPS", 5)


def said(capsys: pytest.CaptureFixture[str], code: int, *line: object) -> tuple[str, str]:
    capsys.readouterr()
    found = main([str(each) for each in line])
    out, err = capsys.readouterr()
    assert found == code, err
    return out, err


def refused(capsys: pytest.CaptureFixture[str], code: int, *line: object) -> str:
    out, err = said(capsys, code, *line)
    assert out == ""
    assert err.count("\n") == 1, err
    assert " — " in err  # what to do next
    return err


def test_the_directory_holds_everything(shop: Shop) -> None:
    names = sorted(path.name for path in shop.map.iterdir())
    assert names == ["map-000001.safetensors", "map.html", "map.json", "map.parquet", "map.png"]
    with Image.open(shop.map / "map.png") as picture:
        assert picture.width > 1000
        assert len(picture.convert("RGB").getcolors(1 << 24) or ()) > 100
    assert "<html" in (shop.map / "map.html").read_text(encoding="utf-8")
    document = json.loads((shop.map / "map.json").read_text())
    with FeatureFile.open(shop.features) as features:
        assert document["features"]["weights_sha256"] == features.header.weights_sha256
    assert document["groups"] == ["category", "colour"]


def test_the_table_opens_in_pandas(shop: Shop) -> None:
    table = pd.read_parquet(shop.map / "map.parquet")
    with FeatureFile.open(shop.features) as features:
        scores, paths = features.scores().astype(np.float32), features.paths()
        vocabulary = features.header.vocabulary
    attribute_map = open_map(shop.map)
    assert table["path"].tolist() == paths
    np.testing.assert_array_equal(table[["x", "y"]].to_numpy(np.float32), attribute_map.garments.points)
    np.testing.assert_array_equal(np.stack(list(table["attributes"])), scores)
    for group in vocabulary.groups:
        window = scores[:, vocabulary.columns[group.name]]
        for row in range(COUNT):
            best = max(range(len(group.tags)), key=lambda tag: window[row, tag])
            assert table[group.name][row] == group.tags[best]
            assert table[f"{group.name}_score"][row] == pytest.approx(window[row, best])


def test_recommended_is_what_a_plain_loop_finds(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    queries = shop.photographs[:3]
    out, _ = said(capsys, 0, "recommend", *queries, "--map", shop.map)
    lines = [json.loads(line) for line in out.splitlines()]
    attribute_map = open_map(shop.map)
    garments, vocabulary = attribute_map.garments, attribute_map.vocabulary
    attributes = garments.attributes.astype(np.float64)
    present = present_tags(garments.attributes, vocabulary)
    for query in queries:
        own = garments.paths.index(str(query))
        shown = attribute_map.decode(attribute_map.place(garments.attributes[own : own + 1]))[0].astype(np.float64)
        distances = {}
        for row in range(COUNT):
            if row == own:
                continue
            total = 0.0
            for tag in range(4):  # category: each tag is a question
                yes, no = shown[tag] * attributes[row, tag], (1 - shown[tag]) * (1 - attributes[row, tag])
                total += 1 - np.sqrt(yes) - np.sqrt(no)
            colours = attributes[row, 4:] / attributes[row, 4:].sum()
            total += 1 - sum(np.sqrt(shown[4 + tag] * colours[tag]) for tag in range(3))
            distances[row] = total
        nearest = sorted(distances, key=lambda row: distances[row])[:4]
        found = [line for line in lines if line["query"] == str(query)]
        assert [line["path"] for line in found] == [garments.paths[row] for row in nearest]
        assert [line["rank"] for line in found] == [1, 2, 3, 4]
        for line, row in zip(found, nearest, strict=True):
            assert line["difference"] == pytest.approx(distances[row], abs=2e-4)
            apart = np.hypot(*(garments.points[row] - garments.points[own]))
            assert line["distance"] == pytest.approx(apart, abs=1e-5)
            names = [f"{group}:{name}" for group, name in zip(vocabulary.group_names, vocabulary.names, strict=True)]
            both = [name for tag, name in enumerate(names) if present[own, tag] and present[row, tag]]
            assert sorted(line["shared_tags"]) == sorted(both)


def test_a_new_photograph_is_tagged_and_located(shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = Path(shutil.copy(shop.photographs[5], tmp_path / "new.png"))
    out, _ = said(capsys, 0, "recommend", copy, "--map", shop.map, "--format", "json", "--topk", "30")
    (result,) = json.loads(out)
    attribute_map = open_map(shop.map)
    expected = attribute_map.locate(attribute_map.garments.attributes[5:6].astype(np.float32))
    np.testing.assert_allclose([[result["x"], result["y"]]], expected, atol=2 / 128)  # its JPEG decoder is another one
    paths = [each["path"] for each in result["garments"]]
    assert sorted(paths) == sorted(attribute_map.garments.paths)  # it is not on the map itself
    assert set(result["decoded"]) == {"category", "colour"}


def test_what_is_on_the_map_needs_no_model_until_it_changes(
    shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(shop.folder / "photographs", "own")
    paths = sorted((tmp_path / "own").iterdir())
    said(capsys, 0, "embed", "own", "-o", "own.h5", "--model", shop.model, "-q")
    said(capsys, 0, "map", "own.h5", "-o", "own-map", "--no-html", "-q")
    line = ["recommend", "--map", "own-map", "--format", "json", "--topk", 30]
    (before,) = json.loads(said(capsys, 0, *line, paths[0])[0])
    without_model = [*line, "--model", tmp_path / "gone"]
    assert json.loads(said(capsys, 0, *without_model, paths[0])[0]) == [before]
    shutil.copy(paths[5], paths[0])  # another photograph by now
    os.utime(paths[0], ns=(1, 1))
    refused(capsys, 1, *without_model, paths[0])
    (after,) = json.loads(said(capsys, 0, *line, paths[0])[0])
    (other,) = json.loads(said(capsys, 0, *line, paths[5])[0])
    assert after["tags"].keys() == other["tags"].keys()
    assert after["tags"] != before["tags"]
    assert sorted(each["path"] for each in after["garments"]) == [str(each) for each in paths[1:]]  # not to itself
    paths[0].unlink()
    assert json.loads(said(capsys, 0, *without_model, paths[0])[0]) == [before]  # gone, and what it showed is known


def test_queries_have_no_bearing_on_each_other(shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = Path(shutil.copy(shop.photographs[5], tmp_path / "new.png"))
    queries = [shop.photographs[0], new, shop.photographs[0]]
    line = ["--map", shop.map, "--format", "json", "--topk", "30"]
    together = json.loads(said(capsys, 0, "recommend", *queries, *line)[0])
    assert [len(each["garments"]) for each in together] == [COUNT - 1, COUNT, COUNT - 1]
    assert together == [json.loads(said(capsys, 0, "recommend", each, *line)[0])[0] for each in queries]


def test_formats(shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    query = shop.photographs[0]
    line = ["recommend", query, "--map", shop.map, "--topk", 2]
    paths = said(capsys, 0, *line, "--format", "paths")[0].splitlines()
    assert len(paths) == 2
    assert said(capsys, 0, *line, "--format", "paths", "-0")[0] == "".join(f"{path}\0" for path in paths)
    rows = list(csv.DictReader(io.StringIO(said(capsys, 0, *line, "--format", "csv")[0])))
    assert [row["path"] for row in rows] == paths
    table, told = said(capsys, 0, *line, "--format", "table")
    assert all(path in table for path in paths)
    assert "its place on the map" in told
    sheet = tmp_path / "sheet.html"
    said(capsys, 0, *line, "--html", sheet)
    assert sheet.read_text().count("data:image/jpeg") == 3


def test_the_map_is_found(shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(shop.folder / "photographs")
    assert len(said(capsys, 0, "recommend", "00.png")[0].splitlines()) == 4
    monkeypatch.chdir("/")
    assert "no map here or in any parent" in refused(capsys, 1, "recommend", shop.photographs[0])
    monkeypatch.setenv("FASHION_MAP", str(shop.map))
    assert len(said(capsys, 0, "recommend", shop.photographs[0])[0].splitlines()) == 4


def test_an_index_becomes_a_map_of_some_groups(shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(shop.features, "f.h5")
    with h5py.File("f.h5", "r+") as file:
        del file.attrs["model_location"]  # as in a file of another program: the index knows where its model lies
    said(capsys, 0, "index", "f.h5", "--model", shop.model, "-q")
    _, told = said(capsys, 0, "map", "--group", "colour", "--no-html", "--seed", 3, "-q")
    assert "map: 24 garments by tiny" in told
    assert "category" not in told
    made = open_map(tmp_path / "map")
    assert (made.groups, made.seed, made.header.model_location) == (("colour",), 3, str(shop.model))
    assert not (tmp_path / "map" / "map.html").exists()


def test_bad_sources(
    shop: Shop, untagged_model: Path, tmp_path: Path, drawn: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert "no such file or folder" in refused(capsys, 2, "map", "gone.h5")
    assert "no index here or in any parent" in refused(capsys, 1, "map")
    (tmp_path / "empty").mkdir()
    assert "no index here" in refused(capsys, 1, "map", "empty")
    assert "not a feature file" in refused(capsys, 1, "map", drawn(tmp_path / "a.png"))
    said(capsys, 0, "embed", tmp_path / "a.png", "-o", "few.h5", "--model", shop.model, "-q")
    assert "a map needs 8 garments or more, and here are 1" in refused(capsys, 2, "map", "few.h5")
    said(capsys, 0, "embed", tmp_path / "a.png", "-o", "plain.h5", "--model", untagged_model, "-q")
    assert "no tags, only vectors" in refused(capsys, 2, "map", "plain.h5")
    assert "no tag group 'color'" in (told := refused(capsys, 2, "map", shop.features, "--group", "color"))
    assert "did you mean 'colour'" in told
    shutil.copy(shop.features, "nan.h5")
    with h5py.File("nan.h5", "r+") as file:
        file["tags/scores"][3, 2] = np.nan
    assert "03.png: its scores are not all in [0, 1]" in refused(capsys, 1, "map", "nan.h5")
    assert "cannot be written" in refused(capsys, 1, "map", shop.features, "-o", tmp_path / "a.png" / "map", "-q")
    assert not (tmp_path / "map").exists()


def test_bad_maps(
    shop: Shop, tmp_path: Path, untagged_model: Path, drawn: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    photograph = drawn(tmp_path / "new.png", seed=99)
    told = refused(capsys, 1, "recommend", photograph, "--map", shop.map, "--model", untagged_model)
    assert "a map of what tiny says" in told
    assert "no map here" in refused(capsys, 1, "recommend", photograph, "--map", tmp_path)
    assert "no photographs given" in refused(capsys, 2, "recommend", "--map", shop.map)
    shutil.copytree(shop.map, "newer")
    document = json.loads(Path("newer/map.json").read_text()) | {"version": 2}
    Path("newer/map.json").write_text(json.dumps(document))
    assert "written by a newer fashion-cli" in refused(capsys, 1, "recommend", photograph, "--map", "newer")
    document = document | {"version": 1, "features": document["features"] | {"model_location": "gone"}}
    Path("newer/map.json").write_text(json.dumps(document))
    assert "--model DIR says where it lies" in refused(capsys, 1, "recommend", photograph, "--map", "newer")
    said(capsys, 0, "recommend", photograph, "--map", "newer", "--model", shop.model)


def test_an_added_model_that_has_moved(
    shop: Shop, style_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(shop.features, "f.h5")
    passing = shutil.copytree(style_model, tmp_path / "passing")
    said(capsys, 0, "tag", "-o", "f.h5", "--add", "--model", passing, "-q")
    said(capsys, 0, "index", "f.h5", "--model", shop.model, "-q")
    said(capsys, 0, "map", "f.h5", "--no-html", "-q")
    said(capsys, 0, "map", "-o", "other", "--no-html", "-q")
    moved = passing.rename(tmp_path / "moved")
    query = shutil.copy(shop.photographs[0], tmp_path / "new.png")
    told = refused(capsys, 1, "recommend", query, "--map", "map")
    assert told.startswith("fashion: map: the tags of styles were made by")
    assert told.endswith(f"wherever styles lies now, then fashion map {tmp_path / 'f.h5'} -o map\n")
    told = refused(capsys, 1, "recommend", query, "--map", "other")
    assert told.endswith(f", then fashion index FILE.h5, then fashion map {tmp_path / '.fashion'} -o other\n")
    said(capsys, 0, "tag", "-o", "f.h5", "--add", "--model", moved, "-q")
    said(capsys, 0, "map", "f.h5", "--no-html", "-q")
    said(capsys, 0, "recommend", query)


def test_a_page_of_an_older_map_does_not_stay(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, 0, "map", shop.features, "-q")
    assert Path("map/map.html").exists()
    said(capsys, 0, "map", shop.features, "--no-html", "-q")
    assert not Path("map/map.html").exists()
    Path("map/map.html").mkdir()
    assert "cannot be removed" in refused(capsys, 1, "map", shop.features, "--no-html", "-q")


def test_names_with_dollar_signs_are_no_formulas(tmp_path: Path) -> None:
    best = np.array([0, 1] * 4, np.int32)
    plane = np.zeros((96, 96), np.int32)
    group = MapGroup("a$_$", ("$50_$100", "b$^$"), True, best, np.ones(8, np.float32), plane, plane.astype(np.float32))
    report = MapReport(
        out=tmp_path,
        source=tmp_path,
        paths=tuple(f"/shop/{row}.jpg" for row in range(8)),
        points=np.random.default_rng(0).random((8, 2), np.float32),
        attributes=np.ones((8, 2), np.float16),
        groups=(group,),
        neighbours=np.empty((8, 0), np.int32),
        columns={},
        model="tiny",
        weights_sha256="",
        figures={"agreement/a$_$": 0.5},
        seconds=0.0,
    )
    draw_map(report, tmp_path / "map.png")
    assert (tmp_path / "map.png").exists()


def test_unreadable_queries_are_named(shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    out, err = said(capsys, 0, "recommend", "broken.jpg", shop.photographs[0], "--map", shop.map)
    assert len(out.splitlines()) == 4
    assert "skipped 1" in err
    said(capsys, 3, "recommend", "broken.jpg", shop.photographs[0], "--map", shop.map, "--strict")
    assert said(capsys, 1, "recommend", "broken.jpg", "--map", shop.map)[0] == ""


def test_a_failure_keeps_the_old_map(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(shop.map, "map")
    before = {path.name: path.read_bytes() for path in Path("map").iterdir()}
    monkeypatch.setattr(task_module, "EVENNESS", float("nan"))
    assert "the loss is nan" in refused(capsys, 1, "map", shop.features, "-q")
    assert {path.name: path.read_bytes() for path in Path("map").iterdir()} == before


@pytest.mark.parametrize("package", ["pyarrow", "plotly"])
def test_a_missing_extra_is_named(
    shop: Shop, package: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    assert "pip install 'fashion-cli[map]'" in refused(capsys, 1, "map", shop.features)


def test_agreement_is_printed(shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [["path", "split", "shade"]]
    for number, path in enumerate(shop.photographs):
        rows.append([os.fspath(path), "val" if number % 2 else "train", ("dark", "light")[number % 3 % 2]])
    Path("table.csv").write_text("".join(",".join(row) + "\n" for row in rows))
    line = ["eval", "recommend", "table.csv", "--map", shop.map, "--column", "shade"]
    lines = [json.loads(each) for each in said(capsys, 0, *line)[0].splitlines()]
    assert [each["system"] for each in lines] == ["map", "map, by place", "attributes", "image vector", "chance"]
    assert {each["queries"] for each in lines} == {12}
    assert all(0 <= each["low"] <= each["agreement"] <= each["high"] <= 1 for each in lines)
    table, told = said(capsys, 0, *line, "--format", "table")
    assert "agreement@4" in table
    assert "12 queries, 0 of them new to the map, 24 garments to recommend" in told
    assert "no column 'size'" in refused(capsys, 1, *line[:-1], "size")
