"""The bootstrap against scipy, against the normal approximation and against what it promises."""

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats  # type: ignore[import-untyped]

from fashion_cli.metrics import bootstrap
from fashion_cli.metrics.bootstrap import mean_interval, mean_intervals, paired_difference

rng = np.random.default_rng(4)
PRECISIONS = rng.random(60)
HITS = (rng.random(150) < 0.3).astype(float)


@pytest.mark.parametrize("values", [PRECISIONS, HITS], ids=["precisions", "hits"])
def test_agrees_with_scipy(values: npt.NDArray[np.float64]) -> None:
    found = mean_interval(values)
    oracle = stats.bootstrap((values,), np.mean, n_resamples=2000, method="percentile", rng=np.random.default_rng(5))
    width = oracle.confidence_interval.high - oracle.confidence_interval.low
    assert found.mean == pytest.approx(values.mean())
    assert found.low == pytest.approx(oracle.confidence_interval.low, abs=0.06 * width)
    assert found.high == pytest.approx(oracle.confidence_interval.high, abs=0.06 * width)


def test_a_wider_level_gives_a_wider_interval() -> None:
    narrow, wide = mean_interval(PRECISIONS, level=0.5), mean_interval(PRECISIONS, level=0.99)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_covers_the_truth_about_as_often_as_it_says() -> None:
    samples = np.random.default_rng(6).random((100, 50))
    intervals = [mean_interval(sample, level=0.9) for sample in samples]
    assert 80 <= sum(each.low <= 0.5 <= each.high for each in intervals) <= 97


def test_the_same_seed_gives_the_same_interval() -> None:
    assert mean_interval(PRECISIONS) == mean_interval(PRECISIONS)
    assert mean_interval(PRECISIONS, seed=1) != mean_interval(PRECISIONS, seed=2)


def test_queries_that_fail_together_count_as_one() -> None:
    """Five copies of each figure know no more than one."""
    copies = np.repeat(PRECISIONS, 5)
    clusters = [str(number) for number in np.repeat(np.arange(60), 5)]
    single, together = mean_interval(PRECISIONS), mean_interval(copies, clusters)
    assert (together.low, together.high) == pytest.approx((single.low, single.high), abs=0.03)
    alone = mean_interval(copies)
    assert alone.high - alone.low < 0.6 * (together.high - together.low)


def test_clusters_of_unequal_size_agree_with_a_plain_loop() -> None:
    values, clusters = [1.0, 1.0, 1.0, 0.0, 0.5, 0.5], ["a", "a", "a", "b", "c", "c"]
    members = {name: [v for v, c in zip(values, clusters, strict=True) if c == name] for name in "abc"}
    rng, means = np.random.default_rng(7), []
    for _ in range(4000):
        drawn = [value for name in rng.choice(list("abc"), 3) for value in members[name]]
        means.append(sum(drawn) / len(drawn))
    found = mean_interval(values, clusters)
    expected = np.quantile(means, [0.025, 0.975])
    assert (found.low, found.high) == pytest.approx(tuple(expected), abs=0.08)


def test_paired_difference_sees_what_two_intervals_cannot() -> None:
    better = PRECISIONS + 0.05
    found = paired_difference(better, PRECISIONS)
    assert (found.mean, found.low, found.high) == pytest.approx((0.05, 0.05, 0.05))
    assert mean_interval(better).low < mean_interval(PRECISIONS).high


def test_paired_difference_of_noise_holds_zero() -> None:
    found = paired_difference(PRECISIONS, np.random.default_rng(8).permutation(PRECISIONS))
    assert found.low < 0 < found.high


def test_paired_difference_wants_the_same_queries() -> None:
    with pytest.raises(ValueError, match="not the same queries: 60 and 59"):
        paired_difference(PRECISIONS, PRECISIONS[1:])


def test_no_queries_give_nan() -> None:
    found = mean_interval([])
    assert np.isnan([found.mean, found.low, found.high]).all()


def test_one_query_is_its_own_interval() -> None:
    found = mean_interval([0.25])
    assert (found.low, found.mean, found.high) == (0.25, 0.25, 0.25)


def test_several_means_have_the_intervals_that_each_has_alone() -> None:
    values = np.stack([PRECISIONS, PRECISIONS > 0.5, -PRECISIONS], axis=1)
    clusters = [str(number // 3) for number in range(60)]
    together = mean_intervals(values, clusters)
    for found, column in zip(together, values.T, strict=True):
        alone = mean_interval(column, clusters)
        assert (found.mean, found.low, found.high) == pytest.approx((alone.mean, alone.low, alone.high))
    assert (together[2].low, together[2].high) == pytest.approx((-together[0].high, -together[0].low))
    assert mean_intervals(np.empty((5, 0))) == ()


def test_draws_in_small_lots_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = mean_interval(PRECISIONS)
    monkeypatch.setattr(bootstrap, "DRAWN_AT_ONCE", 100)
    found = mean_interval(PRECISIONS)
    assert (found.low, found.high) == pytest.approx((whole.low, whole.high))
