"""`where=price<…` in the REST API says what `min_price` and `max_price` say, where no table has such a column."""

from typing import Any

import pytest

from tests.web.shops import Running

ALL: dict[str, Any] = {"keyword": "linen", "topk": 200, "one_per_item": False}


def found(running: Running, **more: Any) -> dict[str, Any]:
    answer = running.client.get("/api/v1/search", params={**ALL, **more})
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


@pytest.mark.parametrize(
    ("where", "same"),
    [
        ("price<=15000", {"max_price": "15000"}),
        ("price>=20000", {"min_price": "20000"}),
        ("Price=12000..14000", {"min_price": "12000", "max_price": "14000"}),
    ],
)
def test_a_price_is_a_column_of_the_catalogue(running: Running, where: str, same: dict[str, str]) -> None:
    by_column, by_price = found(running, where=where), found(running, **same)
    photographs = [hit["photograph"] for hit in by_column["hits"]]
    assert photographs
    assert photographs == [hit["photograph"] for hit in by_price["hits"]]
    assert by_column["total"] == by_price["total"] < found(running)["total"]
    assert by_column["notes"] == [f"{where}: of 36 values 4 are empty"]


def test_text_is_no_price(running: Running) -> None:
    answer = running.client.get("/api/v1/search", params={**ALL, "where": "price<dear"})
    assert answer.status_code == 422
    assert "'dear' is no number" in answer.json()["error"]["message"]
