"""Near words: which known names a mistyped one was probably meant to be, and how a long list of them is shown."""

import unicodedata
from collections.abc import Iterable, Sequence

CUTOFF = 0.6  # the similarity, in [0, 1], from which on a word is near
SPREAD = 0.1  # how far behind the nearest word another may lie and still be named
SHORT = 5  # letters of a word whose first letter is right
MEDIUM, LONG = 6, 9  # letters of a word up to which one slip is expected, and up to which two
LISTED = 12  # the most names that a message lists in full; of more it shows the first SHOWN
MAX_NAMES = 8


def near_words(word: str, candidates: Iterable[str], *, count: int = 3, cutoff: float = CUTOFF) -> list[str]:
    """The known words that a word resembles, the nearest first; of equally near ones the first known.

    Near is what a slip of the finger makes of a word: a letter or two wrong, left out, added or exchanged, the fewer
    the shorter it is. "winter" has most letters of "white" and is not near to it. Case, accents, hyphens, underscores
    and spaces do not count: "T shirt" is as near to "t-shirt" as can be. A Korean word is compared letter by letter,
    not syllable by syllable.

    Args:
        word: As it was typed.
        candidates: What there is.
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
    for each in candidates:
        other = _fold(each)
        matcher.set_seq1(other)
        similarity = _prefix_similarity(folded, other)
        if matcher.real_quick_ratio() >= cutoff and matcher.quick_ratio() >= cutoff:
            alike = matcher.ratio()
            similarity = max(similarity, alike if alike >= cutoff and _is_slip(folded, other) else 0.0)
        if similarity >= cutoff:
            scores[each] = similarity
    best = sorted(scores, key=lambda each: -scores[each])
    return [each for each in best[:count] if scores[each] >= scores[best[0]] - SPREAD]


def suggest(word: str, candidates: Iterable[str], *, everything: str = "") -> str:
    """A hint about a name that does not exist: the near ones, else what there is.

    Args:
        word: As it was typed.
        candidates: What there is.
        everything: A command line that shows all of it, for lists that are shown in part.
    """
    names = tuple(candidates)
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
    more = f"… and {len(names) - MAX_NAMES:,} more"
    return f"{', '.join(names[:MAX_NAMES])} {more}" + (f" ({everything})" if everything else "")


def _fold(word: str) -> str:
    """A word without what people type in different ways; Hangul syllables as letters."""
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return "".join(each for each in decomposed if each.isalnum() and not unicodedata.combining(each))


def _is_slip(word: str, other: str) -> bool:
    """Whether so few strokes are wrong that one word may have been meant to be the other."""
    if sorted(word) == sorted(other):  # the right keys in another order
        return True
    longest = max(len(word), len(other))
    if longest <= SHORT and len(word) == len(other) and word[:1] != other[:1]:
        return False  # the first letter of a short word is seldom the wrong one
    return _edits(word, other) <= 1 + (longest > MEDIUM) + (longest > LONG)


def _edits(word: str, other: str) -> int:
    """Letters to put in, leave out, change or exchange with the next one (the optimal string alignment distance)."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(word, 1):
        now = [row]
        for column, there in enumerate(other, 1):
            least = min(last[column] + 1, now[-1] + 1, last[column - 1] + (letter != there))
            if row > 1 and column > 1 and letter == other[column - 2] and word[row - 2] == there:
                least = min(least, before[column - 2] + 1)
            now.append(least)
        before, last = last, now
    return last[-1]


def _prefix_similarity(word: str, other: str) -> float:
    """How near two words are of which one begins with the other: "cat" and "category", "shoes" and "shoe"."""
    shorter, longer = sorted((word, other), key=len)
    return 0.7 if len(shorter) >= 3 and longer.startswith(shorter) else 0.0
