"""`fashion catalog import` with photographs: which show which product, and who knows of it then."""

import csv
import errno
import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fashion_cli.app import main
from fashion_cli.data.features import FeatureFile
from fashion_cli.data.images import file_sha256
from fashion_cli.products.catalogue import Catalogue
from fashion_cli.retrieval.gallery import Gallery
from fashion_cli.retrieval.manifest import Manifest
from tests.commands.conftest import draw
from tests.conftest import built_once
from tests.product_tables import as_csv, write_workbook
from tests.web.shops import Shop, served

PHOTOGRAPHS = (
    *("coat.png", "sub/hat.png", "AB-1.png", "AB-1_back.png", "AB-12 front.png", "7.png", "7-1.png", "XY_Z/main.png"),
    *("a/1.png", "b/1.png", "other.png"),
)
Import = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def indexed(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photographs and their index."""

    def build(folder: Path) -> None:
        for seed, name in enumerate(PHOTOGRAPHS):
            draw(folder / "photos" / name, seed)
        options = ["-o", str(folder / ".fashion"), "--model", str(tiny_model), "--engine", "onnx", "--quiet"]
        assert main(["index", str(folder / "photos"), *options]) == 0

    return built_once(tmp_path_factory, "table-gallery", build)


@pytest.fixture
def gallery(indexed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, here."""
    shutil.copytree(indexed / "photos", tmp_path / "photos")
    shutil.copytree(indexed / ".fashion", tmp_path / ".fashion")
    monkeypatch.setenv("FASHION_ENGINE", "onnx")
    return tmp_path / "photos"


@pytest.fixture
def imported(gallery: Path, capsys: pytest.CaptureFixture[str]) -> Import:
    """Imports a table that these rows make; the summary, with `stderr`."""

    def run(*rows: tuple[str, ...], options: tuple[str, ...] = (), code: int = 0) -> dict[str, Any]:
        Path("table.csv").write_text(as_csv(rows), encoding="utf-8")
        capsys.readouterr()
        assert main(["catalog", "import", "table.csv", *options]) == code
        out, err = capsys.readouterr()
        return {**(json.loads(out) if out else {}), "stderr": err}

    return run


def shown() -> dict[str, list[str]]:
    """Product -> its photographs, by the name below the gallery."""
    names = {file_sha256(Path("photos") / name): name for name in PHOTOGRAPHS}
    with Catalogue.open("catalogue.sqlite") as catalogue:
        return {
            product.item_id: [names[each.sha256] for each in photographs] for product, photographs in catalogue.export()
        }


HEAD = ("sku", "title", "image_link")


@pytest.mark.parametrize(
    "reference",
    [
        "photos/sub/hat.png",
        "sub/hat.png",
        "hat.png",
        "HAT.PNG",
        ".\\photos\\sub\\hat.png",
        "https://cdn.example/x/hat.png?v=12",
        "https://cdn.example/x/h%61t.png",
        "/somewhere/else/hat.png",
        "{absolute}/sub/hat.png",
    ],
)
def test_photographs_are_joined_by_path(reference: str, imported: Import, gallery: Path) -> None:
    report = imported(HEAD, ("S", "Hat", reference.format(absolute=gallery)))
    assert report["photographs"] == {"sha256": 0, "path": 1, "sku": 0}
    assert shown() == {"S": ["sub/hat.png"]}


def test_several_photographs_keep_the_order_of_the_table(imported: Import) -> None:
    head = (*HEAD, "additional_image_link")
    imported(head, ("S", "Coat", "other.png", "https://x.example/coat.png,https://x.example/hat.png | a/1.png"))
    assert shown() == {"S": ["other.png", "coat.png", "sub/hat.png", "a/1.png"]}


def test_a_table_may_have_several_columns_of_photographs_with_one_name(imported: Import) -> None:
    imported(("sku", "title", "이미지", "이미지"), ("S", "Coat", "coat.png", "other.png"))
    assert shown() == {"S": ["coat.png", "other.png"]}


def test_photographs_are_joined_by_sha256(imported: Import, gallery: Path) -> None:
    known, unknown = file_sha256(gallery / "coat.png"), "0" * 64
    report = imported(("sku", "title", "sha256"), ("S", "Coat", known.upper()), ("T", "Hat", unknown))
    assert report["photographs"] == {"sha256": 1, "path": 0, "sku": 0}
    assert shown() == {"S": ["coat.png"], "T": []}
    assert report["not_found"] == [f"row 3 (T): {unknown}"]
    assert report["without_photograph"] == ["row 3 (T)"]


def test_photographs_are_joined_by_sku(imported: Import) -> None:
    report = imported(
        ("sku", "title"), ("ab-1", "Coat"), ("AB-12", "Hat"), ("7", "Tie"), ("xy/z", "Bag"), ("AB", "Nothing")
    )
    assert report["photographs"] == {"sha256": 0, "path": 0, "sku": 5}
    assert shown() == {
        "ab-1": ["AB-1.png", "AB-1_back.png"],
        "AB-12": ["AB-12 front.png"],
        "7": ["7.png"],  # too short for "7-1.png"
        "xy/z": ["XY_Z/main.png"],
        "AB": [],
    }
    assert sorted(Path(each).name for each in report["without_product"]) == [
        *("1.png", "1.png", "7-1.png", "coat.png", "hat.png", "other.png")
    ]


def test_a_path_is_surer_than_a_sku(imported: Import) -> None:
    imported(HEAD, ("AB-1", "Coat", "coat.png"), ("Z", "Hat", "AB-1_back.png"))
    assert shown() == {"AB-1": ["coat.png", "AB-1.png"], "Z": ["AB-1_back.png"]}


def test_what_may_mean_two_things_is_named_and_not_joined(imported: Import) -> None:
    report = imported(
        HEAD,
        ("S", "Which file?", "https://cdn.example/1.png"),
        ("T", "This file", "https://cdn.example/b/1.png"),
        ("U", "Which product?", "https://cdn.example/u/other.png"),
        ("V", "Which product?", "https://cdn.example/v/other.png"),
    )
    assert shown() == {"S": [], "T": ["b/1.png"], "U": [], "V": []}
    assert report["ambiguous"] == [
        "row 2 (S): https://cdn.example/1.png may be 2 photographs: a/1.png, b/1.png",
        "other.png: row 4 (U) and row 5 (V) name different files of this name",
    ]
    assert "https://cdn.example/1.png may be" in report["stderr"]
    strict = imported(HEAD, ("S", "Coat", "1.png"), options=("--strict",), code=3)
    assert strict["without_photograph"] == ["row 2 (S)"]


def test_the_same_picture_may_show_two_products(imported: Import) -> None:
    imported(HEAD, ("S", "Coat", "https://cdn.example/coat.png"), ("T", "Hat", "https://cdn.example/coat.png"))
    assert shown() == {"S": ["coat.png"], "T": ["coat.png"]}


def test_an_sku_of_two_products_is_named(imported: Import) -> None:
    head = ("id", "sku", "title")
    report = imported(head, ("1", "AB-1", "Coat"), ("2", "AB-1", "Hat"))
    assert report["ambiguous"] == [
        "AB-1.png: several products have the number 'ab-1'",
        "AB-1_back.png: several products have the number 'ab-1'",
    ]


def test_photographs_of_all_variants_are_the_products(imported: Import) -> None:
    imported(
        ("Handle", "Title", "Variant SKU", "Image Src", "Variant Image"),
        ("coat", "Coat", "AB-1", "https://cdn.example/other.png?v=1", ""),
        ("coat", "", "AB-12", "", "https://cdn.example/hat.png"),
    )
    assert shown() == {"coat": ["other.png", "sub/hat.png", "AB-1.png", "AB-1_back.png", "AB-12 front.png", "coat.png"]}


def test_a_column_of_the_gallery_names_products(imported: Import, tiny_model: Path) -> None:
    Path("manifest.csv").write_text("path,sku\nphotos/coat.png,K 1\nphotos/other.png,K 2\n")
    options = ["--manifest", "manifest.csv", "--model", str(tiny_model), "--quiet"]
    assert main(["index", "photos", *options]) == 0
    report = imported(("sku", "title"), ("K 2", "Coat"))
    assert report["photographs"]["sku"] == 1
    assert shown() == {"K 2": ["other.png"]}
    again = imported(("sku", "title"), ("K 2", "Coat"))
    assert (again["photographs"]["sku"], again["same"]) == (1, 1)


def test_a_corrected_table_moves_a_photograph(imported: Import) -> None:
    imported(HEAD, ("A", "Coat", "coat.png"), ("B", "Hat", "other.png"))
    imported(HEAD, ("A", "Coat", "sub/hat.png"), ("B", "Hat", "coat.png"))
    assert shown() == {"A": ["sub/hat.png"], "B": ["coat.png", "other.png"]}
    assert items() == {"coat.png": "B", "sub/hat.png": "A", "other.png": "B"}


def items() -> dict[str, str]:
    """What the index says of its photographs."""
    with Gallery.open(Path(".fashion")) as opened:
        paths = (Path(path).relative_to(Path("photos").absolute()).as_posix() for path in opened.features.paths())
        named = zip(paths, opened.features.column("item_id"), strict=True)
        return {path: item for path, item in named if item}


def test_the_index_knows_the_catalogue_and_nothing_is_embedded(imported: Import, gallery: Path) -> None:
    before = Manifest.read(Path(".fashion"))
    with FeatureFile.open(Path(".fashion") / before.features) as features:
        vectors, paths = features.vectors(), features.paths()
    report = imported(HEAD, ("A", "Coat", "coat.png"))
    assert report["index"] == str(gallery.parent / ".fashion")
    assert (report["in_catalog"], items()) == (1, {"coat.png": "A"})
    with Gallery.open(Path(".fashion")) as opened:
        assert opened.catalog == str(Path("catalogue.sqlite").absolute())
        assert (opened.features.vectors() == vectors).all()
        assert opened.features.paths() == paths
        assert opened.manifest.generation == 2
    imported(HEAD, ("A", "Coat", "coat.png"))  # nothing new: the index stays as it is
    assert Manifest.read(Path(".fashion")).generation == 2
    assert sorted(path.name for path in Path(".fashion").iterdir()) == ["features-000002.h5", "lock", "manifest.json"]


def test_a_search_shows_title_price_and_sku(imported: Import, capsys: pytest.CaptureFixture[str]) -> None:
    head = (*HEAD, "price")
    imported(head, ("AB/1 x", "Wollmantel “한”", "coat.png", "89,50 €"))
    query = ["search", "photos/coat.png", "--topk", "1", "--format"]
    assert main([*query, "jsonl"]) == 0
    product = json.loads(capsys.readouterr().out)["product"]
    assert (product["name"], product["sku"], product["price"], product["currency"]) == (
        *("Wollmantel “한”", "AB/1 x", "89.5", "EUR"),
    )
    assert main([*query, "csv"]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (row["product"], row["sku"], row["price"]) == ("Wollmantel “한”", "AB/1 x", "89.5")
    assert main([*query, "table"]) == 0
    out = capsys.readouterr().out
    assert "Wollmantel" in out
    assert "AB/1 x" in out
    assert "89.5 EUR" in out
    assert main(["search", "wollmantel", "--format", "paths"]) == 0
    assert [Path(line).name for line in capsys.readouterr().out.splitlines()] == ["coat.png"]
    assert main(["search", "photos/coat.png", "--where", "price<90", "--format", "paths"]) == 0
    assert [Path(line).name for line in capsys.readouterr().out.splitlines()] == ["coat.png"]


def test_the_rest_api_and_the_page_show_it(imported: Import, gallery: Path) -> None:
    imported((*HEAD, "price"), ("AB-77", "Wollmantel", "coat.png", "89,50 €"))
    shop = Shop(gallery.parent)
    shutil.move(".fashion", shop.index)
    with served(shop, priced=True) as running:
        (hit,) = running.hits((gallery / "coat.png").read_bytes(), topk=1)
        expected = ("Wollmantel", "AB-77", "89.5", "EUR", True)
        product = hit["product"]
        assert tuple(product[name] for name in ("name", "sku", "price", "currency", "available")) == expected
        assert '"priced": true' in running.client.get("/").text


def test_an_index_with_another_catalogue_is_left_alone(imported: Import) -> None:
    imported(HEAD, ("A", "Coat", "coat.png"))
    report = imported(HEAD, ("A", "Coat", "coat.png"), options=("--catalog", "other.sqlite"), code=1)
    assert report["products"] == 1
    assert "has another product catalogue" in report["stderr"]
    assert "--catalog other.sqlite" not in report["stderr"]
    with Gallery.open(Path(".fashion")) as opened:
        assert Path(opened.catalog).name == "catalogue.sqlite"


def test_an_index_that_is_being_written_is_named(imported: Import) -> None:
    from fashion_cli.retrieval.publish import writing

    with writing(Path(".fashion")):
        report = imported(HEAD, ("A", "Coat", "coat.png"), code=1)
    assert report["trouble"].endswith("another process is writing this index")
    assert shown() == {"A": ["coat.png"]}
    assert imported(HEAD, ("A", "Coat", "coat.png"))["index"]


def test_an_index_that_cannot_be_written_stays_as_it_was(
    imported: Import, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("fashion_cli.retrieval.publish._write", full)
        assert "No space left" in imported(HEAD, ("A", "Coat", "coat.png"), code=1)["trouble"]
    assert Manifest.read(Path(".fashion")).generation == 1
    with Gallery.open(Path(".fashion")) as opened:
        assert len(opened) == len(PHOTOGRAPHS)
        assert opened.catalog == ""
    assert imported(HEAD, ("A", "Coat", "coat.png"))["in_catalog"] == 1
    assert items() == {"coat.png": "A"}
    assert main(["index", "photos", "--quiet", "--model", str(tiny_model)]) == 0
    assert items() == {"coat.png": "A"}


def test_a_folder_or_a_feature_file_is_a_gallery_too(imported: Import, tmp_path: Path) -> None:
    (features,) = Path(".fashion").glob("features-*.h5")
    for place in (Path("photos"), shutil.copy(features, "f.h5")):
        report = imported(HEAD, ("A", "Coat", "coat.png"), options=("--gallery", str(place), "--replace"))
        assert (report["index"], report["photographs"]["path"]) == ("", 1)
        assert f"fashion index {place} --catalog" in report["stderr"]
        assert shown() == {"A": ["coat.png"]}
        with Catalogue.open("catalogue.sqlite") as catalogue:
            (photograph,) = catalogue.photographs("A")
            assert (photograph.path, photograph.width, photograph.height) == ("coat.png", 60, 80)
        Path("catalogue.sqlite").unlink()


def test_a_file_of_the_gallery_that_is_no_photograph_is_named(imported: Import, gallery: Path) -> None:
    (gallery / "broken.png").write_bytes(b"no")
    report = imported(HEAD, ("A", "Coat", "coat.png"), options=("--gallery", "photos"))
    assert ["broken.png" in each for each in report["notes"]] == [True]


def test_korean_names_match_however_their_letters_are_stored(imported: Import, gallery: Path) -> None:
    import unicodedata

    for name in ("코트.png", "가방-1_앞.png"):
        shutil.copy(gallery / "coat.png", gallery / unicodedata.normalize("NFD", name))
    draw(gallery / unicodedata.normalize("NFD", "가방-1_앞.png"), 99)
    report = imported(HEAD, ("K", "코트", "코트.png"), ("가방-1", "모자", ""), options=("--gallery", "photos"))
    assert report["photographs"] == {"sha256": 0, "path": 1, "sku": 1}


def test_a_workbook_joins_as_well(imported: Import, gallery: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_workbook(Path("book.xlsx"), [("상품명", "상품코드", "판매가", "이미지파일"), ("코트", 77, 39000, "coat.png")])
    assert main(["catalog", "import", "book.xlsx", "--currency", "KRW"]) == 0
    assert json.loads(capsys.readouterr().out)["photographs"]["path"] == 1
    assert shown() == {"77": ["coat.png"]}


@pytest.fixture(autouse=True)
def _no_leftovers() -> Iterator[None]:
    """No draft lies beside what was written."""
    yield
    assert not list(Path(".fashion").glob("*.partial*"))
