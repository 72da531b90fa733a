"""From words to tags: names and titles in any language, plurals, synonyms, and what was probably meant.

What words mean is data, in `languages/`. A word means the first of these that it can:
1. a tag's name or title, in singular or plural, however its parts are joined ("t shirt", "T-Shirts");
2. a synonym of one;
3. a part of one ("flops" of "flip flops").
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache

from fashion_cli.data.words import HYPHENS, JOINT, compact, folded, has_hangul, letters, parts_of
from fashion_cli.model_cards import Vocabulary
from fashion_cli.retrieval.languages import languages
from fashion_cli.suggestions import near_words

LONGEST_NAME = 4  # words that may be one name together: "oversized long sleeve shirt"
MAX_CACHED_FORMS = 20_000  # words whose forms are remembered
_SEPARATORS = re.compile(r"[\s,;/&+|·、，]+")
# Where a word begins: not behind a letter, nor behind a single one and a hyphen, as in "V-neck" and "T-shirt".
BEGINNING = rf"(?<!\w)(?<!\W[a-z][{HYPHENS}])(?<!^[a-z][{HYPHENS}])"
_EDGES = ".!?\"“”„()[]{}:'’`"  # around a word: no part of it

TagKey = tuple[str, str]  # group and name
Meanings = Mapping[str, tuple[TagKey, ...]]


@dataclass(frozen=True)
class Term:
    """A word of a search, or several that are one name together.

    Attributes:
        text: As it was typed.
        tags: What it names; empty where it is a word of titles and shops alone.
        spellings: All that means the same, folded; the typed text first.
        others: Names that have a spelling in them and mean something else, folded: "t-shirt" of "shirt".
    """

    text: str
    tags: tuple[TagKey, ...]
    spellings: tuple[str, ...]
    others: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """Of the tags: terms of one group are alternatives. "" without tags."""
        return self.tags[0][0] if self.tags else ""

    def is_in(self, text: str) -> bool:
        """Whether a text that `searched_text` made has it: as whole words, in singular or plural.

        What is written as one word is one word: "T-shirt" has no shirt in it. A word that names no tag is found as the
        beginning of words too: "denim jac" in "Denim Jacket".
        """
        if self._pattern.search(text) is None:
            return False
        return any(match.lastgroup == "spelled" for match in self._disambiguation.finditer(text))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        whole = [_spelling_pattern(spelling) for spelling in self.spellings]
        return re.compile("|".join(whole if self.tags else [*whole, BEGINNING + re.escape(self.spellings[0])]))

    @cached_property
    def _disambiguation(self) -> re.Pattern[str]:
        """The same pattern, but other names first: where one of them stands, the spelling in it does not count."""
        others = [_compound_pattern(name, self.spellings) for name in sorted(self.others, key=len, reverse=True)]
        return re.compile("|".join([*filter(None, others), f"(?P<spelled>{self._pattern.pattern})"]))

    @cached_property
    def stems(self) -> tuple[tuple[str, ...], ...]:
        """Pieces of text: wherever the pattern is found, all pieces of one of these are. For databases to look for."""
        return tuple(dict.fromkeys(_stem(spelling) for spelling in self.spellings))


class Lexicon:
    """What words mean for the tags of one vocabulary.

    Args:
        vocabulary: With the titles of its tags, where a model's card has some.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._spellings = {
            (group.name, tag): tuple(dict.fromkeys((tag, *(titles[place] for titles in group.titles.values()))))
            for group in vocabulary.groups
            for place, tag in enumerate(group.tags)
        }
        self._names = _by_form((spelling, key) for key, each in self._spellings.items() for spelling in each)
        self._synonyms = _by_form(
            (word, key) for key, each in self._spellings.items() for spelling in each for word in synonyms_of(spelling)
        )
        self._parts = _by_form(
            (part, key)
            for key, each in self._spellings.items()
            for spelling in each
            if len(parts_of(spelling)) > 1
            for part in parts_of(spelling)
            if len(part) > 1
        )

    def terms(self, text: str) -> tuple[Term, ...]:
        """What a text asks for, without the words that say nothing; of several readings the longest names."""
        words = words_of(text)
        result: list[Term] = []
        place = 0
        while place < len(words):
            length, terms = self._longest(words[place:])
            result += terms
            place += length
        return tuple(dict.fromkeys(result))

    def tags_named(self, text: str) -> tuple[TagKey, ...]:
        """The tags that a name, title or synonym stands for; empty where it is none."""
        forms = forms_of(text)
        return _first(self._names, forms) or _first(self._synonyms, forms)

    def suggest(self, word: str, others: Collection[str] = ()) -> list[str]:
        """Words that are spelled nearly so and mean something, the nearest first.

        Args:
            word: As typed.
            others: What else is known, beside the vocabulary's words.
        """
        own_words = [word for each in self._spellings.values() for name in each for word in (*synonyms_of(name), name)]
        by_letters = {letters(each.replace("_", " ")): each for each in (*others, *own_words)}  # a tag's own name wins
        typed = letters(word)
        near = [each for each in by_letters if abs(len(each) - len(typed)) <= max(2, len(typed) // 2)]
        return near_words(word, [by_letters[each] for each in near])

    def _longest(self, words: list[str]) -> tuple[int, list[Term]]:
        """How many of the first words are one name together, and what they mean."""
        for length in range(min(LONGEST_NAME, len(words)), 0, -1):
            text = " ".join(words[:length])
            if tags := self.tags_named(text):
                return length, [self._term(text, tags)]
        word = words[0]
        if _is_ignored(word):
            return 1, []
        if tags := _first(self._parts, forms_of(word)):
            return 1, [self._term(word, tags)]
        return 1, self._split_compound(word) or [
            Term(word, (), (folded(word),), self._others_with((folded(word),), ()))
        ]

    def _split_compound(self, word: str) -> list[Term]:
        """The names that a Korean word without spaces consists of, the first the longest: "빨간셔츠"; mostly none."""
        if not has_hangul(word):
            return []
        for place in range(len(word) - 1, 0, -1):
            if tags := self.tags_named(word[:place]):
                last = self.tags_named(word[place:])
                rest = [self._term(word[place:], last)] if last else self._split_compound(word[place:])
                if rest:
                    return [self._term(word[:place], tags), *rest]
        return []

    def _term(self, text: str, tags: tuple[TagKey, ...]) -> Term:
        same = [word for key in tags for name in self._spellings[key] for word in (name, *synonyms_of(name))]
        spellings = tuple(dict.fromkeys(_plain(each) for each in (text, *same)))
        return Term(text, tags, spellings, self._others_with(spellings, tags))

    def _others_with(self, spellings: Sequence[str], tags: Sequence[TagKey]) -> tuple[str, ...]:
        """Names that have one of some spellings in them and mean another thing of the same kind."""
        within = {form for spelling in spellings for form in forms_of(spelling)}
        groups = {group for group, _ in tags}
        return tuple(
            name
            for name, (written, keys) in self._meanings.items()
            if written not in within
            and not set(keys) & set(tags)
            and (not groups or not keys or groups & {group for group, _ in keys})
            and any(form in written for form in within)
            and (tags or not written.startswith(tuple(within)))  # what is no tag may be the beginning of a word
        )

    @cached_property
    def _meanings(self) -> dict[str, tuple[str, tuple[TagKey, ...]]]:
        """Every name, folded -> without its joints, and the tags that it stands for; mostly none of another model's."""
        ours = (name for each in self._spellings.values() for name in each)
        names = dict.fromkeys(_plain(name) for name in (*ours, *common_names()))
        return {name: (compact(name), self.tags_named(name)) for name in names}


def searched_text(cells: Iterable[str]) -> str:
    """Texts about one photograph as terms are looked for in them, each on a line of its own."""
    return "\n".join(" ".join(folded(cell).replace("_", " ").split()) for cell in cells if cell)


def words_of(text: str) -> list[str]:
    """The words of a search, as they were typed."""
    words = (each.strip(_EDGES) for each in _SEPARATORS.split(folded(text)))
    return [word for word in words if parts_of(word)]  # what has no part is a dash or the like


@lru_cache(MAX_CACHED_FORMS)
def forms_of(name: str) -> tuple[str, ...]:
    """A name in singular and plural, however its parts are joined; the name itself first."""
    whole = compact(name)
    forms = {form for language in languages() for form in language.forms(whole)}
    if " " in name or "-" in name:  # "short pants": the last word alone has a plural
        *before, last = parts_of(name) or ("",)
        forms |= {"".join((*before, form)) for language in languages() for form in language.forms(last)}
    return (whole, *sorted(forms - {whole}))


@lru_cache(MAX_CACHED_FORMS)
def synonyms_of(name: str) -> tuple[str, ...]:
    """Words that mean the same as a tag's name or title, in all languages."""
    return tuple(dict.fromkeys(word for form in forms_of(name) for word in _synonyms().get(form, ())))


@cache
def common_names() -> tuple[str, ...]:
    """The names of things in any language, whether a model has a tag for them or not."""
    return tuple(name for language in languages() for each in language.synonyms.items() for name in (each[0], *each[1]))


@cache
def _synonyms() -> Mapping[str, tuple[str, ...]]:
    """Each word -> all that mean the same. What two languages say of one tag belongs together."""
    together: dict[str, list[str]] = {}
    for language in languages():
        for name, words in language.synonyms.items():
            together.setdefault(compact(name), [name]).extend(words)
    synonyms: dict[str, list[str]] = {}
    for same in together.values():
        for word in same:
            synonyms.setdefault(compact(word), []).extend(same)
    return {word: tuple(dict.fromkeys(each)) for word, each in synonyms.items()}


def _by_form(named: Iterable[tuple[str, TagKey]]) -> Meanings:
    keys_by_form: dict[str, list[TagKey]] = {}
    for name, key in named:
        for form in forms_of(name.replace("_", " ")):
            keys_by_form.setdefault(form, []).append(key)
    return {form: tuple(dict.fromkeys(keys)) for form, keys in keys_by_form.items()}


def _first(meanings: Meanings, forms: Iterable[str]) -> tuple[TagKey, ...]:
    return next((meanings[form] for form in forms if form in meanings), ())


def _plain(name: str) -> str:
    return folded(name.replace("_", " "))


def _is_ignored(word: str) -> bool:
    return any(folded(word) in language.ignored for language in languages())


def _spelling_pattern(spelling: str) -> str:
    """A regular expression for a spelling as whole words. Korean joins words, but one syllable is in too many."""
    *before, last = parts_of(spelling)
    name = JOINT.join([*map(re.escape, before), f"(?:{'|'.join(map(re.escape, _forms_of_part(last)))})"])
    return name if _is_inside_words(spelling) else rf"{BEGINNING}{name}(?!\w)"


def _compound_pattern(name: str, spellings: Iterable[str]) -> str:
    """A regular expression for a name as one word, joined or hyphenated; "" where no spelling is a part of it.

    A single letter belongs to what follows it across a blank too: "T shirt".
    """
    *before, last = parts_of(name)
    if not before:
        before, last = _split_at_spelling(last, spellings)
    if not before:
        return ""
    joint = JOINT if len(before[0]) == 1 else f"[{HYPHENS}]?"
    written = joint.join([*map(re.escape, before), f"(?:{'|'.join(map(re.escape, _forms_of_part(last)))})"])
    return written if has_hangul(name) else rf"(?<!\w){written}(?!\w)"


def _split_at_spelling(name: str, spellings: Iterable[str]) -> tuple[list[str], str]:
    """A name that is one word where a spelling begins or ends in it: "sweatshirt" as "sweat" and "shirt"."""
    for form in sorted({form for spelling in spellings for form in forms_of(spelling)}, key=len, reverse=True):
        if form in name and form != name:
            place = name.rfind(form) or len(form)
            return [name[:place]], name[place:]
    return [], name


def _is_inside_words(spelling: str) -> bool:
    return has_hangul(spelling) and len(compact(spelling)) > 1


def _stem(spelling: str) -> tuple[str, ...]:
    *before, last = parts_of(spelling)
    forms = _forms_of_part(last)
    least, most = forms[0], forms[-1]  # what these two begin with, all begin with
    common = next((place for place, letter in enumerate(least) if most[place : place + 1] != letter), len(least))
    return (*before, least[:common])


def _forms_of_part(part: str) -> list[str]:
    return sorted({form for language in languages() for form in language.forms(part)})
