"""Frozen configs that say what is wrong with a value of the wrong type, and what was meant, when they are made.

mypy says the same to those who run it. A config that is typed at a prompt or filled from a web form gets a sentence
instead of a TypeError from deep inside.
"""

import types
from dataclasses import fields
from functools import cache
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from fashion_cli.errors import UsageError


class CheckedFields:
    """Base of a dataclass whose fields are compared with their annotations.

    A subclass that has a `__post_init__` of its own calls this one first.

    Raises:
        UsageError: Naming the field, what it takes and what it got.
    """

    def __post_init__(self) -> None:
        config: Any = type(self)
        for name, hint in _hints(config).items():
            value = getattr(self, name)
            if not _fits(value, hint):
                raise UsageError(
                    f"{type(self).__name__}: {name}: {describe_type(hint)}; got {describe_value(value)}"
                    f"{_slip(value, hint)}",
                    hint=_mend(name, value, hint),
                )


@cache
def _hints(config: type) -> dict[str, Any]:
    named = {each.name for each in fields(config)}
    return {name: hint for name, hint in get_type_hints(config).items() if name in named}


def _fits(value: object, hint: Any) -> bool:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if origin in (Union, types.UnionType):
        return any(_fits(value, each) for each in arguments)
    if origin is Literal:
        return any(value == each and type(value) is type(each) for each in arguments)
    if origin is tuple:
        return isinstance(value, tuple) and _fit_members(value, arguments)
    if hint in (int, float):  # numpy's numbers count too, True and False do not
        return isinstance(value, Integral if hint is int else Real) and not isinstance(value, bool)
    return isinstance(value, origin or hint)


def _fit_members(values: tuple[object, ...], hints: tuple[Any, ...]) -> bool:
    if len(hints) == 2 and hints[1] is Ellipsis:
        return all(_fits(value, hints[0]) for value in values)
    return len(values) == len(hints) and all(_fits(value, hint) for value, hint in zip(values, hints, strict=True))


def describe_type(hint: Any, *, plural: bool = False) -> str:
    """A type in words: "a tuple of tuples of QueryPart", "a Path or None"."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(describe_type(each, plural=plural) for each in arguments)
    if origin is Literal:
        return ", ".join(map(repr, arguments[:-1])) + f" or {arguments[-1]!r}" if arguments[1:] else repr(arguments[0])
    if hint in (None, type(None)):
        return "None"
    if origin is tuple:
        members = arguments[:1] if arguments[1:] == (Ellipsis,) else arguments
        inner = " and ".join(describe_type(each, plural=True) for each in members)
        return f"{'tuples' if plural else 'a tuple'} of {inner}"
    name = getattr(origin or hint, "__name__", str(hint))
    return name if plural else f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def describe_value(value: object, *, plural: bool = False) -> str:
    """A value by what it is made of: "a tuple of QueryPart", "a str, 'colour=red'"."""
    kind = "Path" if isinstance(value, Path) else type(value).__name__
    if isinstance(value, tuple | list | set | frozenset):
        inner = list(dict.fromkeys(describe_value(each, plural=True) for each in value))
        within = f" of {' and '.join(inner)}" if inner else ""
        return f"{kind}s{within}" if plural else f"a {kind}{within}"
    if value is None or plural:
        return "None" if value is None else kind
    article = "an" if kind[0] in "aeiouAEIOU" else "a"
    literal = _literal(value)
    return f"{article} {kind}, {literal}" if literal else f"{article} {kind}"


def _slip(value: object, hint: Any) -> str:
    """What happened, where that is plain."""
    if _fits(((value,),), hint):
        return ": two brackets too few"
    if _fits((value,), hint):
        return ": one bracket too few" if isinstance(value, tuple) else ": not in a tuple"
    if isinstance(value, tuple) and len(value) == 1 and _fits(value[0], hint):
        return ": one bracket too many" if isinstance(value[0], tuple) else ": in a tuple that is not needed"
    return ""


def _mend(name: str, value: object, hint: Any) -> str:
    """What to write instead, where that is plain."""
    literal = _literal(value) or "…"
    candidates: list[tuple[object, str]] = [(((value,),), f"(({literal},),)"), ((value,), f"({literal},)")]
    if isinstance(value, str):
        candidates += [(Path(), f"Path({value!r})"), ((Path(),), f"(Path({value!r}),)")]
    if isinstance(value, Path):
        candidates += [("", repr(str(value)))]
    if isinstance(value, list | set | frozenset):
        candidates += [(tuple(value), "tuple(…)")]
    return next((f"{name}={text}" for candidate, text in candidates if _fits(candidate, hint)), "")


def _literal(value: object) -> str:
    """A value as a short literal; "" where it is too long to be shown."""
    if isinstance(value, Path):
        return f"Path({str(value)!r})"
    return repr(value) if isinstance(value, str | int | float) else ""
