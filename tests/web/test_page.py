"""The page of `fashion serve`, in a real browser: Debian's chromium, driven by Selenium, searches drawn garments."""

import base64
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from fashion_cli.web.settings import WebSettings
from tests.browsers import open_chromium
from tests.web.page_site import HOSTILE_NAME, HOSTILE_URL, Page, Site, make_shop, served

PHONE = (390, 844)
TOKEN = "open-sesame"  # noqa: S105  # of a server that lives as long as its test
DESK = (1280, 900)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_shop(tmp_path_factory.mktemp("page") / "shop")


@pytest.fixture(scope="module")
def site(shop: Path) -> Iterator[Site]:
    with served(shop) as found:
        yield found


@pytest.fixture(scope="module")
def bare_site(shop: Path) -> Iterator[Site]:
    with served(shop, priced=False) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    with open_chromium() as found:
        yield found


@pytest.fixture
def page(browser: Chrome, site: Site) -> Iterator[Page]:
    yield from opened(browser, site)


@pytest.fixture
def bare_page(browser: Chrome, bare_site: Site) -> Iterator[Page]:
    yield from opened(browser, bare_site)


def opened(browser: Chrome, site: Site) -> Iterator[Page]:
    """The page, fresh, on a desk. Whatever a test does in it, no script fails and nothing is asked of another host."""
    browser.get("about:blank")
    for kind in ("browser", "performance"):
        browser.get_log(kind)  # what went before
    found = Page(browser, site)
    found.resize(DESK)
    found.open()
    yield found
    hacked = found.run("return window.hacked !== undefined")
    assert not hacked
    assert found.complaints() == []
    assert found.strangers() == []


# ---- photographs come in


def test_a_chosen_photograph_shows_its_tags_and_the_hits_of_the_api(page: Page, site: Site) -> None:
    page.choose(site.query)
    answer = site.search(site.query)
    page.expect_hits(answer)
    page.expect_tags(answer["query"]["tags"])
    assert page.find("#picture").get_attribute("naturalWidth") == str(answer["query"]["width"])
    assert page.find("#status").text == f"{len(answer['hits'])} items among {answer['searched']} photographs"
    for card, hit in zip(page.all(".hit"), answer["hits"], strict=True):
        product = hit["product"]
        assert card.find_element(By.CSS_SELECTOR, ".name span").text == product["name"]
        assert f"₩{int(product['price']):,}" in card.find_element(By.CSS_SELECTOR, ".offer").text
        assert product["shop"] in card.find_element(By.CSS_SELECTOR, ".offer").text
        assert card.find_element(By.CSS_SELECTOR, ".alike").text == f"{max(0, hit['cosine']):.0%} alike"
        shared = card.find_elements(By.CSS_SELECTOR, ".shared > span:not(.unseen)")
        assert [each.text for each in shared] == [tag["title"] for tag in hit["shared_tags"]]
        titles = ", ".join(tag["title"] for tag in hit["tags"])
        assert card.find_element(By.CSS_SELECTOR, "img").get_attribute("alt") == (titles or product["name"])


def test_keywords_and_every_offer_are_on_the_card(page: Page, site: Site) -> None:
    page.choose(site.query)
    hits = page.expect_hits(site.search(site.query))
    several = next(hit for hit in hits if hit["product"] and len(hit["product"]["offers"]) > 1)
    card = page.card(several)
    assert several["product"]["keywords"][0] in card.find_element(By.CSS_SELECTOR, ".keywords").text
    details = card.find_element(By.CSS_SELECTOR, ".offers")
    details.find_element(By.TAG_NAME, "summary").click()
    links = details.find_elements(By.TAG_NAME, "a")
    assert [link.get_attribute("href") for link in links] == [each["url"] for each in several["product"]["offers"]]
    assert f"₩{int(several['product']['offers'][1]['price']):,}" in links[1].text


@pytest.mark.parametrize("way", ["paste", "drop"])
def test_photographs_are_pasted_and_dropped_anywhere(page: Page, site: Site, way: str) -> None:
    page.run(
        """const [way, data, done] = arguments;
        const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
        const transfer = new DataTransfer();
        transfer.items.add(new File([bytes], 'any.jpg', { type: 'image/jpeg' }));
        const target = document.querySelector('h1');
        if (way === 'paste')
          target.dispatchEvent(new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true }));
        else for (const kind of ['dragenter', 'dragover', 'drop'])
          target.dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));""",
        way,
        base64.b64encode(site.query.read_bytes()).decode(),
    )
    page.expect_hits(site.search(site.query))
    assert not page.find("#dropping").is_displayed()


def test_what_is_no_photograph_is_refused_with_a_reason(page: Page, site: Site, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(site.query.read_bytes()[:200])
    page.choose(broken)
    page.until(lambda: page.find("#notice").is_displayed())
    assert "no photograph that the browser can read" in page.find("#notice").text
    assert page.find("#start").is_displayed()
    page.run(
        "const transfer = new DataTransfer(); transfer.setData('text/plain', 'http://other.example/a.jpg');"
        "const how = { dataTransfer: transfer, bubbles: true, cancelable: true };"
        "document.body.dispatchEvent(new DragEvent('drop', how))"
    )
    page.until(lambda: "Only photographs" in page.find("#notice").text)
    page.choose(site.query)
    page.expect_hits(site.search(site.query))
    assert not page.find("#notice").is_displayed()


def test_a_large_photograph_is_scaled_down_and_its_box_stays_right(page: Page, site: Site, tmp_path: Path) -> None:
    """It lies on its side in the file, and EXIF says so: the box belongs to the upright photograph."""
    upright = np.full((3600, 2400, 3), 255, np.uint8)
    upright[0:900, 0:600] = (220, 20, 30)  # red, at the top left, and nowhere else
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to see it
    large = tmp_path / "large.jpg"
    Image.fromarray(upright).transpose(Image.Transpose.ROTATE_90).save(large, exif=exif)
    page.watch_uploads()
    page.choose(large)
    page.settled()
    assert page.find("#scaled").text == "Scaled from 2,400 × 3,600 to 1,365 × 2,048 pixels before it was sent."
    stage = page.find("#stage").rect
    assert stage["height"] / stage["width"] == pytest.approx(1.5, rel=0.02)
    page.drag((0.01, 0.01), (0.24, 0.24))
    page.settled()
    sent, box = page.uploads()[-1]
    assert sent.size == (1365, 2048)
    left, top, width, height = (int(part) for part in box.split(","))
    assert (left, top) == pytest.approx((0.01 * 1365, 0.01 * 2048), abs=8)
    inside = np.asarray(sent)[top : top + height, left : left + width].reshape(-1, 3)
    assert np.abs(inside.astype(int) - (220, 20, 30)).mean() < 6


def test_a_small_photograph_is_sent_as_it_is(page: Page, site: Site) -> None:
    page.watch_uploads()
    page.choose(site.query)
    page.settled()
    assert page.run("return window.uploads[0].bytes") == site.query.stat().st_size
    assert not page.find("#scaled").is_displayed()


# ---- a box around one garment


def test_a_box_drawn_with_the_mouse_changes_tags_and_hits(page: Page, site: Site) -> None:
    page.choose(site.outfit)
    whole = site.search(site.outfit)
    page.expect_hits(whole)
    page.drag((0.02, 0.05), (0.48, 0.95))
    page.settled()
    box = page.box()
    assert box == pytest.approx([0.02, 0.05, 0.48, 0.95], abs=0.01)
    part = site.search(site.outfit, box=box)
    assert [hit["photograph"] for hit in part["hits"]] != [hit["photograph"] for hit in whole["hits"]]
    page.expect_hits(part)
    page.expect_tags(part["query"]["tags"])
    page.drag((0.25, 0.5), (0.75, 0.5))  # inside the box: it moves to the other garment
    page.settled()
    assert page.box() == pytest.approx([0.52, 0.05, 0.98, 0.95], abs=0.01)
    page.expect_hits(site.search(site.outfit, box=page.box()))
    page.drag((0.98, 0.95), (0.9, 0.8))  # its corner
    page.settled()
    assert page.box() == pytest.approx([0.52, 0.05, 0.9, 0.8], abs=0.02)
    before = page.box()
    page.drag((0.1, 0.1), (0.105, 0.105))  # a click, no box
    assert page.box() == before
    page.find("#box-remove").click()
    page.expect_hits(whole)
    assert not page.find("#box").is_displayed()


def test_tags_follow_while_the_box_is_drawn(page: Page, site: Site) -> None:
    page.choose(site.outfit)
    page.settled()
    page.run("document.querySelector('#tag-rows').replaceChildren()")
    x, y = page.place(0.02, 0.05)
    mouse = (
        ActionChains(page.browser, duration=20).move_to_element_with_offset(page.find("#stage"), x, y).click_and_hold()
    )
    mouse.move_to_element_with_offset(page.find("#stage"), *page.place(0.48, 0.95)).perform()
    page.until(lambda: page.all("#tag-rows select"))
    left, top, right, bottom = page.box()
    page.expect_tags(site.tags(site.outfit, box=[left, top, right, bottom]))
    ActionChains(page.browser).release().perform()
    page.settled()


def test_a_box_is_drawn_with_a_finger(page: Page, site: Site) -> None:
    page.resize(PHONE, touch=True)
    page.choose(site.outfit)
    page.settled()
    page.run("document.querySelector('#stage').scrollIntoView({ block: 'center' })")
    area = page.run(
        "const a = document.querySelector('#stage').getBoundingClientRect(); return [a.x, a.y, a.width, a.height]"
    )
    scrolled = page.run("return window.scrollY")

    def touch(kind: str, *place: float) -> None:
        points = [{"x": area[0] + place[0] * area[2], "y": area[1] + place[1] * area[3]}] if place else []
        page.browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 0.52, 0.05)
    for step in (0.3, 0.6, 1.0):
        touch("touchMove", 0.52 + 0.4 * step, 0.05 + 0.85 * step)
    touch("touchEnd")
    page.settled()
    assert page.box() == pytest.approx([0.52, 0.05, 0.92, 0.9], abs=0.02)
    assert page.run("return window.scrollY") == scrolled
    page.expect_hits(site.search(site.outfit, box=page.box()))


def test_a_box_is_made_moved_and_removed_with_the_keyboard(page: Page, site: Site) -> None:
    page.choose(site.outfit)
    page.settled()
    page.find("#box-add").send_keys(Keys.ENTER)
    page.settled()
    assert page.focused() == "box"
    assert page.box() == pytest.approx([0.2, 0.15, 0.8, 0.85])
    page.keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT, Keys.ARROW_DOWN)
    assert page.box() == pytest.approx([0.16, 0.17, 0.76, 0.87])
    page.keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT, Keys.ARROW_UP, held=Keys.SHIFT)
    assert page.box() == pytest.approx([0.16, 0.17, 0.72, 0.85])
    page.keys("-", "+", "+")
    assert page.box() == pytest.approx([0.14, 0.15, 0.74, 0.87])
    page.keys(*[Keys.ARROW_LEFT] * 20)
    assert page.box() == pytest.approx([0, 0.15, 0.6, 0.87])  # it keeps its size at the edge
    page.settled()
    page.expect_hits(site.search(site.outfit, box=page.box()))
    said = page.run("return document.querySelector('#say').textContent")
    assert said.startswith(("Box from 0 to 60 % across", "Seen:"))
    page.keys(Keys.ESCAPE)
    page.expect_hits(site.search(site.outfit))
    assert page.focused() == "box-add"


# ---- narrowing down


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
    page.expect_hits(site.search(site.query, topk=48))
    assert page.run("return document.activeElement.closest('.hit:nth-child(25)') !== null")


# ---- words, more like this, history


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
    page.words("nothing-goes-by-this-word")
    page.until(lambda: "No item goes by these words" in page.find("#empty").text)


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


# ---- languages


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


# ---- a phone, and people who do not see or have no mouse


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


# ---- what comes from shops, and from nowhere else


def test_names_are_only_ever_text_and_links_only_lead_to_the_web(page: Page, site: Site) -> None:
    page.words(HOSTILE_NAME.split("=")[0].strip("<"))
    page.choose(site.hostile)
    page.settled()
    card = next(each for each in page.all(".hit") if HOSTILE_NAME in each.text)
    assert not card.find_elements(By.CSS_SELECTOR, ".body img")
    links = page.run("return [...document.querySelectorAll('.hits a')].map((a) => [a.href, a.rel, a.target])")
    assert links
    for href, rel, target in links:
        assert href.startswith(("http://", "https://"))
        assert (set(rel.split()), target) == ({"noopener", "noreferrer", "nofollow"}, "_blank")
    assert HOSTILE_URL not in page.browser.page_source


def test_scripts_links_refuse_what_is_no_web_address(page: Page) -> None:
    addresses = [
        "javascript:alert(1)",
        " JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "//x.example",
        "",
        None,
    ]
    script = """const [addresses, done] = arguments;
        import('/static/dom.js').then(({ shopAddress }) => done(addresses.map(shopAddress)))"""
    assert page.run_async(script, addresses) == [""] * len(addresses)
    assert page.run_async(script, ["https://x.example/a?b=c"]) == ["https://x.example/a?b=c"]


def test_the_policy_lets_nothing_in(page: Page, site: Site) -> None:
    answer = page.run_async(
        """const done = arguments[0];
        const inline = document.createElement('script'); inline.textContent = 'window.hacked = 1';
        document.body.append(inline);
        const refused = [];
        document.addEventListener('securitypolicyviolation', (event) => refused.push(event.effectiveDirective));
        const image = new Image(); image.src = 'http://other.example/a.png';
        fetch('http://other.example/').then(() => done(['went']), () => setTimeout(() => done(refused), 200))"""
    )
    assert {"img-src", "connect-src"} <= set(answer)
    assert page.run("return window.hacked === undefined")
    page.forgive()


# ---- troubles


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
