"""Rows of a feature file that lack the tags of some model: only that model looks at their photographs."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fashion_cli.data.features import FeatureFile, FeatureHeader, FeatureRows
from fashion_cli.embedding.added_tags import open_added_taggers
from fashion_cli.embedding.reuse import ReusedRow
from fashion_cli.inference.multi_model import MultiModel
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.inference.pipeline import Batch, Skipped, predict


@dataclass(frozen=True)
class FilledRows:
    """Rows that got the tags which they lacked, and photographs that could not be read.

    Attributes:
        rows: Whole ones.
        taken: Where each of them came from.
        skipped: Photographs that could not be read, or are others by now.
        engine: What predicted.
    """

    rows: FeatureRows
    taken: tuple[ReusedRow, ...]
    skipped: tuple[Skipped, ...]
    engine: str


def missing_taggers(have: FeatureHeader, want: FeatureHeader) -> tuple[int, ...]:
    """Which further models of one header another one does not have, as places in `want.added`."""
    return tuple(
        place for place, each in enumerate(want.added) if not any(each.same_scores(other) for other in have.added)
    )


def align_tag_columns(
    scores: npt.NDArray[np.float16], have: FeatureHeader, want: FeatureHeader
) -> npt.NDArray[np.float16]:
    """Scores under another header; 0 in the columns that they lack.

    Args:
        scores: (N, T) under the header `have`.
        have: Of the same model, with other further models or the same in another order.
        want: T' tags.

    Returns:
        (N, T').
    """
    if have.added == want.added:
        return scores
    own = len(want.own_vocabulary)
    placed = np.zeros((len(scores), len(want.vocabulary)), np.float16)
    placed[:, :own] = scores[:, :own]
    for each, window in zip(want.added, want.added_columns, strict=True):
        for other, source in zip(have.added, have.added_columns, strict=True):
            if each.same_scores(other):
                placed[:, window] = scores[:, source]
    return placed


def fill_missing_tags(
    source: FeatureFile, chosen: Sequence[ReusedRow], want: FeatureHeader, options: InferenceOptions
) -> Iterator[FilledRows]:
    """Rows of a feature file with the tags that they lack.

    Args:
        source: Where they come from.
        chosen: Which rows.
        want: The header under which they are to stand.
        options: How models run.

    Raises:
        WeightsError: If a model is not where it was.
    """
    places = missing_taggers(source.header, want)
    models = MultiModel(None, open_added_taggers([want.added[place] for place in places]))
    columns = np.concatenate([np.arange(*want.added_columns[place].indices(len(want.vocabulary))) for place in places])
    row_of = {each.path: each for each in chosen}
    with closing(predict([Path(each.path) for each in chosen], models, options)) as batches:
        for batch in batches:
            yield _fill_rows(batch, source, row_of, want, columns)


def _fill_rows(  # two sides that are joined
    batch: Batch,
    source: FeatureFile,
    row_of: dict[str, ReusedRow],
    want: FeatureHeader,
    columns: npt.NDArray[np.intp],
) -> FilledRows:
    reused = [row_of[path] for path in batch.rows.paths]
    stored = source.read([each.row for each in reused])
    same = [place for place, digest in enumerate(batch.rows.sha256) if digest == stored.sha256[place]]
    others = sorted(set(range(len(reused))) - set(same))
    changed = tuple(Skipped(reused[place].path, "changed while it was read") for place in others)
    rows = stored.take(same)
    scores = align_tag_columns(rows.scores, source.header, want)
    if same:
        scores[:, columns] = batch.rows.scores[same]
    taken = tuple(reused[place] for place in same)
    return FilledRows(replace(rows, scores=scores), taken, (*batch.skipped, *changed), batch.engine)
