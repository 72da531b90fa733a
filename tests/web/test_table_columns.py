"""What a table said about photographs when they were indexed, through the REST API: shown, searched, compared."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fashion_cli.app import main
from tests.web.shops import Running, Shop, draw, png, served

FABRICS = ("linen", "wool", "linen", "")
PRICES = ("9.9", "45", "n/a", "120")


@pytest.fixture(scope="module")
def shop(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    shop = Shop(tmp_path_factory.mktemp("table") / "shop")
    (shop.folder / "photographs").mkdir(parents=True)
    rows = ["path,item_id,fabric,Price"]
    for number, cells in enumerate(zip(FABRICS, PRICES, strict=True)):
        draw(number).save(shop.photograph(number))
        rows.append(f"{shop.photograph(number)},{number},{','.join(cells)}")
    table = shop.folder / "table.csv"
    table.write_text("\n".join(rows) + "\n")
    options = ["-o", str(shop.index), "--model", str(tiny_model), "--engine", "onnx", "--quiet"]
    assert main(["index", "--manifest", str(table), *options]) == 0
    return shop


@pytest.fixture(scope="module")
def running(shop: Shop) -> Iterator[Running]:
    with served(shop, priced=False) as running:
        yield running


def found(running: Running, shop: Shop, way: str, **fields: str) -> dict[str, Any]:
    if way == "photograph":
        answer = running.post("search", png(draw(1000)), **fields)
    elif way == "words":
        answer = running.client.get("/api/v1/search", params={"keyword": "linen", **fields})
    else:
        answer = running.client.get(f"/api/v1/photographs/{shop.sha256(1)}/similar", params=fields)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


@pytest.mark.parametrize(("way", "numbers"), [("photograph", {0, 1, 2, 3}), ("words", {0, 2}), ("similar", {0, 2, 3})])
def test_hits_say_what_the_table_says(running: Running, shop: Shop, way: str, numbers: set[int]) -> None:
    hits = found(running, shop, way)["hits"]
    assert {hit["photograph"]: hit["columns"] for hit in hits} == {
        shop.sha256(number): {"item_id": str(number), "fabric": FABRICS[number], "Price": PRICES[number]}
        for number in numbers
    }


@pytest.mark.parametrize("way", ["photograph", "words", "similar"])
def test_numbers_of_the_table_narrow_down(running: Running, shop: Shop, way: str) -> None:
    document = found(running, shop, way, where="price<100")
    expected = {"photograph": {0, 1}, "words": {0}, "similar": {0}}[way]
    assert {hit["photograph"] for hit in document["hits"]} == {shop.sha256(number) for number in expected}
    assert document["total"] == len(expected)
    assert document["notes"] == ["price<100: of 4 values 1 are no numbers, as 'n/a'"]


def test_columns_of_numbers_are_listed_with_their_range(running: Running) -> None:
    columns = running.client.get("/api/v1/groups").json()["columns"]
    assert columns == [{"name": "Price", "least": 9.9, "most": 120}]
