"""Lists of photographs: plain, as tables, and in Parquet."""

from decimal import Decimal
from pathlib import Path

import pytest

from fashion_cli.crawling.parse.items import ScrapedItem
from fashion_cli.crawling.parse.product_feeds import read_product_feed
from fashion_cli.errors import CrawlError
from fashion_cli.products.records import FoundOffer


def lists(tmp_path: Path, name: str, text: str) -> list[ScrapedItem]:
    (tmp_path / name).write_text(text, encoding="utf-8-sig")
    return list(read_product_feed(tmp_path / name))


def test_lists_of_urls(tmp_path: Path) -> None:
    found = lists(tmp_path, "a.txt", "# photographs\nhttp://a.example/1.jpg\n\nftp://no\n  http://a.example/2.jpg \n")
    assert [each.images for each in found] == [("http://a.example/1.jpg",), ("http://a.example/2.jpg",)]
    bare = lists(tmp_path, "b.csv", "1,http://a.example/1.jpg\n2,http://a.example/2.jpg\n3\n")
    assert [each.images for each in bare] == [each.images for each in found]


ROWS = [
    {"id": "7", "title": "Coat", "link": "https://shop.example/7", "image_link": "https://cdn.example/7.jpg"},
    {"id": "8", "title": "", "link": "", "image_link": "https://cdn.example/8.jpg"},
]


def test_tables_say_more(tmp_path: Path) -> None:
    text = (
        "ID,Title,link,Image Link,additional_image_link,price,availability\n"
        '7,Coat,https://shop.example/7,https://cdn.example/7.jpg,"https://cdn.example/8.jpg,https://cdn.example/9.jpg",'
        "15.00 USD,in_stock\n"
    )
    (found,) = lists(tmp_path, "feed.csv", text)
    assert found.images == tuple(f"https://cdn.example/{number}.jpg" for number in (7, 8, 9))
    assert found.product is not None
    assert (found.product.item_id, found.product.name) == ("shop.example:7", "Coat")
    assert found.product.offers == (
        FoundOffer("shop.example", Decimal("15.00"), "USD", "https://shop.example/7", "InStock"),
    )


def test_parquet_is_read_as_csv_is(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    parquet.write_table(pa.Table.from_pylist(ROWS), tmp_path / "feed.parquet")
    rows = "\n".join(",".join(row.values()) for row in ROWS)
    from_csv = lists(tmp_path, "feed.csv", ",".join(ROWS[0]) + f"\n{rows}\n")
    from_parquet = list(read_product_feed(tmp_path / "feed.parquet"))
    assert [each.images for each in from_parquet] == [each.images for each in from_csv]
    assert [each.product and each.product.item_id for each in from_parquet] == ["shop.example:7", "feed:8"]


@pytest.mark.parametrize(
    ("name", "data"), [("a.csv", b"name\ncoat\n"), ("a.parquet", b"no"), ("a.txt", b"\xff\xfe\x00")]
)
def test_lists_that_cannot_be_read(name: str, data: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(CrawlError, match=name):
        list(read_product_feed(tmp_path / name))
