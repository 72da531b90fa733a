"""Word vectors in the text format that GloVe is published in: a line per word, "word v1 ... vd", blanks between.

Pennington, Socher and Manning, GloVe: Global Vectors for Word Representation (EMNLP 2014). A file of gigabytes is read
line by line and only the words that are wanted are kept. Plain numpy.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fashion_cli.errors import AnnotationError

HINT = "a line per word: the word, then as many numbers as in every other line, blanks between"
_BETWEEN = re.compile(r"[\s_/-]+")  # of the words of a label

Vector = npt.NDArray[np.float32]


@dataclass(frozen=True)
class LabelWords:
    """Labels in the words of a file.

    Attributes:
        vectors: (L, d), the mean over the words of each label.
        missing: Label -> words of it that the file does not have. A label none of whose words is there has a row of 0.
        unknown: Labels none of whose words is there.
    """

    vectors: Vector
    missing: Mapping[str, tuple[str, ...]]
    unknown: tuple[str, ...]


def read_word_vectors(file: Path, words: Collection[str]) -> dict[str, Vector]:
    """The vectors of some words, each (d,). Those that the file does not have are left out.

    Of a word that comes twice the first line counts. Reading ends when every word was found.

    Args:
        file: UTF-8. A word may hold blanks itself, as a few of the largest published files do.
        words: As the file writes them.

    Raises:
        AnnotationError: With file and line, if a line has too few values, or one of them is no number.
    """
    pending = {word.encode(): word for word in words}
    vectors: dict[str, Vector] = {}
    for number, name, values in _lines(file):
        if name in pending:
            vectors[pending.pop(name)] = _vector(file, number, values)
            if not pending:
                break
    return vectors


def label_word_vectors(file: Path, phrases: Mapping[str, str]) -> LabelWords:
    """A vector for each label: that of the label as it stands, else the mean over its words.

    Args:
        file: As `read_word_vectors` takes it.
        phrases: Label -> the words to look up; in the order of the labels.

    Raises:
        AnnotationError: As `read_word_vectors` does, and if the file has none of the words.
    """
    texts = {label: phrase.lower().strip() for label, phrase in phrases.items()}
    parts = {label: tuple(filter(None, _BETWEEN.split(text))) for label, text in texts.items()}
    vectors = read_word_vectors(file, {*texts.values(), *(word for words in parts.values() for word in words)})
    if not vectors:
        raise AnnotationError(
            f"{file}: has a vector for no word of any label", hint="words are looked up in lower case"
        )
    width = len(next(iter(vectors.values())))
    rows, missing, unknown = [], {}, []
    for label, text in texts.items():
        words = (text,) if text in vectors else parts[label]
        there = [vectors[word] for word in words if word in vectors]
        if len(there) < len(words) or not words:
            missing[label] = tuple(word for word in words if word not in vectors)
        if not there:
            unknown.append(label)
        rows.append(np.mean(there, axis=0, dtype=np.float32) if there else np.zeros(width, np.float32))
    return LabelWords(np.stack(rows), missing, tuple(unknown))


def _lines(file: Path) -> Iterator[tuple[int, bytes, list[bytes]]]:
    """Line number, word and d values of each line; d is that of the first."""
    width = 0
    try:
        with file.open("rb") as stream:
            for number, line in enumerate(stream, start=1):
                text = line.rstrip(b" \r\n")
                width = width or _width(file, text)
                name, *values = text.rsplit(b" ", width)
                if len(values) != width:
                    raise _error(file, number, f"expected a word and {width} numbers, found {len(values)} numbers")
                yield number, name, values
    except OSError as error:
        raise AnnotationError(f"{file}: cannot be read ({error.strerror})", hint="check label_vectors") from error


def _width(file: Path, first: bytes) -> int:
    """How many numbers the first line has."""
    width = len(first.split(b" ")) - 1
    if width == 1 and first.replace(b" ", b"").isdigit():
        raise _error(file, 1, "two numbers are the header of word2vec's format", hint="tail -n +2 takes it off")
    if width < 1:
        raise _error(file, 1, "expected a word and its numbers")
    return width


def _vector(file: Path, number: int, values: list[bytes]) -> Vector:
    try:
        vector = np.array([float(value) for value in values], np.float32)
    except ValueError as error:
        raise _error(file, number, f"not a number ({error})") from error
    if not np.isfinite(vector).all():
        raise _error(file, number, "a value is not finite")
    return vector


def _error(file: Path, number: int, message: str, hint: str = HINT) -> AnnotationError:
    return AnnotationError(f"{file}:{number}: {message}", hint=hint)
