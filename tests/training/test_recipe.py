"""A recipe is read as it stands, or the message names the key that is wrong."""

from pathlib import Path

import pytest

from fashion_cli.errors import RecipeError
from fashion_cli.training.recipe import read_recipe, recipe_text
from fashion_cli.training.recipe_sections import AugmentSection, OptimiserSection

EXAMPLES = Path(__file__).parents[2] / "examples" / "recipes"
SMALLEST = """
task = "multitask"

[model]
name = "mine"

[[groups]]
name = "colour"
exclusive = true

[[sets]]
source = "shop/shop.csv"

[[sets.labels]]
group = "colour"
column = "base_colour"

[sets.labels.tags]
Navy = ["blue", "?black"]

[[stages]]
epochs = 2
height = 64
width = 48
garments = 8
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_smallest_recipe(tmp_path: Path) -> None:
    recipe = read_recipe(write(tmp_path, SMALLEST))
    assert (recipe.task, recipe.model.name, recipe.seed) == ("multitask", "mine", 0)
    assert (recipe.groups[0].name, recipe.groups[0].exclusive) == ("colour", True)
    (section,) = recipe.sets
    assert (section.source, section.item, section.share) == ("shop/shop.csv", "", 1.0)
    assert section.labels[0].tags == {"Navy": ("blue", "?black")}
    assert (recipe.stages[0].height, recipe.stages[0].width, recipe.stages[0].epochs) == (64, 48, 2)
    assert recipe.augment == AugmentSection()
    assert recipe.optimiser == OptimiserSection()


def test_whole_numbers_serve_as_fractions(tmp_path: Path) -> None:
    recipe = read_recipe(write(tmp_path, SMALLEST + "[loss]\ntags = 2\n"))
    assert recipe.loss.tags == 2.0
    assert isinstance(recipe.loss.tags, float)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.name)
def test_every_example_reads_and_its_parts_fit(path: Path) -> None:
    recipe = read_recipe(path)
    groups = {group.name for group in recipe.groups}
    assert len(groups) == len(recipe.groups)
    for section in recipe.sets:
        assert {rule.group for rule in section.labels} <= groups


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        ('name = "mine"', 'name = "mine"\nvector_widht = 3', "unknown key 'vector_widht'", "'vector_width'"),
        ('task = "multitask"', 'task = "multitask"\nzzz = 1', "unknown key 'zzz'", "known here: task"),
        ('task = "multitask"', "", "the key 'task' is missing", "examples/recipes"),
        ("epochs = 2", "", "the key 'epochs' is missing", "examples/recipes"),
        ("epochs = 2", "epochs = 2.5", "epochs: expected int, found 2.5", "examples/recipes"),
        ("epochs = 2", "epochs = true", "epochs: expected int, found True", "examples/recipes"),
        ("epochs = 2", 'epochs = "2"', "epochs: expected int, found '2'", "examples/recipes"),
        ("exclusive = true", "exclusive = 1", "exclusive: expected bool, found 1", "examples/recipes"),
        ('name = "mine"', 'name = "mine"\nmean = [0.5]', "mean: expected 3 values, found 1", "examples/recipes"),
        ('name = "mine"', 'name = "mine"\nmean = 0.5', "mean: expected a list, found 0.5", "examples/recipes"),
        ("[[groups]]", "[groups]", "groups: expected a list", "examples/recipes"),
        ("epochs = 2", "epochs = -1", "stages.0.epochs: expected a number at least 0, found -1", "examples/recipes"),
        (
            'task = "multitask"',
            'task = "multitask"\nprecision = "fp8"',
            "precision: unknown choice 'fp8'",
            "no, bf16, fp16",
        ),
        ('task = "multitask"', 'task = "multitask"\nprecision = 16', "precision: unknown choice 16", "no, bf16, fp16"),
        ("[model]", "[optimiser]\nema_decay = 1.5\n[model]", "ema_decay: expected a number from 0 to 1", "examples"),
        ("[model]", "[optimiser]\nhead_lr = nan\n[model]", "head_lr: expected a number at least 0", "examples"),
        (
            "[model]",
            "[optimiser]\ntrunk_rate = 0.1\n[model]",
            "unknown key 'trunk_rate'",
            "it is called backbone_lr now",
        ),
        ("[model]", "[optimiser]\naverage = 0.9\n[model]", "unknown key 'average'", "it is called ema_decay now"),
        ("[model]", '[stop]\nbetter = "highr"\n[model]', "stop.better: unknown choice 'highr'", "'higher'"),
        ("[model]", "[[model]]", "model: expected a table", "examples/recipes"),
        ('Navy = ["blue", "?black"]', 'Navy = "blue"', "tags.Navy: expected a list", "examples/recipes"),
        ('Navy = ["blue", "?black"]', "Navy = [1]", "tags.Navy.0: expected str, found 1", "examples/recipes"),
        ("[sets.labels.tags]\nNavy =", "tags =", "tags: expected a table", "examples/recipes"),
        ("[model]", "[model", "not a TOML file", "examples/recipes"),
        ("[[sets]]", "[[sets]]\nheld_out = 0.8\ntested = 0.3", "held_out 0.8 and tested 0.3 are more", "trained on"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, message: str, hint: str) -> None:
    assert old in SMALLEST
    path = write(tmp_path, SMALLEST.replace(old, new))
    with pytest.raises(RecipeError) as error:
        read_recipe(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)
    assert hint in error.value.hint


def test_a_recipe_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="cannot be read"):
        read_recipe(tmp_path / "none.toml")


def test_a_recipe_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(RecipeError, match="not a TOML file"):
        read_recipe(tmp_path / "recipe.toml")


def test_a_label_rule_of_an_unknown_group_is_named(tmp_path: Path) -> None:
    recipe = write(tmp_path, SMALLEST.replace('group = "colour"', 'group = "color"'))
    with pytest.raises(RecipeError, match=r"sets\.0\.labels: no group 'color'") as caught:
        read_recipe(recipe)
    assert caught.value.hint == "did you mean 'colour'?"


def test_parents_pass_over_tags_that_no_photograph_teaches(tmp_path: Path) -> None:
    parents = 'parents = { polo = "t-shirt", t-shirt = "top", boots = "shoes", a = "b", b = "a" }'
    recipe = read_recipe(write(tmp_path, SMALLEST.replace("exclusive = true", f"exclusive = true\n{parents}")))
    assert recipe.groups[0].parents_of(("polo", "top", "boots", "a")) == {"polo": "top"}
    assert recipe.prior.weight == 0


def test_titles_of_tags_are_kept_and_others_go_by_their_names(tmp_path: Path) -> None:
    text = SMALLEST.replace("exclusive = true", 'exclusive = true\ntitles = { "light blue" = { ko = "하늘색" } }')
    recipe = read_recipe(write(tmp_path, text))
    assert recipe.groups[0].collect_titles(("red", "light blue")) == {"ko": ("red", "하늘색")}
    assert read_recipe(write(tmp_path, recipe_text(recipe))) == recipe
