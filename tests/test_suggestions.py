"""Near words: what people type, and what they meant."""

import difflib

import pytest

from fashion_cli.suggestions import LISTED, MAX_NAMES, near_words, shorten, suggest
from fashion_cli.weights import shipped_models

TAGS = [tag for model in shipped_models() for tag in model.card.vocabulary.names]


@pytest.mark.parametrize(
    ("typed", "known", "meant"),
    [
        ("colour", ["color", "colour", "category"], "colour"),
        ("color", ["category", "colour", "pattern"], "colour"),
        ("rad", ["green", "red", "blue"], "red"),
        ("rde", ["green", "red", "blue"], "red"),
        ("Dress", ["shirt", "dress"], "dress"),
        ("DRESSES", ["shirt", "dress"], "dress"),
        ("tshirt", ["shirt", "t-shirt"], "t-shirt"),
        ("T shirt", ["shirt", "t-shirt"], "t-shirt"),
        ("batch-size", ["batch_size", "beta"], "batch_size"),
        ("cat", ["colour", "category"], "category"),
        ("trouser", ["trousers", "skirt"], "trousers"),
        ("décolleté", ["decollete", "round"], "decollete"),
        ("빨강", ["초록", "빨간"], "빨간"),
        ("청바쥐", ["청바지", "치마"], "청바지"),
        ("--topkk", ["--topk", "--top"], "--topk"),
    ],
)
def test_the_word_that_was_meant_comes_first(typed: str, known: list[str], meant: str) -> None:
    assert near_words(typed, known)[0] == meant


@pytest.mark.parametrize(("typed", "known"), [("zzz", ["red", "green"]), ("", ["red"]), ("-", ["red"]), ("x", [])])
def test_nothing_is_near(typed: str, known: list[str]) -> None:
    assert near_words(typed, known) == []


@pytest.mark.parametrize(
    "typed",
    [
        "winter",
        "party",
        "summer",
        "house",
        "table",
        "chair",
        "nike",
        "zara",
        "size",
        "small",
        "beach",
        "phone",
        "leather",
    ],
)
def test_a_word_of_its_own_is_no_slip_of_another(typed: str) -> None:
    assert near_words(typed, TAGS) == []


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("snekers", "sneakers"), ("jaket", "jacket"), ("carigan", "cardigan"), ("purpel", "purple"), ("gren", "green")],
)
def test_slips_are_understood(typed: str, meant: str) -> None:
    assert near_words(typed, TAGS)[0] == meant


def test_known_words_are_near_themselves_and_hyphens_do_not_matter() -> None:
    for tag in TAGS:
        assert near_words(tag, TAGS)[0] in (tag, *[each for each in TAGS if each.replace("-", " ") == tag])
        assert near_words(tag.upper().replace("-", "_"), TAGS)[0].replace("-", " ") == tag.replace("-", " ")


def test_plain_words_are_as_near_as_difflib_says() -> None:
    for tag in TAGS:
        typed = tag[1:]  # its first letter is missing
        plain = difflib.get_close_matches(typed, TAGS, n=1)
        assert not plain or near_words(typed, TAGS, count=10)


def test_only_what_is_about_as_near_is_named() -> None:
    assert near_words("sneaker", ["sneakers", "speakers", "shoes"]) == ["sneakers"]
    assert near_words("sneaker", ["sneakers", "speakers", "shoes"], count=1) == ["sneakers"]


def test_hints_name_near_words_before_a_list() -> None:
    long = [f"tag {number}" for number in range(LISTED + 1)]
    assert suggest("dres", ["dress", "shirt"]) == "did you mean 'dress'?"
    assert suggest("zzz", ["dress", "shirt"]) == "known here: dress, shirt"
    assert suggest("zzz", long) == f"known here: {', '.join(long[:MAX_NAMES])} … and {LISTED + 1 - MAX_NAMES} more"
    assert shorten(long, "fashion weights list").endswith("more (fashion weights list)")
    assert shorten(long[:LISTED]) == ", ".join(long[:LISTED])
