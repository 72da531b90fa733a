"""Batches hold what the recipe says, and an epoch can be drawn again."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from fashion_cli.data.samplers import SimilarGarments, repeat_factors
from fashion_cli.model_cards import TagGroup, Vocabulary

GARMENTS = 400
BATCH = 16
KINDS = [f"kind {number % 40}" for number in range(GARMENTS)]  # ten garments of each kind


def epoch(sampler: SimilarGarments, number: int = 0) -> list[list[int]]:
    sampler.epoch = number
    return list(sampler)


def make(shares: Sequence[float], *, share: float = 0.5, seed: int = 0) -> SimilarGarments:
    return SimilarGarments(KINDS, shares, BATCH, share, seed)


def test_every_batch_is_full_and_there_are_as_many_as_said() -> None:
    sampler = make([1.0] * GARMENTS)
    batches = epoch(sampler)
    assert len(batches) == len(sampler) == GARMENTS // BATCH
    assert {len(batch) for batch in batches} == {BATCH}


def test_an_epoch_takes_every_garment_once() -> None:
    counts = Counter(garment for batch in epoch(make([1.0] * GARMENTS)) for garment in batch)
    assert set(counts) == set(range(GARMENTS))
    assert set(counts.values()) == {1}


def test_half_of_a_batch_is_alike() -> None:
    for batch in epoch(make([1.0] * GARMENTS)):
        alike, others = batch[: BATCH // 2], batch[BATCH // 2 :]
        assert len({KINDS[garment] for garment in alike}) <= 3  # eight neighbours, about five of a kind
        assert len({KINDS[garment] for garment in others}) >= 4


@pytest.mark.parametrize(("share", "alike"), [(0.0, 0), (0.25, 4), (1.0, BATCH)])
def test_how_much_is_alike_is_the_recipes_choice(share: float, alike: int) -> None:
    batches = epoch(make([1.0] * GARMENTS, share=share))
    kinds = [len({KINDS[garment] for garment in batch[:alike]}) for batch in batches]
    assert np.mean(kinds) <= 0.6 * alike
    rest = [len({KINDS[garment] for garment in batch[alike:]}) for batch in batches]
    assert np.mean(rest) >= 0.7 * (BATCH - alike)


def test_the_same_epoch_comes_again_and_another_differs() -> None:
    first = epoch(make([1.0] * GARMENTS), 3)
    assert epoch(make([1.0] * GARMENTS), 3) == first
    assert epoch(make([1.0] * GARMENTS), 4) != first
    assert epoch(make([1.0] * GARMENTS, seed=1), 3) != first


@pytest.mark.parametrize("share", [0.5, 1.5, 3.0])
def test_shares_are_kept_on_average(share: float) -> None:
    """The second half of the garments has a share of 1."""
    half = GARMENTS // 2
    sampler = make([share] * half + [1.0] * half)
    epochs = 20
    counts = Counter(garment for number in range(epochs) for batch in epoch(sampler, number) for garment in batch)
    taken = sum(counts[garment] for garment in range(half)) / (half * epochs)
    rest = sum(counts[garment] for garment in range(half, GARMENTS)) / (half * epochs)
    assert taken == pytest.approx(share, rel=0.05)
    assert rest == pytest.approx(1, rel=0.05)
    assert len(sampler) == int((share + 1) * half) // BATCH


def test_shares_differ_from_epoch_to_epoch() -> None:
    sampler = make([0.5] * GARMENTS)
    first, second = ({g for batch in epoch(sampler, number) for g in batch} for number in (0, 1))
    assert len(first - second) > GARMENTS / 10


def test_fewer_garments_than_a_batch_give_none() -> None:
    assert epoch(SimilarGarments(["a"] * 5, [1.0] * 5, BATCH, 0.5, 0)) == []


def test_repeat_factors_as_written_out() -> None:
    vocabulary = Vocabulary(
        (TagGroup("colour", ("red", "blue"), exclusive=True), TagGroup("kind", ("hat",), exclusive=False))
    )
    targets = np.array(
        [[1, 0, -1], [1, 0, 1], [1, 0, 0], [0, 1, 0], [-1, -1, 0], [-1, -1, 0], [-1, -1, -1]], dtype=np.int8
    )
    # Of four labelled photographs three are red and one is blue; of five one is a hat.
    red, blue, hat = 1.0, (0.5 / (1 / 4)) ** 0.5, (0.5 / (1 / 5)) ** 0.5
    expected = [red, hat, red, blue, 1.0, 1.0, 1.0]
    assert repeat_factors(targets, vocabulary, 0.5) == pytest.approx(expected)
    assert repeat_factors(targets, vocabulary, 0.0) == pytest.approx([1.0] * 7)
