"""The page in a browser: what people do in it, what is to be seen, and what must not be."""

import base64
import io
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from PIL import Image
from selenium.common.exceptions import TimeoutException
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.web.page.served_site import Site

PATIENCE = 20  # seconds until something that was asked for has to be there
CHECKS = Path(__file__).with_name("page_checks.js").read_text(encoding="utf-8")


class Page:
    """The page in a browser."""

    def __init__(self, browser: Chrome, site: Site) -> None:
        self.browser, self.site = browser, site
        self._forgiven = False

    def open(self, query: str = "") -> None:
        self.browser.get(self.site.url + query)
        self.ready()

    def ready(self) -> None:
        self.until(lambda: self.run("return document.documentElement.dataset.ready") == "true")

    def find(self, selector: str) -> WebElement:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.browser.execute_script(script, *arguments)

    def run_async(self, script: str, *arguments: Any) -> Any:
        return self.browser.execute_async_script(script, *arguments)

    def until(self, holds) -> Any:
        return WebDriverWait(self.browser, PATIENCE, poll_frequency=0.03).until(lambda _: holds())

    # what people do

    def choose(self, photograph: Path) -> None:
        self.find("#file").send_keys(str(photograph))
        self.until(lambda: not self.find("#start").is_displayed() or self.find("#notice").is_displayed())

    def words(self, words: str) -> None:
        field = self.find("#words")
        field.clear()
        field.send_keys(words)
        self.find("#words-form [type=submit]").click()

    def keys(self, *keys: str, held: str = "") -> None:
        chain = ActionChains(self.browser, duration=0)
        if held:
            chain.key_down(held)
        chain.send_keys(*keys)
        if held:
            chain.key_up(held)
        chain.perform()

    def place(self, across: float, down: float) -> tuple[int, int]:
        """Pixels from the middle of the stage."""
        area = self.find("#stage").rect
        return round((across - 0.5) * area["width"]), round((down - 0.5) * area["height"])

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """With the mouse, over the photograph."""
        stage = self.find("#stage")
        mouse = ActionChains(self.browser, duration=30).move_to_element_with_offset(stage, *self.place(*start))
        mouse.click_and_hold().move_to_element_with_offset(stage, *self.place(*end)).release().perform()

    def filter(self, group: str, tag: str) -> None:
        menu = self.find(f"details[data-group='{group}']")
        if menu.get_attribute("open") is None:
            menu.find_element(By.TAG_NAME, "summary").click()
        box = menu.find_element(By.CSS_SELECTOR, f"input[value='{tag}']")
        self.run("arguments[0].scrollIntoView({ block: 'center' })", box)
        box.click()

    def price(self, side: str, amount: str) -> None:
        if self.find("#price-menu").get_attribute("open") is None:
            self.find("#price-menu summary").click()
        field = self.find(f"#price-{side}")
        field.clear()
        field.send_keys(amount, "\t")

    def click_text(self, selector: str, text: str) -> None:
        next(each for each in self.all(selector) if each.text == text).click()

    def resize(self, size: tuple[int, int], *, touch: bool = False) -> None:
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": touch}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": touch})
        self.media("pointer", "coarse" if touch else "fine")

    def media(self, feature: str, value: str) -> None:
        features = [{"name": feature, "value": value}]
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    # what is to be seen

    def settled(self) -> None:
        """Nothing is asked for any more, and nothing waits to be."""
        self.until(lambda: not self.all("[aria-busy=true]"))

    def box(self) -> list[float]:
        """Left, top, right, bottom as parts of the photograph."""
        script = (
            "return ['left', 'top', 'width', 'height'].map((s) => parseFloat(document.querySelector('#box').style[s]))"
        )
        left, top, width, height = (part / 100 for part in self.run(script))
        return [left, top, left + width, top + height]

    def focused(self) -> str:
        return str(self.run("return document.activeElement.id"))

    def card(self, hit: Any) -> WebElement:
        return self.find(f".hit[data-photograph='{hit['photograph']}']")

    def expect_hits(self, answer: Any) -> Any:
        """Wait for the hits of an answer, in its order."""
        expected = [hit["photograph"] for hit in answer["hits"]]
        script = "return [...document.querySelectorAll('.hit')].map((each) => each.dataset.photograph)"
        with suppress(TimeoutException):  # the comparison says more
            self.until(lambda: self.run(script) == expected)
        self.settled()
        assert self.run(script) == expected
        return answer["hits"]

    def expect_tags(self, tags: Any) -> None:
        """The first choice of each group is what was seen."""
        self.settled()
        groups: dict[str, list[Any]] = {}
        for tag in tags:
            groups.setdefault(tag["group"], []).append(tag)
        for row in self.all("#tag-rows .row"):
            select = row.find_element(By.TAG_NAME, "select")
            seen = groups.pop(str(select.get_attribute("name")), [])
            shown = select.find_element(By.CSS_SELECTOR, "option:first-child").text
            if seen:
                assert shown.startswith(", ".join(tag["title"] for tag in seen[:2]))
                assert shown.endswith(f" · {max(tag['score'] for tag in seen):.0%}")
            if len(seen) > 2:
                assert row.find_element(By.CSS_SELECTOR, ".all").text == ", ".join(tag["title"] for tag in seen)
        assert not groups

    def watch_uploads(self) -> None:
        """Keep what is sent from now on."""
        self.run(
            """window.uploads = []; const real = window.fetch;
            window.fetch = (...asked) => {
              const body = asked[1]?.body;
              if (body instanceof FormData) {
                const upload = { bytes: body.get('image').size, box: body.get('box') };
                window.uploads.push(upload);
                const reader = new FileReader();
                reader.onload = () => { upload.data = reader.result.split(',')[1] };
                reader.readAsDataURL(body.get('image'));
              }
              return real(...asked);
            }"""
        )

    def uploads(self) -> list[tuple[Image.Image, str]]:
        found = self.run("return window.uploads")
        return [(Image.open(io.BytesIO(base64.b64decode(each["data"]))).convert("RGB"), each["box"]) for each in found]

    # what must not be

    def offenders(self, check: str) -> list[str]:
        """Elements that fail a check of page_checks.js, in words."""
        self.run(CHECKS)
        return list(self.run(f"return window.checks.{check}()"))

    def forgive(self) -> None:
        """This test makes the browser complain."""
        self._forgiven = True

    def complaints(self) -> list[Any]:
        """What the browser's console says of the page; scripts that fail, refused loads."""
        entries = self.browser.get_log("browser")  # read, and so gone for the next test
        return [] if self._forgiven else entries

    def strangers(self) -> list[str]:
        """What was asked of anything but this server."""
        messages = [json.loads(entry["message"])["message"] for entry in self.browser.get_log("performance")]
        urls = [each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"]
        ours = (self.site.url, "data:", "blob:")
        return [] if self._forgiven else [url for url in urls if not url.startswith(ours)]
