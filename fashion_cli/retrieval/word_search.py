"""Search by words: by the tags that they name, by a table's columns, by a shop's texts.

Every term has to hold; terms that name tags of one group are alternatives: "red blue dress" is a dress in red or blue.
A photograph is as sure for a term as the score of the tag that it shows, and quite sure where a text has the word.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt

from fashion_cli.data.features import FeatureFile
from fashion_cli.data.tags import present_tags
from fashion_cli.errors import UnknownWordsError, UsageError
from fashion_cli.retrieval.columns import text_column_names
from fashion_cli.retrieval.lexicon import Lexicon, TagKey, Term, searched_text, words_of
from fashion_cli.retrieval.lru_cache import LruCache

MAX_CACHED_TAGS = 64  # tags whose scores of all photographs are kept
ROWS_AT_ONCE = 65536
NAMED = 12  # tags that a message gives as examples

Rows = npt.NDArray[np.int64]

EXCLUDED = re.compile(r"(?<!\S)[-!]\w+")  # "shirt -red", as search engines take it


@dataclass(frozen=True)
class TextMatches:
    """Where a term stands in texts.

    Attributes:
        rows: (N,) which photographs' texts have it.
        occurs: Whether any text has it, also one of no photograph.
    """

    rows: npt.NDArray[np.bool_]
    occurs: bool


class TextSource(Protocol):
    """Texts about photographs of a gallery, in which terms are looked up."""

    def find(self, term: Term) -> TextMatches: ...

    def words(self) -> Iterable[str]:
        """The words that there are, for suggestions."""
        ...


class ColumnTexts:
    """The text columns of a table as a source. Threads may share it.

    Args:
        features: The gallery.
    """

    def __init__(self, features: FeatureFile) -> None:
        self._features = features

    def find(self, term: Term) -> TextMatches:
        rows = np.array([term.is_in(text) for text in self._texts], np.bool_)
        return TextMatches(rows, bool(rows.any()))

    def words(self) -> Iterable[str]:
        return {word for text in self._texts for word in words_of(text)}

    @cached_property
    def _texts(self) -> list[str]:
        columns = list(text_column_names(self._features).values())
        return list(map(searched_text, zip(*columns, strict=True))) if columns else [""] * len(self._features)


class WordSearch:
    """Searches a gallery by words. Threads may share it.

    Args:
        features: The gallery. Where the titles of its tags are known, its header has them.
    """

    def __init__(self, features: FeatureFile) -> None:
        self._features, self._vocabulary = features, features.header.vocabulary
        self._columns = ColumnTexts(features)
        self._scores: LruCache[TagKey, npt.NDArray[np.float32]] = LruCache(MAX_CACHED_TAGS)

    @cached_property
    def lexicon(self) -> Lexicon:
        return Lexicon(self._vocabulary)

    def sureness(self, text: str, more: Sequence[TextSource] = ()) -> npt.NDArray[np.float32]:
        """(N,) how sure it is that each photograph is what the words say, above 0; 0 where it is not.

        Args:
            text: "red dress", "빨간 원피스".
            more: Further texts about the photographs, beside the columns of the gallery.

        Raises:
            UnknownWordsError: If a word names no tag and stands in no text.
            UsageError: If there is no word.
        """
        if excluded := EXCLUDED.search(text):
            raise UsageError(
                f"{text!r}: words say what is there, and {excluded[0]!r} what is not",
                hint="--where leaves out: --where colour!=red",
            )
        terms = self.lexicon.terms(text)
        if not terms:
            raise UsageError(f"{text!r}: no words to search for", hint="say what it looks like: 'red dress'")
        sources = (self._columns, *more)
        matches = [[source.find(term) for source in sources] for term in terms]
        unknown = [
            term
            for term, hits in zip(terms, matches, strict=True)
            if not term.tags and not any(each.occurs for each in hits)
        ]
        if unknown:
            raise self._unknown_words_error(text, unknown, sources)
        groups: dict[str, npt.NDArray[np.float32]] = {}
        for term, hits in zip(terms, matches, strict=True):
            sure = np.max([np.zeros(len(self._features), np.float32), *(each.rows for each in hits)], axis=0)
            for tag in term.tags:
                np.maximum(sure, self._scores_of(tag), out=sure)
            group = term.group or f"\0{term.text}"
            groups[group] = np.maximum(groups[group], sure) if group in groups else sure
        every = np.stack(list(groups.values()))  # (G, N)
        total: npt.NDArray[np.float32] = every.sum(axis=0) * (every > 0).all(axis=0)
        return total

    def _scores_of(self, tag: TagKey) -> npt.NDArray[np.float32]:
        """(N,) of the photographs that show the tag; 0 of the others."""
        return self._scores.get(tag, lambda: self._read_scores(tag))

    def _read_scores(self, tag: TagKey) -> npt.NDArray[np.float32]:
        group, name = tag
        window = self._vocabulary.columns[group]
        column = window.start + self._vocabulary.names[window].index(name)
        scores = np.zeros(len(self._features), np.float32)
        for start in range(0, len(scores), ROWS_AT_ONCE):
            stored = self._features.scores(slice(start, start + ROWS_AT_ONCE))
            present = present_tags(stored, self._vocabulary)[:, column]
            # What a group's best tag is shown for may round to 0, which would mean that it is not shown.
            scores[start : start + len(stored)] = present * np.maximum(stored[:, column], np.finfo(np.float16).tiny)
        return scores

    def _unknown_words_error(
        self, text: str, unknown: Sequence[Term], sources: Sequence[TextSource]
    ) -> UnknownWordsError:
        others = {word for source in sources for word in source.words()}
        near = {term.text: self.lexicon.suggest(term.text, others) for term in unknown}
        words = " and ".join(repr(term.text) for term in unknown)
        message = f"nothing here goes by {words}"
        if not all(near.values()):
            names = self._vocabulary.names[:NAMED]
            hint = f"words of tags and titles are known: {', '.join(names)}, …" if names else "there are no tags here"
            return UnknownWordsError(message, hint=hint)
        best = {word: suggestions[0] for word, suggestions in near.items()}
        first = unknown[0].text
        texts = tuple(dict.fromkeys(_replace_words(text, {**best, first: each}) for each in near[first]))
        return UnknownWordsError(message, hint=f"did you mean {' or '.join(map(repr, texts))}?", suggestions=texts)


def rank_by_confidence(sureness: npt.NDArray[np.float32], allowed: Rows | None = None) -> Rows:
    """The rows that words describe, the surest first; equals in the order of the gallery.

    Args:
        sureness: (N,) of `WordSearch.sureness`.
        allowed: The only rows; None for all.
    """
    rows = np.flatnonzero(sureness > 0) if allowed is None else allowed[sureness[allowed] > 0]
    return rows[np.argsort(-sureness[rows], kind="stable")].astype(np.int64)


def _replace_words(text: str, words: dict[str, str]) -> str:
    return " ".join(words.get(word, word) for word in words_of(text))
