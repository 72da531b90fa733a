"""A retrieval model and a tagger side by side, and models without tags, through `main`."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fashion_cli.app import main
from fashion_cli.data.features import FeatureFile
from fashion_cli.data.tags import present_tags
from fashion_cli.retrieval.manifest import Manifest
from fashion_cli.weights import open_model

COUNT = 8

Fashion = Callable[..., int]
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def shop(tmp_path: Path, drawn: Callable[..., Path]) -> Path:
    for seed in range(COUNT):
        drawn(tmp_path / "shop" / f"{seed}.png", seed, size=(50 + seed, 70))
    return tmp_path / "shop"


@pytest.fixture
def fashion(monkeypatch: pytest.MonkeyPatch) -> Fashion:
    monkeypatch.setenv("FASHION_ENGINE", "onnx")
    return lambda *argv: main([str(each) for each in argv])


@pytest.fixture
def models(untagged_model: Path, tiny_model: Path) -> tuple[str, ...]:
    """Options that name the pair."""
    return ("--model", str(untagged_model), "--tagger", str(tiny_model))


def lines(capsys: Capture) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def index_files(index: Path) -> FeatureFile:
    return FeatureFile.open(index / Manifest.read(index).features)


def test_an_index_holds_vectors_of_one_and_tags_of_the_other(
    shop: Path, fashion: Fashion, models: tuple[str, ...], untagged_model: Path, tiny_model: Path, capsys: Capture
) -> None:
    assert fashion("index", shop, *models) == 0
    assert "8 photographs by untagged + tiny" in capsys.readouterr().err
    assert fashion("embed", shop, "-o", "v.h5", "--model", untagged_model) == 0
    assert fashion("embed", shop, "-o", "t.h5", "--model", tiny_model) == 0
    with (
        index_files(Path(".fashion")) as both,
        FeatureFile.open(Path("v.h5")) as v,
        FeatureFile.open(Path("t.h5")) as t,
    ):
        assert both.paths() == v.paths() == t.paths()
        assert both.vectors() == pytest.approx(v.vectors(), abs=1e-3)
        assert both.scores() == pytest.approx(t.scores(), abs=2e-3)
        assert len({each.header.weights_sha256 for each in (both, v, t)}) == 3
    manifest = json.loads(Path(".fashion/manifest.json").read_text())
    assert (manifest["model_location"], manifest["tagger_location"]) == (str(untagged_model), str(tiny_model))


def test_a_search_opens_both_without_being_told(
    shop: Path,
    fashion: Fashion,
    models: tuple[str, ...],
    drawn: Callable[..., Path],
    tmp_path: Path,
    tiny_model: Path,
    capsys: Capture,
) -> None:
    assert fashion("index", shop, *models) == 0
    query = drawn(tmp_path / "new.png", seed=3, size=(53, 70))  # the pixels of one of them
    query.write_bytes(query.read_bytes() + b"\0")  # in a file of its own
    capsys.readouterr()
    assert fashion("search", query, "--topk", COUNT) == 0
    hits = lines(capsys)
    assert {hit["path"] for hit in hits} == {str(shop / f"{seed}.png") for seed in range(COUNT)}
    best = min(hits, key=lambda hit: hit["retrieval_rank"])
    assert (best["path"], round(best["cosine"], 2)) == (str(shop / "3.png"), 1.0)
    assert fashion("tag", shop, "--model", tiny_model) == 0
    tags = {each["path"]: each["tags"] for each in lines(capsys)}
    shown = {f"{group}:{name}" for group, names in tags[str(shop / "3.png")].items() for name in names}
    assert shown
    for hit in hits:
        own = {f"{group}:{name}" for group, names in tags[hit["path"]].items() for name in names}
        assert set(hit["shared_tags"]) == shown & own
    assert fashion("search", query, *models, "--format", "paths") == 0
    assert fashion("search", query, "--where", "colour=red") == 0


def test_a_box_is_cut_for_both(
    shop: Path, fashion: Fashion, models: tuple[str, ...], tmp_path: Path, capsys: Capture
) -> None:
    from PIL import Image

    assert fashion("index", shop, *models) == 0
    wide = Image.new("RGB", (160, 70), "white")
    with Image.open(shop / "5.png") as inner:
        wide.paste(inner, (90, 0))
    wide.save(tmp_path / "wide.png")
    capsys.readouterr()
    assert fashion("search", tmp_path / "wide.png", "--box", "90,0,55,70", "--no-rerank") == 0
    best, *_ = lines(capsys)
    assert (best["path"], round(best["cosine"], 2)) == (str(shop / "5.png"), 1.0)


@pytest.mark.parametrize("other", ["first", "second", "swapped"])
def test_another_pair_is_another_model(
    other: str, shop: Path, fashion: Fashion, models: tuple[str, ...], tiny_model: Path, tmp_path: Path, capsys: Capture
) -> None:
    assert fashion("index", shop, *models) == 0
    assert fashion("embed", shop, "-o", "f.h5", *models) == 0
    tampered = shutil.copytree(tiny_model, tmp_path / "other")
    card = (tampered / "card.json").read_text().replace(open_model(tiny_model).card.weights_sha256, "1" * 64)
    (tampered / "card.json").write_text(card)
    options = {
        "first": models[:2],
        "second": (*models[:3], str(tampered)),
        "swapped": ("--model", models[3], "--tagger", str(tampered)),
    }[other]
    before = Path(".fashion/manifest.json").read_bytes()
    capsys.readouterr()
    assert fashion("index", shop, *options) == 1
    err = capsys.readouterr().err
    assert "made by the model untagged + tiny, whose vectors do not compare" in err
    assert f"— --model {models[1]} --tagger {models[3]}, or another directory with -o" in err
    assert fashion("embed", shop, "-o", "f.h5", *options) == 1
    assert "use --model untagged --tagger tiny, or make the file again" in capsys.readouterr().err
    assert fashion("index", "f.h5", "-o", "new", *options) == 1
    assert Path(".fashion/manifest.json").read_bytes() == before


def test_a_pair_for_an_index_of_one_model(
    shop: Path, fashion: Fashion, models: tuple[str, ...], capsys: Capture
) -> None:
    assert fashion("index", shop, *models[:2]) == 0
    assert "tagger_location" not in json.loads(Path(".fashion/manifest.json").read_text())
    capsys.readouterr()
    assert fashion("index", shop, *models) == 1
    assert f"--model {models[1]} --tagger '', or another directory" in capsys.readouterr().err
    assert fashion("index", shop, *models, "--tagger", "") == 0


def test_settings_name_a_tagger(
    shop: Path, fashion: Fashion, models: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(models[3], tmp_path / "mine" / "tiny")
    (tmp_path / "fashion.toml").write_text(f'[tool.fashion]\nmodel = "{models[1]}"\ntagger = "mine/tiny"\n')
    monkeypatch.chdir(shop)
    assert fashion("embed", shop, "-o", "f.h5") == 0
    with FeatureFile.open(shop / "f.h5") as features:
        assert features.header.model == "untagged + tiny"
    monkeypatch.setenv("FASHION_TAGGER", "nonesuch")
    assert fashion("embed", shop, "-o", "f.h5") == 1
    monkeypatch.setenv("FASHION_TAGGER", models[3])
    assert fashion("embed", shop, "-o", "f.h5") == 0


def test_a_feature_file_of_a_pair_becomes_its_index(
    shop: Path, fashion: Fashion, models: tuple[str, ...], capsys: Capture
) -> None:
    assert fashion("tag", shop, "-o", "f.h5", *models) == 0
    assert fashion("index", "f.h5", *models) == 0
    assert Manifest.read(Path(".fashion")).tagger_location == models[3]
    (shop / "8.png").write_bytes((shop / "0.png").read_bytes() + b"\0")
    assert fashion("index", shop, *models) == 0
    assert "embedded 1 in " in capsys.readouterr().err
    (shop / "8.png").unlink()
    assert fashion("search", shop / "2.png", "--format", "paths", "--no-rerank") == 0
    assert capsys.readouterr().out.splitlines()[0] == str(shop / "2.png")


def test_tags_alone_need_the_tagger_alone(
    shop: Path, fashion: Fashion, models: tuple[str, ...], tiny_model: Path, tmp_path: Path, capsys: Capture
) -> None:
    assert fashion("tag", shop, "--model", tiny_model) == 0
    expected = lines(capsys)
    broken = shutil.copytree(models[1], tmp_path / "broken")
    for file in ("model.onnx", "model.safetensors"):
        (broken / file).write_bytes(b"")
    assert fashion("tag", shop, "--model", broken, "--tagger", tiny_model) == 0
    assert lines(capsys) == expected
    rows = "".join(f"shop/{seed}.png,val,red\n" for seed in range(COUNT))
    (tmp_path / "m.csv").write_text(f"path,split,colour\n{rows}")
    assert fashion("eval", "tags", "m.csv", "--model", broken, "--tagger", tiny_model) == 0
    (red,) = (row for row in lines(capsys) if row["tag"] == "red")
    said = np.mean([list(each["tags"].get("colour", ())) == ["red"] for each in expected])
    assert red["recall"] == pytest.approx(said)


@pytest.mark.parametrize("command", [["tag"], ["tag", "-o", "t.csv"], ["tag", "-o", "t.h5"]])
def test_a_model_without_tags_says_so(
    command: list[str], shop: Path, fashion: Fashion, untagged_model: Path, capsys: Capture
) -> None:
    assert fashion(*command, shop, "--model", untagged_model) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "fashion: the model untagged has no tags, only vectors — --tagger NAME|DIR names one\n"
    assert not list(Path().glob("t.*"))


def test_a_model_without_tags_finds(
    shop: Path, fashion: Fashion, untagged_model: Path, drawn: Callable[..., Path], tmp_path: Path, capsys: Capture
) -> None:
    assert fashion("index", shop, "--model", untagged_model) == 0
    query = drawn(tmp_path / "query.png", seed=4, size=(54, 70))
    capsys.readouterr()
    found = {}
    for form in ("jsonl", "json", "csv", "paths", "table"):
        assert fashion("search", query, "--topk", 3, "--format", form) == 0
        found[form] = capsys.readouterr().out
    hits = [json.loads(line) for line in found["jsonl"].splitlines()]
    assert hits[0]["path"] == str(shop / "4.png")
    assert [hit["rank"] for hit in hits] == [hit["retrieval_rank"] for hit in hits] == [1, 2, 3]
    assert not any(hit["shared_tags"] or hit["tags"] for hit in hits)
    assert found["paths"].splitlines() == [hit["path"] for hit in hits]
    assert fashion("search", query, "--where", "colour=red") == 2
    assert "no tag group 'colour' — there are no tags" in capsys.readouterr().err
    with index_files(Path(".fashion")) as features:
        vocabulary = features.header.vocabulary
        assert present_tags(features.scores(), vocabulary).shape == (COUNT, 0)
    assert fashion("search", query, "--html", "sheet.html") == 0
    assert Path("sheet.html").exists()
