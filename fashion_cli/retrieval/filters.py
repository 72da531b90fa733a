"""`--where`: which rows of a gallery may be hits at all, by tags and by the columns of a table."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from fashion_cli.data.features import FeatureFile
from fashion_cli.data.tags import present_tags, require_group, suggestion
from fashion_cli.data.words import folded
from fashion_cli.errors import UsageError
from fashion_cli.model_cards import Vocabulary
from fashion_cli.plurals import counted
from fashion_cli.retrieval.columns import display_name, find_column, is_mostly_numbers, number, numbers
from fashion_cli.retrieval.lexicon import Lexicon

OF_TABLE = "columns."  # before the name of a table's column that a tag group has too
SCANNED_ROWS = 65536  # at a time
FurtherColumns = Mapping[str, Callable[[], Sequence[str]]]  # name in lower case -> the cell of each row
Operator = Literal["=", "!=", "<", "<=", ">", ">="]
MIRRORED: dict[str, Operator] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}  # 10<Price is Price>10
HINT = "colour=red, colour=red,pink, colour!=red, Price<30, Price=10..30"

_BETWEEN = re.compile(r"(?P<one>[^<>=!]*)(?P<first><=?|>=?)(?P<name>[^<>=!]+)(?P<second><=?|>=?)(?P<other>[^<>=!]*)")
_COMPARED = re.compile(r"(?P<name>[^<>=!]+)(?P<operator><=|>=|!=|==|=|<|>)(?P<value>.*)", re.DOTALL)
_RANGE = re.compile(r"(?P<low>[^.]*(\.\d+)?)\.\.(?P<high>.*)")


@dataclass(frozen=True)
class Bound:
    """One side of a range of numbers."""

    operator: Operator
    number: float

    def holds(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """(N,) which numbers lie on this side; what is no number does not."""
        match self.operator:
            case "<":
                return values < self.number
            case "<=":
                return values <= self.number
            case ">":
                return values > self.number
            case _:
                return values >= self.number


@dataclass(frozen=True)
class Condition:
    """One `--where`: values of a tag group or a column, or a range of a column's numbers.

    Attributes:
        name: Of the group or column, as it was typed.
        values: Any of them; empty for a range.
        negated: None of them instead.
        bounds: All hold; empty for values.
        text: As it was typed; "" for one that a program made.
        whole: The values as they were typed, which may be one value with commas in it; "" for one that a program made.
    """

    name: str
    values: tuple[str, ...] = ()
    negated: bool = False
    bounds: tuple[Bound, ...] = ()
    text: str = field(default="", compare=False)
    whole: str = field(default="", compare=False)

    def __str__(self) -> str:
        if self.text:
            return self.text
        ranges = [f"{self.name}{bound.operator}{bound.number:g}" for bound in self.bounds]
        return " ".join(ranges) or f"{self.name}{'!=' if self.negated else '='}{','.join(self.values)}"

    @classmethod
    def parse(cls, text: str) -> "Condition":
        """Read "colour=red", "colour=red,pink", "colour!=red", "Price<30", "10<=Price<30" or "Price=10..30".

        Raises:
            UsageError: If the text is anything else.
        """
        return replace(cls._parse(text), text=text.strip())

    @classmethod
    def _parse(cls, text: str) -> "Condition":
        if match := _BETWEEN.fullmatch(text):
            one = Bound(MIRRORED[match["first"]], _number(text, match["one"]))
            other = Bound(_operator(match["second"]), _number(text, match["other"]))
            return cls(match["name"].strip(), bounds=(one, other))
        match = _COMPARED.fullmatch(text)
        name, operator = (match["name"].strip(), match["operator"]) if match else ("", "")
        if match is None or not name:
            raise _unreadable(text)
        if operator in MIRRORED and not np.isnan(number(name)) and np.isnan(number(match["value"])):
            return cls(match["value"].strip(), bounds=(Bound(MIRRORED[operator], number(name)),))  # 30>Price
        if operator in MIRRORED:
            return cls(name, bounds=(Bound(_operator(operator), _number(text, match["value"])),))
        bounds = _range(text, match["value"]) if operator != "!=" else ()
        values = tuple(value.strip() for value in match["value"].split(",") if value.strip())
        if not (bounds or values):
            raise _unreadable(text)
        return cls(name, () if bounds else values, operator == "!=", bounds, whole=match["value"].strip())


@dataclass(frozen=True)
class Matches:
    """What a condition leaves.

    Attributes:
        rows: (N,) which rows.
        note: What people should know about it; mostly empty.
    """

    rows: npt.NDArray[np.bool_]
    note: str = ""


def match_condition(features: FeatureFile, condition: Condition, further: FurtherColumns | None = None) -> Matches:
    """The rows that meet a condition.

    Args:
        features: The gallery.
        condition: A tag group, in any case, is meant before a column of the same name, which `columns.NAME` means.
        further: Columns that the gallery itself does not have, by name in lower case; read where they are meant.

    Raises:
        UsageError: If the condition names what the gallery does not have, or compares text by size.
    """
    vocabulary, further = features.header.vocabulary, further or {}
    if named := _named_column(features, condition.name):
        return _match_cells(features.column(named), condition)
    if not _find_group(condition.name, vocabulary) and (column := find_column(features, condition.name)):
        return _match_cells(features.column(column), condition)
    if is_unknown(features, condition.name) and folded(condition.name) in further:
        return _match_cells(further[folded(condition.name)](), condition)
    others = [*map(display_name, features.column_names), *further]
    group = find_group(condition.name, vocabulary, others)
    try:
        return Matches(_match_tags(features, condition, group))
    except UsageError as error:
        if not find_column(features, condition.name):
            raise
        column = f"{OF_TABLE}{condition.name} is the table's own column of that name"
        raise UsageError(str(error), hint=f"{error.hint}; {column}") from None


def _named_column(features: FeatureFile, name: str) -> str:
    """The column that `columns.NAME` means; "" for any other name."""
    return find_column(features, name[len(OF_TABLE) :]) if folded(name).startswith(OF_TABLE) else ""


def is_unknown(features: FeatureFile, name: str) -> bool:
    """Whether neither a tag group nor a column of a gallery has a name."""
    return not _find_group(name, features.header.vocabulary) and not find_column(features, name)


def _match_cells(cells: Sequence[str], condition: Condition) -> Matches:
    return _match_range(cells, condition) if condition.bounds else Matches(_match_values(cells, condition))


def named_tag(value: str, group: str, vocabulary: Vocabulary) -> str:
    """The tag of a group that a value names: its name in any case, else a title, a plural or a synonym.

    Raises:
        UsageError: Naming the nearest tag.
    """
    tags = vocabulary.names[vocabulary.columns[group]]
    exact = [tag for tag in tags if tag == value] or [tag for tag in tags if folded(tag) == folded(value)]
    if exact:
        return exact[0]
    window = Vocabulary(tuple(each for each in vocabulary.groups if each.name == group))
    named = Lexicon(window).tags_named(value)
    if len(named) == 1:
        return named[0][1]
    names = [name for _, name in named]
    hint = f"did you mean {' or '.join(map(repr, names))}?" if names else suggestion(value, tags)
    raise UsageError(f"no tag {value!r} in the group {group!r}", hint=hint)


def find_group(name: str, vocabulary: Vocabulary, others: Sequence[str] = ()) -> str:
    """The tag group of a name, in any case; arguments as in `require_group`.

    Raises:
        UsageError: Naming the nearest group.
    """
    group = _find_group(name, vocabulary)
    if not group:
        require_group(name, vocabulary, others)
    return group


def _find_group(name: str, vocabulary: Vocabulary) -> str:
    if name in vocabulary.columns:
        return name
    return next((group for group in vocabulary.columns if folded(group) == folded(name)), "")


def _match_tags(features: FeatureFile, condition: Condition, group: str) -> npt.NDArray[np.bool_]:
    vocabulary = features.header.vocabulary
    if condition.bounds:
        raise UsageError(
            f"{condition}: {group!r} is a group of tags, not numbers", hint=f"{group}=TAG, or {group}!=TAG"
        )
    tags = vocabulary.names[vocabulary.columns[group]]
    start = vocabulary.columns[group].start
    columns = [start + tags.index(named_tag(value, group, vocabulary)) for value in condition.values]
    fits = np.zeros(len(features), np.bool_)
    for first in range(0, len(features), SCANNED_ROWS):
        rows = slice(first, first + SCANNED_ROWS)
        fits[rows] = present_tags(features.scores(rows), vocabulary)[:, columns].any(axis=1)
    return ~fits if condition.negated else fits


def _match_range(cells: Sequence[str], condition: Condition) -> Matches:
    values = numbers(cells)
    filled = np.array([bool(cell.strip()) for cell in cells], np.bool_)
    odd = np.flatnonzero(filled & np.isnan(values))
    if len(odd) and np.isnan(values).all():
        raise UsageError(
            f"{condition}: {condition.name!r} holds text, as {cells[odd[0]]!r}",
            hint=f"{condition.name}=VALUE compares text",
        )
    fits = np.logical_and.reduce([bound.holds(values) for bound in condition.bounds])
    empty = len(cells) - int(filled.sum())
    parts = [f"{len(odd):,} are no numbers, as {cells[odd[0]]!r}"] if len(odd) else []
    parts += [f"{empty:,} are empty"] if empty else []
    return Matches(fits, f"{condition}: of {counted(len(cells), 'value')} {' and '.join(parts)}" if parts else "")


def _match_values(cells: Sequence[str], condition: Condition) -> npt.NDArray[np.bool_]:
    """Text as it stands, else the same in another case, or the same number: "30" is "30.0".

    Each value goes by itself, and what was typed is one value where a cell says just that, commas and all.
    """
    present = set(cells)
    present_folded = {folded(cell) for cell in present}
    is_one = condition.whole in present or folded(condition.whole) in present_folded
    values = (condition.whole,) if condition.whole and is_one else condition.values
    exact = present.intersection(values)
    any_case = {folded(value) for value in values if value not in present}
    fits = np.array([cell in exact or folded(cell) in any_case for cell in cells], np.bool_)
    sought = [number(value) for value in values if not np.isnan(number(value))]
    if sought and is_mostly_numbers(cells):
        stored = numbers(cells)
        fits |= np.isin(stored, sought)
        if condition.negated:
            return ~fits & ~np.isnan(stored)
    return ~fits if condition.negated else fits


def _range(text: str, value: str) -> tuple[Bound, ...]:
    """Both ends of "10..30", "10.." or "..30", which belong to it; empty where it is something else."""
    match = _RANGE.fullmatch(value.strip())
    if match is None or not (match["low"] or match["high"]):
        return ()
    sides: tuple[tuple[Operator, str], ...] = ((">=", match["low"]), ("<=", match["high"]))
    if any(side.strip() and np.isnan(number(side)) for _, side in sides):
        return ()  # text with two dots in it
    low, high = number(match["low"]), number(match["high"])
    if low > high:
        raise UsageError(f"where {text!r}: nothing lies between", hint=f"{match['high']}..{match['low']}")
    return tuple(Bound(operator, _number(text, side)) for operator, side in sides if side.strip())


def _number(text: str, value: str) -> float:
    parsed = number(value)
    if np.isnan(parsed):
        raise UsageError(f"where {text!r}: {value.strip()!r} is no number", hint="Price<30, Price=10..30")
    return parsed


def _operator(text: str) -> Operator:
    return next(each for each in get_args(Operator) if each == text)


def _unreadable(text: str) -> UsageError:
    return UsageError(f"where {text!r}: not group=tag, and no comparison", hint=HINT)
