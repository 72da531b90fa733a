"""Errors are answers like all others: what is not there, and bugs."""

import io
import json

import httpx
import pytest

from tests.web.refusals import refused
from tests.web.shops import Running, Shop, served


def test_what_is_not_there_is_not_found(running: Running) -> None:
    for path in ("/api/v1/nothing", f"/api/v1/photographs/{'0' * 64}", "/static/../app.py", "/static/%2e%2e/app.py"):
        refused(running.client.get(path), 404)
    refused(running.client.delete("/api/v1/search"), 405)
    refused(running.client.get("/api/v1/tags"), 405)


def test_a_bug_is_an_answer_like_all_others(drawn_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(drawn_shop) as running:

        async def groups(_: str) -> bytes:
            raise RuntimeError("a bug")

        monkeypatch.setattr(running.service, "groups", groups)
        answer = running.client.get("/api/v1/groups")
        assert "a bug" not in refused(answer, 500)["message"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        figures = httpx.get(f"{running.address}/metrics").text  # uvicorn closes the other connection
        assert 'fashion_http_requests_total{method="GET",route="/api/v1/groups",status="500"} 1.0' in figures


def test_errors_are_the_same_whoever_asks(running: Running) -> None:
    answer = running.client.get("/api/v1/nothing", headers={"Accept": "text/html"})
    assert json.loads(answer.text)["error"]["message"]
    assert io.BytesIO(answer.content).read()
