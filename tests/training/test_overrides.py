"""Overrides on the command line, and recipes written as TOML."""

from pathlib import Path
from typing import Any

import pytest

from fashion_cli.errors import RecipeError
from fashion_cli.training.overrides import override
from fashion_cli.training.recipe import read_recipe, recipe_text
from fashion_cli.training.recipe_files import find_recipe, shipped_recipes

TABLE: dict[str, Any] = {
    "seed": 0,
    "optimiser": {"rate": 1.0},
    "stages": [{"epochs": 1}, {"epochs": 2}],
    "groups": [{"name": "colour", "weight": 1.0}, {"name": "gender", "weight": 1.0}],
    "tags": {"Off White": ["white"]},
}


@pytest.mark.parametrize(
    ("text", "place", "value"),
    [
        ("seed=3", ("seed",), 3),
        ("optimiser.rate=3e-4", ("optimiser", "rate"), 3e-4),
        ("optimiser.rate = 2", ("optimiser", "rate"), 2),
        ("stages.1.epochs=5", ("stages", 1, "epochs"), 5),
        ("groups.gender.weight=2", ("groups", 1, "weight"), 2),
        ("groups.0.weight=2", ("groups", 0, "weight"), 2),
        ('tags."Off White"=["white", "cream"]', ("tags", "Off White"), ["white", "cream"]),
        ("stages=[]", ("stages",), []),
        ("new.deeper.key=true", ("new", "deeper", "key"), True),
        ("precision=bf16", ("precision",), "bf16"),
        ('precision="bf16"', ("precision",), "bf16"),
        ("stop.metric=recall@1", ("stop", "metric"), "recall@1"),
        ("stop.metric=colour/mAP", ("stop", "metric"), "colour/mAP"),
    ],
)
def test_one_value_changes(text: str, place: tuple[str | int, ...], value: object) -> None:
    found: Any = override(TABLE, text)
    for key in place:
        found = found[key]
    assert found == value
    assert TABLE["seed"] == 0
    assert TABLE["stages"][1] == {"epochs": 2}
    assert TABLE["groups"][1]["weight"] == 1.0


def test_the_rest_stays() -> None:
    assert override(TABLE, "groups.gender.weight=2") == {
        **TABLE,
        "groups": [TABLE["groups"][0], {"name": "gender", "weight": 2}],
    }


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("seed", "'seed' is no assignment key=value", "for example"),
        ("=3", "is no assignment", "for example"),
        ("seed=", "is no assignment", "for example"),
        ("seed=1\nprecision=2", "is no assignment", "for example"),
        ("tags=[1", "is not TOML", "for example"),
        ("a b=c", "is not TOML", "for example"),
        ("groups.gnder.weight=2", "groups has no 'gnder'", "did you mean 'gender'?"),
        ("stages.2.epochs=1", "stages has no '2'", "known here: 0, 1"),
    ],
)
def test_what_is_wrong_is_named(text: str, message: str, hint: str) -> None:
    with pytest.raises(RecipeError) as error:
        override(TABLE, text)
    assert message in str(error.value)
    assert hint in error.value.hint


def test_an_override_is_checked_as_the_recipe_is() -> None:
    path = find_recipe("gallery")
    recipe = read_recipe(path, ["stages.0.epochs=7", "groups.gender.weight=2", "seed=5"])
    assert (recipe.stages[0].epochs, recipe.seed) == (7, 5)
    assert [group.weight for group in recipe.groups if group.name == "gender"] == [2.0]
    with pytest.raises(RecipeError) as error:
        read_recipe(path, ["optimiser.backbone_l=1"])
    assert str(error.value) == "--set optimiser.backbone_l=1: optimiser: unknown key 'backbone_l'"
    assert error.value.hint == "did you mean 'backbone_lr'?"
    with pytest.raises(RecipeError, match=r"--set precision=half: precision: unknown choice 'half'"):
        read_recipe(path, ["precision=half"])


@pytest.mark.parametrize("path", sorted(shipped_recipes().glob("*.toml")), ids=lambda path: path.stem)
def test_a_recipe_that_is_written_whole_is_the_same(tmp_path: Path, path: Path) -> None:
    recipe = read_recipe(path, ["seed=17"])
    (tmp_path / "recipe.toml").write_text(recipe_text(recipe), encoding="utf-8")
    assert read_recipe(tmp_path / "recipe.toml") == recipe


def test_recipes_are_found_by_name_and_by_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_recipe("gallery") == shipped_recipes() / "gallery.toml"
    (tmp_path / "gallery").mkdir()  # a run of that name
    assert find_recipe("gallery") == shipped_recipes() / "gallery.toml"
    (tmp_path / "mine.toml").touch()
    assert find_recipe("mine.toml") == Path("mine.toml")
    with pytest.raises(RecipeError, match="no recipe 'galery'") as error:
        find_recipe("galery")
    assert error.value.hint == "did you mean 'gallery'?"
