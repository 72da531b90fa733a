"""Tag groups of further models in one file: what the header says of them, and what damaged files are told."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from fashion_cli.data.features import AddedTags, FeatureFile, FeatureHeader, FeatureRows, FeatureWriter
from fashion_cli.errors import FeatureFileError
from fashion_cli.model_cards import InputSpec, ModelCard, TagGroup, Vocabulary

RowsOf = Callable[..., FeatureRows]
STYLE = TagGroup("style", ("dandy", "techwear"), exclusive=True, thresholds=(0.1, 0.2))
SEASON = TagGroup("saison é", ("été",), exclusive=False)
CARD = ModelCard("styles", "net", "", "", "", 8, InputSpec(8, 8), Vocabulary((STYLE, SEASON)), files={})
ODD = os.fsdecode(b"/models/caf\xe9")  # no UTF-8: a surrogate stands for the byte


@pytest.fixture
def wide(header: FeatureHeader) -> FeatureHeader:
    """The example's own tags, then those of two more models."""
    first = AddedTags.of(CARD, ODD)
    second = AddedTags.of(CARD, "styles", "my")
    return replace(header, model_location="fashion-mobilenet").with_added([first, second])


def rows_under(header: FeatureHeader, rows: FeatureRows) -> FeatureRows:
    spare = np.tile(np.array([0.1, 0.2, 0.3], np.float16), (len(rows), 2))
    return replace(rows, scores=np.concatenate([rows.scores, spare], axis=1))


@pytest.fixture
def file(wide: FeatureHeader, rows_of: RowsOf, tmp_path: Path) -> Path:
    with FeatureWriter.create(tmp_path / "clothes.h5", wide) as writer:
        writer.append(rows_under(wide, rows_of(range(50))))
    return tmp_path / "clothes.h5"


def test_a_header_says_whose_tags_are_whose(header: FeatureHeader, wide: FeatureHeader) -> None:
    assert wide.own_vocabulary == header.vocabulary == header.own_vocabulary
    assert list(wide.vocabulary.columns) == ["category", "colour", "style", "saison é", "my.style", "my.saison é"]
    assert wide.added_columns == (slice(5, 8), slice(8, 11))
    assert wide.vocabulary.names[wide.added_columns[1]] == ("dandy", "techwear", "été")
    assert wide.vocabulary.thresholds[5:8] == (0.1, 0.2, 0.5)
    assert wide.added[0].same_scores(wide.added[1])
    assert wide.with_added(()) == replace(header, model_location="fashion-mobilenet")


def test_the_file_holds_all_of_it(file: Path, wide: FeatureHeader, rows_of: RowsOf) -> None:
    with FeatureFile.open(file) as features:
        assert features.header == wide
        assert features.column_names == ()
        assert (features.scores() == rows_under(wide, rows_of(range(50))).scores).all()
    with FeatureWriter.append_to(file) as writer:
        assert writer.header == wide
        writer.append(rows_under(wide, rows_of([50])))
    with h5py.File(file) as plain:
        assert os.fsencode(plain["tags/added/locations"].asstr(errors="surrogateescape")[0]) == b"/models/caf\xe9"


def test_a_file_without_further_models_has_no_word_of_them(header: FeatureHeader, tmp_path: Path) -> None:
    FeatureWriter.create(tmp_path / "f.h5", header).close()
    with h5py.File(tmp_path / "f.h5") as plain:
        assert "added" not in plain["tags"]
        assert set(plain.attrs) == {"format", "version", "model", "weights_sha256", "created_by", "rows"}


@pytest.mark.parametrize("name", ["groups", "models", "prefixes"])
@pytest.mark.parametrize("change", ["missing", "short", "retyped"])
def test_damage_is_named(file: Path, name: str, change: str) -> None:
    with h5py.File(file, "r+") as plain:
        values = plain[f"tags/added/{name}"][:]
        del plain[f"tags/added/{name}"]
        if change == "short":
            kind = h5py.string_dtype() if name != "groups" else None
            plain[f"tags/added/{name}"] = np.array(values[:1], dtype=kind)
        elif change == "retyped":
            plain[f"tags/added/{name}"] = np.zeros(2, np.float32)
    with pytest.raises(FeatureFileError, match=r"clothes\.h5") as raised:
        FeatureFile.open(file)
    assert raised.value.hint


@pytest.mark.parametrize("counts", [[2, 7], [-1, 2]])
def test_numbers_of_groups_that_cannot_be(file: Path, counts: list[int]) -> None:
    with h5py.File(file, "r+") as plain:
        plain["tags/added/groups"][:] = counts
    with pytest.raises(FeatureFileError, match="the tag groups of further models are"):
        FeatureFile.open(file)
