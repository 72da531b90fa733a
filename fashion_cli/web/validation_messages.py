"""What is wrong with the fields of a request, in the words of this API: pydantic's are about Python's types."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

NAMED = 3  # fields that a message names
_PLACES = ("query", "body", "path", "header", "cookie")  # where a field stands, which clients know

Limits = Mapping[str, Any]

# pydantic's name of an error -> what is said behind the name of the field.
_WORDS: dict[str, str | Callable[[Limits], str]] = {
    "missing": "is missing",
    "extra_forbidden": "no such field",
    "greater_than_equal": lambda limits: f"at least {limits['ge']}",
    "greater_than": lambda limits: f"more than {limits['gt']}",
    "less_than_equal": lambda limits: f"at most {limits['le']}",
    "less_than": lambda limits: f"less than {limits['lt']}",
    "string_too_short": lambda limits: f"at least {limits['min_length']} characters",
    "string_too_long": lambda limits: f"at most {limits['max_length']} characters",
    "too_short": lambda limits: f"at least {limits['min_length']} times",
    "too_long": lambda limits: f"at most {limits['max_length']} times",
    "decimal_max_digits": lambda limits: f"at most {limits['max_digits']} digits",
    "decimal_max_places": lambda limits: f"at most {limits['decimal_places']} digits behind the point",
    "decimal_whole_digits": lambda limits: f"at most {limits['whole_digits']} digits before the point",
    "json_invalid": "not JSON",
}
# The same by the beginning of the name, where one thing has several.
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "decimal": "a number",
    "finite": "a finite number",
    "bool": "true or false",
    "string_pattern": "not of the form that /docs shows",
    "string": "text",
    "list": "a list",
}


def validation_message(errors: Sequence[Any]) -> str:
    """What pydantic found, in one line: "topk: at least 1, not '0'"."""
    return "; ".join(map(_line, errors[:NAMED])) or "the request cannot be read"


def _line(error: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in error["loc"] if part not in _PLACES)
    words = _words(str(error["type"]), error.get("ctx") or {})
    value = error.get("input")
    got = (
        f", not {value[:40]!r}"
        if isinstance(value, str) and error["type"] not in ("missing", "extra_forbidden")
        else ""
    )
    return f"{place or 'the request'}: {words}{got}"


def _words(kind: str, limits: Limits) -> str:
    words = _WORDS.get(kind)
    if words is None:
        return next((text for start, text in _KINDS.items() if kind.startswith(start)), "not what /docs shows")
    return words if isinstance(words, str) else words(limits)
