"""A server that is gone, and answers that come late."""

from selenium.webdriver.support.ui import Select

from tests.web.page.opened_page import Page
from tests.web.page.served_site import Site


def test_a_server_that_is_gone_is_said_and_tried_again(page: Page, site: Site) -> None:
    page.choose(site.query)
    hits = page.expect_hits(site.search(site.query))
    offline = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    page.browser.execute_cdp_cmd("Network.emulateNetworkConditions", offline)
    page.words("bag")
    page.until(lambda: page.find("#trouble").is_displayed())
    assert "cannot be reached" in page.find("#trouble").text
    back = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    page.browser.execute_cdp_cmd("Network.emulateNetworkConditions", back)
    page.find("#trouble button").click()
    page.expect_hits(site.get("search", keyword="bag"))
    assert not page.find("#trouble").is_displayed()
    page.browser.back()
    page.expect_hits({"hits": hits})
    page.forgive()


def test_only_the_newest_answer_counts(page: Page, site: Site) -> None:
    page.choose(site.query)
    page.settled()
    page.run(
        """const real = window.fetch; let held = 0;
        window.fetch = (...asked) => held++ === 0
          ? new Promise((resolve) => {
            window.release = () => resolve(real(asked[0], { ...asked[1], signal: undefined }))
          }) : real(...asked)"""
    )
    Select(page.find("#but-colour")).select_by_value("blue")  # its answer comes late
    Select(page.find("#but-colour")).select_by_value("black")
    newest = site.search(site.query, but=["colour=black"])
    page.expect_hits(newest)
    page.run("window.release()")
    page.run_async("const done = arguments[0]; setTimeout(done, 500)")
    page.expect_hits(newest)
