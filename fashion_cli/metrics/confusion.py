"""Confusion within an exclusive group. Targets hold 1 true, 0 false, -1 unknown."""

from dataclasses import dataclass

import numpy as np

from fashion_cli.metrics.tags import Scores, Truths


@dataclass(frozen=True)
class Confusion:
    """How often each answer is given where each one is true.

    Attributes:
        names: T answers.
        counts: T rows of T: photographs that show the row's answer and are said to show the column's.
        untagged: Photographs whose true answer is none of the T: whatever is said of them is wrong.
    """

    names: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    untagged: int = 0

    @property
    def photographs(self) -> int:
        """That were counted."""
        return sum(map(sum, self.counts)) + self.untagged

    @property
    def right(self) -> int:
        """Of how many the answer is right."""
        return sum(row[place] for place, row in enumerate(self.counts))

    @property
    def accuracy(self) -> float:
        """The share of the photographs whose answer is right; nan without one."""
        return self.right / self.photographs if self.photographs else float("nan")


def confuse(names: tuple[str, ...], scores: Scores, truths: Truths, untagged: int = 0) -> Confusion:
    """Count the best-scored answer of each photograph, whatever its threshold, against the true one.

    A photograph without a true answer, or with several, is left out. Any of the T may be given, also one that the
    photograph's set never names.

    Args:
        names: T answers.
        scores: (N, T) of one group; of equal ones the first counts.
        truths: (N, T) of the same group.
        untagged: Photographs whose true answer is none of the T.
    """
    clear = (truths == 1).sum(axis=1) == 1
    counts = np.zeros((len(names), len(names)), np.int64)
    np.add.at(counts, (truths[clear].argmax(axis=1), scores[clear].argmax(axis=1)), 1)
    return Confusion(names, tuple(tuple(row) for row in counts.tolist()), untagged)
