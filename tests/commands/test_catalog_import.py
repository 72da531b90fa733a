"""`fashion catalog import`: tables of every kind become products, and nothing of them is lost without a word."""

import csv
import io
import json
import signal
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fashion_cli.app import main
from fashion_cli.products.catalogue import Catalogue
from tests.product_tables import EXPECTED, HEADINGS, ROWS, WRITERS, as_csv, as_rss, write_workbook

Import = Callable[..., dict[str, Any]]


@pytest.fixture
def imported(capsys: pytest.CaptureFixture[str]) -> Import:
    """Imports a table into `catalogue.sqlite` here; the summary, with `stderr`."""

    def run(table: Path | str, *options: object, code: int = 0) -> dict[str, Any]:
        assert main(["catalog", "import", str(table), *map(str, options)]) == code
        out, err = capsys.readouterr()
        return {**(json.loads(out) if out else {}), "stderr": err}

    return run


def write(text: str, name: str = "table.csv") -> Path:
    Path(name).write_text(text, encoding="utf-8")
    return Path(name)


def said() -> list[tuple[object, ...]]:
    """What the catalogue here says."""
    with Catalogue.open("catalogue.sqlite") as catalogue:
        return [
            (each.item_id, each.name, shown(each.price), each.currency, each.available, each.brand)
            for each in catalogue.products()
        ]


def prices() -> dict[str, tuple[str | None, str]]:
    with Catalogue.open("catalogue.sqlite") as catalogue:
        return {each.item_id: (shown(each.price), each.currency) for each in catalogue.products()}


def shown(price: Decimal | None) -> str | None:
    return None if price is None else f"{price:f}"


@pytest.mark.parametrize("name", WRITERS)
def test_tables_of_all_kinds_are_one(name: str, imported: Import) -> None:
    WRITERS[name](Path(name), [HEADINGS, *ROWS])
    report = imported(name)
    assert (report["rows"], report["products"], report["new"]) == (3, 3, 3)
    assert (report["left_out"], report["prices_left_out"], report["notes"]) == ([], [], [])
    assert said() == EXPECTED


def test_excel_in_korea(imported: Import) -> None:
    head = "상품코드;상품명;판매가(원);할인가;재고;이미지;브랜드;대분류;중분류\r\n"
    rows = "K1;울 코트;89,000;69,000;3;k1.jpg;한울;여성;아우터\r\nK2;모자;12000;;0;;;남성;\r\n"
    Path("table.csv").write_bytes((head + rows).encode("cp949"))
    assert imported("table.csv")["prices_left_out"] == []
    assert said() == [("K1", "울 코트", "69000", "KRW", True, "한울"), ("K2", "모자", "12000", "KRW", False, "")]
    with Catalogue.open("catalogue.sqlite") as catalogue:
        assert [each.category for each in catalogue.products()] == ["여성 > 아우터", "남성"]


SHOPIFY = """Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Value,Variant SKU,Variant Inventory Tracker,\
Variant Inventory Qty,Variant Inventory Policy,Variant Price,Variant Compare At Price,Image Src,Variant Image,Status
linen-shirt,Linen shirt,<p>Light &amp; airy</p>,Nähwerk,Tops,"summer, linen",true,S,LS-S,shopify,0,deny,29.00,49.00,\
https://cdn.shopify.com/s/files/shirt-1.jpg?v=1,,active
linen-shirt,,,,,,,M,LS-M,shopify,4,deny,39.00,,https://cdn.shopify.com/s/files/shirt-2.jpg?v=1,,
linen-shirt,,,,,,,L,LS-L,shopify,0,continue,35.00,,,https://cdn.shopify.com/s/files/shirt-L.jpg,
hat,Hat,,Mütze,,,true,,H-1,,,deny,15.00,,https://cdn.shopify.com/s/files/hat.jpg,,draft
"""


def test_a_product_of_shopify_has_several_rows(imported: Import) -> None:
    report = imported(write(SHOPIFY), "--currency", "EUR", "--shop", "Nähwerk Shop")
    assert (report["rows"], report["products"]) == (4, 2)
    assert said() == [
        # S is sold out; of those that can be bought, L costs less
        ("Nähwerk Shop:linen-shirt", "Linen shirt", "35", "EUR", True, "Nähwerk"),
        ("Nähwerk Shop:hat", "Hat", "15", "EUR", False, "Mütze"),
    ]
    with Catalogue.open("catalogue.sqlite") as catalogue:
        (shirt, _) = catalogue.products()
    assert (shirt.sku, shirt.category, shirt.keywords) == ("LS-S", "Tops", ("summer", "linen"))
    assert shirt.description == "Light & airy"
    assert any("'draft' is not known" in note for note in report["notes"])


WOO = """ID,Type,SKU,Name,Published,In stock?,Stock,Backorders allowed?,Sale price,Regular price,\
Date sale price starts,Date sale price ends,Categories,Images,Parent
7,variation,J-R,Jacket - red,1,1,2,0,,59,,,,https://shop.example/wp/jr.jpg,J
5,variable,J,Jacket,1,1,,0,,,,,"Women > Jackets","https://shop.example/wp/j.jpg, https://shop.example/wp/j2.jpg",
8,variation,J-B,Jacket - blue,1,0,0,0,39,59,,,,https://shop.example/wp/jb.jpg,id:5
9,simple,S,Socks,1,1,,0,3,5,2020-01-01,2020-02-01,,,
10,simple,T,Tights,1,1,,0,4,6,2020-01-01,2099-02-01,,,
"""


def test_variations_of_woocommerce_belong_to_their_parent(imported: Import) -> None:
    report = imported(write(WOO), "--currency", "eur")
    assert (report["rows"], report["products"], report["notes"]) == (5, 3, [])
    assert said() == [
        ("5", "Jacket", "59", "EUR", True, ""),  # blue is cheaper, and sold out
        ("9", "Socks", "5", "EUR", True, ""),  # its sale is over
        ("10", "Tights", "4", "EUR", True, ""),
    ]
    with Catalogue.open("catalogue.sqlite") as catalogue:
        assert [each.category for each in catalogue.products()] == ["Women > Jackets", "", ""]


def test_a_group_of_google_is_a_product_with_an_offer_for_each_variant(imported: Import) -> None:
    head = ("g:id", "g:item_group_id", "g:title", "g:link", "g:price", "g:sale_price", "g:sale_price_effective_date")
    link = "https://shop.example/p/coat?color="
    rows = [
        ("1", "G", "Coat red", f"{link}red", "50 EUR", "40 EUR", "2020-01-01/2099-01-01"),
        ("9", "", "Hat", "https://shop.example/p/hat", "5 EUR", "0", ""),
        ("2", "G", "Coat blue", f"{link}blue", "55 EUR", "20 EUR", "2020-01-01/2020-01-02"),
    ]
    imported(write(as_rss([[name[2:] for name in head], *rows]), "feed.xml"))
    with Catalogue.open("catalogue.sqlite") as catalogue:
        found = {each.item_id: each for each in catalogue.products()}
    assert list(found) == ["shop.example:9", "shop.example:G"]  # as a crawl of the shop calls them
    coat = found["shop.example:G"]
    assert [f"{offer.price:f}" for offer in coat.offers] == ["40", "55"]
    assert (coat.name, coat.shop) == ("Coat red", "shop.example")


def test_numbers_of_a_workbook_are_what_a_person_sees(imported: Import) -> None:
    rows = [
        ("Products of the spring",),
        (),
        ("SKU", "Name", "Price", "Stock", "Link"),
        (12, "Coat", 1.299, 3, None),
        (100000, "Hat", 39000, 0, None),
        (7.0, "Socks", "4,50 €", None, None),
        (8, "Tights", 12.5, True, None),
    ]
    formats = {"A4": "00000", "C4": '#,##0.00 "€"', "C5": "[$₩-412]#,##0"}
    report = imported(write_workbook(Path("book.xlsx"), rows, formats), "--currency", "USD")
    assert said() == [
        ("00012", "Coat", "1.299", "EUR", True, ""),
        ("100000", "Hat", "39000", "KRW", False, ""),
        ("7", "Socks", "4.5", "EUR", True, ""),
        ("8", "Tights", "12.5", "USD", True, ""),
    ]
    assert report["notes"] == []


def test_the_other_sheets_of_a_workbook_are_named(imported: Import) -> None:
    from openpyxl import load_workbook

    path = write_workbook(Path("book.xlsx"), [("sku", "title"), ("1", "Coat")])
    workbook = load_workbook(path)
    workbook.create_sheet("Notes").append(["remember"])
    workbook.save(path)
    assert imported(path)["notes"] == ["only the first sheet with a table is read, 'Sheet', and not 'Notes'"]


def test_what_is_left_out_is_counted_and_named(imported: Import) -> None:
    text = as_csv(
        [
            ("sku", "title", "price", "availability", "quantity"),
            ("A", "Coat", "39000", "in stock", ""),
            ("", "Nameless", "5 EUR", "", ""),
            ("B", "", "ask us", "perhaps", "many"),
            ("C", "Hat", "10 EUR", "yes", ""),
            ("D", "Dear", "99999999999 EUR", "", ""),
            ("1.00E+05", "Rounded", "", "", ""),
        ]
    )
    report = imported(write(text), "--strict", code=3)
    assert report["left_out"] == ["row 3: no number of a product"]
    assert report["prices_left_out"] == [
        "row 2 (A): '39000': in no currency",
        "row 4 (B): 'ask us': no price",
    ]
    assert report["without_price"] == ["row 2 (A)", "row 4 (B)", "row 7 (1.00E+05)"]
    assert [note.partition(": ")[0] for note in report["notes"]] == ["row 4 (B)"] * 3 + ["row 7 (1.00E+05)"]
    for words in (
        "1 row or product left out:",
        "2 prices left out",
        "--currency KRW says",
        "row 3: no number",
        "no index here",
    ):
        assert words in report["stderr"]


def test_a_price_that_no_catalogue_takes_costs_its_product_alone(imported: Import) -> None:
    text = as_csv([("sku", "title", "price"), ("A", "Coat", "5 EUR"), ("B", "Hat", "1e11 EUR"), ("C", "Tie", "6 EUR")])
    rows = text.replace("1e11", "999999999999")
    assert imported(write(rows))["left_out"] == []
    assert prices() == {"A": ("5", "EUR"), "B": ("999999999999", "EUR"), "C": ("6", "EUR")}


@pytest.mark.parametrize(
    ("heading", "cell", "currency", "expected"),
    [
        ("price", "39,00", "EUR", ("39", "EUR")),
        ("price", "1.299", "EUR", ("1299", "EUR")),
        ("price", "39000", "KRW", ("39000", "KRW")),
        ("price", "39000", "", (None, "")),
        ("Price (USD)", "39.5", "", ("39.5", "USD")),
        ("price_eur", "39,5", "KRW", ("39.5", "EUR")),
        ("판매가", "39,000원", "USD", ("39000", "KRW")),
    ],
)
def test_currencies(heading: str, cell: str, currency: str, expected: tuple[str, str], imported: Import) -> None:
    imported(write(as_csv([("sku", "title", heading), ("A", "Coat", cell)])), "--currency", currency)
    assert prices() == {"A": expected}


@pytest.mark.parametrize(
    ("cells", "available"),
    [
        ({}, True),
        ({"stock": "3"}, True),
        ({"stock": "0"}, False),
        ({"stock": "-2"}, False),
        ({"stock": "1,200 "}, True),
        ({"재고": "0개"}, False),
        ({"stock": "0", "Backorders allowed?": "notify"}, True),
        ({"availability": "in stock", "stock": "0"}, False),
        ({"availability": "OutofStock", "stock": "9"}, False),
        ({"판매상태": "판매중지"}, False),
        ({"판매상태": "판매중"}, True),
        ({"품절여부": "Y"}, False),
        ({"품절여부": "N"}, True),
        ({"published": "false"}, False),
        ({"status": "archived"}, False),
        ({"Published": "-1"}, False),
        ({"재고": "품절"}, False),
        ({"재고": "판매중"}, True),
        ({"stock": "Ships from 2 pieces"}, True),
        ({"판매상태": "T"}, True),
        ({"판매상태": "F"}, False),
        ({"판매여부": "판매안함"}, False),
        ({"판매여부": "판매함"}, True),
    ],
)
def test_stock(cells: dict[str, str], available: bool, imported: Import) -> None:
    imported(write(as_csv([("sku", "title", "price", *cells), ("A", "Coat", "5 EUR", *cells.values())])))
    with Catalogue.open("catalogue.sqlite") as catalogue:
        assert [each.available for each in catalogue.products()] == [available]


def test_columns_are_chosen(imported: Import) -> None:
    table = write(as_csv([("Nr.", "Was", "Kosten", "Alt"), ("A", "Mantel", "5,50", "9")]))
    refused = imported(table, code=1)["stderr"]
    assert "'Nr.', 'Was', 'Kosten', 'Alt' — --column title=HEADING --column sku=HEADING" in refused
    report = imported(
        table, "--column", "title=was", "--column", "sku=Nr.", "--column", "price=KOSTEN", "--currency", "EUR"
    )
    assert report["columns"] == {"sku": "Nr.", "title": "Was", "price": "Kosten"}
    assert said() == [("A", "Mantel", "5.5", "EUR", True, "")]


def test_a_column_is_left_out(imported: Import) -> None:
    table = write(as_csv([("sku", "title", "quantity"), ("A", "Coat", "0")]))
    assert "stock" not in imported(table, "--column", "stock=")["columns"]


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--column", "tilte=Was"], 2, "no such column 'tilte' — did you mean 'title'?"),
        (["--column", "title"], 2, "no heading — --column title=HEADING"),
        (["--column", "title=Tilte"], 2, "no column 'Tilte' — did you mean 'title'?"),
        (["--currency", "Taler"], 2, "--currency 'Taler': no currency"),
        (["--gallery", "nowhere"], 2, "nowhere: no such file or folder"),
        (["--index", "nowhere"], 1, "nowhere: no index here"),
    ],
)
def test_what_cannot_be_meant(options: list[str], code: int, words: str, imported: Import) -> None:
    table = write(as_csv([("sku", "title"), ("A", "Coat")]))
    assert words in imported(table, *options, code=code)["stderr"]
    assert not Path("catalogue.sqlite").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "an empty list"),
        (b"sku,title\n", "no row with a number of a product"),
        (b"sku,title\n,Coat\n", "no row with a number of a product"),
        (b"https://shop.example/1.jpg\nhttps://shop.example/2.jpg\n", "a list of addresses"),
        (b"\xff\xd8\xff\xe0" + bytes(2000), "neither text, a workbook nor Parquet"),
        (b"<html><body>not found</body></html>", "no feed of products"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a workbook of Excel before 2007"),
        (b"PK\x03\x04" + bytes(100), "neither text, a workbook nor Parquet"),
        (b"\x1f\x8b\x08" + bytes(100), "compressed by gzip — gunzip table.csv"),
    ],
)
def test_what_is_no_table(content: bytes, words: str, imported: Import) -> None:
    Path("table.csv").write_bytes(content)
    stderr = imported("table.csv", code=1)["stderr"]
    assert words in stderr
    assert "image_url" not in stderr
    assert not Path("catalogue.sqlite").exists()


def test_a_damaged_workbook(imported: Import) -> None:
    import zipfile

    with zipfile.ZipFile("book.xlsx", "w") as parts:
        parts.writestr("[Content_Types].xml", "<Types/>")
    assert "a damaged workbook" in imported("book.xlsx", code=1)["stderr"]


def test_a_workbook_that_unpacks_to_gigabytes_is_refused(imported: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    from fashion_cli.crawling.parse import workbooks

    monkeypatch.setattr(workbooks, "MAX_BYTES", 1000)
    path = write_workbook(Path("book.xlsx"), [("sku", "title"), ("1", "Coat")])
    assert "over the limit of 1,000" in imported(path, code=1)["stderr"]


def test_no_such_table(imported: Import) -> None:
    assert "nowhere.csv: no such file" in imported("nowhere.csv", code=2)["stderr"]
    assert "nothing is fetched" in imported("https://shop.example/feed.xml", code=2)["stderr"]


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=;"])
def test_the_line_in_which_excel_names_its_separator(line: str, imported: Import) -> None:
    imported(write(f"{line}\r\nsku;title;price\r\nA;Coat, long;5,50 EUR\r\n"))
    assert said() == [("A", "Coat, long", "5.5", "EUR", True, "")]


def test_the_heading_of_a_workbook_may_stand_below_groups_of_columns(imported: Import) -> None:
    rows = [
        ("Basic", None, "Price", None),
        ("상품명", "판매자 상품코드", "판매가", "재고수량"),
        ("코트", "A-1", 39000, 0),
        ("모자", "A-2", 12000, 3),
    ]
    imported(write_workbook(Path("book.xlsx"), rows), "--currency", "KRW")
    assert said() == [("A-1", "코트", "39000", "KRW", False, ""), ("A-2", "모자", "12000", "KRW", True, "")]


def test_a_formula_counts_as_the_value_that_was_saved_and_is_not_run(imported: Import) -> None:
    rows = [("sku", "title", "price"), ("A", "=CMD()", "=1+1"), ("B", "Hat", 5)]
    report = imported(write_workbook(Path("book.xlsx"), rows), "--currency", "EUR")
    assert prices() == {"A": (None, ""), "B": ("5", "EUR")}
    assert report["without_price"] == ["row 2 (A)"]
    assert report["notes"] == ["row 2 (A): no title, so it is called by its number"]


def test_the_rows_of_a_product_may_stand_apart_and_say_different_titles(imported: Import) -> None:
    rows = [("sku", "title", "price"), ("A", "Coat", "9 EUR"), ("B", "Hat", "5 EUR"), ("A", "Cloak", "7 EUR")]
    report = imported(write(as_csv(rows)))
    assert prices() == {"A": ("7", "EUR"), "B": ("5", "EUR")}
    assert report["notes"] == ["row 2 (A): several titles, of which the first counts: 'Coat', 'Cloak'"]


def test_rows_of_another_width_are_named_once_with_their_number(imported: Import) -> None:
    report = imported(write("sku,title,price\nA,Coat\nB,Hat,5 EUR,x\nC,Tie,6 EUR\n"))
    assert report["notes"] == ["rows with another number of cells than the 3 of the heading (2 times)"]
    assert prices() == {"A": (None, ""), "B": ("5", "EUR"), "C": ("6", "EUR")}


def test_a_newer_table_adds_to_the_history(imported: Import, capsys: pytest.CaptureFixture[str]) -> None:
    def table(*rows: tuple[str, str, str]) -> Path:
        return write(as_csv([("sku", "title", "price"), *rows]))

    imported(table(("A", "Coat", "50 EUR"), ("B", "Hat", "5 EUR"), ("C", "Tie", "8 EUR")))
    report = imported(table(("A", "Coat", "45 EUR"), ("B", "Hat", "5 EUR"), ("D", "Bag", "80 EUR")))
    assert {name: report[name] for name in ("new", "changed", "same", "gone")} == {
        "new": 1, "changed": 1, "same": 1, "gone": 0
    }  # fmt: skip
    assert main(["catalog", "prices", "A", "--format", "csv"]) == 0
    history = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["price"] for row in history] == ["50", "45"]
    assert history[0]["until"] == history[1]["seen_at"]
    assert list(prices()) == ["A", "B", "C", "D"]
    other = write(as_csv([("sku", "title"), ("E", "Shoe")]), "other.csv")
    imported(other, "--replace")  # another table: C is none of its business
    assert not gone()
    assert imported("table.csv", "--replace")["gone"] == 1
    assert gone() == {"C"}
    assert imported(other, "--source", "table", "--replace")["gone"] == 3
    assert gone() == {"A", "B", "C", "D"}


def gone() -> set[str]:
    with Catalogue.open("catalogue.sqlite") as catalogue:
        return {each.item_id for each in catalogue.products(gone=True)}


def test_what_a_crawl_has_seen_since_is_not_gone(imported: Import) -> None:
    from datetime import UTC, datetime

    from tests.products.found import product

    imported(write(as_csv([("sku", "title", "link"), ("1", "Coat", "https://shop.example/1"), ("2", "Hat", "")])))
    with Catalogue.open("catalogue.sqlite") as catalogue:
        catalogue.record(product(1), [], datetime.now(UTC))
    table = write(as_csv([("sku", "title"), ("3", "Tie")]))
    assert imported(table, "--replace")["gone"] == 1
    assert gone() == {"2"}


def test_an_interrupted_import_goes_on(
    imported: Import, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from fashion_cli.steps import import_catalogue as step

    table = write(as_csv([("sku", "title"), *((f"A{number}", f"Coat {number}") for number in range(10))]))
    batches = iter(range(10))

    def interrupt(*_: object) -> None:
        if next(batches) == 1:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(step, "BATCH", 4)
        patched.setattr("fashion_cli.commands.output.progress._ignore", interrupt)
        assert main(["catalog", "import", str(table), "--quiet"]) == signal.SIGINT + 128
    capsys.readouterr()
    assert len(prices()) == 8
    report = imported(table)
    assert (report["new"], report["same"]) == (2, 8)


def test_the_own_export_comes_back(imported: Import, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    imported(write(as_csv([HEADINGS, *ROWS])))
    before = said()
    assert main(["catalog", "export", "-o", "export.csv"]) == 0
    imported("export.csv", "--catalog", "again.sqlite")
    with Catalogue.open("again.sqlite") as again, Catalogue.open("catalogue.sqlite") as first:
        assert [each.name for each in again.products()] == [each.name for each in first.products()]
        assert [(each.item_id, each.price, each.sku) for each in again.products()] == [
            (each.item_id, each.price, each.sku) for each in first.products()
        ]
    assert said() == before


def test_the_summary_is_a_table_for_people(imported: Import, capsys: pytest.CaptureFixture[str]) -> None:
    table = write(as_csv([HEADINGS, *ROWS]))
    assert main(["catalog", "import", str(table), "--format", "table"]) == 0
    out = capsys.readouterr().out
    assert [line.split() for line in out.splitlines()[3:6]] == [["rows", "3"], ["products", "3"], ["new", "3"]]
