"""The label graph of a recipe: where its vectors come from, and what it says of options that cannot be met."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fashion_cli.data.annotations import Annotation
from fashion_cli.data.label_contexts import context_vectors, label_contexts
from fashion_cli.data.label_correlation import label_adjacency
from fashion_cli.errors import AnnotationError, RecipeError
from fashion_cli.model_cards import TagGroup, Vocabulary
from fashion_cli.training.label_graph import LabelGraph, build_label_graph

TAGS = Vocabulary((TagGroup("style", ("shirt", "skirt", "evening gown"), exclusive=False),))
TARGETS = np.array([[1, 1, 0], [1, 0, 0], [0, 1, 1], [0, 0, 1], [1, 1, 0]], np.int8)
TITLES = ("a shirt", "a blue shirt", "long skirt", "long gown", "blue set")
ROWS = [Annotation(Path(f"{title}.jpg"), {"title": title}) for title in TITLES]
GLOVE = "shirt 1 0\nskirt 0 1\ngown 3 3\nrobe 5 1\n"


def build(options: dict[str, Any], data: Path = Path(), targets: Any = TARGETS, tags: Any = TAGS) -> LabelGraph:
    return build_label_graph({"trunk": "torchvision:resnet50", **options}, tags, targets, ROWS, data)


def test_vectors_and_neighbours_of_the_training_photographs() -> None:
    graph = build({"threshold": 0.5, "p": 0.3, "label_width": 2})
    assert graph.vectors == pytest.approx(context_vectors(label_contexts(TARGETS), 2), abs=1e-6)
    assert graph.adjacency == pytest.approx(label_adjacency(TARGETS, 0.5, 0.3), abs=1e-6)
    assert graph.vectors.dtype == graph.adjacency.dtype == np.float32
    assert graph.notes == ()


def test_tau_and_p_are_those_of_the_authors_by_default() -> None:
    assert build({}).adjacency == pytest.approx(label_adjacency(TARGETS, 0.4, 0.2), abs=1e-6)


def test_words_of_a_text_count_too() -> None:
    often = np.concatenate([TARGETS] * 5)
    graph = build_label_graph({"label_text": "title"}, TAGS, often, ROWS * 5, Path())
    assert graph.vectors == pytest.approx(context_vectors(label_contexts(often, TITLES * 5), 300), abs=1e-6)
    assert graph.identity != build({}).identity == ""


def test_vectors_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "glove.txt").write_text(GLOVE)
    graph = build({"label_vectors": "glove:glove.txt"}, tmp_path)
    assert graph.vectors.tolist() == [[1, 0], [0, 1], [3, 3]]
    assert graph.notes == ("glove.txt has no 'evening' of 'evening gown'",)
    other = build({"label_vectors": "glove:glove.txt", "label_words": {"evening gown": "robe"}}, tmp_path)
    assert other.vectors[2].tolist() == [5, 1]
    assert other.notes == ()
    assert other.identity != graph.identity


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"treshold": 0.4}, "unknown key 'treshold'"),
        ({"threshold": 1.4}, "from 0 to 1"),
        ({"label_width": 0}, "at least 1"),
        ({"label_vectors": "word2vec"}, "neither ppmi nor glove:FILE"),
        ({"label_vectors": "glove:"}, "neither ppmi nor glove:FILE"),
        ({"label_words": {"shirt": "tee"}}, "nothing is looked up"),
        ({"label_vectors": "glove:g.txt", "label_text": "title"}, "a file has its vectors"),
        ({"label_vectors": "glove:g.txt", "label_words": {"shirts": "tee"}}, "no tag 'shirts'"),
        ({"label_text": "titel"}, "no set has a column 'titel'"),
    ],
)
def test_options_that_cannot_be_met(options: dict[str, Any], said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        build(options)


def test_labels_without_a_vector(tmp_path: Path) -> None:
    (tmp_path / "glove.txt").write_text("shirt 1 0\nskirt 0 1\n")
    with pytest.raises(RecipeError, match="has no word of 'evening gown'"):
        build({"label_vectors": "glove:glove.txt"}, tmp_path)
    with pytest.raises(AnnotationError, match="cannot be read"):
        build({"label_vectors": "glove:nowhere.txt"}, tmp_path)
    alone = np.array([[1, 1, 0], [0, 0, 1]], np.int8)
    with pytest.raises(RecipeError, match="nothing stands beside 'evening gown'"):
        build({}, targets=alone)


def test_a_tag_of_two_groups_has_two_vectors_from_contexts_and_none_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "glove.txt").write_text(GLOVE)
    twice = Vocabulary(tuple(TagGroup(name, ("shirt",), exclusive=False) for name in ("a", "b", "c")))
    assert build({}, tags=twice).vectors.shape == (3, 3)
    with pytest.raises(RecipeError, match="'shirt' is a tag of two groups"):
        build({"label_vectors": "glove:glove.txt"}, tmp_path, tags=twice)
