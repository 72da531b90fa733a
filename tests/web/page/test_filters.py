"""SearchFilters down: tags, prices, what is available, another colour, and more hits."""

from selenium.webdriver import Keys
from selenium.webdriver.support.ui import Select

from tests.web.page.opened_page import Page
from tests.web.page.served_site import Site


def test_filters_by_tag_price_and_availability(page: Page, site: Site) -> None:
    page.choose(site.query)
    page.settled()
    page.filter("category", "bag")
    bags = site.search(site.query, where=["category=bag"])
    page.expect_hits(bags)
    assert len(bags["hits"]) < site.rows
    page.filter("category", "shoes")
    page.filter("colour", "black")
    both = site.search(site.query, where=["category=bag,shoes", "colour=black"])
    page.expect_hits(both)
    titles = [chip.text for chip in page.all("#filters-on .chip")]
    assert titles == ["bag", "shoes", "black"]
    page.keys(Keys.ESCAPE)
    page.all("#filters-on .chip")[2].click()
    page.expect_hits(site.search(site.query, where=["category=bag,shoes"]))
    page.click_text("#filters-on button", "Clear all")
    everything = page.expect_hits(site.search(site.query))

    prices = sorted(int(hit["product"]["price"]) for hit in everything)
    page.price("most", str(prices[len(prices) // 2]))
    cheap = page.expect_hits(site.search(site.query, max_price=prices[len(prices) // 2]))
    assert 0 < len(cheap) < len(everything)
    page.price("least", str(prices[len(prices) // 2] + 1))
    assert page.find("#price-menu .wrong").is_displayed()
    page.price("least", str(prices[2]))
    page.expect_hits(site.search(site.query, min_price=prices[2], max_price=prices[len(prices) // 2]))
    page.find("#available").click()
    narrowed = site.search(site.query, min_price=prices[2], max_price=prices[len(prices) // 2], available=True)
    page.expect_hits(narrowed)
    assert not page.all(".hit .state")


def test_counts_are_those_of_the_api(page: Page, site: Site) -> None:
    for group in site.get("groups")["groups"]:
        expected = sorted((tag["count"] for tag in group["tags"] if tag["count"]), reverse=True)
        script = "return [...document.querySelectorAll(arguments[0])].map((each) => Number(each.textContent))"
        assert page.run(script, f"details[data-group='{group['name']}'] .count") == expected


def test_nothing_fits_says_so_and_how_to_go_on(page: Page, site: Site) -> None:
    page.choose(site.query)
    page.settled()
    page.price("most", "1")
    page.until(lambda: page.find("#empty").is_displayed())
    assert "No item fits these filters" in page.find("#empty").text
    assert page.find("#status").text == "Nothing fits"
    page.click_text("#empty button", "Clear all")
    page.expect_hits(site.search(site.query))
    assert page.run("return document.activeElement !== document.body")


def test_like_this_but_in_another_colour(page: Page, site: Site) -> None:
    page.choose(site.query)
    plain = site.search(site.query)
    page.expect_hits(plain)
    Select(page.find("#but-colour")).select_by_value("blue")
    wanted = site.search(site.query, but=["colour=blue"])
    assert [hit["photograph"] for hit in wanted["hits"]] != [hit["photograph"] for hit in plain["hits"]]
    page.expect_hits(wanted)
    assert "but=colour%3Dblue" in page.browser.current_url
    assert page.all("#but-colour.changed")
    Select(page.find("#but-colour")).select_by_index(0)
    page.expect_hits(plain)


def test_more_hits_are_fetched_on_demand(page: Page, site: Site) -> None:
    page.choose(site.query)
    page.expect_hits(site.search(site.query, topk=24))
    page.find("#more").click()
    page.until(lambda: len(page.all(".hit")) > 24)
    first, second = (site.search(site.query, offset=offset) for offset in (0, 24))
    page.expect_hits({"hits": [*first["hits"], *second["hits"]]})
    assert page.find("#status").text == f"{site.rows} items among {site.rows} photographs"
    assert not page.find("#more").is_displayed()
    assert page.run("return document.activeElement.closest('.hit:nth-child(25)') !== null")
