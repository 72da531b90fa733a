"""Whoever follows a link and has to sign in first sees what the link asks for."""

import re
from html import unescape

import pytest

from fashion_cli.web.settings import WebSettings
from tests.web.refusals import TOKEN
from tests.web.shops import Shop, served

HTML = {"Accept": "text/html", "Accept-Language": "en"}


@pytest.mark.parametrize(
    ("asked", "then"),
    [
        ("", "./?language=en"),
        (
            "?keyword=linen+shirt&where=colour%3Dred%2Cblue",
            "./?language=en&keyword=linen+shirt&where=colour%3Dred%2Cblue",
        ),
        ("?language=ko&similar=9f&available=1", "./?language=ko&similar=9f&available=1"),
        ("?keyword=%22%3E%3Cscript%3E%26a", "./?language=en&keyword=%22%3E%3Cscript%3E%26a"),
        ("?next=//evil.example/&keyword=%0d%0aX:y", "./?language=en&next=%2F%2Fevil.example%2F&keyword=%0D%0AX%3Ay"),
    ],
)
def test_what_a_link_asks_for_is_there_after_signing_in(drawn_shop: Shop, asked: str, then: str) -> None:
    with served(drawn_shop, WebSettings(rate="off", token=TOKEN)) as running:
        led = running.client.get(f"/{asked}", headers=HTML)
        assert (led.status_code, led.headers["location"]) == (303, f"/login{asked}")
        form = running.client.get(led.headers["location"], headers=HTML)
        action = action_of(form.text)
        wrong = running.client.post(f"/{action}", data={"token": "wrong-token"}, headers=HTML)
        assert (wrong.status_code, action_of(wrong.text)) == (401, action)
        right = running.client.post(f"/{action}", data={"token": TOKEN}, headers=HTML)
        assert (right.status_code, right.headers["location"]) == (303, then)


def test_another_language_for_signing_in_keeps_what_was_asked_for(drawn_shop: Shop) -> None:
    with served(drawn_shop, WebSettings(rate="off", token=TOKEN)) as running:
        form = running.client.get("/login?language=en&keyword=linen", headers=HTML).text
        links = [unescape(each) for each in re.findall(r'<a href="(\?[^"]*)"', form)]
        assert links == ["?language=en&keyword=linen", "?language=ko&keyword=linen"]


def action_of(page: str) -> str:
    found = re.search(r'action="([^"]*)"', page)
    assert found is not None
    return unescape(found.group(1))
