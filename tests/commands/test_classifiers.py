"""Style classifiers and attribute networks from the shell: trained on drawings, measured, used."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from fashion_cli.app import main

STYLES = ("dandy", "my own", "techwear")
SMALL = (
    *(
        "--set",
        "stages.0.height=32",
        "--set",
        "stages.0.width=32",
        "--set",
        "stages.0.epochs=3",
        "--set",
        "stages.0.garments=8",
    ),
    *("--set", "model.options.trunk=torchvision:mobilenet_v3_small", "--set", "model.vector_width=24"),
    *("--set", "model.options.config={until='features.3.add'}"),
    *("--set", "optimiser.head_lr=0.01", "--quiet"),
)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def draw(path: Path, number: int, shade: int) -> None:
    """A garment of one colour on a light ground."""
    pixels = np.full((32, 32, 3), 230, np.uint8)
    pixels[6:26, 8:24] = np.eye(3)[number] * (200 - shade)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def fashion(*argv: object) -> int:
    return main([str(each) for each in argv])


def rows_of(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_folder_per_style_becomes_a_classifier(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number, style in enumerate(STYLES):
        for shade in range(16):
            draw(tmp_path / "set" / style / f"{shade}.png", number, shade)
    assert fashion("train", "styles", "--data", "folder:set", "--out", "model", *SMALL) == 0
    assert "style/top1" in {row["figure"] for row in rows_of(capsys)}
    assert Path("model/learning-curve.png").exists()

    asked = ("--data", "folder:set", "--model", "model", "--features", "f.h5", "--engine", "torch")
    assert fashion("eval", "tags", *asked, "--recipe", "styles", "--best", "--confusion", "confusion.png") == 0
    group, *tags = rows_of(capsys)
    assert {tag["tag"] for tag in tags} == set(STYLES)
    assert group["photographs"] == sum(tag["photographs"] for tag in tags)
    right = sum(tag["photographs"] * tag["recall"] for tag in tags)
    assert group["accuracy"] == pytest.approx(right / group["photographs"])
    assert group["macro_f1"] == pytest.approx(np.mean([tag["f1"] for tag in tags if tag["photographs"]]))
    with Image.open("confusion.png") as picture:
        assert picture.format == "PNG"
        assert min(picture.size) > 400
    # The command's own rules see the same photographs: the folder divides itself.
    assert fashion("eval", "tags", *asked, "--column", "style=class", "--best") == 0
    assert rows_of(capsys)[0] == group

    run = ("--model", "model", "--engine", "torch")
    assert fashion("tag", "set/techwear", *run, "--top", "3", "--language", "ko", "--format", "table") == 0
    shown = capsys.readouterr().out
    assert all(title in shown for title in ("댄디", "my own", "테크웨어"))
    assert fashion("index", "set", "-o", "index", *run) == 0
    assert fashion("search", "set/dandy/0.png", "--index", "index", "--engine", "torch", "--topk", "1") == 0
    (hit,) = rows_of(capsys)
    assert hit["path"] == str(tmp_path / "set" / "dandy" / "0.png")


def test_the_columns_of_a_table_become_softmax_groups(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = ["path,neckline,length,title"]
    for number in range(60):
        draw(tmp_path / "images" / f"{number}.png", number % 3, number)
        lines.append(f"images/{number}.png,{('round', 'vee', '')[number % 3]},{('long', 'short')[number % 2]},{number}")
    (tmp_path / "mine.csv").write_text("\n".join(lines) + "\n")
    few = ("--set", "least_photographs=5", "--set", "stages.0.epochs=1")
    assert fashion("train", "efficientnet-attributes", "--data", "csv:mine.csv", "--out", "model", *SMALL, *few) == 0
    assert {row["figure"] for row in rows_of(capsys)} >= {"neckline/top1", "length/top1"}

    asked = ("--model", "model", "--engine", "torch", "--split", "test")
    recipe = ("--data", "csv:mine.csv", "--recipe", "efficientnet-attributes")
    assert fashion("eval", "tags", *recipe, *asked) == 0
    rows = rows_of(capsys)
    groups = {row["group"]: row for row in rows if not row["tag"]}
    together = groups.pop("all exclusive")
    assert set(groups) == {"neckline", "length"}  # every title is on one photograph
    right = sum(group["accuracy"] * group["photographs"] for group in groups.values())
    assert together["photographs"] == sum(group["photographs"] for group in groups.values())
    assert together["accuracy"] == pytest.approx(right / together["photographs"])
    assert 0 < groups["length"]["photographs"] < 20
    assert 0 <= groups["length"]["accuracy"] <= 1
    # The recipe that lies with the model names the columns itself and divides in the same way.
    assert fashion("eval", "tags", "--data", "csv:mine.csv", "--recipe", "model/recipe.toml", *asked) == 0
    assert rows_of(capsys) == rows
    assert fashion("eval", "tags", *recipe, *asked, "--confusion", "c.png") == 2
    assert "of 2 exclusive groups: one is wanted — --group neckline or --group length" in capsys.readouterr().err
    assert fashion("eval", "tags", *recipe, *asked, "--confusion", "c.png", "--group", "length") == 0
    assert Path("c.png").exists()


def test_a_head_of_several_parts_is_not_fitted_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw(tmp_path / "a.png", 0, 0)
    (tmp_path / "m.csv").write_text("path,kind,split\n" + "a.png,coat,train\na.png,dress,train\n" * 5)
    asked = ("train", "efficientnet-attributes", "--data", "csv:m.csv", "--out", "model", *SMALL)
    assert fashion(*asked, "--set", "refit_tags=true", "--set", "least_photographs=1") == 1
    assert "refit_tags: efficientnet_attributes has no single tag head — refit_tags = false" in capsys.readouterr().err
