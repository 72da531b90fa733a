"""docs/training.md tells the truth: every key with its default, every recipe and every override in it."""

import re
import shlex
import tomllib
import typing
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from fashion_cli.training.conversion import convert
from fashion_cli.training.recipe import Recipe, read_recipe
from fashion_cli.training.recipe_files import find_recipe

TEXT = (Path(__file__).parents[2] / "docs" / "training.md").read_text(encoding="utf-8")
SECTIONS = {
    "augment",
    "optimiser",
    "loss",
    "stop",
    "model",
    "sets",
    "stages",
    "groups",
    "prior",
    "teachers",
}  # tables of their own


def documented() -> dict[str, str]:
    """Key -> default, as written."""
    rows = re.findall(r"^\| `([\w.]+)` \| (?:`(.*?)`)? ?\|", TEXT.partition("### Keys")[2], re.MULTILINE)
    return dict(rows)


def declared(kind: Any, place: str = "") -> Iterator[tuple[str, Any, Field[Any]]]:
    """Every key of a recipe, its type and its field."""
    kinds = typing.get_type_hints(kind, include_extras=True)
    for each in fields(kind):
        name = f"{place}{each.name}"
        inner = (typing.get_args(kinds[each.name]) or (kinds[each.name],))[0]
        if name not in SECTIONS:
            yield name, kinds[each.name], each
        if is_dataclass(inner):
            yield from declared(inner, f"{name}.")


def default(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def test_every_key_is_documented() -> None:
    assert sorted(documented()) == sorted(name for name, _, _ in declared(Recipe))


@pytest.mark.parametrize(
    ("name", "kind", "field"), list(declared(Recipe)), ids=lambda value: value if isinstance(value, str) else ""
)
def test_its_default_is_the_one_written(name: str, kind: Any, field: Field[Any]) -> None:
    written = documented()[name]
    if not written:
        assert default(field) is MISSING
    else:
        assert convert(kind, tomllib.loads(f"value = {written}")["value"], name) == default(field)


def test_its_recipes_can_be_read(tmp_path: Path) -> None:
    recipes = re.findall(r"^```toml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    assert recipes
    for text in recipes:
        (tmp_path / "recipe.toml").write_text(text, encoding="utf-8")
        read_recipe(tmp_path / "recipe.toml")


def test_its_overrides_fit_their_recipes() -> None:
    count = 0
    for block in re.findall(r"^```sh\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line)
            if "train" not in words:
                continue
            changes = [words[place + 1] for place, word in enumerate(words) if word == "--set"]
            read_recipe(find_recipe(words[words.index("train") + 1]), changes)
            count += len(changes)
    assert count == 9
