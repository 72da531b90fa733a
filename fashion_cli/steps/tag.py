"""Tag photographs, or add one more model's tags to a feature file."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fashion_cli.checked_fields import CheckedFields
from fashion_cli.data.features import FeatureRows
from fashion_cli.data.images import find_images
from fashion_cli.data.tags import Tag, named_tags, present_tags, require_group
from fashion_cli.embedding.find_photographs import find_photographs
from fashion_cli.embedding.no_photographs import no_photographs
from fashion_cli.embedding.update import add_tags
from fashion_cli.inference.multi_model import open_tagger
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.inference.pipeline import Progress, Skipped, predict
from fashion_cli.model_cards import Vocabulary


@dataclass(frozen=True)
class TagConfig(CheckedFields):
    """What to tag and what to say.

    Attributes:
        images: Folders and files.
        inference: How the model runs; where it names a tagger, only that one runs.
        min_score: Tags from this probability on; None: each tag's own threshold.
        top: Only the best so many of each group, whatever their scores unless `min_score` is given; 0: no such limit.
        groups: Only these groups; empty: all.
        listed: The images are a list that a program wrote: missing ones are skipped, not an error.
        language: Of the tags' titles; "" for none.
    """

    images: tuple[Path, ...]
    inference: InferenceOptions
    min_score: float | None = None
    top: int = 0
    groups: tuple[str, ...] = ()
    listed: bool = False
    language: str = ""


@dataclass(frozen=True)
class TaggedPhotograph:
    """A photograph's absolute path and its tags: group by group, the best first."""

    path: str
    tags: tuple[Tag, ...]


def tag_languages(inference: InferenceOptions) -> tuple[str, ...]:
    """The languages in which the model's tags have titles.

    Raises:
        UsageError: If the model has no tags.
        WeightsError: If there is no such model.
    """
    return open_tagger(inference).card.vocabulary.languages


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
    unreadable: list[Skipped] = []
    images = list(
        find_images(
            config.images,
            on_skip=lambda path, why: unreadable.append(Skipped(str(path), why)),
            missing_ok=config.listed,
        )
    )
    for each in unreadable:
        skip(each)
    if not images:
        raise no_photographs(config.images, listed=config.listed, unreadable=unreadable)
    done = 0
    for batch in predict(images, model, config.inference):
        for skipped in batch.skipped:
            skip(skipped)
        yield from _iter_tagged(batch.rows, config, vocabulary, windows)
        done += len(batch.rows) + len(batch.skipped)
        progress(done, len(images))


@dataclass(frozen=True)
class AddTagsConfig(CheckedFields):
    """Whose tags to put beside those of a feature file.

    Attributes:
        images: What the file is to hold; empty, and not `listed`, for the photographs that it holds.
        out: The feature file.
        inference: How models run, and which one tags: the tagger where it names one.
        prefix: Before the names of its groups, with a dot; "" for the one that it has in the file, or none.
        listed: The images are a list that a program wrote: missing ones are skipped, not an error.
    """

    images: tuple[Path, ...]
    out: Path
    inference: InferenceOptions
    prefix: str = ""
    listed: bool = False


@dataclass(frozen=True)
class AddTagsReport:
    """What was done; the counts are those of `UpdateReport`.

    Attributes:
        tagger: The model whose tags were added.
        groups: What its groups are called in the file.
        other_models: The models whose tags the file had before.
    """

    out: Path
    rows: int
    tagged: int
    embedded: int
    kept: int
    moved: int
    dropped: int
    skipped: tuple[Skipped, ...]
    seconds: float
    tagger: str
    groups: tuple[str, ...]
    other_models: tuple[str, ...]
    engine: str


def add_tags_to_file(config: AddTagsConfig, progress: Progress) -> AddTagsReport:
    """Put the tags of one more model into a feature file; only what lacks them is looked at.

    Raises:
        UsageError: If a source does not exist, a list is empty, the model has no tags, or they are the file's own.
        FeatureFileError: If the file is missing or damaged, or a group has the name of another one.
        WeightsError: If a model cannot be used.
        OutputError: If the file cannot be written; what was finished is kept.
    """
    start = time.perf_counter()
    tagger = open_tagger(config.inference)
    named = config.images or config.listed  # an empty list is not the whole file
    photographs = find_photographs(config.images, None, listed=config.listed) if named else None
    update, header = add_tags(
        photographs.images if photographs else None, config.out, tagger, config.prefix, config.inference, progress
    )
    (new,) = (each for each in header.added if each.weights_sha256 == tagger.card.weights_sha256)
    own = (header.model,) if len(header.own_vocabulary) else ()
    return AddTagsReport(
        out=config.out,
        rows=update.rows,
        tagged=update.tagged,
        embedded=update.embedded,
        kept=update.kept,
        moved=update.moved,
        dropped=update.dropped,
        skipped=(*(photographs.unreadable if photographs else ()), *update.skipped),
        seconds=time.perf_counter() - start,
        tagger=tagger.card.name,
        groups=tuple(group.name for group in new.vocabulary.groups),
        other_models=(*own, *(each.model for each in header.added if each is not new)),
        engine=update.engine,
    )


def _iter_tagged(
    rows: FeatureRows, config: TagConfig, vocabulary: Vocabulary, windows: list[slice]
) -> Iterator[TaggedPhotograph]:
    if not len(rows):
        return
    chosen = _choose_tags(rows.scores, config, vocabulary)
    selected = np.zeros(len(vocabulary), np.bool_)
    for window in windows:
        selected[window] = True
    for path, scores, each in zip(rows.paths, rows.scores, chosen & selected, strict=True):
        yield TaggedPhotograph(path, named_tags(scores, each, vocabulary, config.language))


def _choose_tags(scores: npt.NDArray[np.floating], config: TagConfig, vocabulary: Vocabulary) -> npt.NDArray[np.bool_]:
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
