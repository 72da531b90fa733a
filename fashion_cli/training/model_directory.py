"""A trained network becomes a directory that every command takes as `--model`."""

from dataclasses import replace
from pathlib import Path

from torch import nn

from fashion_cli.model_cards import CARD_FILE, SAFETENSORS_FILE
from fashion_cli.training.curves import CURVE_FILE, draw_learning_curve
from fashion_cli.training.run_log import read_metrics
from fashion_cli.training.tasks.multitask import MultitaskTask
from fashion_cli.zoo import save_weights


def write_model(network: nn.Module, task: MultitaskTask, out: Path, best_epoch: int) -> dict[str, float]:
    """Write weights, card and learning curve.

    Args:
        network: Trained, in evaluation mode; its tag head is refitted if the recipe says so.
        task: What it was trained for.
        out: The directory of the run.
        best_epoch: Epochs done when these weights were measured; 0 if they are the last.

    Returns:
        Figures on `val` of what was written.
    """
    if task.recipe.refit_tags:
        task.refit_tags(network)
    digest = save_weights(network, out / SAFETENSORS_FILE)
    figures = dict(task.validate(network))
    card = task.card(task.thresholds(network))
    draw_learning_curve(read_metrics(out), out / CURVE_FILE, best_epoch=best_epoch, title=card.name)
    replace(card, files={SAFETENSORS_FILE: digest}, figures=figures).write(out / CARD_FILE)
    return figures
