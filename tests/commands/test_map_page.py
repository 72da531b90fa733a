"""The attribute map's page, in a real browser: Debian's chromium, driven by Selenium, opens it from the disk."""

import base64
import io
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

from fashion_cli.app import main
from fashion_cli.commands.output.map_page import write_map_page
from fashion_cli.errors import OutputError
from fashion_cli.steps.map import MapConfig, MapGroup, MapReport, make_map
from fashion_cli.training.tasks import attribute_map
from tests.browsers import open_chromium

COUNT = 30
NASTY = ("<script>window.hacked=1<script>'\"&amp;.png", "[red] <b>å 日本.png", "x</script><script>window.hacked=1.png")
PATIENCE = 20  # seconds until something that was asked for has to be there


@dataclass
class Opened:
    """A page in the browser, and what is to be seen in it."""

    browser: Chrome
    report: MapReport
    page: Path

    def find(self, selector: str) -> WebElement:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.browser.execute_script(script, *arguments)

    def until(self, holds) -> Any:
        return WebDriverWait(self.browser, PATIENCE, poll_frequency=0.05).until(lambda _: holds())

    def range(self) -> list[float]:
        """x from, x to, y from, y to of what is in view."""
        script = "const { xaxis: x, yaxis: y } = document.getElementById('map').layout; return [...x.range, ...y.range]"
        return [float(value) for value in self.run(script)]

    def place(self, garment: int) -> tuple[float, float]:
        """Where a garment is drawn, in pixels from the middle of the map."""
        area = self.find("#map").rect
        left, right, bottom, top = self.range()
        x, y = self.report.points[garment].tolist()
        across, up = (x - left) / (right - left), (y - bottom) / (top - bottom)
        return (across - 0.5) * area["width"], (0.5 - up) * area["height"]

    def point_at(self, garment: int) -> ActionChains:
        across, down = self.place(garment)
        mouse = ActionChains(self.browser, duration=50)
        mouse.move_to_element_with_offset(self.find("#map"), 0, 0)
        return mouse.move_to_element_with_offset(self.find("#map"), round(across), round(down))

    def names(self, garments: Any) -> list[str]:
        shop = os.path.commonpath(self.report.paths)
        return [os.path.relpath(self.report.paths[each], shop) for each in garments]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> MapReport:
    """A real map of drawn photographs, some with names that mean something in HTML; its page lies in `out`."""
    folder = tmp_path_factory.mktemp("map")
    shop = folder / "shop"
    (shop / "x<").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in (*(f"{number:02}.png" for number in range(COUNT - len(NASTY))), *NASTY):
        Image.fromarray(rng.integers(0, 255, (4, 3, 3), np.uint8)).resize((60, 80)).save(shop / name)
    manifest = folder / "m.csv"
    manifest.write_text("path,item_id,note\nshop/00.png,17,</script><script>window.hacked=1</script>\n")
    options = ["--model", str(tiny_model), "--engine", "onnx", "-q"]
    assert main(["embed", str(shop), "-o", str(folder / "f.h5"), "--manifest", str(manifest), *options]) == 0
    (shop / "01.png").write_bytes(b"no photograph any more")
    with pytest.MonkeyPatch.context() as patch:  # how good the map is, is no matter of its page
        patch.setattr(attribute_map, "EPOCHS", 1)
        patch.setattr(attribute_map, "STEPS", 100)
        return make_map(
            MapConfig(folder / "f.h5", folder / "out"),
            lambda done, total: None,
            lambda report, draft: write_map_page(report, draft / "map.html"),
        )


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    with open_chromium("--window-size=1200,800", "--enable-unsafe-swiftshader") as found:  # WebGL on the processor
        yield found


@pytest.fixture
def opened(browser: Chrome, report: MapReport) -> Iterator[Opened]:
    """The page, fresh. Whatever a test does in it, it must not complain and must not ask anything of any host."""
    page = report.out / "map.html"
    for kind in ("browser", "performance"):
        browser.get_log(kind)  # what went before
    browser.get(page.as_uri())
    found = Opened(browser, report, page)
    found.until(lambda: found.run("return document.documentElement.dataset.ready"))
    yield found
    complaints = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert not complaints
    assert requests(browser) == {page.as_uri()}
    assert found.run("return window.hacked === undefined")


def requests(browser: Chrome) -> set[str]:
    """What the page asked for, besides what is inside it."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    urls = [each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"]
    return {url for url in urls if not url.startswith(("data:", "blob:"))}


def tag_of(group: MapGroup, garment: int) -> str:
    return group.tags[group.best[garment]] if group.exclusive or group.scores[garment] >= 0.5 else "none"


def alone(report: MapReport) -> int:
    """The garment that is farthest from any other, and can be read."""
    gaps = np.linalg.norm(report.points[:, None] - report.points[None], axis=2) + np.eye(COUNT) * 9
    readable = [garment for garment in range(COUNT) if not report.paths[garment].endswith("/01.png")]
    return max(readable, key=lambda garment: gaps[garment].min())


def mean_colour(opened: Opened, selector: str) -> np.ndarray:
    source = opened.find(selector).get_attribute("src")
    assert source is not None
    head, data = source.split(",", 1)
    assert head == "data:image/webp;base64"
    picture = Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")
    mean: np.ndarray = np.array(picture, np.float64).mean(axis=(0, 1))
    return mean


def test_pointing_at_a_garment_shows_it(opened: Opened, report: MapReport) -> None:
    garment = alone(report)
    assert not opened.find("#card").is_displayed()
    opened.point_at(garment).perform()
    opened.until(lambda: opened.find("#card").is_displayed())
    card = opened.find("#card")
    assert opened.find("#card strong").text == opened.names([garment])[0]
    for group in report.groups:
        assert f"{group.name}\n{tag_of(group, garment)} {group.scores[garment]:.2f}" in card.text
    photograph = np.asarray(Image.open(report.paths[garment])).mean(axis=(0, 1))
    assert mean_colour(opened, "#card img") == pytest.approx(photograph, abs=6)
    script = "const image = document.querySelector('#card img'); return [image.complete, image.naturalHeight]"
    assert opened.run(script) == [True, 80]
    ActionChains(opened.browser).move_to_element(opened.find("#map")).perform()
    opened.until(lambda: opened.find("#here").text.startswith(f"Expected here: {report.groups[0].name} "))
    ActionChains(opened.browser).move_to_element(opened.find("h1")).perform()
    opened.until(lambda: not opened.find("#card").is_displayed())


def test_a_click_shows_the_neighbours_and_why(opened: Opened, report: MapReport) -> None:
    garment = alone(report)
    opened.point_at(garment).click().perform()
    opened.until(lambda: opened.all("#neighbours li"))
    assert opened.find("#chosen h2").text == opened.names([garment])[0]
    expected = report.neighbours[garment].tolist()
    assert len(expected) == 4
    assert [each.text for each in opened.all("#neighbours .name")] == opened.names(expected)
    for item, other in zip(opened.all("#neighbours li"), expected, strict=True):
        same = [
            tag_of(group, garment)
            for group in report.groups
            if tag_of(group, garment) == tag_of(group, other) and tag_of(group, garment) != "none"
        ]
        assert (f"Same: {', '.join(same)}" if same else "Near on the map") in item.text
        differing = [group for group in report.groups if tag_of(group, garment) != tag_of(group, other)]
        for group in differing:
            assert f"{group.name} ({tag_of(group, other)})" in item.text
    opened.all("#neighbours button")[1].click()
    opened.until(lambda: opened.find("#chosen").get_attribute("data-garment") == str(expected[1]))
    assert [each.text for each in opened.all("#neighbours .name")] == opened.names(report.neighbours[expected[1]])
    assert opened.run("return document.activeElement.closest('#neighbours') !== null")


@pytest.mark.parametrize("number", [0, 1])
def test_colours_and_filters_by_group(opened: Opened, report: MapReport, number: int) -> None:
    Select(opened.find("#group")).select_by_visible_text(report.groups[number].name)
    group = report.groups[number]
    garments: dict[str, list[int]] = {}
    for garment in range(COUNT):
        garments.setdefault(tag_of(group, garment), []).append(garment)
    counts = {tag: len(those) for tag, those in garments.items()}
    opened.until(lambda: opened.find("#legend-title").text == group.name)
    entries = [entry.text.split("\n") for entry in opened.all("#legend button")]
    assert {tag: int(count) for tag, count in entries} == counts
    garment = alone(report)
    others = [entry for entry in opened.all("#legend button") if not entry.text.startswith(tag_of(group, garment))]
    others[0].click()
    assert others[0].get_attribute("aria-pressed") == "true"
    opened.point_at(garment).perform()  # its tag is not shown
    ActionChains(opened.browser).pause(0.3).perform()
    assert not opened.find("#card").is_displayed()
    opened.find("#all").click()
    opened.point_at(garment).perform()
    opened.until(lambda: opened.find("#card").is_displayed())
    assert {entry.get_attribute("aria-pressed") for entry in opened.all("#legend button")} == {"false"}


def test_zooms_and_moves(opened: Opened) -> None:
    whole = opened.range()
    opened.find("#in").click()
    opened.until(lambda: opened.range() != whole)
    closer = opened.range()
    assert closer[1] - closer[0] == pytest.approx(0.7 * (whole[1] - whole[0]))
    area = opened.find("#map")
    ActionChains(opened.browser).drag_and_drop_by_offset(area, 100, 0).perform()
    opened.until(lambda: opened.range()[0] != closer[0])
    moved = opened.range()
    shift = -100 / area.rect["width"] * (closer[1] - closer[0])
    assert moved[:2] == pytest.approx([closer[0] + shift, closer[1] + shift], abs=0.02)
    assert moved[2:] == pytest.approx(closer[2:], abs=0.02)
    ActionChains(opened.browser).scroll_by_amount(0, 0).move_to_element(area).perform()
    opened.run(
        "const drag = document.querySelector('#map .nsewdrag'), box = drag.getBoundingClientRect();"
        "drag.dispatchEvent(new WheelEvent('wheel', { deltaY: -120, bubbles: true, cancelable: true,"
        " clientX: box.left + box.width / 2, clientY: box.top + box.height / 2 }))"
    )
    opened.until(lambda: opened.range()[1] - opened.range()[0] < 0.98 * (moved[1] - moved[0]))
    opened.find("#whole").click()
    opened.until(lambda: opened.range() == pytest.approx(whole))


def test_few_garments_in_view_are_shown_as_pictures(opened: Opened, report: MapReport) -> None:
    script = "return document.getElementById('map').layout.images.map((image) => image.name).filter(Boolean)"
    for _ in range(3):
        opened.find("#in").click()
    left, right, bottom, top = opened.range()
    inside = {row for row, (x, y) in enumerate(report.points.tolist()) if left < x < right and bottom < y < top}
    opened.until(lambda: {int(name) for name in opened.run(script)} <= inside)
    shown = opened.run(script)
    assert shown or not inside
    assert len(opened.all("#map .imagelayer image")) == len(shown) + 1  # and the background


def test_works_from_the_keyboard(opened: Opened, report: MapReport) -> None:
    def chosen() -> str | None:
        return opened.find("#chosen").get_attribute("data-garment")

    area = opened.find("#map")
    area.send_keys(Keys.ARROW_RIGHT)
    opened.until(chosen)
    first = int(chosen() or "")
    middle = np.linalg.norm(report.points - 0.5, axis=1)
    assert first == int(middle.argmin())
    area.send_keys(Keys.ARROW_LEFT)
    opened.until(lambda: chosen() != str(first))
    assert report.points[int(chosen() or "")][0] < report.points[first][0]
    area.send_keys(Keys.ESCAPE)
    opened.until(lambda: chosen() is None)
    whole = opened.range()
    area.send_keys("+")
    opened.until(lambda: opened.range() != whole)
    area.send_keys("0")
    opened.until(lambda: opened.range() == pytest.approx(whole))
    opened.find("#find").send_keys("hacked=1<script>", Keys.ENTER)
    opened.until(chosen)
    assert "<script>" in report.paths[int(chosen() or "")]
    assert opened.find("#chosen h2").text in opened.names(range(COUNT))


def test_names_and_texts_are_only_ever_text(opened: Opened, report: MapReport) -> None:
    for name in NASTY:
        box = opened.find("#find")
        box.clear()
        box.send_keys(Path(name).name, Keys.ENTER)
        opened.until(lambda name=name: opened.find("#chosen h2").text.endswith(Path(name).name))
        assert opened.find("#chosen h2").text == name
    box.clear()
    box.send_keys("00.png", Keys.ENTER)
    opened.until(lambda: opened.find("#chosen h2").text == "00.png")
    assert "note\n</script><script>window.hacked=1</script>" in opened.find("#chosen .tags").text
    assert "item_id\n17" in opened.find("#chosen .tags").text
    box.clear()
    box.send_keys("01.png", Keys.ENTER)
    opened.until(lambda: opened.find("#chosen h2").text == "01.png")
    assert opened.find("#chosen .first .gone").text == "cannot be read"


def test_nothing_leaves_the_page(browser: Chrome, report: MapReport) -> None:
    asked: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            browser.get((report.out / "map.html").as_uri())
            address = f"http://127.0.0.1:{server.server_port}"
            answer = browser.execute_async_script(
                "const [address, done] = arguments; const image = new Image(); image.src = `${address}/image`;"
                "document.body.append(Object.assign(document.createElement('script'), { src: `${address}/script` }));"
                "const refused = (error) => setTimeout(() => done(String(error)), 300);"
                "fetch(`${address}/fetch`).then(() => done('went'), refused)",
                address,
            )
        finally:
            server.shutdown()
            thread.join()
    assert "Failed to fetch" in answer
    assert asked == []
    refused = [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert len(refused) >= 3
    assert all("Content Security Policy" in each or "Fetch API cannot load" in each for each in refused)


def test_many_garments_have_no_lists_and_the_page_finds_the_nearest_on_the_map(
    browser: Chrome, report: MapReport, tmp_path: Path
) -> None:
    page = tmp_path / "map.html"
    write_map_page(replace(report, neighbours=np.zeros((COUNT, 0), np.int32)), page)
    browser.get(page.as_uri())
    opened = Opened(browser, report, page)
    opened.until(lambda: opened.run("return document.documentElement.dataset.ready"))
    opened.find("#find").send_keys("05.png", Keys.ENTER)
    opened.until(lambda: opened.all("#neighbours li"))
    garment = next(row for row, path in enumerate(report.paths) if path.endswith("/05.png"))
    gaps = np.linalg.norm(report.points - report.points[garment], axis=1)
    nearest = [row for row in np.argsort(gaps, kind="stable") if row != garment][:4]
    assert [each.text for each in opened.all("#neighbours .name")] == opened.names(nearest)


def test_progress_and_a_place_that_cannot_be_written(report: MapReport, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    write_map_page(report, tmp_path / "map.html", lambda done, total: told.append((done, total)))
    assert told[-1] == (COUNT, COUNT)
    first, second = ((folder / "map.html").read_bytes() for folder in (report.out, tmp_path))
    assert first == second
    with pytest.raises(OutputError):
        write_map_page(report, tmp_path / "none" / "map.html")
