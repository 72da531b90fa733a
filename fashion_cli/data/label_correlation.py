"""Which labels occur together: from training targets to the adjacency of a label graph.

Chen et al., Multi-Label Image Recognition with Graph Convolutional Networks (CVPR 2019), section 3.3, as Kim, Choi and
Park, Recognition of multi label fashion styles based on transfer learning and graph convolution network (2021), take it
up; the re-weighting is equation 2 there, 8 in Chen et al. Plain numpy.
"""

import numpy as np
import numpy.typing as npt

from fashion_cli.data.targets import TRUE, UNKNOWN

Targets = npt.NDArray[np.int8]
Matrix = npt.NDArray[np.float64]


def conditional_probabilities(targets: Targets) -> Matrix:
    """P(j | i): of the photographs that show label i, the share that shows label j.

    Photographs on which nobody looked for j count neither for nor against it. Where everything is labelled that is
    P_ij = M_ij / N_i of the paper.

    Args:
        targets: (N, L) of TRUE, FALSE and UNKNOWN.

    Returns:
        (L, L) in [0, 1]; row i holds P(j | i), 1 on the diagonal; 0 where no photograph shows i and tells of j.
    """
    true = (targets == TRUE).astype(np.float64)
    labelled = (targets != UNKNOWN).astype(np.float64)
    together: Matrix = true.T @ true  # M_ij
    support = true.T @ labelled  # photographs of i that tell of j
    probabilities = np.zeros_like(together)
    np.divide(together, support, out=probabilities, where=support > 0)
    return probabilities


def binarise(probabilities: Matrix, threshold: float) -> Matrix:
    """1 where a probability reaches the threshold, else 0: rare coincidences are noise.

    Args:
        probabilities: (L, L).
        threshold: tau, in [0, 1].
    """
    return (probabilities >= threshold).astype(np.float64)


def reweight(edges: Matrix, p: float) -> Matrix:
    """How much of a node comes from its neighbours, p, shared evenly, and how much from itself, 1 - p.

    Without it a node with many neighbours would drown in them ("over-smoothing").

    Args:
        edges: (L, L) of 0 and 1; the diagonal does not matter.
        p: In [0, 1].

    Returns:
        (L, L); A'_ij = p / (number of neighbours of i) for a neighbour j, 1 - p for i itself.
    """
    neighbours = edges * (1 - np.eye(len(edges)))
    counts = neighbours.sum(axis=1, keepdims=True)
    weights: Matrix = p * neighbours / np.maximum(counts, 1) + (1 - p) * np.eye(len(edges))
    return weights


def normalise_adjacency(adjacency: Matrix) -> Matrix:
    """D^-1/2 A D^-1/2, D the diagonal matrix of row sums (Kipf and Welling, ICLR 2017, equation 2).

    Args:
        adjacency: (L, L), not negative. A row without any weight stays as it is.
    """
    degrees = adjacency.sum(axis=1)
    scale = np.zeros_like(degrees)
    np.divide(1.0, np.sqrt(degrees), out=scale, where=degrees > 0)
    scaled: Matrix = scale[:, None] * adjacency * scale[None, :]
    return scaled


def label_adjacency(targets: Targets, threshold: float, p: float) -> Matrix:
    """The adjacency of a label graph: counted, binarised, re-weighted, normalised.

    Args:
        targets: (N, L) of TRUE, FALSE and UNKNOWN.
        threshold: tau of `binarise`.
        p: Of `reweight`.

    Returns:
        (L, L), what a graph convolution multiplies with.
    """
    return normalise_adjacency(reweight(binarise(conditional_probabilities(targets), threshold), p))
