"""Texts as they are stored, and as they are searched: the same on every database."""

import hashlib
import re
from collections.abc import Iterable

from fashion_cli.data.words import folded

_SURROGATES = re.compile("[\ud800-\udfff]")  # halves of a pair, as broken JSON has them: UTF-8 cannot hold them


def to_storable(text: str) -> str:
    """A text that every database takes: PostgreSQL has no NUL, UTF-8 no halves of a pair."""
    return _SURROGATES.sub("\ufffd", text.replace("\x00", ""))


def unique_digest(*parts: str) -> str:
    """The sha256 of texts that are unique together, in hexadecimal."""
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()


def to_searchable(texts: Iterable[str]) -> str:
    """What `find` looks into: every text on a line of its own, so that no word is found across two of them."""
    return "\n".join(" ".join(folded(text).split()) for text in texts if text)


def query_words(words: str) -> list[str]:
    """The words of a search, without those that are there twice."""
    return list(dict.fromkeys(folded(to_storable(words)).split()))
