"""A manifest's columns have one name: the manifest's, in every format, in Python, in a filter and in the REST API."""

import csv
import io
import json
from pathlib import Path

import pytest

from fashion_cli import Gallery
from fashion_cli.app import main
from tests.commands.conftest import draw

COLUMNS = {"Price": "39.90", "brand": "ACME", "tags": "new;sale", "label/odd": "x"}


@pytest.fixture
def shop(tmp_path: Path, tiny_model: Path) -> Path:
    """A folder with `photos/` and the index `.fashion/` of it, which has the columns of a manifest."""
    photographs = [draw(tmp_path / "photos" / f"{number}.png", seed=number) for number in range(4)]
    lines = [",".join((str(each), f"item {number}", *COLUMNS.values())) for number, each in enumerate(photographs)]
    heading = ",".join(("path", "item_id", *COLUMNS))
    (tmp_path / "m.csv").write_text("\n".join((heading, *lines)) + "\n", encoding="utf-8")
    argv = ["index", str(tmp_path / "photos"), "--manifest", str(tmp_path / "m.csv"), "--model", str(tiny_model), "-q"]
    assert main(argv) == 0
    return tmp_path


def test_columns_are_called_as_in_the_manifest(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected = {"item_id": "item 2", **COLUMNS}
    query = shop / "photos" / "2.png"
    assert main(["search", str(query), "--topk", "1", "--format", "jsonl"]) == 0
    assert json.loads(capsys.readouterr().out)["columns"] == expected
    assert main(["search", str(query), "--topk", "1", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["hits"][0]["columns"] == expected
    with Gallery.open(shop / ".fashion") as gallery:
        assert gallery.search(query, topk=1)[0].columns == expected
    sheet = shop / "sheet.html"
    assert main(["search", str(query), "--topk", "1", "--format", "csv", "--html", str(sheet)]) == 0
    text = sheet.read_text(encoding="utf-8")
    assert all(f"<dt>{name}</dt><dd>{value}</dd>" in text for name, value in expected.items())
    reader = csv.DictReader(io.StringIO(capsys.readouterr().out))
    (row,) = reader
    assert len(set(reader.fieldnames or ())) == len(reader.fieldnames or ())  # none hides another
    assert {name: row[name] for name in ("item_id", "Price", "brand", "label/odd")} == {
        name: value for name, value in expected.items() if name != "tags"
    }
    assert row["columns.tags"] == "new;sale"
    assert ":" in row["tags"]


@pytest.mark.parametrize("name", ["Price", "price", "label/Price"])
def test_filters_take_the_name_with_and_without_what_stands_before_it_in_the_file(
    name: str, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    query = str(shop / "photos" / "2.png")
    assert main(["search", query, "--where", f"{name}<40", "--format", "paths"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 4
    assert main(["search", query, "--where", f"{name}<30", "--format", "paths"]) == 0
    assert capsys.readouterr().out == ""
