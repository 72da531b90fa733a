"""Settings that mean nothing are refused, and secrets are not shown."""

from typing import Any

import pytest

from fashion_cli.errors import UsageError
from fashion_cli.web.settings import WebSettings
from tests.web.refusals import TOKEN


@pytest.mark.parametrize(
    "settings",
    [
        {"token": "short"},
        {"token": "with a space in it"},
        {"token": "토큰토큰토큰토큰"},
        {"rate": "often"},
        {"rate": ""},
    ],
)
def test_settings_that_mean_nothing_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        WebSettings(**settings)


def test_secrets_are_not_shown() -> None:
    assert TOKEN not in repr(WebSettings(token=TOKEN))
