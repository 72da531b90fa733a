"""Words against the tags that they are to name, one by one."""

import unicodedata

import pytest

from fashion_cli.data.words import compact, folded
from fashion_cli.model_cards import TagGroup, Vocabulary
from fashion_cli.retrieval.languages import languages
from fashion_cli.retrieval.lexicon import Lexicon, searched_text, words_of
from fashion_cli.weights import open_model

SHIPPED = Lexicon(open_model().card.vocabulary)


def named(text: str, lexicon: Lexicon = SHIPPED) -> list[str]:
    return [" ".join(name for _, name in term.tags) or f"?{term.text}" for term in lexicon.terms(text)]


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("red dress", ["red", "dress"]),
        ("Red DRESSES", ["red", "dress"]),
        ("shoe", ["shoes"]),
        ("scarves", ["scarf"]),
        ("watches, ties; belts", ["watch", "tie", "belt"]),
        ("tee", ["t-shirt"]),
        ("t shirt", ["t-shirt"]),
        ("T-Shirts", ["t-shirt"]),
        ("tshirt", ["t-shirt"]),
        ("tee shirts", ["t-shirt"]),
        ("trousers", ["pants"]),
        ("gray jumper", ["grey", "sweater"]),
        ("trainers", ["sneakers"]),
        ("running shoes", ["sneakers"]),
        ("flip-flops", ["flip flops"]),
        ("flipflop", ["flip flops"]),
        ("flops", ["flip flops"]),
        ("long sleeve", ["longsleeve"]),
        ("long-sleeved", ["longsleeve"]),
        ("formal shoes", ["formal shoes"]),
        ("shorts", ["shorts"]),
        ("short dress", ["?short", "dress"]),
        ("glass", ["?glass"]),
        ("men's shirts", ["men", "shirt"]),
        ("shoes for women", ["shoes", "women"]),
        ("a dress in black and white", ["dress", "black", "white"]),
        ("black/white dress", ["black", "white", "dress"]),
        ("“red” (dress)!", ["red", "dress"]),
        ("checkered", ["checked"]),
        ("multicolored", ["multicolour"]),
        ("빨간 셔츠", ["red", "shirt"]),
        ("빨강 원피스", ["red", "dress"]),
        ("빨간색 원피스", ["red", "dress"]),
        ("빨간셔츠", ["red", "shirt"]),
        ("검은줄무늬티셔츠", ["black", "striped", "t-shirt"]),
        ("파란 바지", ["blue", "pants"]),
        ("노란 치마", ["yellow", "skirt"]),
        ("검정 구두", ["black", "formal shoes"]),
        ("하얀 운동화", ["white", "sneakers"]),
        ("흰 셔츠", ["white", "shirt"]),
        ("녹색 가방", ["green", "bag"]),
        ("초록색 모자", ["green", "hat"]),
        ("분홍 양말", ["pink", "socks"]),
        ("보라색 코트", ["purple", "coat"]),
        ("회색 니트", ["grey", "sweater"]),
        ("체크 남방", ["checked", "shirt"]),
        ("긴소매 티셔츠", ["longsleeve"]),
        ("긴소매티셔츠", ["longsleeve"]),
        ("여자 원피스", ["women", "dress"]),
        ("푸른 셔츠", ["blue green", "shirt"]),
        ("linen", ["?linen"]),
        ("", []),
        ("and the", []),
    ],
)
def test_words_name_tags(text: str, tags: list[str]) -> None:
    assert named(text) == tags


def test_hangul_may_come_in_letters_and_latin_in_full_width() -> None:
    assert named(unicodedata.normalize("NFD", "빨간 셔츠")) == ["red", "shirt"]
    assert named("ＲＥＤ　ｄｒｅｓｓ") == ["red", "dress"]


def test_every_word_of_a_language_names_its_tag_in_a_vocabulary_that_has_it() -> None:
    for language in languages():
        for tag, words in language.synonyms.items():
            lexicon = Lexicon(Vocabulary((TagGroup("group", (tag, "nothing else"), exclusive=True),)))
            for word in (tag, *words):
                assert lexicon.tags_named(word) == (("group", tag),), f"{language.code}: {word}"


def test_a_model_that_says_trousers_is_understood_too() -> None:
    lexicon = Lexicon(Vocabulary((TagGroup("kind", ("trousers", "jumper", "gray"), exclusive=True),)))
    assert named("grey pants", lexicon) == ["gray", "trousers"]
    assert named("회색 바지", lexicon) == ["gray", "trousers"]


def test_titles_of_a_card_count_as_names() -> None:
    group = TagGroup("stil", ("dandy", "rock_chic"), exclusive=True, titles={"de": ("Geck", "Rockerbraut")})
    lexicon = Lexicon(Vocabulary((group,)))
    assert named("geck rock-chic rockerbraut", lexicon) == ["dandy", "rock_chic", "rock_chic"]


def test_a_tag_s_own_name_goes_before_synonyms() -> None:
    lexicon = Lexicon(Vocabulary((TagGroup("kind", ("sneakers", "trainers"), exclusive=True),)))
    assert named("trainers", lexicon) == ["trainers"]
    assert named("running shoes", lexicon) == ["sneakers trainers"]


@pytest.mark.parametrize(
    ("word", "near"),
    [("drss", "dress"), ("trouzers", "trousers"), ("sneekers", "sneakers"), ("셔쓰", "셔츠"), ("빨깡", "빨강")],
)
def test_near_words_are_suggested(word: str, near: str) -> None:
    assert SHIPPED.suggest(word)[0] == near


def test_nothing_is_suggested_for_what_is_near_nothing() -> None:
    assert SHIPPED.suggest("xyzzyplugh") == []
    for word in ("winter", "party", "house", "nike", "phone", "자동차"):
        assert SHIPPED.suggest(word, ["linen", "silk"]) == []
    assert SHIPPED.suggest("velvett", ["velvet"])[0] == "velvet"


@pytest.mark.parametrize(
    ("word", "text", "found"),
    [
        ("red", "Red wool", True),
        ("red", "Reduced, embroidered", False),  # a colour is a whole word
        ("빨간", "Red wool", True),  # in another language
        ("gray", "grey_wool.jpg", True),
        ("tee", "Basic T-Shirts", True),
        ("denim", "Denims", True),
        ("jac", "Denim Jacket", True),  # what is no tag may be the beginning of a word
        ("cket", "Denim Jacket", False),
        ("린넨", "여름린넨자켓", True),
        ("힐", "힐링 캠프", False),  # a syllable alone is in too many words
        ("scarf", "Two scarves", True),
        ("a(b", "A(B) 1", True),
        ("shirt", "Blue T-Shirt", False),  # one word, which means another thing
        ("shirts", "T-Shirts, pack of 3", False),
        ("shirt", "T‑shirt", False),  # a hyphen that breaks no line
        ("shirt", "T shirt", False),
        ("shirt", "tee-shirt", False),
        ("shirt", "Sweat-shirt", False),
        ("shirt", "polo-shirts", False),
        ("shirt", "Denim-shirt", True),  # no name of another thing
        ("shirt", "slim-fit-shirt-blue", True),
        ("shirt", "T-shirt, or a shirt", True),
        ("shirt", "Dress shirt", True),
        ("t-shirt", "Blue T-Shirt", True),
        ("tee", "t shirts", True),
        ("tie", "Neck-tie", True),  # another word for the same
        ("neck", "V-neck top", False),
        ("line", "A-line skirt", False),
        ("neck", "Crew neck", True),
        ("shi", "T-shirt", False),
        ("coat", "Rain-coats", True),
        ("blue", "Navy-blue scarf", False),
        ("blue", "blue-white scarf", True),
        ("sports", "Sports-shoes", True),  # names of another group say nothing against it
        ("셔츠", "흰 티셔츠", False),
        ("셔츠", "반팔 티셔츠", False),
        ("셔츠", "티 셔츠", False),
        ("셔츠", "빨간셔츠", True),
        ("셔츠", "티셔츠와 셔츠", True),
        ("티셔츠", "반팔티셔츠", True),
        ("바지", "청바지", False),
        ("바지", "면바지", True),
    ],
)
def test_words_are_found_in_texts(word: str, text: str, found: bool) -> None:
    (term,) = SHIPPED.terms(word)
    folded_text = searched_text([text])
    assert term.is_in(folded_text) == found
    if found:  # what a database looks for is in it, or the database would not find it
        assert any(all(piece in folded(text) for piece in pieces) for pieces in term.stems)


def test_no_word_is_found_across_two_cells() -> None:
    (term,) = SHIPPED.terms("flip flops")
    assert not term.is_in(searched_text(["flip", "flops"]))


def test_texts_compare_alike() -> None:
    assert compact("T–Shirt") == compact("ｔ shirt") == "tshirt"
    assert words_of("red,dress") == ["red", "dress"]
