"""Manifests as people and spreadsheets write them."""

from pathlib import Path

import pytest

from fashion_cli.data.annotations import (
    Annotation,
    manifest_columns,
    of_split,
    read_manifest,
    require_column,
)
from fashion_cli.errors import AnnotationError


def write(folder: Path, content: str | bytes) -> Path:
    manifest = folder / "m.csv"
    manifest.write_bytes(content.encode() if isinstance(content, str) else content)
    return manifest


def test_paths_are_relative_to_the_manifest(tmp_path: Path) -> None:
    manifest = write(tmp_path, "path,item_id,split\nimages/a.jpg,1,train\n/far/b.jpg,2,val\n")
    first, second = read_manifest(manifest)
    assert first == Annotation(tmp_path / "images" / "a.jpg", {"item_id": "1", "split": "train"})
    assert (second.path, second.split) == (Path("/far/b.jpg"), "val")


def test_what_spreadsheets_write(tmp_path: Path) -> None:
    """A byte order mark, CRLF, quoted commas, quotes and line breaks, non-ASCII names."""
    text = '\ufeffpath,title\r\nä b.jpg,"Shirt, ""new""\nin red"\r\n'
    (only,) = read_manifest(write(tmp_path, text))
    assert (only.path.name, only.values["title"]) == ("ä b.jpg", 'Shirt, "new"\nin red')


def test_empty_values_and_missing_splits(tmp_path: Path) -> None:
    (only,) = read_manifest(write(tmp_path, "path,colour\na.jpg,\n"))
    assert (only.values["colour"], only.split) == ("", "")


def test_rows_come_one_at_a_time(tmp_path: Path) -> None:
    rows = read_manifest(write(tmp_path, "path,x\na.jpg,1\nb.jpg\n"))
    assert next(rows).path.name == "a.jpg"
    with pytest.raises(AnnotationError):
        next(rows)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", ":1: no column 'path'"),
        ("file,split\na.jpg,val\n", ":1: no column 'path'"),
        ("path;split\na.jpg;val\n", ":1: its columns are separated by ';'"),
        ("split\tpath\nval\ta.jpg\n", ":1: its columns are separated by '\\t'"),
        ("path;split,x\na.jpg,val\n", ":1: no column 'path'"),
        ("path,split\na.jpg,val\nb.jpg\n", ":3: not as many values"),
        ("path,split\na.jpg,val,more\n", ":2: not as many values"),
        ("path,split\n,val\n", ":2: the path is empty"),
        (b"path,split\n\xff\xfe.jpg,val\n", "not a UTF-8 CSV file"),
        ('path,split\n"a.jpg,val\n', "not a UTF-8 CSV file"),
    ],
)
def test_wrong_lines_are_named(tmp_path: Path, content: str | bytes, message: str) -> None:
    manifest = write(tmp_path, content)
    with pytest.raises(AnnotationError) as error:
        list(read_manifest(manifest))
    assert message in str(error.value)
    assert str(manifest) in str(error.value)
    assert error.value.hint


def test_a_path_may_be_text(tmp_path: Path) -> None:
    assert list(read_manifest(str(write(tmp_path, "path\na.jpg\n")))) == [Annotation(tmp_path / "a.jpg", {})]


def test_a_missing_manifest(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="cannot be read"):
        list(read_manifest(tmp_path / "none.csv"))


def test_a_missing_column_names_near_ones_else_those_that_there_are(tmp_path: Path) -> None:
    annotations = [Annotation(tmp_path / "a.jpg", {"colour": "red", "split": "val"})]
    require_column(tmp_path / "m.csv", annotations, "colour")
    require_column(tmp_path / "m.csv", [], "colour")  # nothing there, nothing wrong
    with pytest.raises(AnnotationError, match="no column 'color'") as error:
        require_column(tmp_path / "m.csv", annotations, "color")
    assert error.value.hint == "did you mean 'colour'?"
    with pytest.raises(AnnotationError, match="no column 'price'") as error:
        require_column(tmp_path / "m.csv", annotations, "price")
    assert "path, colour, split" in error.value.hint


def test_photographs_of_a_split(tmp_path: Path) -> None:
    manifest = tmp_path / "m.csv"
    rows = [Annotation(tmp_path / str(n), {"split": split}) for n, split in enumerate(("train", "val", ""))]
    assert of_split(manifest, rows, "val") == [rows[1]]
    assert of_split(manifest, rows, "") == rows
    with pytest.raises(AnnotationError, match="split=test") as error:
        of_split(manifest, rows, "test")
    assert "train, val" in error.value.hint
    with pytest.raises(AnnotationError, match="no photograph"):
        of_split(manifest, [], "")


def test_columns_for_a_feature_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "path,item_id,colour\na.jpg,1,red\nsub/../b.jpg,2,\n")
    a, b = str(tmp_path / "a.jpg"), str(tmp_path / "b.jpg")
    expected = {"item_id": {a: "1", b: "2"}, "label/colour": {a: "red", b: ""}}
    assert manifest_columns(read_manifest(Path("m.csv"))) == expected


def test_a_column_that_hdf5_has_no_place_for_gets_another_name() -> None:
    annotation = Annotation(Path("/a.jpg"), {"kind": "x", "kind/part": "y", "other/part": "z"})
    assert list(manifest_columns([annotation])) == ["label/kind", "label/kind.part", "label/other/part"]


def test_every_real_manifest_reads(photographs: Path) -> None:
    counts = {
        folder.name: len(list(read_manifest(folder / f"{folder.name}.csv")))
        for folder in photographs.iterdir()
        if folder.is_dir()
    }
    assert counts == {"clothing": 4462, "street": 1848, "views": 511, "catalog": 11511}
