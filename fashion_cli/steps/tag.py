"""Say what is on each photograph."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fashion_cli.data.features import FeatureRows
from fashion_cli.data.images import find_images
from fashion_cli.data.tags import Tag, named_tags, present_tags, require_group
from fashion_cli.errors import UsageError
from fashion_cli.inference.engine import open_engine, open_reader
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.inference.pair import open_tagger
from fashion_cli.inference.pipeline import Progress, Skipped, predict_images
from fashion_cli.model_cards import Vocabulary


@dataclass(frozen=True)
class TagConfig:
    """What to tag and what to say.

    Attributes:
        images: Folders and files.
        inference: How the model runs; where it names a tagger, only that one runs.
        min_score: Tags from this probability on; None: each tag's own threshold.
        top: Only the best so many of each group, whatever their scores unless `min_score` is given; 0: no such limit.
        groups: Only these groups; empty: all.
        listed: The images are a list that a program wrote: missing ones are skipped, not an error.
    """

    images: tuple[Path, ...]
    inference: InferenceOptions
    min_score: float | None = None
    top: int = 0
    groups: tuple[str, ...] = ()
    listed: bool = False


@dataclass(frozen=True)
class TaggedPhotograph:
    """A photograph's absolute path and its tags: group by group, the best first."""

    path: str
    tags: tuple[Tag, ...]


def tag_images(config: TagConfig, progress: Progress, skip: Callable[[Skipped], None]) -> Iterator[TaggedPhotograph]:
    """Tag photographs, in a stable order, a batch at a time.

    Args:
        config: What to tag.
        progress: Called with (done, total).
        skip: Called for each photograph or folder that cannot be read.

    Raises:
        UsageError: If a source or a group does not exist, the model has no tags, or there is no photograph.
        WeightsError: If the model cannot be used.
    """
    model = open_tagger(config.inference)
    vocabulary = model.card.vocabulary
    windows = [require_group(name, vocabulary) for name in config.groups] or list(vocabulary.columns.values())
    images = list(
        find_images(config.images, on_skip=lambda path, why: skip(Skipped(str(path), why)), missing_ok=config.listed)
    )
    if not images:
        raise UsageError("no photographs there", hint="give folders or files with photographs")
    engine = open_engine(model, config.inference, len(images))
    reader = open_reader(model, fast=engine.fast_images)
    done = 0
    for batch in predict_images(images, reader, engine, config.inference.batch_size):
        for skipped in batch.skipped:
            skip(skipped)
        yield from _tagged(batch.rows, config, vocabulary, windows)
        done += len(batch.rows) + len(batch.skipped)
        progress(done, len(images))


def _tagged(
    rows: FeatureRows, config: TagConfig, vocabulary: Vocabulary, windows: list[slice]
) -> Iterator[TaggedPhotograph]:
    if not len(rows):
        return
    chosen = _chosen(rows.scores, config, vocabulary)
    shown = np.zeros(len(vocabulary), np.bool_)
    for window in windows:
        shown[window] = True
    for path, scores, each in zip(rows.paths, rows.scores, chosen & shown, strict=True):
        yield TaggedPhotograph(path, named_tags(scores, each, vocabulary))


def _chosen(scores: npt.NDArray[np.floating], config: TagConfig, vocabulary: Vocabulary) -> npt.NDArray[np.bool_]:
    """(N, T) which tags are said."""
    if config.min_score is not None:
        chosen = scores >= config.min_score
    elif config.top:
        chosen = np.ones(scores.shape, np.bool_)
    else:
        return present_tags(scores, vocabulary)
    if config.top:
        for window in vocabulary.columns.values():
            ranks = np.argsort(np.argsort(-scores[:, window], axis=1, kind="stable"), axis=1)
            chosen[:, window] &= ranks < config.top
    return chosen
