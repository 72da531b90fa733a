"""`fashion tag --language`: people read titles, programs go by names."""

import csv
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fashion_cli.app import main
from fashion_cli.model_cards import CARD_FILE, ModelCard, Vocabulary

KOREAN = {"red": "빨강", "green": "초록", "blue": "파랑"}


@pytest.fixture
def shop(tmp_path: Path, drawn: Callable[..., Path]) -> Path:
    return drawn(tmp_path / "shop" / "a.png").parent


@pytest.fixture
def titled_model(tiny_model: Path, tmp_path: Path) -> Path:
    """The tiny model, whose colours have Korean titles and whose categories have none."""
    model = Path(shutil.copytree(tiny_model, tmp_path / "with_titles"))
    card = ModelCard.read(model / CARD_FILE)
    category, colour = card.vocabulary.groups
    colour = replace(colour, titles={"ko": tuple(KOREAN[tag] for tag in colour.tags)})
    replace(card, vocabulary=Vocabulary((category, colour))).write(model / CARD_FILE)
    return model


def tags_of(capsys: pytest.CaptureFixture[str], *argv: object) -> str:
    assert main(["tag", *map(str, argv), "--engine", "onnx", "--top", "1"]) == 0
    return capsys.readouterr().out


def test_a_table_has_titles_and_data_has_both(
    shop: Path, titled_model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = (shop, "--model", titled_model)
    plain: dict[str, Any] = json.loads(tags_of(capsys, *asked, "--format", "jsonl"))
    (colour,), (category,) = plain["tags"]["colour"], plain["tags"]["category"]
    monkeypatch.setenv("FASHION_LANGUAGE", "ko")
    titles = {"category": {category: category}, "colour": {colour: KOREAN[colour]}}
    assert json.loads(tags_of(capsys, *asked, "--format", "jsonl")) == {**plain, "titles": titles}
    assert json.loads(tags_of(capsys, *asked, "--format", "json")) == [{**plain, "titles": titles}]
    table = tags_of(capsys, *asked, "--format", "table")
    assert KOREAN[colour] in table
    assert colour not in table
    assert category in table
    rows = csv.DictReader(io.StringIO(tags_of(capsys, *asked, "--format", "csv")))
    assert {row["tag"]: row["title"] for row in rows} == {category: category, colour: KOREAN[colour]}


def test_without_a_language_nothing_changes(
    shop: Path, titled_model: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("table", "json", "jsonl", "csv"):
        said = [tags_of(capsys, shop, "--model", model, "--format", name) for model in (titled_model, tiny_model)]
        assert said[0] == said[1]


@pytest.mark.parametrize(("language", "rest"), [("ko", "in no language"), ("fr", "only in ko")])
def test_a_language_that_the_model_does_not_know_is_said_once(
    language: str, rest: str, shop: Path, titled_model: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tiny_model if language == "ko" else titled_model
    assert main(["tag", str(shop), "--model", str(model), "--engine", "onnx", "--language", language]) == 0
    err = capsys.readouterr().err
    assert err == f"fashion: the model has no titles in {language!r}, {rest}: tags go by their own names\n"
