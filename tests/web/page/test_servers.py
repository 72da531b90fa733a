"""Servers of other kinds: with a token, with a style classifier, without a catalogue; and the API's description."""

from pathlib import Path

from selenium.webdriver import Chrome, Keys

from fashion_cli.web.settings import WebSettings
from tests.web.page.opened_page import Page
from tests.web.page.screens import DESK, PHONE
from tests.web.page.served_site import Site, served

TOKEN = "open-sesame"  # noqa: S105  # of a server that lives as long as its test


def test_a_token_is_asked_for_in_the_language_of_the_page(browser: Chrome, shop: Path) -> None:
    with served(shop, settings=WebSettings(rate="off", token=TOKEN)) as guarded:
        page = Page(browser, guarded)
        browser.get(f"{guarded.url}?language=ko")
        assert browser.current_url == f"{guarded.url}login?language=ko"
        assert page.offenders("unnamed") == page.offenders("lowContrast") == page.offenders("tooSmall") == []
        page.find("#token").send_keys("open-barley", Keys.ENTER)
        page.until(lambda: page.all("#wrong"))
        assert page.find("#wrong").text == "토큰이 맞지 않습니다."
        page.find("#token").send_keys(TOKEN, Keys.ENTER)
        page.ready()
        assert browser.current_url == f"{guarded.url}?language=ko"
        page.choose(guarded.query)
        page.settled()
        assert len(page.all(".hit")) == 24
        browser.delete_all_cookies()  # as when the server was started anew
        page.words("bag")
        page.until(lambda: browser.current_url == f"{guarded.url}login?language=ko")
        page.find("#token").send_keys(TOKEN, Keys.ENTER)
        page.ready()
        page.click_text(".corner button", "로그아웃")
        page.until(lambda: "/login" in browser.current_url)


def test_a_style_classifier_names_the_style(browser: Chrome, shop: Path, style_model: Path) -> None:
    with served(shop, settings=WebSettings(rate="off"), added=(str(style_model),)) as styled:
        page = Page(browser, styled)
        page.open()
        page.choose(styled.query)
        page.settled()
        style = styled.search(styled.query)["query"]["style"]
        assert page.find("#style strong").text == style["title"]
        assert f"{style['score']:.0%}" in page.find("#style").text


def test_the_description_of_the_api_is_a_page_like_the_others(page: Page) -> None:
    page.find(".foot a").click()
    page.until(lambda: page.all(".docs section"))
    for size in (DESK, PHONE):
        page.resize(size)
        assert page.offenders("tooWide") == page.offenders("unnamed") == page.offenders("lowContrast") == []
    assert "curl" in page.find(".docs pre").text


def test_without_a_catalogue_there_are_photographs_and_tags(bare_page: Page, bare_site: Site) -> None:
    bare_page.choose(bare_site.query)
    answer = bare_site.search(bare_site.query)
    assert all(hit["product"] is None for hit in answer["hits"])
    bare_page.expect_hits(answer)
    names = [each.text for each in bare_page.all(".hit .name")]
    assert names == [", ".join(tag["title"] for tag in hit["tags"]) or "Garment" for hit in answer["hits"]]
    assert not bare_page.all("#price-menu, #available, .offer, .hits a")
    bare_page.words("bag")
    bare_page.expect_hits(bare_site.get("search", keyword="bag"))
