"""`--where group=tag`: which rows of a gallery may be hits at all."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fashion_cli.data.features import FeatureFile
from fashion_cli.data.tags import present_tags, require_group, suggestion
from fashion_cli.errors import UsageError

LABEL = "label/"  # before the names of a manifest's own columns in a feature file
SCANNED_ROWS = 65536  # at a time


@dataclass(frozen=True)
class Condition:
    """One `--where`: any of some values of a tag group, or of a column that came with a manifest."""

    name: str
    values: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "Condition":
        """Read "colour=red" or "colour=red,pink".

        Raises:
            UsageError: If the text is anything else.
        """
        name, equals, values = text.partition("=")
        chosen = tuple(value.strip() for value in values.split(",") if value.strip())
        if not (name.strip() and equals and chosen):
            raise UsageError(f"--where {text!r}: not group=tag", hint="--where colour=red, or colour=red,pink")
        return cls(name.strip(), chosen)


def matching_rows(features: FeatureFile, conditions: Sequence[Condition]) -> npt.NDArray[np.int64]:
    """The rows that meet every condition.

    Args:
        features: The gallery.
        conditions: All must hold; of one condition's values any.

    Raises:
        UsageError: If a condition names what the gallery does not have.
    """
    fits = np.ones(len(features), np.bool_)
    by_tag = [each for each in conditions if not _column_of(features, each.name)]
    for condition in conditions:
        if column := _column_of(features, condition.name):
            fits &= np.array([value in condition.values for value in features.column(column)], np.bool_)
    if by_tag:
        wanted = [_tag_columns(features, condition) for condition in by_tag]
        for start in range(0, len(features), SCANNED_ROWS):
            rows = slice(start, start + SCANNED_ROWS)
            present = present_tags(features.scores(rows), features.header.vocabulary)
            for columns in wanted:
                fits[rows] &= present[:, columns].any(axis=1)
    return np.flatnonzero(fits).astype(np.int64)


def _column_of(features: FeatureFile, name: str) -> str:
    """The file's column for a name, "" where the name is a tag group's or nothing's."""
    if name in features.header.vocabulary.columns:
        return ""
    return next((each for each in (name, LABEL + name) if each in features.column_names), "")


def _tag_columns(features: FeatureFile, condition: Condition) -> list[int]:
    vocabulary = features.header.vocabulary
    columns = [each.removeprefix(LABEL) for each in features.column_names]
    window = require_group(condition.name, vocabulary, columns)
    tags = vocabulary.names[window]
    for value in condition.values:
        if value not in tags:
            raise UsageError(f"no tag {value!r} in the group {condition.name!r}", hint=suggestion(value, tags))
    return [window.start + tags.index(value) for value in condition.values]
