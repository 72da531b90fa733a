"""What every refusal looks like, and what is sent to provoke one."""

from typing import Any

import httpx

from tests.web.shops import draw, png

PHOTOGRAPH = png(draw(1000))
TOKEN = "a-token-of-the-tests"  # noqa: S105


def refused(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error"}
    error: dict[str, Any] = answer.json()["error"]
    assert set(error) == {"message", "hint"}
    assert error["message"]
    assert "content-security-policy" in answer.headers
    return error
