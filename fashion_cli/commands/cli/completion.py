"""Shell completion: groups, tags, columns, models, recipes, index directories.

Nothing here may be slow or fail: no torch, of an index the header alone, and where there is nothing to offer the shell
goes on to file names.
"""

import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from fashion_cli.errors import FashionError

if TYPE_CHECKING:
    from fashion_cli.model_cards import Vocabulary

LIBRARIES = ("torchvision:", "timm:", "open_clip:")
SETS = ("inshop:", "c2s:", "attributes:", "csv:", "folder:", "masks:")


def complete_model(incomplete: str) -> list[str]:
    """Shipped models, and model directories below what was typed."""
    return [*_shipped_models(), *_directories_with("card.json", incomplete)]


def complete_init(incomplete: str) -> list[str]:
    """What training can start from."""
    return [*complete_model(incomplete), *LIBRARIES]


def complete_recipe() -> list[str]:
    """Recipes that ship with the package."""
    from fashion_cli.training.recipe_files import shipped_recipes

    return sorted(each.stem for each in shipped_recipes().glob("*.toml"))


def complete_index(incomplete: str) -> list[str]:
    """Index directories below what was typed."""
    return list(_directories_with("manifest.json", incomplete))


def complete_data() -> list[str]:
    """Kinds of annotated sets."""
    return list(SETS)


def complete_group(ctx: typer.Context) -> list[str]:
    """Groups of tags: of the index where the command has one, else of the model."""
    return list(_vocabulary(ctx)[0])


def complete_where(ctx: typer.Context, incomplete: str) -> list[str]:
    """`GROUP=`, then `GROUP=TAG`, then `GROUP=TAG,TAG`."""
    tags, columns = _vocabulary(ctx)
    group, equals, typed = incomplete.partition("=")
    if not equals:
        return [f"{name}=" for name in (*tags, *columns)]
    return [f"{group}={each}" for each in _tags_behind(typed, tags.get(group, ()))]


def complete_column(ctx: typer.Context, incomplete: str) -> list[str]:
    """`GROUP=`; the columns of a table are not known here."""
    return [] if "=" in incomplete else [f"{group}=" for group in _vocabulary(ctx)[0]]


def complete_query(ctx: typer.Context, incomplete: str) -> list[str]:
    """Tags behind `--where GROUP=`, where bash takes the equals sign for the end of a word; else file names."""
    words = _words_before_cursor(os.environ)
    if words[-1:] == ["="] and words[-3:-2] == ["--where"]:
        return list(_tags_behind(incomplete, _vocabulary(ctx)[0].get(words[-2], ())))
    return []


def _tags_behind(typed: str, tags: Sequence[str]) -> Iterator[str]:
    """The tags of a list that is being typed, behind those that it has."""
    before, comma, _ = typed.rpartition(",")
    chosen = before.split(",")
    return (f"{before}{comma}{tag}" for tag in tags if tag not in chosen)


def _words_before_cursor(environment: "os._Environ[str]") -> list[str]:
    """What bash says of its command line, without the word that is being typed."""
    with suppress(KeyError, ValueError):
        words = shlex.split(environment["COMP_WORDS"])[: int(environment["COMP_CWORD"]) + 1]
        return words if words[-1:] == ["="] else words[:-1]
    return []


def _vocabulary(ctx: typer.Context) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Group -> tags, and further columns, of the index or model that the command is about."""
    with suppress(FashionError, OSError, ValueError):
        if "index" in ctx.params:
            return _of_index(ctx)
        return _of_model(ctx), ()
    return {}, ()


def _of_index(ctx: typer.Context) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    from fashion_cli.data.features import FeatureFile
    from fashion_cli.retrieval.columns import display_name
    from fashion_cli.retrieval.gallery import find_index
    from fashion_cli.retrieval.manifest import Manifest

    value = _option_value(ctx, "index")
    source = Path(value) if value and Path(value).is_file() else None
    if source is None:
        directory = find_index(Path(value) if value else None, {})
        source = directory / Manifest.read(directory).features
    with FeatureFile.open(source) as features:
        columns = tuple(map(display_name, features.column_names))
        return _tags_by_group(features.header.vocabulary), columns


def _of_model(ctx: typer.Context) -> dict[str, tuple[str, ...]]:
    from fashion_cli.weights import DEFAULT_MODEL, open_model

    named = _option_value(ctx, "tagger") or _option_value(ctx, "model") or DEFAULT_MODEL
    return _tags_by_group(open_model(named).card.vocabulary)


def _option_value(ctx: typer.Context, name: str) -> str:
    """An option as typed, else its setting: while Tab is pressed, nobody has read the settings."""
    from fashion_cli.commands.cli.settings import is_typed, read_settings

    value = ctx.params.get(name)
    if value and is_typed(ctx, name):
        return str(value[0] if isinstance(value, list | tuple) else value)
    setting = read_settings(os.environ, Path.cwd()).get(name)
    return setting.value if setting is not None else ""


def _tags_by_group(vocabulary: "Vocabulary") -> dict[str, tuple[str, ...]]:
    return {group.name: group.tags for group in vocabulary.groups}


def _shipped_models() -> list[str]:
    from fashion_cli.weights import shipped_directory

    return sorted(card.parent.name for card in shipped_directory().glob("*/card.json"))


def _directories_with(file: str, incomplete: str) -> Iterator[str]:
    """Folders below what was typed that hold a file, written as they were begun."""
    folder = incomplete.rpartition("/")[0] + "/" if "/" in incomplete else ""
    with suppress(OSError):
        for each in sorted(Path(folder or ".").iterdir()):
            if (each / file).is_file():
                yield f"{folder}{each.name}"
