"""Settings: flag > `FASHION_*` variable > `[tool.fashion]` in the nearest `fashion.toml` > default.

What is found here becomes the defaults of the options with the same names, so values are checked as flags
are, and help pages show the defaults that are in force.
"""

import os
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from fashion_cli.commands.cli.options import Format
from fashion_cli.errors import SettingsError
from fashion_cli.suggestions import near_words, suggest

FILE = "fashion.toml"
PREFIX = "FASHION_"

# Options that say how a person or a machine works, not what one call is about.
KEYS = (
    "alpha",
    "batch_size",
    "beta",
    "catalog",
    "collapse",
    "contact",
    "device",
    "engine",
    "exact",
    "format",
    "host",
    "index",
    "language",
    "map",
    "min_score",
    "model",
    "port",
    "prior",
    "quiet",
    "rate",
    "recall",
    "rerank",
    "root",
    "strict",
    "tagger",
    "token",
    "token_file",
    "top",
    "topk",
    "workers",
)
FORMAT = "format"
TYPO = 0.75  # from this similarity on, an unknown variable was meant to be a setting; others are somebody else's


@dataclass(frozen=True)
class Setting:
    """A value and where it stands.

    Attributes:
        value: As it would be typed behind the flag.
        origin: For messages: a variable, or a file and a key.
    """

    value: str
    origin: str


def read_settings(environment: Mapping[str, str], here: Path) -> dict[str, Setting]:
    """Every setting that is in force, by the name of its option.

    Args:
        environment: As `os.environ`; an empty variable counts as unset.
        here: Where the search for `fashion.toml` starts.

    Raises:
        SettingsError: If a key is unknown, a value is no single value, or the file cannot be read.
    """
    return _from_file(here) | _from_environment(environment)


def check_format(settings: Mapping[str, Setting], formats: Sequence[str]) -> None:
    """Make sure that the setting of the format is one that some command has.

    Args:
        settings: All that are in force.
        formats: The formats of the command that runs; empty where it has none.

    Raises:
        SettingsError: If no command has it.
    """
    if FORMAT in settings and settings[FORMAT].value not in get_args(Format):
        value, origin = settings[FORMAT].value, settings[FORMAT].origin
        raise SettingsError(f"{origin}: no format {value!r}", hint=suggest(value, formats or get_args(Format)))


def setting_of(parameter: Any) -> str:
    """The key of a parameter's setting."""
    return FORMAT if f"--{FORMAT}" in parameter.opts else str(parameter.name)


def is_typed(context: Any, name: str) -> bool:
    """Whether a parameter of the command that runs stands on the command line, not in the settings."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _from_environment(environment: Mapping[str, str]) -> dict[str, Setting]:
    settings = {}
    for variable, value in environment.items():
        if not (variable.startswith(PREFIX) and value):
            continue
        key = variable.removeprefix(PREFIX).lower()
        if key in KEYS:
            settings[key] = Setting(value, variable)
        elif near := near_words(key, KEYS, count=1, cutoff=TYPO):
            raise SettingsError(f"{variable}: no such setting", hint=f"did you mean {PREFIX}{near[0].upper()}?")
    return settings


def _from_file(here: Path) -> dict[str, Setting]:
    start = here.absolute()
    file = next((each / FILE for each in (start, *start.parents) if (each / FILE).is_file()), None)
    if file is None:
        return {}
    return dict(_settings_of(file, _table(file)))


def _table(file: Path) -> dict[str, object]:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, not TOML
        raise SettingsError(f"{file}: {error}", hint="mend the file, or move it away") from error
    tools = document.get("tool", {})
    table = tools.get("fashion", {}) if isinstance(tools, dict) else {}
    if document and not (isinstance(tools, dict) and isinstance(table, dict) and "fashion" in tools):
        raise SettingsError(f"{file}: no table [tool.fashion]", hint="write the settings under that heading")
    return dict(table)


def _settings_of(file: Path, table: Mapping[str, object]) -> Iterable[tuple[str, Setting]]:
    for name, value in table.items():
        key, origin = name.replace("-", "_"), f"{file}: {name}"
        if key not in KEYS:
            raise SettingsError(f"{origin}: no such setting", hint=suggest(key, KEYS))
        if not isinstance(value, str | int | float):
            raise SettingsError(f"{origin}: not a single value", hint=f"{name} = ...")
        yield key, Setting(_from_folder(file.parent, key, str(value)), origin)


def _from_folder(folder: Path, key: str, value: str) -> str:
    """Paths in the file are relative to the file. A model is a path only where it looks like one."""
    is_path = key in ("index", "map", "root", "token_file") or (key in ("model", "tagger") and os.sep in value)
    is_path |= key == "catalog" and "://" not in value
    return str(folder / Path(value).expanduser()) if is_path else value
