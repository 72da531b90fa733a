"""Train a recipe and leave a model directory that every command takes as `--model`."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from fashion_cli.atomic_files import output_errors
from fashion_cli.checked_fields import CheckedFields
from fashion_cli.errors import UsageError
from fashion_cli.inference.pipeline import Skipped
from fashion_cli.model_cards import CARD_FILE
from fashion_cli.training.column_groups import with_column_groups
from fashion_cli.training.progress import Progress
from fashion_cli.training.recipe import Recipe, read_recipe, recipe_text
from fashion_cli.training.recipe_files import find_recipe

RECIPE_FILE = "recipe.toml"
FULL = "choose another --out or free some space; a run goes on from its last checkpoint"
SCHEME = re.compile(r"[a-z][a-z0-9_]+:")  # "inshop:DIR", "torchvision:NAME"


@dataclass(frozen=True)
class TrainConfig(CheckedFields):
    """What to train.

    Attributes:
        recipe: A TOML file, or the name of a recipe that ships with the package.
        data: The folder that the recipe's sources are relative to; or a source as a recipe names it, "inshop:DIR",
            that takes the place of the recipe's only one.
        out: The model directory; a run that was cut off there is continued.
        init: What the network starts from: weights (safetensors by the network's own names), or others by name as
            "torchvision:NAME"; None starts from random weights.
        overrides: Values that replace the recipe's own: "optimiser.backbone_lr=3e-4".
        seed: In place of the recipe's.
    """

    recipe: str | Path
    data: str | Path
    out: Path
    init: str | Path | None = None
    overrides: tuple[str, ...] = ()
    seed: int | None = None


@dataclass(frozen=True)
class TrainReport:
    """The model that was trained, and how well it does on `val`.

    Attributes:
        model: The model directory.
        figures: Measured on `val`.
        photographs: That it was trained on.
        skipped: Training photographs that could not be read.
        notes: What else a person should know, for example labels without a word vector.
    """

    model: Path
    figures: dict[str, float]
    photographs: int = 0
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()


def writes() -> bool:
    """Whether this is the process that writes and speaks, of those that `accelerate launch` started."""
    return os.environ.get("RANK", "0") == "0"


def train_model(config: TrainConfig, progress: Callable[[Progress], None]) -> TrainReport:
    """Train, choose thresholds on `val`, write weights and card.

    Raises:
        RecipeError, AnnotationError, WeightsError: Before anything is trained.
        TrainingError: If the run cannot go on; its checkpoint is kept.
        OutputError: If the directory cannot be written.
    """
    recipe, data = effective_recipe(config)
    recipe = with_column_groups(recipe, data)

    from fashion_cli.training.loop import CHECKPOINT_FILE, LoopSettings, TrainingLoop
    from fashion_cli.training.model_directory import write_model
    from fashion_cli.training.processes import start_processes
    from fashion_cli.training.task import TrainingContext
    from fashion_cli.training.task_registry import build_task

    if (config.out / CARD_FILE).exists() and not (config.out / CHECKPOINT_FILE).exists():
        raise UsageError(
            f"{config.out}: holds a model already, and no checkpoint that training could go on from",
            hint="choose another --out; --init takes a model to start from",
        )
    accelerator = start_processes(recipe.precision)
    run = TrainingContext(config.out, accelerator.device, progress)
    with accelerator.local_main_process_first():  # one process downloads and asks teachers, the others find it done
        task = build_task(recipe, data, None if config.init is None else str(config.init), run)
    with output_errors(config.out, FULL):
        config.out.mkdir(parents=True, exist_ok=True)
        settings = LoopSettings(recipe.optimiser, recipe.stop, recipe.seed, recipe.precision, fits_run=True)
        loop = TrainingLoop(task, settings, config.out, progress, accelerator)
        if writes() and not (config.out / CHECKPOINT_FILE).exists():
            (config.out / RECIPE_FILE).write_text(recipe_text(recipe), encoding="utf-8", errors="replace")
        network = loop.run()
        accelerator.end_training()
        figures = write_model(network, task, config.out, loop.best.epoch) if writes() else {}
    skipped = tuple(Skipped(path, reason) for path, reason in sorted(task.unreadable.items()))
    return TrainReport(config.out, figures, len(task.train.paths) - len(skipped), skipped, task.notes)


def effective_recipe(config: TrainConfig) -> tuple[Recipe, Path]:
    """The recipe with everything that the call changes about it, and the folder that its sources are relative to.

    Raises:
        RecipeError: If the recipe or an override is wrong.
        UsageError: If one source is given for a recipe of several.
    """
    seed = () if config.seed is None else (f"seed={config.seed}",)
    recipe = read_recipe(find_recipe(config.recipe), (*config.overrides, *seed))
    source = str(config.data)
    if not SCHEME.match(source) or Path(source).exists():
        return recipe, Path(source)
    if len(recipe.sets) != 1:
        raise UsageError(
            f"--data {source}: the recipe has {len(recipe.sets)} sets, not one",
            hint="give the folder that their sources are relative to",
        )
    return replace(recipe, sets=(replace(recipe.sets[0], source=source),)), Path()
