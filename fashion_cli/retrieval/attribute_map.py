"""Use an attribute map: place garments on the plane, decode places, find the garments nearest to a decoded place.

No torch: the autoencoder of `models/attribute_map.py` is a few small matrices, and importing torch would take longer
than all the rest of a recommendation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from fashion_cli.data.features import FeatureHeader, Identity
from fashion_cli.data.file_stamps import FileStamp
from fashion_cli.model_cards import Vocabulary
from fashion_cli.retrieval.exact import ExactIndex, exact_cosines
from fashion_cli.retrieval.neighbours import Neighbours

RECOMMENDED = 4  # garments, as in the paper
REACH = 2.0  # as in `models/attribute_map.py`
SEARCHED = 128  # places on each side of the plane that are tried for a photograph that is new to the map

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Garments:
    """N photographs on a map.

    Attributes:
        paths: Absolute.
        sizes: (N,) bytes of each file.
        mtimes_ns: (N,) modification times, nanoseconds since 1970.
        attributes: (N, A) scores in [0, 1] of the map's tags.
        points: (N, 2) places in [0, 1]: x to the right, y up.
        sha256: Of each file's bytes; empty on a map of an older version, which knows times only.
    """

    paths: tuple[str, ...]
    sizes: npt.NDArray[np.int64]
    mtimes_ns: npt.NDArray[np.int64]
    attributes: npt.NDArray[np.float16]
    points: Floats
    sha256: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.paths)

    def identity(self, row: int) -> Identity:
        """The size, stamp and sha256 by which the photograph of a row is recognised."""
        sha256 = self.sha256[row] if self.sha256 else ""
        return Identity(self.paths[row], sha256, int(self.sizes[row]), FileStamp(int(self.mtimes_ns[row])))

    @cached_property
    def row_of_path(self) -> Mapping[str, int]:
        return dict(zip(self.paths, range(len(self.paths)), strict=True))


@dataclass(frozen=True)
class AttributeMap:
    """An autoencoder with the garments that it was made of.

    Attributes:
        header: Of the feature file that the scores are from: which models made them.
        groups: Names of the tag groups on the map, in the order of the columns.
        tensors: The autoencoder's, by their names in torch.
        garments: On the map.
        source: Where the scores are from.
        seed: Of the training.
        figures: How much of each group the map keeps.
    """

    header: FeatureHeader
    groups: tuple[str, ...]
    tensors: Mapping[str, Floats]
    garments: Garments
    source: str = ""
    seed: int = 0
    figures: Mapping[str, float] | None = None

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Of the A columns."""
        return select_groups(self.header.vocabulary, self.groups)

    @property
    def questions(self) -> int:
        """How many questions an attribute vector answers: each tag of a group that is not exclusive is one."""
        return sum(1 if group.exclusive else len(group.tags) for group in self.vocabulary.groups)

    def attributes_of(self, scores: npt.NDArray[np.floating]) -> Floats:
        """(Q, T) scores of the feature file's columns -> (Q, A) attribute vectors."""
        return columns_of(scores, self.header.vocabulary, self.groups)

    def place(self, attributes: npt.NDArray[np.floating]) -> Floats:
        """(Q, A) attribute vectors -> (Q, 2) places in [0, 1]."""
        return place(self.tensors, attributes)

    def locate(self, attributes: Floats) -> Floats:
        """Where photographs belong that are new to the map: (Q, A) attribute vectors -> (Q, 2) places in [0, 1].

        The encoder knows the mixtures of attributes that it was trained on, and a photograph taken at home is often
        none of them: checked shorts of boys came to lie among checked scarves. So its place stands only where the map
        shows nothing nearer to the photograph's attributes anywhere else.
        """
        places = self.place(attributes)
        if not len(places):
            return places
        decoded, queries = (directions(each, self.vocabulary) for each in (self.decode(places), attributes))
        searched, index = self._plane
        neighbours = index.nearest(queries, 1)
        own = [exact_cosines(one, other[None])[0] for one, other in zip(queries, decoded, strict=True)]
        nearer = neighbours.cosines[:, 0] > np.array(own, np.float32)
        return np.where(nearer[:, None], searched[neighbours.rows[:, 0]], places)

    @cached_property
    def _plane(self) -> tuple[Floats, ExactIndex]:
        """Places all over the plane, and what the map shows there."""
        places = spread_evenly(SEARCHED)
        return places, ExactIndex(directions(self.decode(places), self.vocabulary))

    def decode(self, places: Floats) -> Floats:
        """(Q, 2) places in [0, 1] -> (Q, A) the attribute vectors that the map shows there."""
        return decode(self.tensors, places, self.vocabulary)

    def recommend(self, places: Floats, k: int, own: Sequence[int | None]) -> Neighbours:
        """The garments nearest to what the map shows at some places: decoded, then as `nearest`.

        Args:
            places: (Q, 2) in [0, 1].
            k: As in `nearest`.
            own: As in `nearest`.
        """
        return self.nearest(self.decode(places), k, own)

    def nearest(self, attributes: Floats, k: int, own: Sequence[int | None]) -> Neighbours:
        """The garments whose attribute vectors are nearest to some.

        Two vectors are as near as their answers agree: the cosine of the vectors of the answers' square roots, which
        is the mean of Bhattacharyya's coefficient over questions. A tag of a group that is not exclusive is a question
        of its own, with yes and no for answers.

        Args:
            attributes: (Q, A).
            k: How many, at least 1; clipped to the number of other garments.
            own: (Q,) the row of each garment itself, which is left out; None where it is not on the map.

        Returns:
            (Q, k), nearest first; equal ones in the order of their rows.
        """
        count = min(k, len(self.garments) - 1) if any(row is not None for row in own) else min(k, len(self.garments))
        candidates = self._index.nearest(directions(attributes, self.vocabulary), count + 1)
        rows = np.empty((len(candidates), count), np.int64)
        cosines = np.empty((len(candidates), count), np.float32)
        for query, row in enumerate(own):
            others = np.flatnonzero(candidates.rows[query] != (-1 if row is None else row))[:count]
            rows[query], cosines[query] = candidates.rows[query][others], candidates.cosines[query][others]
        return Neighbours(rows, cosines)

    @cached_property
    def _index(self) -> ExactIndex:
        return ExactIndex(directions(self.garments.attributes, self.vocabulary))


def spread_evenly(side: int) -> Floats:
    """(side * side, 2) the middles of as many cells of the plane, row by row from the bottom."""
    middles = (np.arange(side, dtype=np.float32) + np.float32(0.5)) / np.float32(side)
    x, y = np.meshgrid(middles, middles)  # y along the rows
    return np.stack([x.ravel(), y.ravel()], axis=1)


def select_groups(vocabulary: Vocabulary, groups: Sequence[str]) -> Vocabulary:
    """Some groups of a vocabulary, in the order of their names given."""
    groups_by_name = {group.name: group for group in vocabulary.groups}
    return Vocabulary(tuple(groups_by_name[name] for name in groups))


def columns_of(scores: npt.NDArray[np.floating], vocabulary: Vocabulary, groups: Sequence[str]) -> Floats:
    """(N, T) scores -> (N, A) those of some groups, side by side."""
    return np.concatenate([scores[:, vocabulary.columns[name]] for name in groups], axis=1).astype(np.float32)


def place(tensors: Mapping[str, Floats], attributes: npt.NDArray[np.floating]) -> Floats:
    """As `AttributeAutoencoder.encode`: (Q, A) -> (Q, 2) in [0, 1]."""
    return _sigmoid(_perceptron(tensors, "encoder", attributes.astype(np.float32)))


def decode(tensors: Mapping[str, Floats], places: Floats, vocabulary: Vocabulary) -> Floats:
    """As `AttributeAutoencoder.decode`, and from there to probabilities: (Q, 2) in [0, 1] -> (Q, A) in [0, 1]."""
    logits = _perceptron(tensors, "decoder", REACH * (2 * places - 1))
    for group in vocabulary.groups:
        window = vocabulary.columns[group.name]
        logits[:, window] = _softmax(logits[:, window]) if group.exclusive else _sigmoid(logits[:, window])
    return logits


def directions(attributes: npt.NDArray[np.floating], vocabulary: Vocabulary) -> Floats:
    """(N, A) attribute vectors -> (N, W) square roots of all answers, of the same length in every row."""
    parts = []
    for group in vocabulary.groups:
        answers = attributes[:, vocabulary.columns[group.name]].astype(np.float32).clip(0, 1)
        if group.exclusive:
            answers /= np.maximum(answers.sum(axis=1, keepdims=True), np.finfo(np.float32).tiny)
            parts.append(answers)
        else:
            parts += [answers, 1 - answers]
    return np.asarray(np.sqrt(np.concatenate(parts, axis=1)), np.float32)


def _perceptron(tensors: Mapping[str, Floats], name: str, values: Floats) -> Floats:
    """Linear layers with ReLU between them, by the names that `torch.nn.Sequential` gives its parts."""
    weights = sorted(
        (each for each in tensors if each.startswith(f"{name}.") and each.endswith(".weight")),
        key=lambda each: int(each.split(".")[1]),
    )
    for number, weight in enumerate(weights):
        if number:
            values = np.maximum(values, 0)
        values = values @ tensors[weight].T + tensors[weight.replace(".weight", ".bias")]
    return values.astype(np.float32)


def _sigmoid(logits: Floats) -> Floats:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * logits)), np.float32)  # exp would overflow


def _softmax(logits: Floats) -> Floats:
    risen = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(risen / risen.sum(axis=1, keepdims=True), np.float32)
