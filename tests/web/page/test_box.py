"""A box around one garment: drawn with the mouse or a finger, moved with the keyboard."""

import pytest
from selenium.webdriver import ActionChains, Keys

from tests.web.page.opened_page import Page
from tests.web.page.screens import PHONE
from tests.web.page.served_site import Site


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
