"""The languages of the page, and every text that it shows in them.

Texts are data: `texts/LANGUAGE.json`, one file a language, so that a translator needs no Python. A text may hold places
in braces, which the page fills in. Where a number decides about the wording there is one text per plural category of
the language (Unicode's CLDR, as `Intl.PluralRules` names them): English `one` and `other`, Korean `other` alone.
"""

import json
from collections.abc import Mapping
from pathlib import Path

DEFAULT_LANGUAGE = "en"
NAME_KEY = "language"  # what the language calls itself


def _read_texts() -> dict[str, dict[str, str]]:
    files = sorted((Path(__file__).parent / "texts").glob("*.json"))
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}


TEXTS: Mapping[str, Mapping[str, str]] = _read_texts()
NAMES: Mapping[str, str] = {language: texts[NAME_KEY] for language, texts in TEXTS.items()}


def language_of(requested: str, accepted: str) -> str:
    """The language in which the page answers.

    Args:
        requested: What the address says (`?language=ko`); an unknown one counts as none.
        accepted: The header `Accept-Language`, as "ko-KR,ko;q=0.9,en;q=0.8".
    """
    if requested in TEXTS:
        return requested
    ranked = sorted(_preferences(accepted), key=lambda preference: -preference[1])  # stable: ties keep their order
    return next((language for language, weight in ranked if language in TEXTS and weight > 0), DEFAULT_LANGUAGE)


def _preferences(accepted: str) -> list[tuple[str, float]]:
    """Language without its region, and its weight in [0, 1]; what cannot be read weighs nothing."""
    preferences = []
    for part in accepted.split(","):
        tag, _, parameter = part.strip().partition(";")
        try:
            weight = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            weight = 0.0
        preferences.append((tag.strip().lower().partition("-")[0], weight))
    return preferences
