"""Rows that lack a model's tags are filled in from photographs that are still the same."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashion_cli.data.features import AddedTags, FeatureFile, FeatureHeader
from fashion_cli.embedding.fill_tags import align_tag_columns, fill_missing_tags, missing_taggers
from fashion_cli.embedding.reuse import ReusedRow
from fashion_cli.embedding.update import update_features
from fashion_cli.inference.multi_model import open_models
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.model_cards import TagGroup, Vocabulary
from fashion_cli.weights import open_model

COUNT = 4


def draw(path: Path, seed: int) -> Path:
    rng = np.random.default_rng(seed)
    Image.fromarray(rng.integers(0, 256, (4, 3, 3), np.uint8)).resize((48, 64)).save(path)
    return path


def test_scores_go_with_their_model_whatever_its_tags_are_called() -> None:
    """Three states of a model, whose tags have the same names, and the model that they stand beside."""
    own = Vocabulary((TagGroup("colour", ("red", "blue"), exclusive=True),))
    styles = Vocabulary((TagGroup("style", ("chic", "rock", "preppy"), exclusive=True),))
    first, second, third = (AddedTags("styles", digest * 64, "", digest, styles) for digest in "abc")
    base = FeatureHeader("tiny", "0" * 64, 4, own, "test")
    have, want = base.with_added([first, second]), base.with_added([second, third, first])
    scores = np.arange(16, dtype=np.float16).reshape(2, 8)
    found = align_tag_columns(scores, have, want)
    assert found.tolist() == [[*row[:2], *row[5:8], 0, 0, 0, *row[2:5]] for row in scores.tolist()]
    assert missing_taggers(have, want) == (1,)
    assert missing_taggers(want, have) == ()


@pytest.fixture
def features(tmp_path: Path, tiny_model: Path) -> Iterator[FeatureFile]:
    options = InferenceOptions(str(tiny_model), "cpu", "onnx", workers=1)
    photographs = [draw(tmp_path / f"{number}.png", number) for number in range(COUNT)]
    update_features(photographs, tmp_path / "f.h5", open_models(options), options, lambda done, total: None)
    with FeatureFile.open(tmp_path / "f.h5") as opened:
        yield opened


def test_a_photograph_that_changes_meanwhile_is_left_out(
    features: FeatureFile, style_model: Path, tmp_path: Path
) -> None:
    """Between the plan, which compared it with its row, and the model's look at it."""
    card = open_model(style_model).card
    want = features.header.with_added([AddedTags.of(card, str(style_model), "")])
    plan = [ReusedRow(0, row, each.path, each.stamp, moved=False) for row, each in enumerate(features.identities())]
    draw(tmp_path / "2.png", seed=99)
    (filled,) = fill_missing_tags(features, plan, want, InferenceOptions(device="cpu", engine="onnx", workers=1))
    names = [Path(path).name for path in filled.rows.paths]
    assert names == [Path(each.path).name for each in filled.taken] == ["0.png", "1.png", "3.png"]
    (skipped,) = filled.skipped
    assert (Path(skipped.path).name, skipped.reason) == ("2.png", "changed while it was read")
    own = len(features.header.vocabulary)
    for place, row in enumerate((0, 1, 3)):
        assert (filled.rows.scores[place, :own] == features.scores([row])[0]).all()
        assert (filled.rows.vectors[place] == features.vectors([row])[0]).all()
        assert filled.rows.scores[place, own:].any()
