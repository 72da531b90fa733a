"""TOML tables as frozen dataclasses. An unknown key is an error that names the nearest one."""

import math
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from fashion_cli.errors import RecipeError
from fashion_cli.suggestions import shorten, suggest

EXAMPLES = "see examples/recipes/"
# Keys of older recipes -> what they are called now.
RENAMED = {"trunk_rate": "backbone_lr", "head_rate": "head_lr", "average": "ema_decay"}


@dataclass(frozen=True)
class Bounds:
    """The numbers that a field takes: `Annotated[int, Bounds(1)]` is 1 or more.

    Attributes:
        least: The smallest.
        most: The largest.
    """

    least: float
    most: float = math.inf

    def __str__(self) -> str:
        return f"from {self.least:g} to {self.most:g}" if math.isfinite(self.most) else f"at least {self.least:g}"


def convert(kind: Any, value: Any, place: str = "") -> Any:
    """A TOML value as the type that a field declares.

    Args:
        kind: A dataclass, `tuple[...]`, `Mapping[str, ...]`, `Literal[...]`, `Annotated[number, Bounds(...)]`, a class.
        value: As `tomllib` reads it.
        place: Where it stands, as an override names it: "stages.0.epochs".

    Raises:
        RecipeError: Naming the place, what was expected and what was found.
    """
    if is_dataclass(kind):
        return _section(kind, value, place)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is Annotated:
        return _within(arguments[1], convert(arguments[0], value, place), place)
    if origin is Literal:
        return _choice(arguments, value, place)
    if origin is tuple:
        return _sequence(arguments, value, place)
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(arguments, value, place)
    return _plain(kind, value, place)


def _plain(kind: Any, value: Any, place: str) -> Any:
    if kind is Any:
        return value
    if kind is Path and isinstance(value, str):
        return Path(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(kind, types.UnionType) or not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise RecipeError(f"{place}: expected {kind.__name__}, found {value!r}", hint=EXAMPLES)
    return value


def _within(bounds: Bounds, value: Any, place: str) -> Any:
    if not (math.isfinite(value) and bounds.least <= value <= bounds.most):
        raise RecipeError(f"{place}: expected a number {bounds}, found {value}", hint=EXAMPLES)
    return value


def _choice(choices: tuple[str, ...], value: Any, place: str) -> Any:
    if value not in choices:
        hint = suggest(value, choices) if isinstance(value, str) else f"known here: {shorten(choices)}"
        raise RecipeError(f"{place}: unknown choice {value!r}", hint=hint)
    return value


def _mapping(arguments: tuple[Any, ...], value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RecipeError(f"{place}: expected a table, found {value!r}", hint=EXAMPLES)
    return {key: convert(arguments[1], item, _inside(place, key)) for key, item in value.items()}


def _sequence(arguments: tuple[Any, ...], value: Any, place: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise RecipeError(f"{place}: expected a list, found {value!r}", hint=EXAMPLES)
    if arguments[-1] is not Ellipsis and len(value) != len(arguments):
        raise RecipeError(f"{place}: expected {len(arguments)} values, found {len(value)}", hint=EXAMPLES)
    return tuple(convert(arguments[0], item, _inside(place, number)) for number, item in enumerate(value))


def _section(kind: Any, table: Any, place: str) -> Any:
    if not isinstance(table, dict):
        raise RecipeError(f"{place}: expected a table, found {table!r}", hint=EXAMPLES)
    fields_by_name = {each.name: each for each in fields(kind)}
    for key in table:
        if key not in fields_by_name:
            hint = (
                f"it is called {RENAMED[key]} now"
                if RENAMED.get(key) in fields_by_name
                else suggest(key, fields_by_name)
            )
            raise RecipeError(f"{place or 'the recipe'}: unknown key {key!r}", hint=hint)
    for name, each in fields_by_name.items():
        if name not in table and each.default is MISSING and each.default_factory is MISSING:
            raise RecipeError(f"{place or 'the recipe'}: the key {name!r} is missing", hint=EXAMPLES)
    kinds = typing.get_type_hints(kind, include_extras=True)
    return kind(**{key: convert(kinds[key], value, _inside(place, key)) for key, value in table.items()})


def _inside(place: str, key: str | int) -> str:
    return f"{place}.{key}" if place else str(key)
