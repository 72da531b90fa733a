"""Products beside photographs: `index --catalog`, `search`, `catalog list`, `export`, `prices` and `upgrade`."""

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from fashion_cli.app import main
from fashion_cli.data.features import FeatureFile
from fashion_cli.data.images import file_sha256
from fashion_cli.products.catalogue import Catalogue
from fashion_cli.products.records import FoundPhotograph
from fashion_cli.retrieval.gallery import Gallery
from fashion_cli.retrieval.manifest import Manifest
from tests.products.found import later, offer, product

JACKET = "데님 자켓, blue"
COUNT = 6  # photographs: two of each of two products, and two that no product has


@pytest.fixture
def fashion(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs a command line with the tiny model."""
    monkeypatch.setenv("FASHION_MODEL", str(tiny_model))
    monkeypatch.setenv("FASHION_ENGINE", "onnx")
    return lambda *argv: main([str(each) for each in argv])


@pytest.fixture
def shop(tmp_path: Path, drawn: Callable[..., Path]) -> Path:
    """What a crawl leaves."""
    folder = tmp_path / "shop"
    found = []
    for seed in range(COUNT):
        path = drawn(folder / "photographs" / f"{seed}.png", seed)
        found.append(FoundPhotograph(file_sha256(path), f"photographs/{seed}.png", "https://s/x", 60, 80, seed % 2))
    with Catalogue.open(folder / "catalogue.sqlite", create=True) as catalogue:
        jacket = product(1, offer("19900"), offer("18900", "Mall"), name=JACKET)
        catalogue.record(jacket, found[:2], later(0))
        catalogue.record(product(2, name="=HYPERLINK(1)", offers=()), found[2:4], later(0))
    return folder


@pytest.fixture
def indexed(shop: Path, fashion: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> Path:
    assert fashion("index", shop) == 0
    assert "4 of them are in the product catalogue" in capsys.readouterr().err
    return shop


def items() -> list[str]:
    manifest = Manifest.read(Path(".fashion"))
    with FeatureFile.open(Path(".fashion") / manifest.features) as features:
        paths = [int(Path(path).stem) for path in features.paths()]
        named = dict(zip(paths, features.column("item_id"), strict=True))
    return [named[number] for number in range(len(named))]


def test_an_index_knows_the_product_of_each_photograph(indexed: Path):
    assert items() == ["shop.example:1"] * 2 + ["shop.example:2"] * 2 + ["", ""]
    with Gallery.open(Path(".fashion")) as gallery:
        assert gallery.catalog == str(indexed / "catalogue.sqlite")


def test_indexing_again_does_nothing_until_the_catalogue_says_something_else(indexed: Path, fashion):
    def generation() -> int:
        return Manifest.read(Path(".fashion")).generation

    assert fashion("index", indexed) == 0
    assert generation() == 1
    with Catalogue.open(indexed) as catalogue:
        sha256 = file_sha256(indexed / "photographs" / "5.png")
        late = FoundPhotograph(sha256, "photographs/5.png", "https://s/x", 60, 80, 0)
        catalogue.record(product(3), [late], later(1))
    assert fashion("index", indexed) == 0
    assert (generation(), items()[5]) == (2, "shop.example:3")
    assert fashion("index", indexed, "--no-catalog") == 0
    assert Manifest.read(Path(".fashion")).catalog == ""


def test_a_feature_file_is_joined_too(indexed: Path, fashion, tmp_path: Path):
    assert fashion("embed", indexed, "-o", "f.h5") == 0
    assert fashion("index", "f.h5", "-o", "other", "--catalog", indexed) == 0
    with FeatureFile.open(Path("f.h5")) as features:
        assert "item_id" not in features.column_names
    manifest = Manifest.read(tmp_path / "other")
    with FeatureFile.open(tmp_path / "other" / manifest.features) as features:
        assert sorted(features.column("item_id")) == sorted(items())


def test_hits_carry_their_products(indexed: Path, fashion, capsys):
    query = indexed / "photographs" / "0.png"
    assert fashion("search", query, "--topk", COUNT) == 0
    hits = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    by_number = {int(Path(hit["path"]).stem): hit["product"] for hit in hits}
    jacket = by_number[1]
    assert (jacket["name"], jacket["price"], jacket["currency"], jacket["shop"]) == (
        "데님 자켓, blue",
        "18900",
        "KRW",
        "Mall",
    )
    assert [each["price"] for each in jacket["offers"]] == ["18900", "19900"]
    assert by_number[2]["price"] is None
    assert by_number[4] is None
    with Catalogue.open(indexed) as catalogue:  # prices are fresh, without another `index`
        catalogue.record(product(1, offer("100.5"), name=JACKET), [], later(1))
    assert fashion("search", query, "--topk", "1", "--format", "csv") == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (row["product"], row["price"], row["shop"], row["available"]) == ("데님 자켓, blue", "100.5", "Shop", "true")
    assert fashion("search", query, "--topk", "4", "--format", "table") == 0
    out = capsys.readouterr().out
    assert "데님 자켓, blue" in out
    assert "100.5 KRW" in out
    assert fashion("search", query, "--topk", "1", "--no-catalog") == 0
    assert json.loads(capsys.readouterr().out)["product"] is None


def test_a_search_goes_on_without_the_catalogue_unless_it_was_asked_for(indexed: Path, fashion, capsys):
    (indexed / "catalogue.sqlite").unlink()
    query = indexed / "photographs" / "0.png"
    assert fashion("search", query, "--topk", "1") == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["product"] is None
    assert "hits without their products" in err
    assert fashion("search", query, "--catalog", "elsewhere.sqlite") == 1
    assert "no product catalogue here" in capsys.readouterr().err


def test_products_are_listed(shop: Path, fashion, capsys):
    assert fashion("catalog", "list", "--catalog", shop) == 0
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["item_id"] for each in listed] == ["shop.example:1", "shop.example:2"]
    for words, count in (("자켓", 1), ("테크웨어", 2), ("nothing", 0)):
        assert fashion("catalog", "list", "--catalog", shop, "--keyword", words, "--format", "csv") == 0
        rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
        assert len(rows) == count
    assert fashion("catalog", "list", "--catalog", shop, "--format", "table", "--limit", "1") == 0
    out = capsys.readouterr().out
    assert "18,900 KRW" in out
    assert "shop.example:2" not in out
    with Catalogue.open(shop) as catalogue:
        catalogue.mark_gone(["shop.example:2"], later(2))
    assert fashion("catalog", "list", "--catalog", shop, "--gone", "--format", "json") == 0
    assert [each["item_id"] for each in json.loads(capsys.readouterr().out)] == ["shop.example:2"]


def test_the_catalogue_is_found_here_and_by_the_index(indexed: Path, fashion, capsys, monkeypatch, tmp_path: Path):
    assert fashion("catalog", "list", "--limit", "1") == 0  # the index's
    assert json.loads(capsys.readouterr().out)["item_id"] == "shop.example:1"
    shutil.rmtree(tmp_path / ".fashion")
    assert fashion("catalog", "list") == 1
    assert "no catalogue.sqlite here" in capsys.readouterr().err
    monkeypatch.setenv("FASHION_CATALOG", str(indexed))
    assert fashion("catalog", "list", "--limit", "1") == 0
    monkeypatch.delenv("FASHION_CATALOG")
    monkeypatch.chdir(indexed)
    assert fashion("catalog", "list", "--limit", "1") == 0


def test_an_export_comes_back_from_csv_and_json(shop: Path, fashion, capsys, tmp_path: Path):
    assert fashion("catalog", "export", "--catalog", shop) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["name"] for row in rows] == ["데님 자켓, blue", "'=HYPERLINK(1)"]  # a spreadsheet shows it
    assert rows[0]["photographs"] == "photographs/0.png;photographs/1.png"
    assert [each["price"] for each in json.loads(rows[0]["offers"])] == ["18900", "19900"]
    assert fashion("catalog", "export", "--catalog", shop, "-o", tmp_path / "all.jsonl") == 0
    assert capsys.readouterr().out == ""
    documents = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [each["name"] for each in documents] == ["데님 자켓, blue", "=HYPERLINK(1)"]
    assert [each["path"] for each in documents[0]["photographs"]] == ["photographs/0.png", "photographs/1.png"]
    assert [each["price"] for each in documents] == [row["price"] or None for row in rows]


@pytest.mark.parametrize("name", ["all.xlsx", "all.json", "all"])
def test_an_export_is_what_its_name_says(shop: Path, fashion, capsys, tmp_path: Path, name: str):
    assert fashion("catalog", "export", "--catalog", shop, "-o", tmp_path / name) == 2
    assert f"{name}: neither .csv nor .jsonl" in capsys.readouterr().err
    assert not (tmp_path / name).exists()
    assert fashion("catalog", "export", "--catalog", shop, "-o", tmp_path / name, "--format", "csv") == 0
    assert (tmp_path / name).read_text(encoding="utf-8").startswith("item_id")


def test_prices_of_a_product_are_shown(shop: Path, fashion, capsys):
    with Catalogue.open(shop) as catalogue:
        catalogue.record(product(1, offer("15000"), name=JACKET), [], later(24))
    assert fashion("catalog", "prices", "shop.example:1", "--catalog", shop, "--format", "csv") == 0
    rows = [(row["seen_at"], row["until"], row["shop"], row["price"]) for row in _rows(capsys)]
    assert rows == [
        ("2026-03-01T09:30:15Z", "2026-03-02T09:30:15Z", "Shop", "19900"),
        ("2026-03-01T09:30:15Z", "2026-03-02T09:30:15Z", "Mall", "18900"),
        ("2026-03-02T09:30:15Z", "", "Shop", "15000"),
    ]
    assert fashion("catalog", "prices", "shop.example:1", "--catalog", shop, "--format", "table") == 0
    assert "15,000 KRW" in capsys.readouterr().out
    assert fashion("catalog", "prices", "nobody", "--catalog", shop) == 1
    assert "no product nobody — fashion catalog list shows them" in capsys.readouterr().err


def test_upgrade_says_what_it_found(shop: Path, fashion, capsys):
    assert fashion("catalog", "upgrade", "--catalog", shop) == 0
    assert "already version 0001, 2 products" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@1", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠1"])
def test_a_spreadsheet_shows_what_it_would_run(shop: Path, fashion, capsys, text: str):
    with Catalogue.open(shop) as catalogue:
        catalogue.record(product(1, offer("1", text, url=text), name=text, keywords=(text,)), [], later(1))
    assert fashion("catalog", "list", "--catalog", shop, "--limit", "1", "--format", "csv") == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out, newline=""))
    assert {row[name] for name in ("name", "keywords", "shop", "url")} == {"'" + text.replace("\r", "\n")}


def _rows(capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
