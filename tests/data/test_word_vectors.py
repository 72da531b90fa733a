"""GloVe's text format: what is found, what is missing, and every line that is wrong, by file and line."""

from pathlib import Path

import numpy as np
import pytest

from fashion_cli.data.word_vectors import label_word_vectors, read_word_vectors
from fashion_cli.errors import AnnotationError

LINES = "the 0.1 0.2 -0.3\nshirt 1 2 3\nt-shirt -1 -2.5e-1 0\ntee 4 0 2\n. . . 9 9 9\nslip 2 2 2\nshirt 7 7 7\n"


@pytest.fixture
def glove(tmp_path: Path) -> Path:
    file = tmp_path / "glove.txt"
    file.write_text(LINES, encoding="utf-8")
    return file


def test_only_wanted_words_are_kept_and_the_first_line_of_a_word_counts(glove: Path) -> None:
    found = read_word_vectors(glove, ["shirt", "t-shirt", ". . .", "kaftan"])
    assert {word: vector.tolist() for word, vector in found.items()} == {
        "shirt": [1, 2, 3],
        "t-shirt": [-1, -0.25, 0],
        ". . .": [9, 9, 9],
    }
    assert all(vector.dtype == np.float32 for vector in found.values())


def test_agrees_with_a_plain_reading(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    words = [f"wört{number}" for number in range(200)]
    vectors = rng.normal(size=(200, 50)).round(5)
    text = "".join(
        f"{word} {' '.join(str(value) for value in vector)}\n"
        for word, vector in zip(words, vectors.tolist(), strict=True)
    )
    (tmp_path / "g.txt").write_text(text, encoding="utf-8")
    found = read_word_vectors(tmp_path / "g.txt", words[::7])
    assert sorted(found) == sorted(words[::7])
    for word, vector in found.items():
        assert vector == pytest.approx(vectors[words.index(word)], abs=1e-6)


def test_reading_ends_when_every_word_was_found(glove: Path) -> None:
    glove.write_text(LINES + "broken 1\n", encoding="utf-8")
    assert list(read_word_vectors(glove, ["shirt"])) == ["shirt"]
    with pytest.raises(AnnotationError, match=r"glove\.txt:8"):
        read_word_vectors(glove, ["kaftan"])


def test_labels_of_several_words_are_their_mean(glove: Path) -> None:
    phrases = {"T-Shirt": "T-Shirt", "slip_shirt": "slip_shirt", "long tee": "long tee", "kaftan": "kaftan", "x": "tee"}
    found = label_word_vectors(glove, phrases)
    expected = [[-1, -0.25, 0], [(2 + 1) / 2, (2 + 2) / 2, (2 + 3) / 2], [4, 0, 2], [0, 0, 0], [4, 0, 2]]
    assert found.vectors == pytest.approx(np.array(expected))
    assert found.missing == {"long tee": ("long",), "kaftan": ("kaftan",)}
    assert found.unknown == ("kaftan",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a 1 2 3\nb 1 2\n", r"g.txt:2: expected a word and 3 numbers, found 2"),
        ("a 1 2 3\nwanted 1 x 3\n", r"g.txt:2: not a number .*'x'"),
        ("a 1 2 3\nwanted 1 nan 3\n", r"g.txt:2: a value is not finite"),
        ("a 1 2 3\n\nb 1 2 3\n", r"g.txt:2: expected a word and 3 numbers, found 0"),
        ("400000 300\na 1 2\n", r"g.txt:1: two numbers are the header of word2vec"),
        ("word\n", r"g.txt:1: expected a word and its numbers"),
    ],
)
def test_wrong_lines_are_named(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "g.txt"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(AnnotationError, match=said):
        read_word_vectors(file, ["wanted", "other"])


def test_files_that_say_nothing(tmp_path: Path, glove: Path) -> None:
    with pytest.raises(AnnotationError, match=r"nowhere.txt: cannot be read"):
        read_word_vectors(tmp_path / "nowhere.txt", ["shirt"])
    with pytest.raises(AnnotationError, match="no word of any label"):
        label_word_vectors(glove, {"kaftan": "kaftan"})
