"""The page's texts: every language has all of them, and no script or template asks for one that is not there."""

import re
from pathlib import Path

import pytest

from fashion_cli import web
from fashion_cli.model_cards import CARD_FILE, ModelCard
from fashion_cli.training.recipe import read_recipe
from fashion_cli.web.languages import NAMES, TEXTS, language_of
from fashion_cli.weights import shipped_directory

ROOM = Path(web.__file__).parent
PLURAL = re.compile(r"\.(zero|one|two|few|many|other)$")


def keys(language: str) -> set[str]:
    return {PLURAL.sub("", key) for key in TEXTS[language]}


def places(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def asked() -> set[str]:
    """The texts that templates and scripts name."""
    found: set[str] = set()
    for path in (ROOM / "templates").glob("*.html"):
        html = path.read_text(encoding="utf-8")
        found |= {
            key for pair in re.findall(r'texts\.(\w+)|data-(?:text|label|alt)="(\w+)"', html) for key in pair if key
        }
        found |= set(re.findall(r'text\("\w+", "(\w+)"', html))
    for path in (ROOM / "static").glob("*.js"):
        found |= set(re.findall(r'\btext\("([\w.]+)"', path.read_text(encoding="utf-8")))
    return found


def test_every_language_has_every_text() -> None:
    assert set(NAMES) == set(TEXTS)
    for language in TEXTS:
        assert keys(language) == keys("en"), language
        assert all(text.strip() for text in TEXTS[language].values())


def test_texts_have_the_same_places_in_every_language() -> None:
    for key, english in TEXTS["en"].items():
        korean = TEXTS["ko"].get(key, TEXTS["ko"].get(PLURAL.sub(".other", key)))
        assert korean is not None, key
        assert places(korean) == places(english), key


def test_every_text_that_is_asked_for_is_there() -> None:
    wanted = asked()
    assert len(wanted) > 50
    assert wanted <= keys("en")


@pytest.mark.parametrize(
    ("chosen", "accepted", "language"),
    [
        ("ko", "en", "ko"),
        ("", "ko-KR,ko;q=0.9,en-US;q=0.8", "ko"),
        ("", "de,en;q=0.5,ko;q=0.7", "ko"),
        ("", "ko;q=0,en;q=0.1", "en"),
        ("", "ko;q=none", "en"),
        ("tlh", "ko", "ko"),
        ("", "", "en"),
        ("", "*", "en"),
        ("", ";;;,=,q", "en"),
    ],
)
def test_the_address_decides_then_the_browser(chosen: str, accepted: str, language: str) -> None:
    assert language_of(chosen, accepted) == language


def test_the_shipped_tags_have_korean_titles_of_their_own() -> None:
    card = ModelCard.read(shipped_directory() / "fashion-mobilenet" / CARD_FILE)
    for group in card.vocabulary.groups:
        titles = group.titles["ko"]
        assert len(set(titles)) == len(group.tags)
        assert all(re.search("[가-힣]", title) for title in titles)
    recipe = read_recipe(Path(__file__).parents[2] / "examples" / "recipes" / "gallery.toml")
    for taught, group in zip(recipe.groups, card.vocabulary.groups, strict=True):
        assert taught.collect_titles(group.tags) == dict(group.titles)
