"""Changes to a recipe from the command line: `optimiser.backbone_lr=3e-4`, `groups.gender.weight=2`."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from fashion_cli.errors import RecipeError
from fashion_cli.suggestions import suggest

EXAMPLE = "for example --set stages.0.epochs=2 or --set precision=bf16"
WORD = re.compile(r"[\w./:@+-]+")  # a shell takes quotes away: such a value may stand without them


def override(table: Mapping[str, Any], text: str) -> dict[str, Any]:
    """A recipe's table with one value changed; the table itself stays.

    Args:
        table: As `tomllib` reads it.
        text: `key=value`. The key is dotted; an element of a list is named by its index, or by its `name` where it
            has one. The value is TOML; a single word needs no quotes.

    Raises:
        RecipeError: If it is no assignment, or a list has no such element.
    """
    return dict(_change(table, _assignment(text), ""))


def _assignment(text: str) -> dict[str, Any]:
    """`a.b=1` -> {"a": {"b": 1}}, as TOML itself reads it."""
    key, sign, value = text.partition("=")
    if not (sign and key.strip() and value.strip()) or "\n" in text:
        raise RecipeError(f"{text!r} is no assignment key=value", hint=EXAMPLE)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        if not WORD.fullmatch(value.strip()):
            raise RecipeError(f"{text!r} is not TOML ({error})", hint=EXAMPLE) from error
    try:
        return tomllib.loads(f'{key}="{value.strip()}"')
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{text!r} is not TOML ({error})", hint=EXAMPLE) from error


def _change(old: Any, new: Any, place: str) -> Any:
    if not isinstance(new, dict):
        return new
    if isinstance(old, list):
        elements = list(old)
        for key, value in new.items():
            row = _row(elements, key, place)
            elements[row] = _change(elements[row], value, f"{place}.{key}")
        return elements
    if not isinstance(old, Mapping):
        return new
    inside = f"{place}." if place else ""
    return {**old, **{key: _change(old.get(key), value, f"{inside}{key}") for key, value in new.items()}}


def _row(elements: Sequence[Any], key: str, place: str) -> int:
    """Which element of a list a key means."""
    if key.isdecimal() and int(key) < len(elements):
        return int(key)
    names = [element.get("name", "") if isinstance(element, Mapping) else "" for element in elements]
    if key in names:
        return names.index(key)
    labels = [name or str(row) for row, name in enumerate(names)]
    raise RecipeError(f"{place} has no {key!r}", hint=suggest(key, labels) if labels else f"{place} is empty")
