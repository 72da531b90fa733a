"""`read_annotations`: every kind, relative and absolute, and mistyped ones."""

from pathlib import Path

import pytest

from fashion_cli.data.annotations import (
    SOURCES,
    Annotation,
    manifest_columns,
    names_a_source,
    read_annotations,
    read_category_attribute,
    read_consumer_to_shop,
    read_in_shop,
)
from fashion_cli.data.features import FeatureHeader, FeatureWriter
from fashion_cli.errors import AnnotationError
from fashion_cli.model_cards import Vocabulary
from tests.data.annotations.trees import category_attribute_tree, consumer_to_shop_tree, in_shop_tree


@pytest.fixture
def root(tmp_path: Path) -> Path:
    in_shop_tree(tmp_path / "a")
    consumer_to_shop_tree(tmp_path / "b")
    category_attribute_tree(tmp_path / "c")
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "m.csv").write_text("path,split\nx.jpg,val\n", encoding="utf-8")
    (tmp_path / "e" / "coat").mkdir(parents=True)
    (tmp_path / "e" / "coat" / "y.jpg").touch()
    return tmp_path


def test_every_kind(root: Path) -> None:
    assert list(read_annotations("inshop:a", root)) == list(read_in_shop(root / "a"))
    assert list(read_annotations("c2s:b", root)) == list(read_consumer_to_shop(root / "b"))
    assert list(read_annotations("attributes:c", root)) == list(read_category_attribute(root / "c"))
    manifest = [Annotation(root / "d" / "x.jpg", {"split": "val"})]
    assert list(read_annotations("csv:d/m.csv", root)) == list(read_annotations("d/m.csv", root)) == manifest
    (only,) = read_annotations("folder:e", root)
    assert only.values["class"] == "coat"
    assert set(SOURCES) == {"inshop", "c2s", "attributes", "csv", "folder", "masks"}


def test_absolute_paths_and_the_working_directory(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(list(read_annotations(f"inshop:{root / 'a'}", Path("/nowhere")))) == 4
    monkeypatch.chdir(root / "a")
    assert len(list(read_annotations("inshop:."))) == 4


def test_a_manifest_may_have_a_colon_in_its_name(root: Path) -> None:
    (root / "10:30.csv").write_text("path\nx.jpg\n", encoding="utf-8")
    assert len(list(read_annotations("10:30.csv", root))) == 1


@pytest.mark.parametrize(
    ("source", "message", "hint"),
    [
        ("inshp:a", "neither a kind of set nor a file", "did you mean inshop:a?"),
        ("in-shop:a", "neither a kind of set nor a file", "did you mean inshop:a?"),
        ("zip:a", "neither a kind of set nor a file", "known: inshop:…, c2s:…"),
        ("", "neither a kind of set nor a file", "known:"),
        ("folder:", "no path after the colon", "folder:. is this folder"),
    ],
)
def test_mistyped_sources_are_errors_at_the_call(root: Path, source: str, message: str, hint: str) -> None:
    with pytest.raises(AnnotationError, match=message) as error:
        read_annotations(source, root)
    assert hint in error.value.hint


def test_a_missing_manifest_is_named(root: Path) -> None:
    with pytest.raises(AnnotationError, match=r"none\.csv: cannot be read"):
        list(read_annotations("none.csv", root))


def test_names_of_sources() -> None:
    assert [names_a_source(text) for text in ("inshop:x", "csv:m.csv", "m.csv", "inshop", "C:/x", "")] == [
        True, True, False, False, False, False
    ]  # fmt: skip


@pytest.mark.parametrize("source", ["inshop:a", "c2s:b", "attributes:c", "folder:e"])
def test_a_feature_file_can_hold_every_column(root: Path, source: str, tmp_path: Path) -> None:
    annotations = list(read_annotations(source, root))
    columns = manifest_columns(annotations)
    assert sum(map(len, columns.values())) == sum(len(each.values) for each in annotations)
    header = FeatureHeader("model", "0" * 64, 4, Vocabulary(()), "test")
    FeatureWriter.create(tmp_path / "f.h5", header, sorted(columns)).close()


def test_columns_of_groups_stand_beside_the_column_of_all(root: Path) -> None:
    columns = manifest_columns(read_annotations("attributes:c", root))
    assert {"label/attributes", "label/attributes.part"} <= set(columns)
