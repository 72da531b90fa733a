"""Fields and addresses that mean nothing are refused."""

from typing import Any

import pytest

from tests.web.refusals import PHOTOGRAPH, refused
from tests.web.shops import Running


@pytest.mark.parametrize(
    "fields",
    [
        {"box": "1,2,3"},
        {"box": "1,2,3,-4"},
        {"box": "0,0,4000,4000"},
        {"box": "0,0,0,10"},
        {"topk": 0},
        {"topk": 201},
        {"topk": "many"},
        {"where": "colour"},
        {"where": "shape=round"},
        {"where": "colour=purple"},
        {"but": "colour=red,blue"},
        {"but": ["colour=red", "colour=blue"]},
        {"but": "colour=purple"},
        {"min_price": "-1"},
        {"min_price": "1", "currency": "won"},
        {"max_price": "NaN"},
        {"available": "perhaps"},
        {"unknown": "1"},
        {"language": "<script>"},
        {"topk": ["1", "2"]},
    ],
)
def test_fields_that_mean_nothing_are_refused(running: Running, fields: dict[str, Any]) -> None:
    refused(running.post("search", PHOTOGRAPH, **fields), 422)


@pytest.mark.parametrize(
    "address",
    [
        "search",
        "search?keyword=",
        "search?keyword=x&topk=0",
        "search?keyword=x&unknown=1",
        "search?keyword=x&but=colour%3Dred",
        "photographs/short",
        "photographs/..%2F..%2Fetc%2Fpasswd",
        f"photographs/{'0' * 64}?size=5",
        f"photographs/{'0' * 64}/similar?where=xyz",
        "groups?language=%00",
    ],
)
def test_questions_that_mean_nothing_are_refused(running: Running, address: str) -> None:
    answer = running.client.get(f"/api/v1/{address}")
    refused(answer, 404 if ("%2F" in address or "where=xyz" in address) else 422)
