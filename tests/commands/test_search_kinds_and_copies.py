"""`fashion search`: hits of the query's kind first, the same picture once, the query itself left out on demand."""

import json
import math
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps

from fashion_cli.app import main
from fashion_cli.model_cards import CARD_FILE, CategoryPrior, ModelCard, Vocabulary

Capture = pytest.CaptureFixture[str]
Draw = Callable[..., Path]
COUNT = 12
PRIOR = CategoryPrior("category", weight=0.5, inherited=0.5, floor=0.02)
SHIRT, DRESS, SHOES, BAG = range(4)
PARENTS = {"dress": "shirt"}  # nonsense, but a kind of


@pytest.fixture(scope="module")
def kind_model(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with a card that says how much the kind of thing counts."""
    directory = tmp_path_factory.mktemp("kinds") / "kinds"
    shutil.copytree(tiny_model, directory)
    card = ModelCard.read(directory / CARD_FILE)
    category, *others = card.vocabulary.groups
    groups = (replace(category, parents=PARENTS), *others)
    replace(card, vocabulary=Vocabulary(groups), prior=PRIOR).write(directory / CARD_FILE)
    return directory


@pytest.fixture
def shop(tmp_path: Path, drawn: Draw) -> Path:
    for number in range(COUNT):
        drawn(tmp_path / "shop" / f"{number}.png", number)
    return tmp_path / "shop"


def index(folder: Path, model: Path) -> None:
    assert main(["index", str(folder), "--model", str(model), "--engine", "onnx", "--quiet"]) == 0


def search(capsys: Capture, *arguments: object) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert main(["search", *map(str, arguments), "--format", "jsonl", "--no-rerank"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def scores_of(capsys: Capture, model: Path, *photographs: Path) -> dict[str, list[float]]:
    capsys.readouterr()
    command = ["tag", *map(str, photographs), "--model", str(model), "--engine", "onnx", "--min-score", "0"]
    assert main([*command, "--format", "jsonl", "--quiet"]) == 0
    documents = map(json.loads, capsys.readouterr().out.splitlines())
    return {
        each["path"]: [each["tags"]["category"][tag] for tag in ("shirt", "dress", "shoes", "bag")]
        for each in documents
    }


def direction(scores: list[float]) -> list[float]:
    return [scores[SHIRT] + scores[DRESS] / 2, *scores[1:]]


def test_hits_of_the_querys_kind_come_first(kind_model: Path, shop: Path, drawn: Draw, capsys: Capture) -> None:
    query = drawn(shop.parent / "query.png", 99)
    index(shop, kind_model)
    scores = scores_of(capsys, kind_model, query, shop)
    plain = search(capsys, query, "--no-prior")
    assert [hit["agreement"] for hit in plain] == [None] * COUNT
    own = direction(scores[str(query)])
    expected = {}
    for hit in plain:
        other = direction(scores[hit["path"]])
        agreement = sum(a * b for a, b in zip(own, other, strict=True)) / (math.hypot(*own) * math.hypot(*other))
        bonus = PRIOR.weight * math.log((agreement + PRIOR.floor) / (1 + PRIOR.floor))
        expected[hit["path"]] = (hit["cosine"] + bonus, agreement)
    hits = search(capsys, query)
    assert [hit["path"] for hit in hits] == sorted(expected, key=lambda path: -expected[path][0])
    assert [hit["path"] for hit in hits] != [hit["path"] for hit in plain]
    for hit in hits:
        assert hit["agreement"] == pytest.approx(expected[hit["path"]][1], abs=2e-3)
        assert hit["retrieval_rank"] == hit["rank"]
    assert search(capsys, query, "--topk", 3) == hits[:3]


def test_the_prior_is_a_setting_and_a_column(
    kind_model: Path, shop: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    index(shop, kind_model)
    assert main(["search", str(shop / "0.png"), "--format", "table"]) == 0
    assert capsys.readouterr().out.split()[:5] == ["rank", "path", "cosine", "kind", "before"]
    monkeypatch.setenv("FASHION_PRIOR", "false")
    assert {hit["agreement"] for hit in search(capsys, shop / "0.png")} == {None}
    assert main(["search", str(shop / "0.png"), "--format", "table"]) == 0
    assert "kind" not in capsys.readouterr().out.splitlines()[0]


def test_the_prior_works_with_every_other_option(kind_model: Path, shop: Path, drawn: Draw, capsys: Capture) -> None:
    query = drawn(shop.parent / "query.png", 99)
    index(shop, kind_model)
    everything = [hit["path"] for hit in search(capsys, query)]
    red = [hit["path"] for hit in search(capsys, query, "--where", "colour=red")]
    assert red == [path for path in everything if path in red]
    assert red
    assert [hit["path"] for hit in search(capsys, query, "--exact")] == everything
    assert [hit["path"] for hit in search(capsys, query, "--min-percentile", 0)] == everything
    far = [hit["path"] for hit in search(capsys, query, "--min-percentile", 50)]
    assert far == [path for path in everything if path in far]
    assert 0 < len(far) < COUNT
    gap = [hit["path"] for hit in search(capsys, query, "--largest-gap")]
    assert gap == everything[: len(gap)]
    assert [hit["agreement"] for hit in search(capsys, query, "--box", "0,0,60,80")] == [
        pytest.approx(hit["agreement"], abs=1e-3) for hit in search(capsys, query)
    ]
    both = search(capsys, "--query", f"{query}:1", "--query", f"{shop / '1.png'}:0.5")
    assert all(0 <= hit["agreement"] <= 1 for hit in both)
    assert main(["search", str(query), "--format", "json"]) == 0
    (answer,) = json.loads(capsys.readouterr().out)
    totals = [hit["rerank_score"] for hit in answer["hits"]]
    assert totals == sorted(totals, reverse=True)
    assert {hit["path"]: hit["retrieval_rank"] for hit in answer["hits"]} == {
        path: rank for rank, path in enumerate(everything, 1)
    }


def test_another_kind_that_is_asked_for_is_not_weighed_against(kind_model: Path, shop: Path, capsys: Capture) -> None:
    """Like these, but shoes: hits are not to be of the query's kind."""
    index(shop, kind_model)
    query = shop / "0.png"
    shoes = search(capsys, query, "--but", "category=shoes")
    assert shoes
    assert {hit["agreement"] for hit in shoes} == {None}
    red = search(capsys, query, "--but", "colour=red")
    assert red
    assert None not in {hit["agreement"] for hit in red}


def test_a_pair_of_models_has_no_prior(kind_model: Path, untagged_model: Path, shop: Path, capsys: Capture) -> None:
    command = ["index", str(shop), "--model", str(untagged_model), "--tagger", str(kind_model), "--quiet"]
    assert main([*command, "--engine", "onnx"]) == 0
    assert {hit["agreement"] for hit in search(capsys, shop / "0.png")} == {None}


def test_the_shipped_model_prefers_the_same_kind(shop: Path, capsys: Capture) -> None:
    assert main(["index", str(shop), "--quiet"]) == 0
    assert all(0 <= hit["agreement"] <= 1 for hit in search(capsys, shop / "0.png"))


def test_the_same_picture_is_one_hit(tiny_model: Path, shop: Path, capsys: Capture) -> None:
    """Copies of a file, the same pixels in another format; but not a mirror image."""
    for number in range(5):
        shutil.copy(shop / "3.png", shop / f"copy {number}.png")
    picture = Image.open(shop / "3.png")
    picture.save(shop / "same.bmp")
    ImageOps.mirror(picture).save(shop / "mirrored.png")
    same = {str(shop / name) for name in ("3.png", "same.bmp", *(f"copy {number}.png" for number in range(5)))}
    index(shop, tiny_model)

    hits = search(capsys, shop / "3.png", "--topk", 6)
    assert len(hits) == 6
    assert [hit["copies"] for hit in hits] == [6, 0, 0, 0, 0, 0]
    assert {hits[0]["path"], *hits[0]["copy_paths"]} == same
    assert not same & {hit["path"] for hit in hits[1:]}
    assert [hit["rank"] for hit in hits] == [1, 2, 3, 4, 5, 6]
    assert len(search(capsys, shop / "3.png")) == COUNT + 1
    assert str(shop / "mirrored.png") in {hit["path"] for hit in search(capsys, shop / "3.png")}

    everything = search(capsys, shop / "3.png", "--no-collapse", "--topk", 7)
    assert {hit["path"] for hit in everything} == same
    assert {hit["copies"] for hit in everything} == {0}

    assert main(["search", str(shop / "3.png"), "--format", "table"]) == 0
    head, _, first, second, *_ = capsys.readouterr().out.splitlines()
    assert "copies" in head.split()
    assert "+6" in first.split()
    assert "+" not in second
    assert main(["search", str(shop / "3.png"), "--format", "csv"]) == 0
    assert ",6" in capsys.readouterr().out.splitlines()[1]
    assert main(["search", str(shop / "3.png"), "--html", "sheet.html", "--format", "paths"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == COUNT + 1
    sheet = Path("sheet.html").read_text()
    assert ">7 copies</span>" in sheet
    assert "cosine" not in sheet


def test_the_queries_themselves_are_left_out(tiny_model: Path, shop: Path, capsys: Capture) -> None:
    """By path, and by content wherever the query lies."""
    shutil.copy(shop / "3.png", shop / "copy.png")
    index(shop, tiny_model)
    elsewhere = shop.parent / "moved.png"
    shutil.copy(shop / "3.png", elsewhere)
    for more in ((), ("--no-collapse",), ("--where", "colour=red,green,blue")):
        for query, left_out in (
            (shop / "3.png", {"3.png", "copy.png"}),
            (elsewhere, {"3.png", "copy.png"}),
            (shop / "0.png", {"0.png"}),
        ):
            hits = search(capsys, query, "--exclude-self", *more)
            expected = {path.name for path in shop.iterdir()} - left_out
            shown = {Path(hit["path"]).name for hit in hits} | {
                Path(path).name for hit in hits for path in hit["copy_paths"]
            }
            assert shown == expected
            assert len(search(capsys, query, "--exclude-self", "--topk", 4, *more)) == 4
    batch = search(capsys, *sorted(shop.glob("[0-9].png")), "--exclude-self", "--topk", 1)
    assert len(batch) == 10
    assert all(hit["query"] != hit["path"] for hit in batch)


def test_indexed_photographs_need_no_model_to_be_searched_with(
    tiny_model: Path, shop: Path, tmp_path: Path, capsys: Capture
) -> None:
    """A batch, and photographs that were moved since: their vectors are there, so the model may be gone."""
    model = tmp_path / "model"
    shutil.copytree(tiny_model, model)
    index(shop, model)
    before = search(capsys, *sorted(shop.glob("*.png")))
    shutil.rmtree(model)
    assert search(capsys, *sorted(shop.glob("*.png"))) == before

    (tmp_path / "later").mkdir()
    moved = tmp_path / "later" / "moved.png"
    shutil.move(shop / "5.png", moved)
    expected = [hit["path"] for hit in before if hit["query"] == str(shop / "5.png")]
    assert [hit["path"] for hit in search(capsys, moved)] == expected

    size = moved.stat().st_size
    moved.write_bytes(os.urandom(size))  # as long, but no photograph of the index
    assert main(["search", str(moved)]) != 0
