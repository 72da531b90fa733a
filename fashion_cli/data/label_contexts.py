"""Label vectors out of the annotations themselves: from the labels and words that occur together. No downloads.

Levy, Goldberg and Dagan, Improving distributional similarity with lessons learned from word embeddings (TACL 2015),
section 2: positive pointwise mutual information (PPMI) between labels and their contexts, then a truncated SVD with the
singular values' square roots (section 3.3, eigenvalue weighting 0.5). The contexts of a label are the other labels of
its photographs and, where there is a text, its words. Plain numpy.
"""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fashion_cli.data.targets import TRUE

LEAST_TEXTS = 5  # a word in fewer texts says nothing about labels
_WORD = re.compile(r"[^\W\d_][\w'-]*")

Targets = npt.NDArray[np.int8]
Matrix = npt.NDArray[np.float64]


def label_contexts(targets: Targets, texts: Sequence[str] = ()) -> Matrix:
    """How often each label stands beside each context.

    Args:
        targets: (N, L) of TRUE, FALSE and UNKNOWN.
        texts: Of the same N photographs, "" where there is none; empty: labels alone.

    Returns:
        (L, L + W) photographs; a label is no context of its own. The W words come in alphabetical order.
    """
    true = (targets == TRUE).astype(np.float64)
    together = true.T @ true  # (L, L)
    np.fill_diagonal(together, 0)
    return np.concatenate([together, true.T @ _words_of(texts)], axis=1) if texts else together


def positive_mutual_information(counts: Matrix) -> Matrix:
    """max(0, log(P(i, c) / (P(i) P(c)))) of label i and context c; 0 where they never meet.

    Args:
        counts: (L, C).
    """
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0, keepdims=True) / max(counts.sum(), 1)
    ratio = np.ones_like(counts)
    np.divide(counts, expected, out=ratio, where=counts > 0)
    return np.log(np.maximum(ratio, 1))


def context_vectors(counts: Matrix, width: int) -> Matrix:
    """U S^1/2 of the PPMI matrix's truncated SVD.

    Args:
        counts: (L, C) as `label_contexts` gives them.
        width: Of the vectors; a matrix of smaller rank fills what there is, so at most L.

    Returns:
        (L, min(width, L, C)); each column's largest value is positive, so that the sign is no matter of chance.
    """
    left, values, _ = np.linalg.svd(positive_mutual_information(counts), full_matrices=False)
    left, values = left[:, :width], values[:width]
    largest = np.take_along_axis(left, np.abs(left).argmax(axis=0)[None, :], axis=0)
    vectors: Matrix = left * np.where(largest < 0, -1.0, 1.0) * np.sqrt(values)
    return vectors


def _words_of(texts: Sequence[str]) -> Matrix:
    """(N, W) which text holds which word, of those that enough texts hold."""
    word_sets = [set(_WORD.findall(text.lower())) for text in texts]
    counts = Counter(word for words in word_sets for word in words)
    column_of_word = {
        word: place for place, word in enumerate(sorted(w for w, count in counts.items() if count >= LEAST_TEXTS))
    }
    matrix = np.zeros((len(texts), len(column_of_word)))
    for row, words in enumerate(word_sets):
        matrix[row, [column_of_word[word] for word in words if word in column_of_word]] = 1
    return matrix
