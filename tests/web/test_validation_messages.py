"""What the REST API says of fields that mean nothing: in its own words, which name the field and what it takes."""

import re

import pytest

from tests.web.shops import Running, draw, png

FRAMEWORK = re.compile(
    r"Input|should be|String|Value error|Field required|Extra inputs|valid|parse|pydantic|greater than"
)
PHOTOGRAPH = {"image": png(draw(1000))}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"topk": "0"}, "topk: at least 1, not '0'"),
        ({"topk": "201"}, "topk: at most 200, not '201'"),
        ({"topk": "x"}, "topk: a whole number, not 'x'"),
        ({"topk": "1.5"}, "topk: a whole number, not '1.5'"),
        ({"offset": "-1"}, "offset: at least 0, not '-1'"),
        ({"min_price": "dear"}, "min_price: a number, not 'dear'"),
        ({"min_price": "-1"}, "min_price: at least 0, not '-1'"),
        ({"min_price": "nan"}, "min_price: a finite number, not 'nan'"),
        ({"max_price": "1.00001"}, "max_price: at most 4 digits behind the point, not '1.00001'"),
        ({"available": "perhaps"}, "available: true or false, not 'perhaps'"),
        ({"currency": "won"}, "currency: not of the form that /docs shows, not 'won'"),
        ({"where": "a"}, "where.0: at least 3 characters, not 'a'"),
        ({"colour": "red"}, "colour: no such field"),
        ({"language": "k" * 40}, f"language: at most 35 characters, not '{'k' * 40}'"),
    ],
)
def test_a_field_that_means_nothing(running: Running, fields: dict[str, str], said: str) -> None:
    for answer in (
        running.client.post("/api/v1/search", data=fields, files=PHOTOGRAPH),
        running.client.get("/api/v1/search", params={"keyword": "dress", **fields}),
    ):
        assert answer.status_code == 422, answer.text
        assert answer.json()["error"]["message"] == said
        assert not FRAMEWORK.search(answer.text)


def test_a_field_that_is_missing_and_one_that_is_empty(running: Running) -> None:
    answer = running.client.get("/api/v1/search")
    assert answer.json()["error"]["message"] == "keyword: is missing"
    answer = running.client.get("/api/v1/search", params={"keyword": ""})
    assert answer.json()["error"]["message"] == "keyword: at least 1 characters, not ''"
    answer = running.client.get("/api/v1/photographs/xyz")
    assert answer.json()["error"]["message"] == "sha256: not of the form that /docs shows, not 'xyz'"
    answer = running.client.get(f"/api/v1/photographs/{'0' * 64}", params={"size": "9999"})
    assert answer.json()["error"]["message"] == "size: at most 1600, not '9999'"


def test_an_unreadable_form_is_described_here(running: Running) -> None:
    headers = {"Content-Type": "multipart/form-data"}
    answer = running.client.post("/api/v1/search", content=b"x", headers=headers)
    assert answer.status_code == 400
    assert not FRAMEWORK.search(answer.text)
    assert answer.json()["error"]["hint"]


def test_a_language_without_titles_is_refused_but_not_the_page_s_own(running: Running) -> None:
    for language, status in (("fr", 422), ("fr-CA", 422), ("ko", 200), ("ko-KR", 200), ("en", 200), ("", 200)):
        asked = {"language": language}
        assert running.client.get("/api/v1/groups", params=asked).status_code == status
        assert running.client.get("/api/v1/search", params={"keyword": "linen", **asked}).status_code == status
        for path in ("tags", "search"):
            answer = running.client.post(f"/api/v1/{path}", data=asked, files=PHOTOGRAPH)
            assert answer.status_code == status
    answer = running.client.get("/api/v1/groups", params={"language": "fr"})
    assert "no titles in 'fr', in no language" in answer.json()["error"]["message"]


def test_what_is_no_photograph_is_answered_with_what_is(running: Running) -> None:
    answer = running.client.post("/api/v1/tags", files={"image": b"x"})
    assert answer.status_code == 415
    assert "HEIC" in answer.json()["error"]["hint"]
    described = running.client.get("/api/v1/openapi.json").text
    assert "TIFF or HEIC" in described
