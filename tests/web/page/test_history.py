"""Searches by words and more like a hit have addresses, and the way back leads to what was there."""

from selenium.webdriver.common.by import By

from tests.web.page.opened_page import Page
from tests.web.page.served_site import Site


def test_a_search_by_words_has_an_address_of_its_own(page: Page, site: Site) -> None:
    page.words("shirt")
    answer = site.get("search", keyword="shirt")
    assert answer["hits"]
    page.expect_hits(answer)
    assert page.find("#results").text == "Results for “shirt”"
    assert page.browser.current_url == f"{site.url}?keyword=shirt"
    page.filter("colour", "black")
    page.expect_hits(site.get("search", keyword="shirt", where="colour=black"))
    page.browser.refresh()
    page.ready()
    page.expect_hits(site.get("search", keyword="shirt", where="colour=black"))
    assert page.find("#words").get_attribute("value") == "shirt"


def test_words_that_nothing_goes_by_are_answered_with_near_ones(page: Page, site: Site) -> None:
    page.forgive()  # the console names the answer 422
    page.words("nothing-goes-by-this-word")
    page.until(lambda: "Nothing here goes by these words" in page.find("#trouble").text)
    assert not page.all("#trouble button")
    page.words("blakc shrit")
    page.until(lambda: "Did you mean" in page.find("#trouble").text)
    page.click_text("#trouble button", "black shirt")
    page.expect_hits(site.get("search", keyword="black shirt"))
    assert page.find("#words").get_attribute("value") == "black shirt"
    assert not page.find("#trouble").is_displayed()


def test_more_like_a_hit_and_back(page: Page, site: Site) -> None:
    page.choose(site.query)
    first = page.expect_hits(site.search(site.query))
    page.drag((0.2, 0.2), (0.8, 0.8))
    page.settled()
    boxed = page.expect_hits(site.search(site.query, box=page.box()))
    page.run("window.scrollTo(0, 200)")
    page.card(boxed[3]).find_element(By.CSS_SELECTOR, ".more-like").click()
    page.expect_hits(site.get(f"photographs/{boxed[3]['photograph']}/similar"))
    assert page.find("#reference").is_displayed()
    assert f"similar={boxed[3]['photograph']}" in page.browser.current_url
    assert page.focused() == "results"
    assert page.run("return window.scrollY") == 0
    page.find("#back").click()
    page.expect_hits({"hits": boxed})
    assert page.run("return window.scrollY") == 200
    assert page.find("#box").is_displayed()
    assert page.run("return document.activeElement.closest('.hit').dataset.photograph") == boxed[3]["photograph"]
    page.browser.forward()
    page.expect_hits(site.get(f"photographs/{boxed[3]['photograph']}/similar"))
    page.browser.refresh()
    page.ready()
    page.expect_hits(site.get(f"photographs/{boxed[3]['photograph']}/similar"))
    page.browser.back()  # the photograph was in the page that is gone
    page.until(lambda: page.find("#start").is_displayed())
    assert "Choose it again" in page.find("#notice").text
    assert first
