"""The figures on `val` against a plain sort."""

import numpy as np
import pytest

from fashion_cli.training.val_figures import retrieval_figures


@pytest.mark.parametrize("seed", range(3))
def test_recall_and_mean_average_precision(seed: int) -> None:
    rng = np.random.default_rng(seed)
    garments = rng.integers(0, 25, 60)
    vectors = rng.standard_normal((60, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ranks, precisions = [], []
    for row in range(60):
        others = sorted(
            (other for other in range(60) if other != row), key=lambda other: -vectors[row] @ vectors[other]
        )
        right = [place for place, other in enumerate(others, start=1) if garments[other] == garments[row]]
        if right:
            ranks.append(right[0])
            precisions.append(np.mean([found / place for found, place in enumerate(right, start=1)]))
    found = retrieval_figures(vectors, garments)
    assert found["recall@1"] == pytest.approx(np.mean([rank <= 1 for rank in ranks]))
    assert found["recall@20"] == pytest.approx(np.mean([rank <= 20 for rank in ranks]))
    assert found["mAP"] == pytest.approx(np.mean(precisions))


def test_garments_on_one_photograph_each_have_no_figures() -> None:
    assert retrieval_figures(np.eye(3, dtype=np.float32), np.arange(3)) == {}
    assert retrieval_figures(np.empty((0, 4), np.float32), np.empty(0, np.int64)) == {}
