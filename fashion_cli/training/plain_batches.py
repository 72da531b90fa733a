"""Batches as inference sees photographs, whole or cut to their boxes and never varied, and predictions on them."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from fashion_cli.data.images import ImageReader
from fashion_cli.errors import ImageError, UsageError
from fashion_cli.inference.processors import processors
from fashion_cli.layers.tag_probabilities import tag_probabilities
from fashion_cli.model_cards import InputSpec, ModelCard
from fashion_cli.training.photographs import Photographs

BATCH = 64

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Seen:
    """Predictions for the photographs that could be read.

    Attributes:
        rows: (N,) which ones.
        vectors: (N, D).
        scores: (N, T) probabilities.
    """

    rows: npt.NDArray[np.int64]
    vectors: Matrix
    scores: Matrix


def plain_batches(photographs: Photographs, rows: Sequence[int], spec: InputSpec) -> Iterator[tuple[list[int], Tensor]]:
    """Normalised batches, and the rows on them: what cannot be read is left out.

    Args:
        photographs: Of a split.
        rows: Which of them.
        spec: How the network wants them.

    Yields:
        Up to 64 rows, and their (B, 3, H, W).
    """
    reader = ImageReader(spec, fast=True)
    mean, std = (torch.tensor(each).view(3, 1, 1) for each in (spec.mean, spec.std))
    with ThreadPoolExecutor(processors()) as threads:
        for start in range(0, len(rows), BATCH):
            chosen = list(rows[start : start + BATCH])
            pixels = threads.map(lambda row: _read(reader, photographs, row), chosen)
            read = {row: each for row, each in zip(chosen, pixels, strict=True) if each is not None}
            if read:
                images = torch.from_numpy(np.stack(list(read.values()))).permute(0, 3, 1, 2).float() / 255
                yield list(read), ((images - mean) / std).contiguous(memory_format=torch.channels_last)


@torch.inference_mode()
def predict_unvaried(network: nn.Module, photographs: Photographs, card: ModelCard) -> Seen:
    """What a network says of the photographs that can be read."""
    device = next(network.parameters()).device
    rows, vectors, scores = [], [np.zeros((0, card.vector_width), np.float32)], []
    for chosen, images in plain_batches(photographs, range(len(photographs.paths)), card.input):
        outputs = network(images.to(device))
        rows += chosen
        vectors.append(outputs.vectors.float().cpu().numpy())
        scores.append(tag_probabilities(outputs.logits, card.vocabulary).float().cpu().numpy())
    nothing = np.zeros((0, len(card.vocabulary)), np.float32)
    return Seen(np.array(rows, np.int64), np.concatenate(vectors), np.concatenate([nothing, *scores]))


@torch.inference_mode()
def pool_unvaried(network: nn.Module, photographs: Photographs, spec: InputSpec) -> tuple[Matrix, npt.NDArray[np.int8]]:
    """(N, F) features in front of the heads, and (N, T) targets, of what can be read."""
    device = next(network.parameters()).device
    rows, parts = [], []
    for chosen, images in plain_batches(photographs, range(len(photographs.paths)), spec):
        rows += chosen
        parts.append(network.pooled(images.to(device)).cpu().numpy())  # type: ignore[operator]
    return np.concatenate(parts), photographs.targets[rows]


def _read(reader: ImageReader, photographs: Photographs, row: int) -> npt.NDArray[np.uint8] | None:
    try:
        return reader.read(photographs.paths[row], photographs.boxes.get(row)).pixels
    except (ImageError, UsageError):  # damaged, or a published box reaches beyond it
        return None
