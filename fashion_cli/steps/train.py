"""Train a recipe and leave a model directory that every command takes as `--model`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from fashion_cli.errors import OutputError
from fashion_cli.model_cards import CARD_FILE, SAFETENSORS_FILE
from fashion_cli.training.recipe import read_recipe

RECIPE_FILE = "recipe.toml"


@dataclass(frozen=True)
class TrainConfig:
    """What to train.

    Attributes:
        recipe: A TOML file of `examples/recipes/`, or one like it.
        data: The folder that the recipe's manifests are relative to.
        out: The model directory; a run that was cut off there is continued.
        init: Pretrained trunk (safetensors by the network's own names); None starts from random weights.
    """

    recipe: Path
    data: Path
    out: Path
    init: Path | None = None


@dataclass(frozen=True)
class TrainReport:
    """What came of it.

    Attributes:
        model: The model directory.
        figures: Measured on `val`.
    """

    model: Path
    figures: dict[str, float]


@dataclass(frozen=True)
class TrainProgress:
    """Where a run stands.

    Attributes:
        step: Batches done.
        steps: Batches in all.
        epoch: From 0.
        logs: Loss and figures of the last step or epoch.
    """

    step: int
    steps: int
    epoch: int
    logs: dict[str, float]


def train_model(config: TrainConfig, progress: Callable[[TrainProgress], None]) -> TrainReport:
    """Train, choose thresholds on `val`, write weights and card.

    Raises:
        RecipeError, AnnotationError, WeightsError: Before anything is trained.
        TrainingError: If the run cannot go on; its checkpoint is kept.
        OutputError: If the directory cannot be written.
    """
    recipe = read_recipe(config.recipe)
    text = config.recipe.read_bytes()

    from fashion_cli.training.loop import TrainingLoop
    from fashion_cli.training.tasks.multitask import MultitaskTask
    from fashion_cli.zoo import save_weights

    task = MultitaskTask(recipe, config.data, config.init)
    with _naming(config.out):
        config.out.mkdir(parents=True, exist_ok=True)
        loop = TrainingLoop(
            task,
            recipe.optimiser,
            config.out,
            seed=recipe.seed,
            precision=recipe.precision,
            report=lambda state: progress(TrainProgress(state.step, state.steps, state.epoch, dict(state.logs))),
        )
        network = loop.run()
        if recipe.refit_tags:
            task.refit_tags(network)
        digest = save_weights(network, config.out / SAFETENSORS_FILE)
        figures = dict(task.validate(network))
        card = task.card(task.thresholds(network))
        replace(card, files={SAFETENSORS_FILE: digest}, figures=figures).write(config.out / CARD_FILE)
        (config.out / RECIPE_FILE).write_bytes(text)
    return TrainReport(config.out, figures)


@contextmanager
def _naming(out: Path) -> Iterator[None]:
    """OSError -> OutputError."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{out}: cannot be written ({error.strerror or error})",
            hint="choose another --out or free some space; a run goes on from its last checkpoint",
        ) from error
