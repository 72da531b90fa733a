"""Every name behind a shortened list can be seen, by the command line that the hint gives."""

import csv
import io
import re
import shlex
from pathlib import Path

import pytest

from fashion_cli.app import main
from fashion_cli.suggestions import MAX_NAMES
from fashion_cli.weights import open_model
from tests.commands.conftest import draw


def test_the_tags_of_a_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weights", "tags", "fashion-mobilenet", "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    vocabulary = open_model().card.vocabulary
    assert [(row["group"], row["tag"]) for row in rows] == list(
        zip(vocabulary.group_names, vocabulary.names, strict=True)
    )
    assert {row["tag"]: row["title_ko"] for row in rows}["dress"] == "원피스"
    assert [float(row["threshold"]) for row in rows] == list(vocabulary.thresholds)
    assert main(["weights", "tags", "nowhere"]) == 1


def test_a_model_of_one_s_own(tiny_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weights", "tags", str(tiny_model), "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {row["group"] for row in rows} == {"category", "colour"}


def test_a_hint_that_shows_a_part_says_how_to_see_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = tmp_path / "m.csv"
    columns = [f"column{number}x{number * 7}" for number in range(40)]
    manifest.write_text(",".join(("path", *columns)) + "\n" + ",".join(("a.png", *columns)) + "\n")
    draw(tmp_path / "a.png")
    assert main(["eval", "styles", str(manifest), "--column", "zzz", "--group", "category", "--split", ""]) == 1
    said = capsys.readouterr().err
    found = re.search(rf"… and {41 - MAX_NAMES} more \((.*)\)", said)
    assert found is not None, said
    assert shlex.split(found[1]) == ["head", "-1", str(manifest)]
