"""Training recipes: TOML files read into frozen dataclasses. An unknown key is an error that names the nearest one."""

import difflib
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

from fashion_cli.data.targets import LabelRule
from fashion_cli.errors import RecipeError


@dataclass(frozen=True)
class ModelSection:
    """What is trained and what its card will say."""

    name: str
    architecture: str = "multitask_mobilenet"
    summary: str = ""
    source: str = ""
    licence: str = "Apache-2.0"
    vector_width: int = 256
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class GroupSection:
    """A group of tags.

    Attributes:
        name: As tags are printed under it.
        exclusive: Whether a garment has one of them at most.
        weight: Of its loss beside the other groups'.
    """

    name: str
    exclusive: bool = False
    weight: float = 1.0


@dataclass(frozen=True)
class SetSection:
    """A CSV manifest and what its columns mean.

    Attributes:
        manifest: Relative to the folder given as `--data`.
        item: The column whose value photographs of one garment share; "" where every photograph is its own garment.
        similar: The column whose value garments share that are easily confused; batches are made of them.
        share: How many of its garments an epoch takes: 0.5 a random half, 2 each twice.
        labels: Columns that become tags.
        absent: Tags that no labelled photograph of the set shows.
    """

    manifest: Path
    item: str = ""
    similar: str = ""
    share: float = 1.0
    labels: tuple[LabelRule, ...] = ()
    absent: tuple[str, ...] = ()


@dataclass(frozen=True)
class StageSection:
    """Some epochs at one input size; the last stage's size is the model's.

    Attributes:
        epochs: How many.
        height: Pixels.
        width: Pixels.
        garments: Garments in a batch; each gives two images.
    """

    epochs: int
    height: int
    width: int
    garments: int


@dataclass(frozen=True)
class AugmentSection:
    """How training photographs are varied.

    Attributes:
        least_area: Smallest share of the photograph that a crop keeps, in (0, 1].
        mirror: Probability of a mirror image.
        light: Largest relative change of brightness and contrast; hue is never touched, colour is a label.
        saturation: Largest relative change of saturation.
        erase: Probability that a rectangle is blanked out.
    """

    least_area: float = 0.4
    mirror: float = 0.5
    light: float = 0.3
    saturation: float = 0.2
    erase: float = 0.2


@dataclass(frozen=True)
class OptimiserSection:
    """AdamW with warm-up and a cosine to zero, and an average of the weights."""

    trunk_rate: float = 6e-4
    head_rate: float = 2e-3
    weight_decay: float = 0.02
    warmup_steps: int = 200
    clip_norm: float = 5.0
    average: float = 0.998  # decay of the moving average of the weights; 0 turns it off


@dataclass(frozen=True)
class LossSection:
    """How the objectives are weighed.

    Attributes:
        tags: Weight of the tag loss.
        vectors: Weight of the contrastive loss.
        temperature: Of the contrastive loss.
    """

    tags: float = 1.0
    vectors: float = 1.0
    temperature: float = 0.1


@dataclass(frozen=True)
class Recipe:
    """Everything a training run needs besides the photographs."""

    task: str
    model: ModelSection
    groups: tuple[GroupSection, ...]
    sets: tuple[SetSection, ...]
    stages: tuple[StageSection, ...]
    seed: int = 0
    precision: str = "no"  # accelerate's mixed_precision: no, bf16, fp16
    least_photographs: int = 20  # a tag with fewer training photographs is left out
    similar_share: float = 0.5  # how much of a batch is made of easily confused garments
    rare_below: float = 0.0  # tags of a smaller share of photographs are seen more often; 0 turns it off
    refit_tags: bool = False  # fit the tag head anew when the trunk stands
    augment: AugmentSection = field(default_factory=AugmentSection)
    optimiser: OptimiserSection = field(default_factory=OptimiserSection)
    loss: LossSection = field(default_factory=LossSection)


def read_recipe(path: Path) -> Recipe:
    """Read and check a recipe.

    Raises:
        RecipeError: Naming the file, the key, and the nearest key that exists.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecipeError(f"{path}: cannot be read ({error.strerror})", hint="see examples/recipes/") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: not a TOML file ({error})", hint="see examples/recipes/") from error
    recipe: Recipe = _convert(Recipe, table, str(path))
    return recipe


def _convert(kind: Any, value: Any, where: str) -> Any:
    """A TOML value as the type that a field declares."""
    if is_dataclass(kind):
        return _section(kind, value, where)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        return _sequence(arguments, value, where)
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, dict):
            raise RecipeError(f"{where}: expected a table", hint="see examples/recipes/")
        return {key: _convert(arguments[1], item, f"{where}.{key}") for key, item in value.items()}
    if kind is Path and isinstance(value, str):
        return Path(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(kind, types.UnionType) or not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise RecipeError(f"{where}: expected {kind.__name__}, found {value!r}", hint="see examples/recipes/")
    return value


def _sequence(arguments: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise RecipeError(f"{where}: expected a list, found {value!r}", hint="see examples/recipes/")
    if arguments[-1] is not Ellipsis and len(value) != len(arguments):
        counts = f"expected {len(arguments)} values, found {len(value)}"
        raise RecipeError(f"{where}: {counts}", hint="see examples/recipes/")
    return tuple(_convert(arguments[0], item, f"{where}[{number}]") for number, item in enumerate(value))


def _section(kind: Any, table: Any, where: str) -> Any:
    if not isinstance(table, dict):
        raise RecipeError(f"{where}: expected a table, found {table!r}", hint="see examples/recipes/")
    known = {each.name: each for each in fields(kind)}
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"
            raise RecipeError(f"{where}: unknown key {key!r}", hint=hint)
    for name, each in known.items():
        if name not in table and each.default is MISSING and each.default_factory is MISSING:
            raise RecipeError(f"{where}: the key {name!r} is missing", hint="see examples/recipes/")
    kinds = typing.get_type_hints(kind)
    return kind(**{key: _convert(kinds[key], value, f"{where}.{key}") for key, value in table.items()})
