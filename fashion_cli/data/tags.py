"""From scores to tags: which ones a photograph shows, and what people are told of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fashion_cli.errors import UsageError
from fashion_cli.model_cards import Vocabulary
from fashion_cli.suggestions import suggest


@dataclass(frozen=True)
class Tag:
    """One tag of one photograph.

    Attributes:
        group: The question that it answers.
        name: The answer.
        score: Probability in [0, 1].
        title: What people call it in the language that was asked for; "" where none was, or the card has none.
    """

    group: str
    name: str
    score: float
    title: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.group}:{self.name}"


def present_tags(scores: npt.NDArray[np.floating], vocabulary: Vocabulary) -> npt.NDArray[np.bool_]:
    """Which tags hold: those from their threshold on; of an exclusive group only the best one.

    Args:
        scores: (N, T) probabilities.
        vocabulary: The tags and their thresholds.

    Returns:
        (N, T).
    """
    present = scores.astype(np.float32) >= np.asarray(vocabulary.thresholds, np.float32)
    for group in vocabulary.groups:
        if group.exclusive:
            answers = scores[:, vocabulary.columns[group.name]]
            best = answers.argmax(axis=1)[:, None] == np.arange(len(group.tags))
            present[:, vocabulary.columns[group.name]] &= best
    return present


def named_tags(
    scores: npt.NDArray[np.floating], chosen: npt.NDArray[np.bool_], vocabulary: Vocabulary, language: str = ""
) -> tuple[Tag, ...]:
    """The chosen tags of one photograph: group by group, the best first.

    Args:
        scores: (T,) probabilities.
        chosen: (T,) which of them.
        vocabulary: Their names.
        language: Of their titles; "" for none.
    """
    tags = []
    for group in vocabulary.groups:
        window = vocabulary.columns[group.name]
        if not chosen[window].any():
            continue
        best_first = window.start + np.argsort(-scores[window].astype(np.float32), kind="stable")
        titles = dict(zip(group.tags, group.titles.get(language, ()), strict=False))  # there may be none
        for t in best_first:
            if chosen[t]:
                name = vocabulary.names[t]
                tags.append(Tag(group.name, name, round(float(scores[t]), 4), titles.get(name, "")))
    return tuple(tags)


def require_group(name: str, vocabulary: Vocabulary, others: Sequence[str] = ()) -> slice:
    """The columns of a group.

    Args:
        name: Of the group.
        vocabulary: Its groups.
        others: What else could have been named, for the hint.

    Raises:
        UsageError: Naming the nearest group.
    """
    if name not in vocabulary.columns:
        kind = "tag group or column" if others else "tag group"
        raise UsageError(f"no {kind} {name!r}", hint=suggestion(name, (*vocabulary.columns, *others)))
    return vocabulary.columns[name]


def require_language(language: str, vocabulary: Vocabulary, others: Collection[str] = ()) -> None:
    """Make sure that tags have titles in a language.

    Args:
        language: "" for the tags' own names.
        vocabulary: The tags.
        others: Languages in which they may go by their own names.

    Raises:
        UsageError: Naming the languages that there are.
    """
    if language and language not in (*vocabulary.languages, *others):
        raise UsageError(
            f"language: {no_titles(language, vocabulary)}", hint='language="" gives the names that tags have'
        )


def no_titles(language: str, vocabulary: Vocabulary) -> str:
    """That tags have no titles in a language, and in which they have some."""
    languages = vocabulary.languages
    spoken = f"only in {', '.join(languages)}" if languages else "in no language"
    return f"the model has no titles in {language!r}, {spoken}"


def suggestion(word: str, names: Sequence[str]) -> str:
    """A hint for a mistyped name."""
    if not names:
        return "there are no tags here; --tagger NAME|DIR brings some when photographs are embedded"
    return suggest(word, names, everything="fashion weights tags MODEL")
