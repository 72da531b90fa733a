"""`fashion eval retrieval` and `fashion eval rerank` on drawn benchmarks in their published layouts, through `main`."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fashion_cli.app import main
from fashion_cli.data.features import FeatureFile
from fashion_cli.retrieval.exact import exact_cosines

ITEMS, VIEWS = 12, 4
KS = (1, 5, 10, 20, 30, 40, 50)

Fashion = Callable[..., int]


@pytest.fixture
def fashion(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Fashion:
    monkeypatch.setenv("FASHION_MODEL", str(tiny_model))
    monkeypatch.setenv("FASHION_ENGINE", "onnx")
    return lambda *argv: main([str(each) for each in argv])


def draw_item(folder: Path, names: list[str], seed: int) -> None:
    """Photographs of one garment: its own blotches, each time with some noise."""
    rng = np.random.default_rng(seed)
    patch = rng.integers(0, 256, (4, 3, 3))
    for name in names:
        noisy = np.clip(patch + rng.normal(0, 45, patch.shape), 0, 255).astype(np.uint8)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noisy).resize((48, 64)).save(folder / name)


def write_table(path: Path, header: str, rows: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([str(len(rows)), header, *rows]) + "\n")


@pytest.fixture
def inshop(tmp_path: Path) -> Path:
    """In-shop in small: of each item two queries and two gallery photographs; the first items train."""
    root, rows = tmp_path / "inshop", []
    for item in range(ITEMS):
        folder = f"img/WOMEN/{'Dresses' if item % 3 else 'Tees_Tanks'}/id_{item:08}"
        names = [f"{folder}/0{view}_1_front.jpg" for view in range(VIEWS)]
        draw_item(root / "Img", names, item)
        splits = ("train",) * VIEWS if item < 2 else ("query", "query", "gallery", "gallery")
        rows += [f"{name} id_{item:08} {split}" for name, split in zip(names, splits, strict=True)]
    write_table(root / "Eval" / "list_eval_partition.txt", "image_name item_id evaluation_status", rows)
    return root


@pytest.fixture
def c2s(tmp_path: Path) -> Path:
    """Consumer-to-shop in small: of each item two customers' photographs of one shop photograph."""
    root, rows = tmp_path / "c2s", []
    for item in range(ITEMS):
        folder = f"img/DRESSES/Skirt/id_{item:08}"
        names = [f"{folder}/{name}.jpg" for name in ("comsumer_01", "comsumer_02", "shop_01")]
        draw_item(root / "Img", names, item)
        split = ("train", "val", "test", "test")[item % 4]
        rows += [f"{name} {names[2]} id_{item:08} {split}" for name in names[:2]]
    write_table(
        root / "Eval" / "list_eval_partition.txt", "image_pair_name_1 image_pair_name_2 item_id evaluation_status", rows
    )
    return root


def rows_of(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def plain_recall(features: Path, asks: Callable[[str], bool], answers: Callable[[str], bool]) -> dict[int, float]:
    """Whoever asks against whoever answers, by their names; an item is a folder; each list sorted in Python."""
    with FeatureFile.open(features) as stored:
        paths, vectors = stored.paths(), stored.vectors()
    hits: dict[int, list[bool]] = {k: [] for k in KS}
    for query, path in enumerate(paths):
        if asks(Path(path).name):
            cosines = exact_cosines(vectors[query].astype(np.float32), vectors)
            rows = [row for row, other in enumerate(paths) if answers(Path(other).name) and row != query]
            rows.sort(key=lambda row: -cosines[row])
            right = [Path(paths[row]).parent == Path(path).parent for row in rows]
            for k in KS:
                hits[k].append(any(right[:k]))
    return {k: sum(each) / len(each) for k, each in hits.items()}


def test_in_shop_as_published(
    inshop: Path, fashion: Fashion, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fashion("eval", "retrieval", "--data", f"inshop:{inshop}", "--features", "f.h5") == 0
    overall, *parts = rows_of(capsys)
    tested = ITEMS - 2
    assert (overall["model"], overall["part"], overall["queries"], overall["items"], overall["gallery"]) == (
        *("tiny", "", 2 * tested, tested, 2 * tested),
    )
    with FeatureFile.open(tmp_path / "f.h5") as features:
        assert len(features) == 4 * tested  # nothing of `train`
    expected = plain_recall(
        tmp_path / "f.h5", lambda name: name[:2] in ("00", "01"), lambda name: name[:2] in ("02", "03")
    )
    assert {k: overall[f"recall@{k}"] for k in KS} == pytest.approx(expected)
    assert 0 < expected[1] < 1  # or the comparison says nothing
    assert [part["part"] for part in parts] == ["Dresses", "Tees_Tanks"]
    for k in KS:
        hits = sum(part["queries"] * part[f"recall@{k}"] for part in parts)
        assert hits / overall["queries"] == pytest.approx(overall[f"recall@{k}"])


def test_consumer_to_shop_as_published(
    c2s: Path, fashion: Fashion, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fashion("eval", "retrieval", "--data", f"c2s:{c2s}", "--features", "f.h5") == 0
    (overall,) = rows_of(capsys)
    assert (overall["queries"], overall["items"], overall["gallery"]) == (12, 6, 6)
    expected = plain_recall(tmp_path / "f.h5", lambda name: "comsumer" in name, lambda name: "shop" in name)
    assert {k: overall[f"recall@{k}"] for k in KS} == pytest.approx(expected)
    assert fashion("eval", "retrieval", "--data", f"c2s:{c2s}", "--split", "val") == 0
    (overall,) = rows_of(capsys)
    assert (overall["queries"], overall["gallery"]) == (6, 3)
    assert fashion("eval", "retrieval", "--data", f"c2s:{c2s}", "--gallery-split", "") == 0
    assert rows_of(capsys)[0]["gallery"] == ITEMS


def test_a_folder_per_class(tmp_path: Path, fashion: Fashion, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(3):
        draw_item(tmp_path / "classes" / "val" / f"c{number}", [f"{view}.png" for view in range(3)], number)
    assert fashion("eval", "retrieval", "--data", "folder:classes", "--cutoffs", "3,1") == 0
    (overall,) = rows_of(capsys)
    assert (overall["queries"], overall["items"]) == (9, 3)
    assert [name for name in overall if name.startswith("recall")][::3] == ["recall@1", "recall@3"]


def test_every_format_says_the_same(inshop: Path, fashion: Fashion, capsys: pytest.CaptureFixture[str]) -> None:
    said = {}
    for name in ("jsonl", "json", "csv", "table"):
        options = ("--data", f"inshop:{inshop}", "--features", "f.h5", "--format", name)
        assert fashion("eval", "retrieval", *options) == 0
        said[name] = capsys.readouterr()
    rows = [json.loads(line) for line in said["jsonl"].out.splitlines()]
    assert json.loads(said["json"].out) == rows
    assert [each["recall@1"] for each in csv.DictReader(io.StringIO(said["csv"].out))] == [
        str(row["recall@1"]) for row in rows
    ]
    first, second = (block.splitlines() for block in said["table"].out.split("\n\n"))
    overall, dresses = rows[0], rows[1]
    assert first[0].split() == ["tiny"]
    assert first[2].split()[:2] == ["recall@1", f"{overall['recall@1']:.3f}"]
    assert [line.split()[0] for line in first[2:]] == [*(f"recall@{k}" for k in KS), "mAP"]
    assert second[0].split()[:5] == ["queries", "of", "queries", "items", "@1"]
    assert second[2].split()[:4] == ["Dresses", "14", "7", f"{dresses['recall@1']:.3f}"]
    assert "tiny: 20 queries of 10 items, 20 photographs searched" in said["table"].err


def test_models_are_compared_and_drawn(
    inshop: Path, fashion: Fashion, tiny_model: Path, untagged_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ("--data", f"inshop:{inshop}", "--by", "")
    both = ("--model", tiny_model, "--model", untagged_model)
    kept = ("--features", "a.h5", "--features", "b.h5")
    assert fashion("eval", "retrieval", *data, *both, *kept, "--plot", "recall.png") == 0
    compared = rows_of(capsys)
    assert [row["model"] for row in compared] == ["tiny", "untagged"]
    with Image.open("recall.png") as picture:
        assert picture.format == "PNG"
        assert min(picture.size) > 600
        colours = picture.convert("RGB").getcolors(2**24) or []
    assert {(0, 0x72, 0xB2), (0xD5, 0x5E, 0)} <= {colour for _, colour in colours}  # a line for each
    assert fashion("eval", "retrieval", *data, "--vectors", "a.h5", "--vectors", "b.h5", "--plot", "r.svg") == 0
    assert rows_of(capsys) == compared
    assert Path("r.svg").read_text().startswith("<?xml")
    assert fashion("eval", "retrieval", *data, "--model", untagged_model, "--vectors", "a.h5") == 0
    assert rows_of(capsys) == compared[::-1]
    assert fashion("eval", "retrieval", *data, *both, "--format", "table") == 0
    assert capsys.readouterr().out.splitlines()[0].split() == ["tiny", "untagged"]


def test_models_of_one_name_are_told_apart_by_where_they_are(
    inshop: Path, fashion: Fashion, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ("--data", f"inshop:{inshop}", "--by", "")
    assert fashion("eval", "retrieval", *data, "--features", "a.h5") == 0
    Path("b.h5").write_bytes(Path("a.h5").read_bytes())
    assert fashion("eval", "retrieval", *data, "--vectors", "a.h5", "--vectors", "b.h5") == 0
    assert [row["model"] for row in rows_of(capsys)] == ["tiny", "a.h5", "b.h5"]


def test_rerank_prints_every_alpha_and_beta(inshop: Path, fashion: Fashion, capsys: pytest.CaptureFixture[str]) -> None:
    data = ("--data", f"inshop:{inshop}", "--features", "f.h5")
    few = ("--topk", "8", "--cutoffs", "1,2,20")
    assert fashion("eval", "rerank", *data, *few, "--plot", "grid.png") == 0
    out, err = capsys.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    steps = [0, 0.5, 1, 1.5, 2, 2.5, 3]
    assert [(row["alpha"], row["beta"]) for row in rows] == [(alpha, beta) for alpha in steps for beta in steps]
    with Image.open("grid.png") as picture:
        assert min(picture.size) > 600
    recalls = {}
    for alpha, beta in ((2, 2), (0, 3)):
        weights = ("--rerank", "--topk", "8", "--alpha", alpha, "--beta", beta, "--by", "", "--cutoffs", "1,2,20")
        assert fashion("eval", "retrieval", *data, *weights) == 0
        (recalls[alpha, beta],) = rows_of(capsys)
    assert fashion("eval", "retrieval", *data, "--by", "", "--cutoffs", "1,2,20") == 0
    (plain,) = rows_of(capsys)
    for (alpha, beta), expected in recalls.items():
        assert expected["model"] == "tiny, re-ranked"
        row = next(row for row in rows if (row["alpha"], row["beta"]) == (alpha, beta))
        for k in (1, 2, 20):
            assert row[f"recall@{k}"] == pytest.approx(expected[f"recall@{k}"])
            assert row[f"gain@{k}"] == pytest.approx(expected[f"recall@{k}"] - plain[f"recall@{k}"])
            assert row[f"gain@{k}_low"] <= row[f"gain@{k}"] <= row[f"gain@{k}_high"]
        assert row["gain@20"] == 0  # of eight hits the order changes
    assert f"without re-ranking: recall@1 {plain['recall@1']:.3f} [" in err
    assert "tags with each of its first 8 hits" in err
    assert fashion("eval", "rerank", *data, *few, "--alphas", "2", "--betas", "2", "--format", "table") == 0
    table = capsys.readouterr().out.splitlines()
    assert table[2].split()[:3] == ["2", "2", f"{recalls[2, 2]['recall@1']:.3f}"]


@pytest.mark.parametrize(
    ("argv", "part", "code"),
    [
        (["retrieval"], "nothing to measure on", 2),
        (["retrieval", "m.csv", "--data", "csv:m.csv"], "a table and --data at once", 2),
        (["retrieval", "--data", "inshop:nowhere"], "nowhere", 1),
        (["retrieval", "--data", "inshop:.", "--cutoffs", "1,x"], "--cutoffs '1,x': not numbers from 1 on", 2),
        (["retrieval", "--data", "inshop:.", "--cutoffs", "0"], "--cutoffs '0': not numbers from 1 on", 2),
        (["retrieval", "--data", "inshop:.", "--plot", "f.gif"], "neither .png, .svg nor .pdf", 2),
        (["retrieval", "--data", "inshop:.", "--plot", "no/f.png"], "no such folder", 1),
        (["retrieval", "--data", "inshop:.", "--features", "a.h5", "--features", "b.h5"], "2 feature files", 2),
        (["rerank", "--data", "inshop:.", "--alphas", "1,inf"], "--alphas '1,inf': not numbers", 2),
        (["rerank"], "nothing to measure on", 2),
    ],
)
def test_what_cannot_be_meant_is_one_line(
    argv: list[str], part: str, code: int, fashion: Fashion, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fashion("eval", *argv) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert part in err
    assert err.startswith("fashion: ")
    assert err.count("\n") == 1


def test_tags_are_needed_for_reranking_only(
    inshop: Path, fashion: Fashion, untagged_model: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ("--data", f"inshop:{inshop}", "--model", untagged_model, "--by", "")
    assert fashion("eval", "retrieval", *data) == 0
    (plain,) = rows_of(capsys)
    for command in (("eval", "retrieval", "--rerank"), ("eval", "rerank")):
        assert fashion(*command, *data[:4]) == 2
        assert "untagged has no tags, only vectors — --tagger" in capsys.readouterr().err
    assert fashion("eval", "retrieval", "--rerank", *data, "--tagger", tiny_model) == 0
    (reranked,) = rows_of(capsys)
    assert reranked["model"] == "untagged + tiny, re-ranked"
    assert reranked["recall@50"] == plain["recall@50"]
