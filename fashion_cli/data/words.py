"""Texts as they are searched: what people type and what tables and shops write, compared alike."""

import re
import unicodedata

HYPHENS = r"\-‐‑‒–—"
JOINT = rf"[ _'’‘´`{HYPHENS}]*"  # what may stand inside a name or not: "t shirt", "t-shirt", "tshirt"
_JOINTS = re.compile(rf"(?:\s|{JOINT[:-1]})+")
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")


def folded(text: str) -> str:
    """A text in which neither case nor width matters, nor whether Hangul comes in syllables or in letters.

    Done here because databases differ: SQLite folds ASCII alone, MariaDB and PostgreSQL as their locale says.
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def compact(text: str) -> str:
    """A folded text without what may join the parts of a name: "T-Shirt" and "t shirt" become "tshirt"."""
    return _JOINTS.sub("", folded(text))


def parts_of(text: str) -> tuple[str, ...]:
    """The parts of a name: "T-Shirt" has "t" and "shirt"."""
    return tuple(part for part in _JOINTS.split(folded(text)) if part)


def has_hangul(text: str) -> bool:
    """Whether a text is written in Korean, where words may be joined without a space."""
    return _HANGUL.search(text) is not None


def letters(text: str) -> str:
    """A folded text by its letters: a syllable of Hangul is two or three of them, so that a slip changes one."""
    return unicodedata.normalize("NFD", folded(text))
