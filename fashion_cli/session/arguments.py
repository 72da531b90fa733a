"""What programs give `Gallery.search`, of whatever type, as the search takes it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from fashion_cli.data.image_files import looks_like_path
from fashion_cli.errors import UsageError
from fashion_cli.retrieval.filters import Condition
from fashion_cli.session.photographs import Photograph

Query = (
    Photograph | Mapping[str, float] | Mapping[Path, float] | Sequence[Photograph] | Sequence[tuple[Photograph, float]]
)
Where = str | Sequence[str] | Mapping[str, str | Sequence[str]]


def words_in(query: Query | None, text: str | None) -> str:
    """The words to search for; "" where photographs are given.

    A query that is a text is a photograph where a file has that name or it looks like a path, as on the command line;
    anything else is words.

    Raises:
        UsageError: If there are no words and no photograph, or both.
    """
    if text is not None and not isinstance(text, str):
        raise UsageError(f"text: words; got {text!r}", hint='text="red dress"')
    if query is not None and text is not None:
        raise UsageError(
            "a photograph and words", hint='search("a.jpg", but={"colour": "red"}), or search(text="red dress")'
        )
    words = query if isinstance(query, str) and "://" not in query and not looks_like_path(query) else text
    if query is None and words is None:
        raise UsageError("a photograph or words; got None", hint='search("a.jpg") or search(text="red dress")')
    if words is not None and not words.strip():
        raise UsageError("a search for nothing: the text is empty", hint='text="red dress"')
    return words or ""


def parts_of(query: Query | None) -> list[tuple[Photograph, float]]:
    """The photographs of a query, each with its weight.

    Raises:
        UsageError: If there is none, or a weight is no finite number.
    """
    if isinstance(query, Mapping):
        parts = [*query.items()]
    elif isinstance(query, list | tuple):
        parts = [each if isinstance(each, tuple) and len(each) == 2 else (each, 1.0) for each in query]
    else:
        return [(query, 1.0)]  # type: ignore[list-item]  # what is no photograph is refused when it is read
    for _, weight in parts:
        if not (isinstance(weight, int | float | np.number) and math.isfinite(weight)):
            raise UsageError(f"weight: a finite number; got {weight!r}", hint='search({"a.jpg": 1, "b.jpg": -0.5})')
    if not parts:
        raise UsageError("no photograph", hint='search("a.jpg") or search(["a.jpg", "b.jpg"])')
    return parts


def conditions_of(where: Where) -> list[Condition]:
    argument: object = [where] if isinstance(where, str) else where  # of any type, whatever the annotation says
    if isinstance(argument, Mapping):
        return [_condition(str(name), value) for name, value in argument.items()]
    texts: list[object] = list(argument) if isinstance(argument, Iterable) else [argument]
    if not all(isinstance(text, str) for text in texts):
        raise UsageError(
            f"where: texts or a dict; got {where!r}", hint='where="colour=red" or {"colour": ["red", "pink"]}'
        )
    return [Condition.parse(str(text)) for text in texts]


def _condition(name: str, value: object) -> Condition:
    """One entry of a dict: "red", ["red", "pink"], 30, or a comparison as "<30"."""
    if isinstance(value, str) and value.startswith(("<", ">", "!=")):
        return Condition.parse(f"{name}{value}")
    if isinstance(value, str | int | float) or not isinstance(value, Iterable):
        return Condition(name, (str(value),))
    return Condition(name, tuple(str(each) for each in value))


def exchanges_of(but: Mapping[str, str] | None) -> Mapping[str, str]:
    exchanged: object = but or {}
    if not (isinstance(exchanged, Mapping) and all(isinstance(tag, str) for tag in exchanged.values())):
        raise UsageError(f"but: a dict of group and tag; got {but!r}", hint='but={"colour": "red"}')
    return exchanged
