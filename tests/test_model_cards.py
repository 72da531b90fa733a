"""Cards of every version are read; what a newer one says is refused by name."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from fashion_cli.errors import WeightsError
from fashion_cli.model_cards import (
    CARD_FILE,
    CARD_VERSION,
    CategoryPrior,
    InputSpec,
    ModelCard,
    TagGroup,
    Vocabulary,
)
from fashion_cli.weights import open_model

CARD = ModelCard(
    name="a model",
    architecture="trunk",
    summary="one line",
    source="a paper",
    licence="CC0-1.0",
    vector_width=8,
    input=InputSpec(32, 48, (0.1, 0.2, 0.3), (0.4, 0.5, 0.6), 7, "crop", "bicubic", 0.875),
    vocabulary=Vocabulary((TagGroup("colour", ("red", "blue"), exclusive=True, thresholds=(0.25, 0.5)),)),
    options={"trunk": "open_clip:x", "config": {"layers": [1, 2]}},
    files={"model.safetensors": "0" * 64},
    figures={"recall@1": 0.5},
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    CARD.write(tmp_path / CARD_FILE)
    assert ModelCard.read(tmp_path / CARD_FILE) == CARD


def test_cards_from_before_there_was_a_choice_of_fit(tmp_path: Path) -> None:
    CARD.write(tmp_path / CARD_FILE)
    document = json.loads((tmp_path / CARD_FILE).read_text())
    for name in ("fit", "interpolation", "crop_share"):
        del document["input"][name]
    (tmp_path / CARD_FILE).write_text(json.dumps({**document, "card_version": 1}))
    old = replace(CARD.input, fit="letterbox", interpolation="bilinear", crop_share=1.0)
    assert ModelCard.read(tmp_path / CARD_FILE) == replace(CARD, input=old)


def test_newer_cards_say_what_to_do(tmp_path: Path) -> None:
    CARD.write(tmp_path / CARD_FILE)
    document = json.loads((tmp_path / CARD_FILE).read_text())
    (tmp_path / CARD_FILE).write_text(json.dumps({**document, "card_version": CARD_VERSION + 1}))
    with pytest.raises(WeightsError, match="newer") as raised:
        ModelCard.read(tmp_path / CARD_FILE)
    assert "upgrade" in raised.value.hint


def test_titles_in_languages_are_written_and_read(tmp_path: Path) -> None:
    titles = {"en": ("red", "blue"), "ko": ("빨강", "파랑")}
    (group,) = CARD.vocabulary.groups
    with_titles = replace(CARD, vocabulary=Vocabulary((replace(group, titles=titles),)))
    with_titles.write(tmp_path / CARD_FILE)
    (read,) = ModelCard.read(tmp_path / CARD_FILE).vocabulary.groups
    assert read.titles == titles
    assert (read.title("blue", "ko"), read.title("blue", "fr")) == ("파랑", "blue")
    assert with_titles.vocabulary.languages == ("en", "ko")
    assert read == group  # scores of both mean the same, whatever tags are called


def test_cards_from_before_there_were_titles(tmp_path: Path) -> None:
    CARD.write(tmp_path / CARD_FILE)
    document = json.loads((tmp_path / CARD_FILE).read_text())
    del document["vocabulary"]["groups"][0]["titles"]
    (tmp_path / CARD_FILE).write_text(json.dumps({**document, "card_version": 2}))
    assert ModelCard.read(tmp_path / CARD_FILE) == CARD


def test_a_title_is_missing() -> None:
    with pytest.raises(WeightsError, match="2 tags but 1 titles in 'ko'"):
        TagGroup("colour", ("red", "blue"), exclusive=True, titles={"ko": ("빨강",)})


def test_kinds_of_things_and_the_prior_are_written_and_read(tmp_path: Path) -> None:
    group = TagGroup("category", ("polo", "shirt", "top"), exclusive=False, parents={"polo": "shirt", "shirt": "top"})
    card = replace(CARD, vocabulary=Vocabulary((group,)), prior=CategoryPrior("category", 0.25, 0.5, 0.01))
    card.write(tmp_path / CARD_FILE)
    read = ModelCard.read(tmp_path / CARD_FILE)
    assert read.prior == card.prior
    assert read.vocabulary.groups[0].ancestors("polo") == ("shirt", "top")
    assert read.vocabulary.groups[0].ancestors("top") == ()


def test_cards_from_before_there_was_a_prior(tmp_path: Path) -> None:
    CARD.write(tmp_path / CARD_FILE)
    document = json.loads((tmp_path / CARD_FILE).read_text())
    del document["prior"], document["vocabulary"]["groups"][0]["parents"]
    (tmp_path / CARD_FILE).write_text(json.dumps({**document, "card_version": 3}))
    assert ModelCard.read(tmp_path / CARD_FILE) == CARD
    assert not CARD.prior.weight


@pytest.mark.parametrize("parents", [{"red": "crimson"}, {"crimson": "red"}, {"red": "blue", "blue": "red"}])
def test_parents_that_are_no_tags_or_go_round_in_circles(parents: dict[str, str]) -> None:
    with pytest.raises(WeightsError):
        TagGroup("colour", ("red", "blue"), exclusive=True, parents=parents)


@pytest.mark.parametrize("wrong", [{"weight": -1.0}, {"inherited": 1.5}, {"floor": 0.0}, {"weight": float("nan")}])
def test_a_prior_out_of_range(wrong: dict[str, float]) -> None:
    with pytest.raises(WeightsError, match="out of range"):
        CategoryPrior(**wrong)  # type: ignore[arg-type]


def test_the_shipped_model_knows_what_is_a_kind_of_what() -> None:
    card = open_model().card
    (category,) = (group for group in card.vocabulary.groups if group.name == card.prior.group)
    assert category.ancestors("polo")[-1] == "top"
    assert category.ancestors("boots") == ("shoes",)
    assert card.prior.weight > 0
