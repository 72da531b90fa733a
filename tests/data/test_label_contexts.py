"""Label vectors from annotations: counts and PPMI against plain loops, vectors against what they have to give back."""

import math

import numpy as np
import pytest

from fashion_cli.data.label_contexts import context_vectors, label_contexts, positive_mutual_information

TARGETS = np.array([[1, 1, 0, -1], [1, 1, 0, 0], [1, 0, 1, 1], [0, 0, 1, 1], [1, 0, 0, 0]], np.int8)


def test_labels_are_contexts_of_each_other() -> None:
    found = label_contexts(TARGETS)
    for i in range(4):
        for j in range(4):
            together = sum(row[i] == 1 and row[j] == 1 for row in TARGETS.tolist())
            assert found[i, j] == (0 if i == j else together)


def test_words_of_texts_are_contexts_too() -> None:
    texts = ["Blue blue SHIRT 2024", "blue shirt's", "red skirt", "blue", "blue, Red"]
    found = label_contexts(np.concatenate([TARGETS] * 3), texts * 3)
    # Each is in at least five of fifteen texts: blue in 12, red in 6. The others are in three.
    assert found.shape == (4, 6)
    blue, red = [1, 1, 0, 1, 1], [0, 0, 1, 0, 1]
    for i in range(4):
        for column, holds in enumerate((blue, red)):
            expected = 3 * sum(row[i] == 1 and held for row, held in zip(TARGETS.tolist(), holds, strict=True))
            assert found[i, 4 + column] == expected


def test_positive_mutual_information() -> None:
    counts = np.random.default_rng(0).integers(0, 9, (5, 7)).astype(float)
    counts[2] = 0
    total = sum(counts[i, j] for i in range(5) for j in range(7))
    found = positive_mutual_information(counts)
    for i in range(5):
        for j in range(7):
            both = counts[i, j] / total
            alone = sum(counts[i]) / total * (sum(counts[:, j]) / total)
            assert found[i, j] == pytest.approx(max(0.0, math.log(both / alone)) if both else 0.0)
    assert not positive_mutual_information(np.zeros((2, 3))).any()


def test_vectors_give_the_matrix_back() -> None:
    """U S^1/2 of a symmetric matrix of full width: V V^T is |M|, whose square is M M^T."""
    counts = label_contexts(TARGETS)
    matrix = positive_mutual_information(counts)
    vectors = context_vectors(counts, width=4)
    product = vectors @ vectors.T
    assert product @ product == pytest.approx(matrix @ matrix.T, abs=1e-9)


def test_a_shorter_vector_is_the_longer_ones_beginning() -> None:
    counts = np.random.default_rng(1).integers(0, 9, (6, 8)).astype(float)
    assert context_vectors(counts, 3) == pytest.approx(context_vectors(counts, 300)[:, :3])
    assert context_vectors(counts, 300).shape == (6, 6)


def test_signs_are_no_matter_of_chance() -> None:
    vectors = context_vectors(np.random.default_rng(2).integers(0, 9, (6, 8)).astype(float), 5)
    assert (vectors.max(axis=0) >= -vectors.min(axis=0)).all()


def test_labels_of_like_company_are_alike() -> None:
    """Skirt and trousers never meet, but stand beside the same shoes; the tie stands elsewhere."""
    rows = [[1, 0, 1, 0, 0], [0, 1, 1, 0, 0], [0, 0, 0, 1, 1]]  # skirt, trousers, shoes, suit, tie
    vectors = context_vectors(label_contexts(np.array(rows * 4, np.int8)), 5)
    lengths = np.linalg.norm(vectors, axis=1)
    cosines = vectors @ vectors.T / np.outer(lengths, lengths)
    assert cosines[0, 1] == pytest.approx(1)
    assert cosines[0, 4] == pytest.approx(0, abs=1e-9)
