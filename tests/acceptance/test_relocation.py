"""An index that was made in one place and is used in another: photographs moved, index moved, both, or neither."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from fashion_cli.app import main
from fashion_cli.data.features import FeatureFile
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.products.catalogue import Catalogue
from fashion_cli.products.records import FoundProduct
from fashion_cli.retrieval.gallery import Gallery
from fashion_cli.retrieval.manifest import Manifest
from fashion_cli.session.live_index import LiveIndex
from fashion_cli.session.query_encoder import QueryEncoderOptions
from fashion_cli.steps.index import IndexConfig, IndexReport, build_index
from fashion_cli.web.metrics import Metrics
from fashion_cli.web.pictures import original
from tests.commands.conftest import draw
from tests.web.shops import ONNX, SEEN

COUNT = 6


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [each for each in os.environ if each.startswith("FASHION_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def inference(tiny_model: Path) -> InferenceOptions:
    return InferenceOptions(model=str(tiny_model), engine="onnx", workers=1)


@pytest.fixture
def shop(tmp_path: Path, inference: InferenceOptions) -> Path:
    """A folder with `photos/` and the index `.fashion/` of it."""
    folder = tmp_path / "here" / "shop"
    for number in range(COUNT):
        draw(folder / "photos" / ("sub" if number % 2 else "") / f"{number}.png", seed=number)
    build_index(IndexConfig((folder / "photos",), folder / ".fashion", inference), lambda done, total: None)
    return folder


def found(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> list[str]:
    """The paths that a search prints."""
    capsys.readouterr()
    assert main(["search", *map(str, arguments), "--format", "paths"]) == 0
    return capsys.readouterr().out.splitlines()


def expected(photos: Path) -> list[str]:
    return sorted(str(path) for path in photos.rglob("*.png"))


def again(photos: Path, index: Path, inference: InferenceOptions, **more: object) -> IndexReport:
    return build_index(IndexConfig((photos,), index, inference, **more), lambda done, total: None)  # type: ignore[arg-type]


def test_nothing_in_the_index_depends_on_where_it_was_made(shop: Path) -> None:
    with Gallery.open(shop / ".fashion") as gallery:
        assert gallery.features.paths() == expected(shop / "photos")
        stored = [os.fsdecode(each) for each in gallery.features._read("path", slice(None)).tolist()]
    assert sorted(stored) == ["0.png", "2.png", "4.png", "sub/1.png", "sub/3.png", "sub/5.png"]


def test_moved_together_it_finds_its_photographs(shop: Path, tmp_path: Path, capsys) -> None:
    there = tmp_path / "there"
    shutil.move(shop, there)
    query = there / "photos" / "0.png"
    assert sorted(found(capsys, query, "--index", there / ".fashion")) == expected(there / "photos")


def test_copied_together_the_copy_is_used(shop: Path, tmp_path: Path, capsys) -> None:
    there = tmp_path / "there"
    shutil.copytree(shop, there)
    assert sorted(found(capsys, shop / "photos/0.png", "--index", there / ".fashion")) == expected(there / "photos")


def test_an_index_that_was_moved_alone_finds_the_photographs_where_they_stayed(shop: Path, tmp_path: Path, capsys):
    (tmp_path / "elsewhere").mkdir()
    shutil.move(shop / ".fashion", tmp_path / "elsewhere" / "index")
    paths = found(capsys, shop / "photos/0.png", "--index", tmp_path / "elsewhere" / "index")
    assert sorted(paths) == expected(shop / "photos")


@pytest.mark.parametrize("way", ["option", "variable", "settings"])
def test_photographs_that_lie_elsewhere_are_found_by_the_root(
    way: str, shop: Path, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = tmp_path / "data" / "images"
    photos.parent.mkdir()
    shutil.move(shop / "photos", photos)
    arguments: list[str | Path] = [photos / "0.png", "--index", shop / ".fashion"]
    if way == "option":
        arguments += ["--root", photos]
    elif way == "variable":
        monkeypatch.setenv("FASHION_ROOT", str(photos))
    else:
        (tmp_path / "fashion.toml").write_text('[tool.fashion]\nroot = "data/images"\n')
    paths = found(capsys, *arguments)
    assert sorted(paths) == expected(photos)
    assert paths[0] == str(photos / "0.png")


def test_a_root_in_fashion_toml_is_relative_to_that_file(shop: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    photos = tmp_path / "data" / "images"
    photos.parent.mkdir(exist_ok=True)
    shutil.move(shop / "photos", photos)
    (tmp_path / "fashion.toml").write_text('[tool.fashion]\nroot = "data/images"\n')
    below = tmp_path / "notebooks" / "june"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert sorted(found(capsys, photos / "0.png", "--index", shop / ".fashion")) == expected(photos)


def test_a_contact_sheet_shows_the_photographs_where_they_are_now(shop: Path, tmp_path: Path, capsys) -> None:
    photos = tmp_path / "images"
    shutil.move(shop / "photos", photos)
    sheet = tmp_path / "sheet.html"
    found(capsys, photos / "0.png", "--index", shop / ".fashion", "--root", photos, "--html", sheet)
    text = sheet.read_text(encoding="utf-8")
    assert text.count("<img") == COUNT + 1
    assert "not there any more" not in text


FORMATS = ("table", "json", "jsonl", "csv", "paths")


@pytest.mark.parametrize("format_name", FORMATS)
def test_photographs_that_moved_away_are_counted_in_every_format(
    format_name: str, shop: Path, tmp_path: Path, capsys
) -> None:
    photos, sheet = tmp_path / "images", tmp_path / "sheet.html"
    shutil.move(shop / "photos", photos)
    command = ["search", str(photos / "0.png"), "--index", str(shop / ".fashion"), "--format", format_name]
    assert main([*command, "--html", str(sheet)]) == 0
    said = capsys.readouterr().err
    assert f"{COUNT} of {COUNT} photographs are not there, as {shop / 'photos'}/" in said
    assert "--root DIR says where they are now" in said
    assert main([*command, "--root", str(photos)]) == 0
    assert "not there" not in capsys.readouterr().err


def test_photographs_that_were_deleted_are_counted(shop: Path, capsys) -> None:
    (shop / "photos/2.png").unlink()
    command = ["search", str(shop / "photos/0.png"), "--index", str(shop / ".fashion"), "--format", "paths"]
    assert main(command) == 0
    assert f"1 of {COUNT} photographs are not there, as {shop / 'photos/2.png'}" in capsys.readouterr().err
    assert main([*command, "--topk", "1"]) == 0
    assert "not there" not in capsys.readouterr().err


def test_an_index_without_a_root_is_not_given_one(shop: Path, capsys) -> None:
    index = old_index(shop)
    (shop / "photos/2.png").unlink()
    assert main(["search", str(shop / "photos/0.png"), "--index", str(index), "--format", "paths"]) == 0
    said = capsys.readouterr().err
    assert "--root" not in said
    assert "fashion index" in said


def test_a_photograph_of_the_gallery_is_known_after_the_move(shop: Path, tmp_path: Path, capsys) -> None:
    """Its vector is the stored one: it is found although the model is gone."""
    there = tmp_path / "there"
    shutil.move(shop, there)
    document = json.loads((there / ".fashion/manifest.json").read_text())
    document["model_location"] = "gone"
    (there / ".fashion/manifest.json").write_text(json.dumps(document))
    first, *_ = found(capsys, there / "photos/sub/3.png", "--index", there / ".fashion")
    assert first == str(there / "photos/sub/3.png")


@pytest.mark.parametrize("moved", ["together", "photographs", "index", "both"])
def test_an_update_after_the_move_embeds_only_what_is_new(
    moved: str, shop: Path, tmp_path: Path, inference: InferenceOptions, capsys
) -> None:
    photos, index = shop / "photos", shop / ".fashion"
    if moved == "together":
        shutil.move(shop, tmp_path / "there")
        photos, index = tmp_path / "there" / "photos", tmp_path / "there" / ".fashion"
    if moved in ("photographs", "both"):
        photos = Path(shutil.move(photos, tmp_path / "images"))
    if moved in ("index", "both"):
        index = Path(shutil.move(index, tmp_path / "index"))
    unchanged = again(photos, index, inference)
    assert (unchanged.rows, unchanged.embedded, unchanged.kept, unchanged.moved) == (COUNT, 0, COUNT, 0)
    draw(photos / "new.png", seed=99)
    report = again(photos, index, inference)
    assert (report.rows, report.embedded, report.kept, report.moved) == (COUNT + 1, 1, COUNT, 0)
    assert sorted(found(capsys, photos / "new.png", "--index", index)) == expected(photos)


def test_an_update_that_has_nothing_to_do_writes_nothing(shop: Path, inference: InferenceOptions) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in (shop / ".fashion").glob("[fm]*")}
    again(shop / "photos", shop / ".fashion", inference)
    assert {path.name: path.stat().st_mtime_ns for path in (shop / ".fashion").glob("[fm]*")} == before


def test_another_set_of_folders_changes_the_root_and_keeps_the_rows(
    shop: Path, inference: InferenceOptions, capsys
) -> None:
    draw(shop / "more" / "x.png", seed=50)
    config = IndexConfig((shop / "photos", shop / "more"), shop / ".fashion", inference)
    report = build_index(config, lambda done, total: None)
    assert (report.embedded, report.kept, report.moved) == (1, COUNT, 0)
    only = again(shop / "photos" / "sub", shop / ".fashion", inference)
    assert (only.rows, only.embedded, only.kept, only.moved) == (3, 0, 3, 0)
    paths = found(capsys, shop / "photos/0.png", "--index", shop / ".fashion")
    assert sorted(paths) == expected(shop / "photos" / "sub")


def test_the_root_of_an_index_can_be_chosen(shop: Path, tmp_path: Path, inference: InferenceOptions) -> None:
    report = again(shop / "photos", shop / ".fashion", inference, root=tmp_path)
    assert (report.embedded, report.kept) == (0, COUNT)
    with Gallery.open(shop / ".fashion") as gallery:
        assert gallery.features.header.root == str(tmp_path)
        assert gallery.features.paths() == expected(shop / "photos")


def test_photographs_outside_the_root_are_refused(shop: Path, capsys) -> None:
    assert main(["index", str(shop / "photos"), "--root", str(shop / "photos/sub"), "-o", str(shop / "new")]) == 2
    assert "photos: not below the root" in capsys.readouterr().err
    assert not (shop / "new").exists()


def test_a_root_that_is_not_there_is_refused(shop: Path, capsys) -> None:
    arguments = ["search", str(shop / "photos/0.png"), "--index", str(shop / ".fashion"), "--root", "nowhere"]
    assert main(arguments) == 2
    assert "nowhere: no such folder" in capsys.readouterr().err


def test_a_feature_file_becomes_a_relocatable_index(shop: Path, tmp_path: Path, tiny_model: Path, capsys) -> None:
    file, index = shop / "f.h5", shop / "index"
    assert main(["embed", str(shop / "photos"), "-o", str(file), "--model", str(tiny_model), "-q"]) == 0
    assert main(["index", str(file), "-o", str(index), "--model", str(tiny_model), "-q"]) == 0
    with FeatureFile.open(file) as features:  # other programs go on to find absolute paths there
        assert features.header.root == ""
    there = Path(shutil.move(shop, tmp_path / "there"))
    assert sorted(found(capsys, there / "photos/0.png", "--index", there / "index")) == expected(there / "photos")


def old_index(shop: Path) -> Path:
    """The index as it was made before there were roots: the same rows under absolute paths."""
    index = shop / ".fashion"
    manifest = Manifest.read(index)
    with FeatureFile.open(index / manifest.features) as features:
        from fashion_cli.data.features import copy_below

        copy_below(features, index / "old.h5", "")
    (index / "old.h5").replace(index / manifest.features)
    return index


def test_an_old_index_with_absolute_paths_works(shop: Path, inference: InferenceOptions, tmp_path: Path, capsys):
    index = old_index(shop)
    with Gallery.open(index) as gallery:
        assert gallery.features._read("path", [0]).tolist() == [os.fsencode(shop / "photos/0.png")]
    assert sorted(found(capsys, shop / "photos/0.png", "--index", index)) == expected(shop / "photos")
    arguments = ["search", str(shop / "photos/0.png"), "--index", str(index), "--root", str(tmp_path)]
    assert main(arguments) == 1
    assert "call `fashion index` once" in capsys.readouterr().err
    report = again(shop / "photos", index, inference)
    assert (report.embedded, report.kept) == (0, COUNT)
    there = Path(shutil.move(shop, tmp_path / "there"))
    assert sorted(found(capsys, there / "photos/0.png", "--index", there / ".fashion")) == expected(there / "photos")


def test_an_old_index_whose_photographs_moved_is_brought_up_to_date_by_their_content(
    shop: Path, inference: InferenceOptions, tmp_path: Path
) -> None:
    index = old_index(shop)
    photos = Path(shutil.move(shop / "photos", tmp_path / "images"))
    report = again(photos, index, inference)
    assert (report.embedded, report.moved) == (0, COUNT)


def test_a_catalogue_in_the_gallery_moves_with_it(shop: Path, tmp_path: Path, inference: InferenceOptions) -> None:
    with Catalogue.open(shop / "photos" / "catalogue.sqlite", create=True) as catalogue:
        catalogue.record(FoundProduct("shop.example:1", "Linen shirt", "https://shop.example/p", "Shop", ()), [], SEEN)
    report = again(shop / "photos", shop / ".fashion", inference)
    assert report.catalog == str(shop / "photos" / "catalogue.sqlite")
    there = Path(shutil.move(shop, tmp_path / "there"))
    assert Manifest.read(there / ".fashion").catalog == "catalogue.sqlite"
    with Gallery.open(there / ".fashion") as gallery:
        assert gallery.catalog == str(there / "photos" / "catalogue.sqlite")


def test_the_server_sends_photographs_from_where_they_are_now(shop: Path, tmp_path: Path) -> None:
    photos = Path(shutil.move(shop / "photos", tmp_path / "images"))
    with LiveIndex(shop / ".fashion", QueryEncoderOptions(ONNX), Metrics(), root=photos) as live, live.lease() as index:
        for number in range(COUNT):
            (file,) = photos.rglob(f"{number}.png")
            assert original(index, hashlib.sha256(file.read_bytes()).hexdigest()) == file.read_bytes()
