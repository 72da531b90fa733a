"""Feeds and lists: what they are, their content says, and nothing of them is lost without a word."""

from decimal import Decimal
from pathlib import Path

import pytest

from fashion_cli.crawling.parse.items import ScrapedItem
from fashion_cli.crawling.parse.product_feeds import read_product_feed
from fashion_cli.errors import CrawlError
from tests.product_tables import write_workbook

HOST = "https://cdn.example/"
HEADINGS = ("id", "title", "image_link", "price", "sale_price", "availability")
ROWS = (
    ("1", "Coat", f"{HOST}1.jpg", "59.00 EUR", "", "in stock"),
    ("2", "코트", f"{HOST}2.jpg", "59.00 EUR", "39,00 €", "품절"),
    ("3", "Tom &amp; Jerry <b>tee</b>", f"{HOST}a b.jpg", "19 EUR", "0", "preorder"),
)


def read(folder: Path, name: str, data: bytes | str) -> tuple[list[ScrapedItem], list[str]]:
    path, notes = folder / name, list[str]()
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return list(read_product_feed(path, notes.append)), notes


def said(found: list[ScrapedItem]) -> list[tuple[str, str, str, bool]]:
    return [
        (each.product.sku, each.product.name, f"{offer.price} {offer.currency}", offer.available)
        for each in found
        if each.product
        for offer in each.product.offers
    ]


EXPECTED = [("1", "Coat", "59 EUR", True), ("2", "코트", "39 EUR", False), ("3", "Tom & Jerry tee", "19 EUR", True)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("name", ["feed.csv", "feed.txt", "feed"])
def test_tables(name: str, delimiter: str, encoding: str, tmp_path: Path) -> None:
    def line(cells: tuple[str, ...]) -> str:
        return delimiter.join(f'"{cell}"' if delimiter in cell else cell for cell in cells)

    found, notes = read(tmp_path, name, "\r\n".join(map(line, (HEADINGS, *ROWS))).encode(encoding))
    assert said(found) == EXPECTED
    assert [each.images for each in found] == [(f"{HOST}1.jpg",), (f"{HOST}2.jpg",), (f"{HOST}a%20b.jpg",)]
    assert notes == []


@pytest.mark.parametrize("text", ["Nähwerk", "Café", "Größe", "Mütze, schön", "코트", "コート"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_few_accents_in_utf8_are_not_taken_for_korean(text: str, encoding: str, tmp_path: Path) -> None:
    (found,), _ = read(tmp_path, "f.csv", f'id,title,image_link\n1,"{text}",{HOST}1.jpg\n'.encode(encoding))
    assert found.product is not None
    assert found.product.name == text


def test_workbooks(tmp_path: Path) -> None:
    write_workbook(tmp_path / "feed.xlsx", [HEADINGS, *ROWS])
    (tmp_path / "feed.xlsx").rename(tmp_path / "feed.dat")
    notes: list[str] = []
    found = list(read_product_feed(tmp_path / "feed.dat", notes.append))
    assert said(found) == EXPECTED
    assert notes == []


def item(cells: tuple[str, ...]) -> str:
    named = zip(HEADINGS, cells, strict=True)
    return "".join(f"<g:{name}><![CDATA[{cell}]]></g:{name}>" for name, cell in named)


NAMESPACE = 'xmlns:g="http://base.google.com/ns/1.0"'
RSS = f"<rss version='2.0' {NAMESPACE}><channel>{''.join(f'<item>{item(row)}</item>' for row in ROWS)}</channel></rss>"
ENTRIES = "".join(f"<entry>{item(row)}</entry>" for row in ROWS)
ATOM = f"<feed xmlns='http://www.w3.org/2005/Atom' {NAMESPACE}>{ENTRIES}</feed>"


@pytest.mark.parametrize("text", [RSS, ATOM, '<?xml version="1.0" encoding="utf-16"?>\n' + RSS])
def test_feeds_in_xml(text: str, tmp_path: Path) -> None:
    for name in ("feed.xml", "feed.txt"):
        found, notes = read(tmp_path, name, text)
        assert said(found) == EXPECTED
        assert notes == []


@pytest.mark.parametrize(
    "text", [f"{HOST}w_1,h_2/a.jpg\n", f"# list\n\n  {HOST}w_1,h_2/a.jpg  ", f"image_url\n{HOST}w_1,h_2/a.jpg\n"]
)
def test_lists_of_addresses(text: str, tmp_path: Path) -> None:
    for name in ("list.txt", "list.dat"):
        found, notes = read(tmp_path, name, text)
        assert [each.images for each in found] == [(f"{HOST}w_1,h_2/a.jpg",)]
        assert notes == []


def test_several_addresses_in_a_cell(tmp_path: Path) -> None:
    more = f"{HOST}w_1,h_2/b.jpg,{HOST}c d.jpg | {HOST}e.jpg {HOST}f.jpg;//cdn.example/g.jpg"
    found, notes = read(tmp_path, "f.tsv", f"id\timage_link\tadditional_image_link\n1\t{HOST}a.jpg\t{more}\n")
    assert [each.removeprefix(HOST) for each in found[0].images] == [
        *("a.jpg", "w_1,h_2/b.jpg", "c%20d.jpg", "e.jpg", "f.jpg")
    ]
    assert notes == ["cells that are no address are left out, such as '//cdn.example/g.jpg'"]


@pytest.mark.parametrize(
    ("dates", "price"),
    [
        ("", 20),
        ("2020-01-01/2099-01-01", 20),
        ("2020-01-01T00:00+0900/2020-02-01T00:00+0900", 30),
        ("2098-01-01/2099-01-01", 30),
    ],
)
def test_a_sale_counts_while_it_lasts(dates: str, price: int, tmp_path: Path) -> None:
    head = "id,image_link,price,sale_price,sale_price_effective_date\n"
    found, _ = read(tmp_path, "f.csv", f"{head}1,{HOST}1.jpg,30 GBP,20 GBP,{dates}\n")
    assert [offer.price for offer in found[0].product.offers] == [Decimal(price)]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("rows", "note"),
    [
        (f"1,A,{HOST}1.jpg,39000,,\n", "no currency"),
        (f"1,A,{HOST}1.jpg,ask us,,\n", "no price"),
        (f"1,A,{HOST}1.jpg,3 EUR,,perhaps\n", "availability"),
        ("1,A,,3 EUR,,\n", "without the address"),
        ("1,A,photos/1.jpg,3 EUR,,\n", "no address"),
        (f"1,A,{HOST}1.jpg\n", "another number of cells"),
        (f"1,A,{HOST}1.jpg,3 EUR,,,,,\n", "another number of cells"),
    ],
)
def test_what_is_left_out_is_named(rows: str, note: str, tmp_path: Path) -> None:
    _, notes = read(tmp_path, "f.csv", ",".join(HEADINGS) + "\n" + rows)
    assert any(note in each for each in notes), notes


@pytest.mark.parametrize("data", [b"", b"  \n", b"\x89PNG\r\n" + bytes(900), b"<html><p>no</p></html>", b"a,b\n1,2\n"])
def test_what_lists_nothing_is_an_error(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(CrawlError, match=r"f\.csv"):
        read(tmp_path, "f.csv", data)
