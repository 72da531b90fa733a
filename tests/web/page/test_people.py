"""In two languages, on a phone, without a mouse, without eyes."""

import httpx
import pytest
from selenium.webdriver import Keys
from selenium.webdriver.support.ui import Select

from tests.web.page.opened_page import Page
from tests.web.page.screens import PHONE
from tests.web.page.served_site import Site


def test_korean_keeps_the_photograph_and_its_box(page: Page, site: Site) -> None:
    page.choose(site.query)
    page.drag((0.1, 0.1), (0.9, 0.9))
    page.settled()
    before = page.box()
    page.click_text(".languages a", "한국어")
    page.until(lambda: page.run("return document.documentElement.lang") == "ko")
    korean = site.search(site.query, box=before, language="ko")
    page.expect_hits(korean)
    page.expect_tags(korean["query"]["tags"])
    assert page.box() == before
    assert page.find("#query-heading").text == "내 사진"
    assert page.browser.title == "패션 검색"
    assert page.browser.current_url == f"{site.url}?language=ko"
    assert page.all("#but-colour option")[1].text in {"갈색", "검정", "남색", "네이비"}
    assert page.all(".more-like")[0].text == "비슷한 상품"
    assert not page.run("return [...document.querySelectorAll('[data-text]')].some((n) => !n.textContent.trim())")


def test_the_browsers_language_decides_where_the_address_does_not(site: Site) -> None:
    def lang(query: str, accepted: str) -> str:
        answer = httpx.get(site.url + query, headers={"Accept-Language": accepted})
        return answer.text.split('<html lang="')[1][:2]

    assert lang("", "ko-KR,ko;q=0.9,en;q=0.5") == "ko"
    assert lang("", "de-DE,de;q=0.9,en;q=0.5,ko;q=0.3") == "en"
    assert lang("", "fr") == "en"
    assert lang("?language=ko", "en") == "ko"
    assert lang("?language=<script>", "en") == "en"


@pytest.mark.parametrize("size", [PHONE, (320, 640)])
def test_a_phone_needs_no_sideways_scrolling_and_fingers_hit_everything(
    page: Page, site: Site, size: tuple[int, int]
) -> None:
    page.resize(size, touch=True)
    assert page.offenders("tooWide") == []
    assert page.offenders("tooSmall") == []
    page.choose(site.query)
    page.settled()
    page.find("#box-add").click()
    page.find("#filters-toggle").click()
    for menu in page.all("#filters-bar summary"):
        menu.click()
    page.run("for (const menu of document.querySelectorAll('.offers')) menu.open = true")
    page.settled()
    page.filter("colour", "black")
    page.settled()
    assert page.offenders("tooWide") == []
    assert page.offenders("tooSmall") == []


@pytest.mark.parametrize("dark", [False, True])
def test_every_text_stands_out_from_its_ground(page: Page, site: Site, dark: bool) -> None:
    page.media("prefers-color-scheme", "dark" if dark else "light")
    assert page.offenders("lowContrast") == []
    page.choose(site.query)
    page.settled()
    Select(page.find("#but-colour")).select_by_value("blue")
    page.filter("category", "bag")
    page.settled()
    assert page.offenders("lowContrast") == []


def test_everything_has_a_name_and_a_place(page: Page, site: Site) -> None:
    for _ in range(2):
        assert page.run("return document.querySelectorAll('h1').length") == 1
        for landmark in ("header", "main", "nav[aria-label]", "[role=search]", "section[aria-labelledby]"):
            assert page.all(landmark), landmark
        assert page.offenders("unnamed") == []
        assert page.run("return [...document.images].filter((each) => !each.alt && each.checkVisibility()).length") == 0
        assert page.offenders("duplicateIds") == []
        page.choose(site.query)
        page.settled()


def test_tab_reaches_everything_in_the_order_in_which_it_is_seen(page: Page, site: Site) -> None:
    page.choose(site.query)
    page.settled()
    page.find("#box-add").click()
    page.settled()
    expected = page.run(
        """const kinds = 'a[href], button, input, select, summary, [tabindex="0"]';
        return [...document.querySelectorAll(kinds)].filter((each) => each.checkVisibility() && !each.disabled)
          .filter((each) => !each.closest('details:not([open])') || each.matches('summary')).length"""
    )
    page.run("document.querySelector('.brand').focus(); window.tabbed = []")
    page.keys(Keys.TAB, held=Keys.SHIFT)
    script = (
        "const a = document.activeElement; if (a === document.body) return false;"
        "if (window.tabbed.includes(a)) return false; window.tabbed.push(a);"
        "const style = getComputedStyle(a); return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2"
    )
    reached = 0
    while reached <= expected and page.run(script):
        reached += 1
        page.keys(Keys.TAB)
    assert reached == expected
    order = page.run(
        "return window.tabbed.every((each, n) => !n || window.tabbed[n - 1].compareDocumentPosition(each) & 4)"
    )
    assert order


def test_the_skip_link_leads_to_the_results(page: Page, site: Site) -> None:
    page.choose(site.query)
    page.settled()
    page.find(".skip").send_keys(Keys.ENTER)
    assert page.focused() == "results"


def test_menus_close_on_escape_and_give_the_focus_back(page: Page, site: Site) -> None:
    page.choose(site.query)
    page.settled()
    summary = page.find("details[data-group=colour] summary")
    summary.send_keys(Keys.ENTER)
    page.keys(Keys.TAB, Keys.SPACE)
    page.settled()
    assert page.all("#filters-on .chip")
    page.keys(Keys.ESCAPE)
    assert not page.all("details[open]")
    assert page.run("return document.activeElement === arguments[0]", summary)


def test_nothing_moves_for_those_who_asked_for_it(page: Page) -> None:
    page.media("prefers-reduced-motion", "reduce")
    script = "return getComputedStyle(document.querySelector('.hits')).transitionDuration"
    assert page.run(script) == "0s"
