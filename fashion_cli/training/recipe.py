"""Training recipes: TOML files read into frozen dataclasses, and checked."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from fashion_cli.errors import RecipeError
from fashion_cli.suggestions import suggest
from fashion_cli.training.conversion import EXAMPLES, convert
from fashion_cli.training.overrides import override
from fashion_cli.training.recipe_sections import (
    AugmentSection,
    GroupSection,
    LossSection,
    ModelSection,
    Number,
    OptimiserSection,
    PriorSection,
    SetSection,
    Share,
    StageSection,
    StopSection,
    TeacherSection,
)


@dataclass(frozen=True)
class Recipe:
    """Everything a training run needs besides the photographs."""

    task: str
    model: ModelSection
    sets: tuple[SetSection, ...]
    stages: tuple[StageSection, ...]
    groups: tuple[GroupSection, ...] = ()
    seed: Number = 0
    precision: Literal["no", "bf16", "fp16"] = "no"  # no: fp32; bf16 and fp16 are mixed with it
    least_photographs: Number = 20  # a tag with fewer training photographs is left out
    similar_share: Share = 0.5  # how much of a batch is made of easily confused garments
    rare_below: Share = 0.0  # tags of a smaller share of photographs are seen more often; 0 turns it off
    refit_tags: bool = False  # fit the tag head anew when the trunk stands
    augment: AugmentSection = field(default_factory=AugmentSection)
    optimiser: OptimiserSection = field(default_factory=OptimiserSection)
    loss: LossSection = field(default_factory=LossSection)
    stop: StopSection = field(default_factory=StopSection)
    prior: PriorSection = field(default_factory=PriorSection)
    teachers: tuple[TeacherSection, ...] = ()


def read_recipe(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read and check a recipe.

    Args:
        path: A TOML file.
        overrides: Values that replace its own, each as `overrides.override` takes it.

    Raises:
        RecipeError: Naming the file or the override, the key, and the nearest key that exists.
    """
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecipeError(f"{path}: cannot be read ({error.strerror})", hint=EXAMPLES) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: not a TOML file ({error})", hint=EXAMPLES) from error
    recipe = _check_recipe(table, str(path))
    for text in overrides:
        table = override(table, text)
        recipe = _check_recipe(table, f"--set {text}")
    return recipe


def recipe_text(recipe: Recipe) -> str:
    """A recipe as TOML, with every value that it leaves to its default. Read again, it is equal."""
    import tomli_w

    return tomli_w.dumps(asdict(recipe))


def _check_recipe(table: Mapping[str, Any], source: str) -> Recipe:
    try:
        recipe: Recipe = convert(Recipe, table)
        _check_groups(recipe)
        _check_shares(recipe)
    except RecipeError as error:
        raise RecipeError(f"{source}: {error}", hint=error.hint) from None
    return recipe


def _check_groups(recipe: Recipe) -> None:
    names = [group.name for group in recipe.groups]
    for number, section in enumerate(recipe.sets):
        for rule in section.labels:
            if rule.group not in names:
                raise RecipeError(f"sets.{number}.labels: no group {rule.group!r}", hint=suggest(rule.group, names))


def _check_shares(recipe: Recipe) -> None:
    for number, section in enumerate(recipe.sets):
        if section.held_out + section.tested > 1:
            raise RecipeError(
                f"sets.{number}: held_out {section.held_out:g} and tested {section.tested:g} are more than the whole",
                hint="what they leave is trained on",
            )
