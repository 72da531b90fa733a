"""Which garments come together in a batch."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from fashion_cli.model_cards import Vocabulary


def repeat_factors(targets: npt.NDArray[np.int8], vocabulary: Vocabulary, rare_below: float) -> npt.NDArray[np.float64]:
    """How much more often than others a photograph with rare tags is taken.

    Gupta, Dollar & Girshick, LVIS (CVPR 2019), appendix B.2: a tag that a share f of the photographs shows has the
    factor max(1, sqrt(t / f)); a photograph has the largest of its tags. The share is taken among the photographs
    that its group is labelled in.

    Args:
        targets: (N, T): 1 true, 0 false, -1 unknown.
        vocabulary: The T tags.
        rare_below: t; 0 makes every factor 1.

    Returns:
        (N,), at least 1.
    """
    factors = np.ones(len(targets))
    for window in vocabulary.columns.values():
        true = targets[:, window] == 1
        labelled = max(1, int((targets[:, window] >= 0).any(axis=1).sum()))
        shares = np.maximum(true.sum(axis=0), 1) / labelled
        each = np.maximum(1.0, np.sqrt(rare_below / shares))
        factors = np.maximum(factors, np.where(true, each, 1.0).max(axis=1, initial=1.0))
    return factors


class SimilarGarments:
    """Batches that are partly random, partly garments which are easily confused.

    A contrastive loss learns most from negatives that look alike; a batch of nothing else would bend the batch
    statistics and the tag losses.

    Args:
        similar: For each garment, the value that it shares with those it is confused with.
        shares: For each garment, how often an epoch takes it on average.
        batch: Garments in a batch.
        similar_share: How much of a batch is made of similar garments, in [0, 1].
        seed: Epoch e of seed s is always the same.
    """

    def __init__(
        self, similar: Sequence[str], shares: Sequence[float], batch: int, similar_share: float, seed: int
    ) -> None:
        self.similar = np.unique(np.asarray(similar), return_inverse=True)[1]
        self.shares = np.asarray(shares, dtype=np.float64)
        self.batch = batch
        self.alike = round(batch * similar_share)
        self.seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return int(self.shares.sum()) // self.batch

    def __iter__(self) -> Iterator[list[int]]:
        rng = np.random.default_rng((self.seed, self.epoch))
        pool = rng.permutation(np.repeat(np.arange(len(self.shares)), self._repeats(rng)))
        batches = len(self)
        pool = np.resize(pool, batches * self.batch)
        cut = batches * self.alike
        mixed = pool[cut:].reshape(batches, self.batch - self.alike)
        for alike, others in zip(self._runs(pool[:cut], batches, rng), mixed, strict=True):
            yield [*alike.tolist(), *others.tolist()]

    def _repeats(self, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        """How often each garment comes this epoch: the whole part of its share, and the rest by chance."""
        whole = np.floor(self.shares)
        return (whole + (rng.random(len(self.shares)) < self.shares - whole)).astype(np.int64)

    def _runs(self, pool: npt.NDArray[np.int64], batches: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        """(batches, alike) rows of neighbours in the order of `similar`, the rows in random order."""
        ordered = pool[np.argsort(self.similar[pool], kind="stable")]
        return rng.permutation(ordered.reshape(batches, self.alike), axis=0)
