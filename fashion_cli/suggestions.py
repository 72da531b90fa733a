"""Near words: which known names a mistyped one was probably meant to be, and how a long list of them is shown."""

import unicodedata
from collections.abc import Iterable, Sequence

CUTOFF = 0.6  # the similarity, in [0, 1], from which on a word is near
SPREAD = 0.1  # how far behind the nearest word another may lie and still be named
LISTED = 12  # the most names that a message lists in full; of more it shows the first SHOWN
SHOWN = 8


def near_words(word: str, known: Iterable[str], *, count: int = 3, cutoff: float = CUTOFF) -> list[str]:
    """The known words that a word resembles, the nearest first; of equally near ones the first known.

    Case, accents, hyphens, underscores and spaces do not count: "T shirt" is as near to "t-shirt" as can be. A Korean
    word is compared letter by letter, not syllable by syllable.

    Args:
        word: As it was typed.
        known: What there is.
        count: The most that are returned.
        cutoff: The least similarity, in [0, 1].
    """
    from difflib import SequenceMatcher  # not needed by a command line without a mistake

    folded = _fold(word)
    if not folded:
        return []
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(folded)
    scores: dict[str, float] = {}
    for each in known:
        other = _fold(each)
        matcher.set_seq1(other)
        similarity = _contained(folded, other)
        if matcher.real_quick_ratio() >= cutoff and matcher.quick_ratio() >= cutoff:
            similarity = max(similarity, matcher.ratio())
        if similarity >= cutoff:
            scores[each] = similarity
    best = sorted(scores, key=lambda each: -scores[each])
    return [each for each in best[:count] if scores[each] >= scores[best[0]] - SPREAD]


def suggest(word: str, known: Iterable[str], *, everything: str = "") -> str:
    """A hint about a name that does not exist: the near ones, else what there is.

    Args:
        word: As it was typed.
        known: What there is.
        everything: A command line that shows all of it, for lists that are shown in part.
    """
    names = tuple(known)
    near = near_words(word, names)
    return f"did you mean {' or '.join(map(repr, near))}?" if near else f"known here: {shorten(names, everything)}"


def shorten(names: Sequence[str], everything: str = "") -> str:
    """Names between commas: all of a short list, the first of a long one.

    Args:
        names: What to list.
        everything: A command line that shows all of them.
    """
    if len(names) <= LISTED:
        return ", ".join(names)
    more = f"… and {len(names) - SHOWN:,} more"
    return f"{', '.join(names[:SHOWN])} {more}" + (f" ({everything})" if everything else "")


def _fold(word: str) -> str:
    """A word without what people type in different ways; Hangul syllables as letters."""
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return "".join(each for each in decomposed if each.isalnum() and not unicodedata.combining(each))


def _contained(word: str, other: str) -> float:
    """How near two words are of which one begins with the other: "cat" and "category", "shoes" and "shoe"."""
    shorter, longer = sorted((word, other), key=len)
    return 0.7 if len(shorter) >= 3 and longer.startswith(shorter) else 0.0
