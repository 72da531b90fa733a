"""Recipe -> task: the dict of what a recipe may name as its `task`."""

from pathlib import Path

from fashion_cli.errors import RecipeError
from fashion_cli.suggestions import suggest
from fashion_cli.training.recipe import Recipe
from fashion_cli.training.task import TrainingContext
from fashion_cli.training.tasks.multitask import MultitaskTask

TASKS: dict[str, type[MultitaskTask]] = {"multitask": MultitaskTask}


def build_task(recipe: Recipe, data: Path, init: str | None, run: TrainingContext) -> MultitaskTask:
    """The task that a recipe names.

    Args:
        recipe: The whole recipe.
        data: The folder that its sources are relative to.
        init: What the network starts from; None starts from random weights.
        run: Where it is trained.

    Raises:
        RecipeError: If there is no such task.
        AnnotationError, WeightsError: What the task says of the photographs and of `init`.
    """
    if recipe.task not in TASKS:
        raise RecipeError(f"task: unknown task {recipe.task!r}", hint=suggest(recipe.task, TASKS))
    return TASKS[recipe.task](recipe, data, init, run)
