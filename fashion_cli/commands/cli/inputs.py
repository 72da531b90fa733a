"""Read a command's inputs: photographs by name, paths on standard input, queries with weights."""

import math
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from fashion_cli.commands.cli.options import Format
from fashion_cli.errors import UsageError

STDIN = "-"

N = TypeVar("N", int, float)

_WEIGHTED = re.compile(r"(?P<path>.+):(?P<weight>[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?)", re.DOTALL)


@dataclass(frozen=True)
class Sources:
    """Photographs and folders.

    Attributes:
        paths: In the order given.
        listed: Whether some came from standard input, where a missing file is skipped instead of an error.
    """

    paths: tuple[Path, ...]
    listed: bool


def read_sources(arguments: Sequence[str] | None, *, null: bool, optional: bool = False) -> Sources:
    """Arguments as paths, with what stands on standard input in the place of `-`.

    Args:
        arguments: As typed.
        null: Paths on standard input end with NUL instead of a newline.
        optional: Whether there may be no arguments.

    Raises:
        UsageError: If there are none, `-` is given twice, or `null` without it.
    """
    typed = list(arguments or ())
    if not (typed or optional):
        raise UsageError("no photographs given", hint="name folders or photographs, or - for standard input")
    listed = typed.count(STDIN)
    if listed > 1:
        raise UsageError("standard input can be read once", hint="give - once")
    if null and not listed:
        raise UsageError("-0 is about paths on standard input", hint="add -")
    paths: list[Path] = []
    for argument in typed:
        paths += _stdin_paths(null) if argument == STDIN else [Path(argument)]
    return Sources(tuple(paths), bool(listed))


def read_queries(
    arguments: Sequence[str] | None, chosen: Format, *, null: bool, optional: bool = False
) -> tuple[Path, ...]:
    """Photographs that are asked about, in the order given.

    Args:
        arguments: As typed.
        chosen: How answers are printed.
        null: Paths end with NUL, on standard input and among the answers.
        optional: Whether there may be no arguments.

    Raises:
        UsageError: If there are none, or no paths that could end with NUL.
    """
    listed = STDIN in (arguments or ())
    if null and not listed and chosen != "paths":
        raise UsageError("-0 is about paths", hint="read them with -, or write them with --format paths")
    return read_sources(arguments, null=null and listed, optional=optional).paths


def parse_weighted(text: str) -> tuple[Path, float]:
    """A photograph and its weight: "a.jpg" weighs 1, "a.jpg:-0.5" minus a half.

    Only a number behind the last colon is a weight, so a file named "12:30" is written "12:30:1".
    """
    weighted = _WEIGHTED.fullmatch(text)
    if weighted is None:
        return Path(text), 1.0
    weight = float(weighted["weight"])
    if weight in (0.0, float("inf"), float("-inf")):
        raise UsageError(f"--query {text!r}: a weight is a finite number other than 0", hint="--query a.jpg:1")
    return Path(weighted["path"]), weight


def read_numbers(option: str, text: str, kind: Callable[[str], N], least: float = -math.inf) -> tuple[N, ...]:
    """Numbers between commas, ascending, each once: "1,5,10".

    Args:
        option: Whose value it is, for messages.
        text: As typed.
        kind: `int` where they are whole numbers, else `float`.
        least: The smallest that can be meant.

    Raises:
        UsageError: If it is anything else.
    """
    try:
        numbers = sorted({kind(part) for part in text.split(",")})
    except ValueError:
        numbers = []
    if not numbers or not all(math.isfinite(number) and number >= least for number in numbers):
        from_least = f" from {least:g} on" if math.isfinite(least) else ""
        raise UsageError(f"{option} {text!r}: not numbers{from_least}", hint=f"{option} 1,2,5")
    return tuple(numbers)


def one_source(manifest: Path | None, data: str | None) -> str:
    """What is measured on: the table or the annotated set that was given.

    Raises:
        UsageError: If neither was, or both.
    """
    if (manifest is None) == (data is None):
        raise UsageError(
            "nothing to measure on" if data is None else "a table and --data at once",
            hint="give a CSV table, or --data inshop:DIR",
        )
    return str(manifest) if data is None else data


def _stdin_paths(null: bool) -> list[Path]:
    try:
        lines = sys.stdin.buffer.read().split(b"\0" if null else b"\n")
    except OSError as error:
        raise UsageError(
            f"-: standard input cannot be read ({error.strerror})", hint="find FOLDER -name '*.jpg' | fashion …"
        ) from error
    return [Path(os.fsdecode(line)) for line in lines if line]
