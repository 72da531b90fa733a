"""What people call things, one TOML file per language: a translation needs no Python."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from fashion_cli.data.words import compact, folded


@dataclass(frozen=True)
class Language:
    """The words of one language.

    Attributes:
        code: "en".
        ignored: Words that say nothing about a garment.
        synonyms: A tag's name -> the words that mean the same.
        endings: (of many, of one): how words change in the plural.
        singular_endings: A word that ends so is no plural.
        invariable: Words without another number.
        irregular: Plural -> singular.
    """

    code: str
    ignored: frozenset[str]
    synonyms: Mapping[str, tuple[str, ...]]
    endings: tuple[tuple[str, str], ...] = ()
    singular_endings: tuple[str, ...] = ()
    invariable: frozenset[str] = frozenset()
    irregular: Mapping[str, str] = field(default_factory=dict)

    def forms(self, word: str) -> frozenset[str]:
        """A folded word in singular and plural, whichever it is in. Some forms may be none: nobody writes them."""
        if word in self.invariable:
            return frozenset((word,))
        return frozenset((word, *self._singulars(word), *self._plurals(word)))

    def _singulars(self, word: str) -> list[str]:
        if word in self.irregular:
            return [self.irregular[word]]
        if word.endswith(self.singular_endings):
            return []
        candidates = [word.removesuffix(many) + one for many, one in self.endings if word.endswith(many)]
        return [each for each in candidates if len(each) > 2 and each not in self.invariable]

    def _plurals(self, word: str) -> list[str]:
        candidates = [many for many, one in self.irregular.items() if one == word]
        candidates += [word.removesuffix(one) + many for many, one in self.endings if word.endswith(one)]
        return [each for each in candidates if each not in self.invariable]


@cache
def languages() -> tuple[Language, ...]:
    """Every language that there is a file of, by code."""
    folder = files(__name__)
    names = sorted(each.name for each in folder.iterdir() if each.name.endswith(".toml"))
    return tuple(
        _language(name.removesuffix(".toml"), tomllib.loads((folder / name).read_text("utf-8"))) for name in names
    )


def _language(code: str, document: Mapping[str, Any]) -> Language:
    plural = document.get("plural", {})
    return Language(
        code=code,
        ignored=frozenset(map(folded, document.get("ignored", ()))),
        synonyms={name: tuple(words) for name, words in document["synonyms"].items()},
        endings=tuple((many, one) for many, one in plural.get("endings", ())),
        singular_endings=tuple(plural.get("kept", ())),
        invariable=frozenset(map(compact, plural.get("invariable", ()))),
        irregular=dict(plural.get("irregular", {})),
    )
