"""The label graph of ML-GCN from a recipe: label vectors, and which labels are neighbours on the training photographs.

What it is made from stands under `[model.options]`; see `LabelGraphOptions`.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt

from fashion_cli.data.annotations import Annotation
from fashion_cli.data.label_contexts import context_vectors, label_contexts
from fashion_cli.data.label_correlation import label_adjacency
from fashion_cli.data.word_vectors import label_word_vectors
from fashion_cli.errors import RecipeError
from fashion_cli.model_cards import Vocabulary
from fashion_cli.suggestions import suggest
from fashion_cli.training.conversion import Bounds, convert

ARCHITECTURES = ("ml_gcn",)  # that learn on a label graph
PPMI, GLOVE = "ppmi", "glove:"
NAMED = 10  # labels in a message

Targets = npt.NDArray[np.int8]
Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class LabelGraphOptions:
    """`[model.options]` of a network with a label graph.

    Attributes:
        trunk: As every network with a trunk of a library takes it.
        config: Likewise.
        label_vectors: "ppmi" computes them from the annotations; "glove:FILE" reads them, relative to `--data`.
        label_width: Of "ppmi": the most numbers in a vector. A file has a width of its own.
        label_text: Of "ppmi": a column of text, a title say, whose words are contexts too.
        label_words: Of "glove:FILE": label -> the words to look up in place of the label itself.
        threshold: tau: from which P(j | i) on j is a neighbour of i (Chen et al., section 4.1.2: 0.4).
        p: How much of a label comes from its neighbours (likewise: 0.2).
    """

    trunk: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    label_vectors: str = PPMI
    label_width: Annotated[int, Bounds(1)] = 300  # as wide as the GloVe vectors of the paper
    label_text: str = ""
    label_words: Mapping[str, str] = field(default_factory=dict)
    threshold: Annotated[float, Bounds(0, 1)] = 0.4
    p: Annotated[float, Bounds(0, 1)] = 0.2


@dataclass(frozen=True)
class LabelGraph:
    """What ML-GCN knows of the labels before it sees a photograph.

    Attributes:
        vectors: (L, d).
        adjacency: (L, L), re-weighted and normalised.
        identity: Differs where the vectors were made from something else; the photographs aside.
        notes: What a person should know, for example words without a vector.
    """

    vectors: Matrix
    adjacency: Matrix
    identity: str = ""
    notes: tuple[str, ...] = ()


def build_label_graph(
    options: Mapping[str, Any], vocabulary: Vocabulary, targets: Targets, rows: Sequence[Annotation], data: Path
) -> LabelGraph:
    """Vectors and adjacency of a vocabulary.

    Args:
        options: `[model.options]`.
        vocabulary: L labels.
        targets: (N, L) of the training photographs.
        rows: The same N photographs.
        data: The folder that a file of word vectors is relative to.

    Raises:
        RecipeError: If an option is unknown or cannot be met.
        AnnotationError: If the word vectors cannot be read.
    """
    chosen: LabelGraphOptions = convert(LabelGraphOptions, dict(options), "model.options")
    _check(chosen, vocabulary)
    adjacency = label_adjacency(targets, chosen.threshold, chosen.p).astype(np.float32)
    if chosen.label_vectors == PPMI:
        texts = _texts(chosen.label_text, rows)
        return LabelGraph(_from_contexts(chosen, vocabulary, label_contexts(targets, texts)), adjacency, _digest(texts))
    return _from_file(chosen, vocabulary, data, adjacency)


def _check(options: LabelGraphOptions, vocabulary: Vocabulary) -> None:
    file = options.label_vectors.removeprefix(GLOVE)
    if options.label_vectors != PPMI and (not options.label_vectors.startswith(GLOVE) or not file):
        raise RecipeError(
            f"model.options.label_vectors: {options.label_vectors!r} is neither {PPMI} nor {GLOVE}FILE",
            hint=suggest(options.label_vectors, (PPMI, f"{GLOVE}FILE")),
        )
    if options.label_vectors == PPMI and options.label_words:
        raise RecipeError("model.options.label_words: nothing is looked up", hint=f'label_vectors = "{GLOVE}FILE"')
    if options.label_vectors != PPMI and options.label_text:
        raise RecipeError("model.options.label_text: a file has its vectors", hint=f'label_vectors = "{PPMI}"')
    for label in options.label_words:
        if label not in vocabulary.names:
            raise RecipeError(
                f"model.options.label_words: no tag {label!r}", hint=suggest(label, dict.fromkeys(vocabulary.names))
            )


def _texts(column: str, rows: Sequence[Annotation]) -> list[str]:
    """The column of each photograph; none at all where no column is named."""
    if not column:
        return []
    columns = dict.fromkeys(name for row in rows for name in row.values)
    if column not in columns:
        raise RecipeError(f"model.options.label_text: no set has a column {column!r}", hint=suggest(column, columns))
    return [row.values.get(column, "") for row in rows]


def _from_contexts(options: LabelGraphOptions, vocabulary: Vocabulary, counts: npt.NDArray[np.float64]) -> Matrix:
    alone = [name for name, row in zip(vocabulary.names, counts, strict=True) if not row.any()]
    if alone:
        raise RecipeError(
            f"model.options.label_vectors: nothing stands beside {_list_names(alone)}, so it has no vector",
            hint=f'label_text = "COLUMN" counts the words of a text too; or label_vectors = "{GLOVE}FILE"',
        )
    return context_vectors(counts, options.label_width).astype(np.float32)


def _from_file(options: LabelGraphOptions, vocabulary: Vocabulary, data: Path, adjacency: Matrix) -> LabelGraph:
    file = options.label_vectors.removeprefix(GLOVE)
    phrases = {name: options.label_words.get(name, name) for name in vocabulary.names}
    if len(phrases) < len(vocabulary):
        twice = [name for name in phrases if vocabulary.names.count(name) > 1]
        raise RecipeError(f"groups: {_list_names(twice)} is a tag of two groups", hint="rename it by the rules' `tags`")
    label_words = label_word_vectors(data / file, phrases)
    if label_words.unknown:
        raise RecipeError(
            f"model.options.label_vectors: {file} has no word of {_list_names(label_words.unknown)}",
            hint='other words for it: [model.options.label_words] "label" = "words that the file has"',
        )
    notes = tuple(f"{file} has no {_list_names(words)} of {label!r}" for label, words in label_words.missing.items())
    return LabelGraph(label_words.vectors, adjacency, hashlib.sha256(label_words.vectors.tobytes()).hexdigest(), notes)


def _list_names(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(map(repr, names[:NAMED])) + more


def _digest(texts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode(errors="surrogateescape")).hexdigest() if texts else ""
