"""`fashion eval styles` on drawn photographs and random weights, through `main`."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import pytest
from PIL import Image

from fashion_cli.app import main

Fashion = Callable[..., int]
TAGS = ("shirt;shoes", "dress", "shirt;bag;shoes", "-", "bag;dress")


@pytest.fixture
def fashion(monkeypatch: pytest.MonkeyPatch) -> Fashion:
    monkeypatch.setenv("FASHION_ENGINE", "onnx")
    return lambda *argv: main(["eval", "styles", *(str(each) for each in argv)])


@pytest.fixture
def table(tmp_path: Path, drawn: Callable[..., Path]) -> Path:
    """Ten photographs, half of them for training; two cannot be used: no label, no image."""
    lines = ["path,category,garments,split"]
    for number in range(10):
        drawn(tmp_path / f"{number}.png", seed=number)
        tags = TAGS[number % 5]
        lines.append(f"{number}.png,{tags},{tags},{'test' if number < 5 else 'train'}")
    (tmp_path / "0.png").write_text("no image")
    (tmp_path / "set.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "set.csv"


def rows(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_rows(fashion: Fashion, table: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fashion(table, "--group", "category", "--model", tiny_model, "--quiet") == 0
    out, err = capsys.readouterr()
    found = rows(out)
    assert [(row["measure"], row["k"]) for row in found[:10]] == [
        *(("any_recall", k) for k in (1, 2, 3)),
        *(("all_recall", k) for k in (1, 2, 3)),
        *(("example_recall", k) for k in (1, 2, 3)),
        ("mean_average_precision", None),
    ]
    assert {(row["measure"], row["k"]) for row in found[10:]} == {("recall", 3), ("all_recall", 2)}
    # Of three photographs that can be used: dress; shirt, bag, shoes; bag, dress.
    assert {row["label"]: row["photographs"] for row in found[10:]} == {"bag": 2, "dress": 2, "shirt": 1, "shoes": 1}
    assert all(row["runs"] == 1 and row["deviation"] is None for row in found)
    assert [row["photographs"] for row in found[:9]] == [3] * 9
    assert found[3]["mean"] <= found[4]["mean"] <= found[5]["mean"] <= found[8]["mean"] <= found[2]["mean"]  # type: ignore[operator]
    assert "3 photographs with 2.0 labels on average" in err
    assert "0.png" in err


def test_one_name_is_one_system(
    fashion: Fashion, table: Path, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = copytree(tiny_model, tmp_path / "again")
    other = copytree(tiny_model, tmp_path / "other")
    card = json.loads((other / "card.json").read_text())
    (other / "card.json").write_text(json.dumps({**card, "name": "other"}))
    line = (table, "--group", "category", "--model", tiny_model, "--model", other, "--model", again, "--quiet")
    assert fashion(*line, "--format", "csv", "--cutoffs", "2", "--label-cutoff", 1) == 0
    found = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["model"], row["runs"]) for row in found if row["measure"] == "any_recall"] == [
        ("tiny", "2"),
        ("other", "1"),
    ]
    assert {row["deviation"] for row in found if row["model"] == "tiny"} <= {"0.0", ""}
    assert {row["k"] for row in found if row["measure"] == "recall"} == {"1"}
    assert fashion(*line, "--format", "table") == 0
    out, err = capsys.readouterr()
    heading, _, runs, *_ = out.splitlines()
    assert heading.split() == ["tiny", "other"]
    assert runs.split() == ["runs", "2", "1"]
    assert "± 0.000" in out
    assert "Recall@3 of each label" in out
    assert "standard deviation over the runs" in err


def test_the_correlation_matrix(fashion: Fashion, table: Path, tiny_model: Path, tmp_path: Path) -> None:
    line = (table, "--group", "category", "--column", "garments", "--model", tiny_model, "--quiet")
    assert fashion(*line, "--correlation", tmp_path / "c.png") == 0
    with Image.open(tmp_path / "c.png") as picture:
        assert min(picture.size) > 500
    assert not (tmp_path / "c.png.partial").exists()


def test_a_recipe_says_where_photographs_and_labels_are(
    fashion: Fashion, table: Path, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = """
        task = "multitask"
        model = { name = "x" }
        stages = [{ epochs = 1, height = 8, width = 8, garments = 2 }]
        groups = [{ name = "category" }]
        sets = [{ source = "set.csv", labels = [{ group = "category", column = "garments", separator = ";" }] }]
    """
    (tmp_path / "r.toml").write_text(recipe)
    line = ("--group", "category", "--model", tiny_model, "--quiet")
    assert fashion(tmp_path / "r.toml", "--data", tmp_path, *line) == 0
    of_recipe = capsys.readouterr().out
    assert fashion(table, *line) == 0
    assert of_recipe == capsys.readouterr().out


def test_a_set_in_place_of_a_table_and_of_a_recipe_s_own(
    fashion: Fashion, table: Path, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ("--group", "category", "--model", tiny_model, "--quiet")
    assert fashion(table, *line, "--column", "garments") == 0
    expected = capsys.readouterr().out
    assert fashion("--data", f"csv:{table}", *line, "--column", "garments") == 0
    assert capsys.readouterr().out == expected
    recipe = """
        task = "multitask"
        model = { name = "x" }
        stages = [{ epochs = 1, height = 8, width = 8, garments = 2 }]
        groups = [{ name = "category" }]
        sets = [{ source = "csv:other.csv", labels = [{ group = "category", column = "garments", separator = ";" }] }]
    """
    (tmp_path / "r.toml").write_text(recipe)
    assert fashion(tmp_path / "r.toml", "--data", f"csv:{table}", *line) == 0
    assert capsys.readouterr().out == expected


def test_a_folder_per_class(
    fashion: Fashion, drawn: Callable[..., Path], tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("shirt", "dress", "gorpcore"):
        drawn(tmp_path / "set" / name / "1.png")
    given = (f"folder:{tmp_path / 'set'}", "--column", "class", "--group", "category", "--split", "")
    assert fashion("--data", *given, "--model", tiny_model, "--quiet") == 0
    out, err = capsys.readouterr()
    assert {row["label"]: row["photographs"] for row in rows(out) if row["measure"] == "recall"} == {
        "shirt": 1,
        "dress": 1,
        "bag": 0,
        "shoes": 0,
    }
    assert [row["label"] for row in rows(out) if row["measure"] == "unknown"] == ["gorpcore"]
    assert "the model has no tag for gorpcore" in err


def test_labels_that_the_model_does_not_know(
    fashion: Fashion, table: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table.write_text(table.read_text().replace("bag;dress", "bag;dress;toga"))
    line = (table, "--group", "category", "--model", tiny_model, "--quiet")
    for name in ("jsonl", "json", "csv", "table"):
        assert fashion(*line, "--format", name) == 0
        out, err = capsys.readouterr()
        assert ("toga" in out) == (name != "table")
        assert "fashion: the model has no tag for toga\n" in err
    assert fashion(*line, "--format", "json") == 0
    *_, last = json.loads(capsys.readouterr().out)
    assert (last["measure"], last["label"], last["mean"]) == ("unknown", "toga", None)


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ((), 2, "has 2 groups of tags — --group category|colour"),
        (("--group", "category", "--split", "val"), 1, "no photograph with split=val"),
        (("--group", "colour"), 1, "no column 'colour'"),
        (("--group", "category", "--cutoffs", "0"), 2, "--cutoffs"),
        (("--group", "category", "--correlation", "c.txt"), 2, "neither .png, .svg nor .pdf"),
    ],
)
def test_errors(
    fashion: Fashion,
    table: Path,
    tiny_model: Path,
    options: tuple[str, ...],
    code: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert fashion(table, "--model", tiny_model, "--quiet", *options) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err


def test_nothing_or_too_much_to_measure_on(
    fashion: Fashion, table: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ("--group", "category", "--model", tiny_model, "--quiet")
    assert fashion(*line) == 2
    assert "nothing to measure on" in capsys.readouterr().err
    assert fashion(table, "--data", f"csv:{table}", *line) == 2
    assert "at once" in capsys.readouterr().err
