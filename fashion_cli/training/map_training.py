"""Train an attribute map through the one training loop, in passing: nothing of the run is kept."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from fashion_cli.model_cards import Vocabulary
from fashion_cli.training.loop import LoopSettings, TrainingLoop
from fashion_cli.training.progress import Progress
from fashion_cli.training.tasks.attribute_map import OPTIMISER, AttributeMapTask

Tensors = dict[str, npt.NDArray[np.float32]]


def learn_map(
    attributes: npt.NDArray[np.float32], vocabulary: Vocabulary, seed: int, report: Callable[[Progress], None]
) -> tuple[Tensors, dict[str, float]]:
    """Learn the map of some garments.

    Args:
        attributes: (N, A) scores in [0, 1].
        vocabulary: Of the A columns.
        seed: The same seed gives the same map on one machine.
        report: Called after each step.

    Returns:
        The autoencoder's tensors by name, and how much of each group it keeps.

    Raises:
        TrainingError: If the loss is no longer a number.
    """
    with tempfile.TemporaryDirectory(prefix="fashion-map-") as scratch, _one_thread():
        task = AttributeMapTask(attributes, vocabulary, seed)
        network = TrainingLoop(task, LoopSettings(OPTIMISER, seed=seed), Path(scratch), report).run()
        figures = dict(task.validate(network))
    tensors = {name: np.asarray(value.detach().cpu().numpy()) for name, value in network.state_dict().items()}
    return tensors, figures


@contextmanager
def _one_thread() -> Iterator[None]:
    """One thread is done sooner with layers this small than several that wait for each other.

    It also makes the map the same whatever the number of processors is.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
