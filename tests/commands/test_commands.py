"""The commands on drawn photographs, through `main`: what reaches stdout, stderr, files and the shell."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fashion_cli.app import main
from fashion_cli.data.features import FeatureFile

COUNT = 6
NAMES = ("[red] a b.png", "å.png", "c\nd.png", "e.png", "f.png", "g.png")


@pytest.fixture
def shop(tmp_path: Path, drawn: Callable[..., Path]) -> Path:
    """A folder of photographs with awkward names."""
    for seed, name in enumerate(NAMES):
        drawn(tmp_path / "shop" / name, seed)
    return tmp_path / "shop"


@pytest.fixture
def fashion(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs a command line with the tiny model."""
    monkeypatch.setenv("FASHION_MODEL", str(tiny_model))
    monkeypatch.setenv("FASHION_ENGINE", "onnx")
    return lambda *argv: main([str(each) for each in argv])


@pytest.fixture
def indexed(shop: Path, fashion: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> Path:
    assert fashion("index", shop) == 0
    capsys.readouterr()
    return shop


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_tag_prints_a_line_per_photograph(
    shop: Path, fashion: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert fashion("tag", shop, "--top", "1") == 0
    out, err = capsys.readouterr()
    assert [each["path"] for each in lines(out)] == [str(shop / name) for name in sorted(NAMES, key=os.fsencode)]
    assert all(len(tags) == 1 for each in lines(out) for tags in each["tags"].values())  # type: ignore[attr-defined]
    assert err == ""


def test_every_format_of_tag_says_the_same(
    shop: Path, fashion: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ("--min-score", "0.2", "--group", "colour")
    said = {}
    for name in ("jsonl", "json", "csv", "table"):
        assert fashion("tag", shop, "--format", name, *more) == 0
        said[name] = capsys.readouterr().out
    expected = [
        [each["path"], group, tag, score]
        for each in lines(said["jsonl"])
        for group, tags in each["tags"].items()  # type: ignore[attr-defined]
        for tag, score in tags.items()
    ]
    assert expected
    assert {row[1] for row in expected} == {"colour"}
    assert json.loads(said["json"]) == lines(said["jsonl"])
    header, *rows = csv.reader(io.StringIO(said["csv"]))
    assert header == ["path", "group", "tag", "score"]
    assert [[*row[:3], float(row[3])] for row in rows] == expected
    assert r"'shop/c\nd.png'" in said["table"]
    for name in ("jsonl", "json", "csv"):
        assert fashion("tag", shop, "-o", tmp_path / f"tags.{name}", *more) == 0
        assert (tmp_path / f"tags.{name}").read_text("utf-8") == said[name]
    assert capsys.readouterr().out == ""


def test_min_score_takes_the_place_of_thresholds(
    shop: Path, fashion: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert fashion("tag", shop, "--min-score", "0") == 0
    for each in lines(capsys.readouterr().out):
        assert {group: len(tags) for group, tags in each["tags"].items()} == {"category": 4, "colour": 3}  # type: ignore[attr-defined]


def test_tag_writes_a_feature_file(
    shop: Path, fashion: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fashion("tag", shop, "-o", tmp_path / "tags.h5") == 0
    with FeatureFile.open(tmp_path / "tags.h5") as features:
        assert len(features) == COUNT
    out, err = capsys.readouterr()
    assert out == ""
    assert "6 photographs by tiny" in err


@pytest.mark.parametrize(("strict", "code"), [([], 0), (["--strict"], 3)])
@pytest.mark.parametrize("command", [["tag"], ["embed", "-o", "f.h5"], ["index"]])
def test_what_cannot_be_read_is_named_and_counted(
    command: list[str],
    strict: list[str],
    code: int,
    shop: Path,
    fashion: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    (shop / "empty.jpg").touch()
    (shop / "text.jpg").write_text("no photograph")
    assert fashion(*command, shop, *strict) == code
    err = capsys.readouterr().err
    assert "fashion: skipped 2:\n" in err
    assert f"  {shop}/empty.jpg: empty file\n" in err
    assert f"  {shop}/text.jpg: not a photograph" in err


def test_a_run_of_which_nothing_is_left_has_failed(
    tmp_path: Path, fashion: Callable[..., int], indexed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.jpg").touch()
    assert fashion("tag", tmp_path / "empty.jpg") == 1
    assert fashion("search", tmp_path / "empty.jpg") == 1
    assert fashion("search", tmp_path / "empty.jpg", "--strict") == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("empty.jpg: empty file") == 3


def test_paths_come_from_stdin(
    shop: Path, fashion: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = b"\0".join(os.fsencode(shop / name) for name in (*NAMES[:3], "gone.png")) + b"\0"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(listed)))
    assert fashion("embed", "-0", "-", "-o", "c.h5") == 0
    assert "gone.png" in capsys.readouterr().err
    with FeatureFile.open(Path("c.h5")) as features:
        assert features.paths() == [str(shop / name) for name in NAMES[:3]]


def test_embed_index_search_by_the_feature_file(
    shop: Path, fashion: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert fashion("embed", shop, "-o", "c.h5") == 0
    assert fashion("index", "c.h5", "-o", "cat") == 0
    assert fashion("search", shop / NAMES[2], "--index", "cat", "--format", "paths", "-0", "--topk", "3") == 0
    found = capsys.readouterr().out.split("\0")
    assert found[0] == str(shop / NAMES[2])
    assert len(found) == 4
    assert found[-1] == ""


def test_a_second_call_says_what_it_kept(
    indexed: Path, fashion: Callable[..., int], drawn: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    drawn(indexed / "new.png", seed=99)
    (indexed / NAMES[0]).unlink()
    assert fashion("index", indexed) == 0
    err = capsys.readouterr().err
    assert "embedded 1 in " in err
    assert "5 kept" in err
    assert "1 dropped" in err


def test_a_search_finds_itself_first_in_every_format(
    indexed: Path, fashion: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    query = str(indexed / NAMES[0])
    found = {}
    for name in ("jsonl", "json", "csv", "paths", "table"):
        assert fashion("search", query, "--topk", "4", "--no-rerank", "--format", name) == 0
        found[name] = capsys.readouterr().out
    paths = [each["path"] for each in lines(found["jsonl"])]
    assert paths[0] == query
    assert len(paths) == 4
    assert [hit["path"] for hit in json.loads(found["json"])[0]["hits"]] == paths
    assert [row["path"] for row in csv.DictReader(io.StringIO(found["csv"]))] == paths
    assert found["paths"] == "".join(f"{path}\n" for path in paths)
    assert found["table"].splitlines()[2].split()[:5] == ["1", "shop/[red]", "a", "b.png", "1.000"]


def test_alpha_and_beta_weigh_ranks_and_tags(
    indexed: Path, fashion: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert fashion("search", indexed / NAMES[0], "--alpha", "3", "--beta", "0.5") == 0
    hits = lines(capsys.readouterr().out)
    assert len(hits) == COUNT
    for hit in hits:
        assert hit["rerank_score"] == -3 * hit["retrieval_rank"] + 0.5 * len(hit["shared_tags"])  # type: ignore[operator,arg-type]


def test_several_queries_and_a_combined_one(
    indexed: Path, fashion: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = indexed / NAMES[3], indexed / NAMES[4]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"{second}\n".encode())))
    more = ("--query", f"{first}:1", "--query", f"{second}:-0.5", "--topk", "2")
    assert fashion("search", first, "-", *more) == 0
    labels = list(dict.fromkeys(each["query"] for each in lines(capsys.readouterr().out)))
    assert labels == [str(first), str(second), f"{first}:1 + {second}:-0.5"]


def test_search_writes_a_contact_sheet(
    indexed: Path, fashion: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "sheet.html"
    box = ("--box", "0,0,30,40")
    assert fashion("search", indexed / NAMES[0], "--html", sheet, "--topk", "3", *box) == 0
    assert sheet.read_text("utf-8").count("<img") == 4
    assert len(lines(capsys.readouterr().out)) == 3


@pytest.mark.parametrize(
    ("more", "part", "code"),
    [
        (["--where", "colour"], "where 'colour': not group=tag", 2),
        (["--where", "color=red"], "did you mean 'colour'?", 2),
        (["--where", "colour=rad"], "did you mean 'red'?", 2),
        (["--index", "elsewhere"], "fashion index FOLDER", 1),
        (["--html", "nowhere/sheet.html"], "nowhere/sheet.html", 1),
        (["--html", "sheet.txt"], "sheet.txt does not end in .html", 2),
        (["--box", "0,0,600,10"], "beyond the photograph", 2),
    ],
)
def test_what_a_search_cannot_do_is_one_line(
    more: list[str],
    part: str,
    code: int,
    indexed: Path,
    fashion: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert fashion("search", indexed / NAMES[0], *more) == code
    err = capsys.readouterr().err
    assert part in err
    assert err.startswith("fashion: ")
    assert err.count("\n") == 1


def test_a_search_without_an_index(shop: Path, fashion: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert fashion("search", shop / NAMES[0]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "no index here or in any parent — fashion index FOLDER" in err


def test_damaged_weights(
    shop: Path, tiny_model: Path, tmp_path: Path, fashion: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    model = shutil.copytree(tiny_model, tmp_path / "model")
    with (model / "model.onnx").open("r+b") as stream:
        stream.write(b"x")
    assert fashion("tag", shop, "--model", model) == 1
    assert "sha256" in capsys.readouterr().err
    assert fashion("weights", "verify", model) == 1
    out, err = capsys.readouterr()
    assert {each["file"]: each["ok"] for each in lines(out)} == {"model.onnx": False, "model.safetensors": True}
    assert "model.onnx" in err
    assert fashion("weights", "verify", tiny_model) == 0
    assert fashion("tag", shop, "--model", "nonesuch") == 1
    assert "fashion weights list" in capsys.readouterr().err


def test_an_unwritable_output(
    shop: Path, fashion: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for argv in (["embed", shop, "-o", tmp_path / "no" / "f.h5"], ["tag", shop, "-o", tmp_path / "no" / "t.csv"]):
        assert fashion(*argv) == 1
        err = capsys.readouterr().err
        assert str(tmp_path / "no") in err
        assert err.count("\n") == 1


def test_search_imports_no_torch_and_an_indexed_path_no_engine(
    indexed: Path, tiny_model: Path, drawn: Callable[..., Path], tmp_path: Path
) -> None:
    query = drawn(tmp_path / "query.png", seed=50)
    for path, slow in ((query, ("torch", "torchvision")), (indexed / NAMES[3], ("torch", "onnxruntime", "rich"))):
        program = (
            "import sys; from fashion_cli.app import main; code = main(sys.argv[1:]);"
            f"sys.exit(code or str([name for name in {slow} if name in sys.modules] or ''))"
        )
        ran = subprocess.run(
            [sys.executable, "-c", program, "search", path],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "FASHION_ENGINE": "auto", "FASHION_MODEL": str(tiny_model)},
        )
        assert ran.stderr.strip() == ""
        assert len(lines(ran.stdout)) == COUNT


def manifest(shop: Path) -> Path:
    """Two photographs of each item; every one is said to be red."""
    rows = [
        (name, f"item {place // 2}", "red", "val")
        for place, name in enumerate(sorted(each.name for each in shop.iterdir()))
    ]
    with (shop / "shop.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("path", "item_id", "colour", "split"), *rows])
    return shop / "shop.csv"


def test_eval_retrieval(shop: Path, fashion: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    table = manifest(shop)
    assert fashion("eval", "retrieval", table, "--by", "colour") == 0
    overall, red = lines(capsys.readouterr().out)
    assert (overall["part"], overall["queries"], overall["items"]) == ("", COUNT, COUNT // 2)
    assert red == {**overall, "part": "red"}
    assert overall["recall@5"] == 1.0
    assert fashion("eval", "retrieval", table, "--format", "table") == 0
    out, err = capsys.readouterr()
    assert out.split()[0] == "tiny"
    assert f"{overall['recall@1']:.3f} [" in out
    assert f"tiny: {COUNT} queries of {COUNT // 2} items, {COUNT} photographs searched" in err


def test_eval_tags(shop: Path, fashion: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    table = manifest(shop)
    assert fashion("tag", shop, "--group", "colour") == 0
    said = [list(each["tags"].get("colour", ())) for each in lines(capsys.readouterr().out)]  # type: ignore[attr-defined]
    assert fashion("eval", "tags", table) == 0
    rows = lines(capsys.readouterr().out)
    group = next(row for row in rows if row["tag"] == "")
    red = next(row for row in rows if row["tag"] == "red")
    assert group["group"] == "colour"
    assert red["recall"] == pytest.approx(np.mean([tags == ["red"] for tags in said]))
    assert red["top_1"] is None
    assert fashion("eval", "tags", table, "--format", "table") == 0
    out, err = capsys.readouterr()
    assert "Groups\n" in out
    assert "Tags\n" in out
    assert f"tiny: {COUNT} photographs" in err


def test_a_csv_of_figures_has_no_nan(
    shop: Path, fashion: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert fashion("eval", "tags", manifest(shop), "--format", "csv") == 0
    assert "nan" not in capsys.readouterr().out


def test_weights_list_prints_what_ships(fashion: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    from fashion_cli.weights import shipped_models

    assert fashion("weights", "list") == 0
    assert [each["name"] for each in lines(capsys.readouterr().out)] == [model.card.name for model in shipped_models()]


def test_weights_export_says_what_it_wrote(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from fashion_cli.steps import weights as step

    written = step.ExportReport(Path("mine/model.onnx"), "0" * 64, 10.94, 0.999991)
    monkeypatch.setattr(step, "export_onnx", lambda model, *, force: {("mine", True): written}[model, force])
    assert main(["weights", "export", "mine", "--force"]) == 0
    assert capsys.readouterr().err == "mine/model.onnx: 10.9 MB, cosine to torch at least 0.99999\n"
