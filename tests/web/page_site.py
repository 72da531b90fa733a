"""A served shop of drawn garments, the plain client that says what the page has to show, and the page in a browser."""

import base64
import io
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from PIL import Image
from selenium.common.exceptions import TimeoutException
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from draw_garments import designs, draw
from drawing.garments import Design
from fashion_cli.app import main
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.products.catalogue import Catalogue
from fashion_cli.products.records import FoundOffer, FoundPhotograph, FoundProduct
from fashion_cli.web.app import create_app
from fashion_cli.web.live_index import LiveIndex
from fashion_cli.web.looker import LookerOptions
from fashion_cli.web.metrics import Metrics
from fashion_cli.web.service import SearchService
from fashion_cli.web.settings import WebSettings

COUNT = 30
PATIENCE = 20  # seconds until something that was asked for has to be there
HOSTILE_NAME = '<img src="x" onerror="window.hacked=1"> & <b>sale</b>'
HOSTILE_URL = "javascript:window.hacked=1"
SEEN_AT = datetime(2026, 3, 1, 9, tzinfo=UTC)

CHECKS = Path(__file__).with_name("page_checks.js").read_text(encoding="utf-8")

Box = Sequence[float]  # left, top, right, bottom as parts of width and height


@dataclass(frozen=True)
class Site:
    """A server, and what it serves.

    Attributes:
        url: Of the page, with a slash at its end.
        rows: Photographs in the index.
        query: A photograph that is not in it.
        outfit: Two garments side by side.
        hostile: The photograph of a product whose name and address mean harm.
    """

    url: str
    rows: int
    query: Path
    outfit: Path
    hostile: Path

    def get(self, path: str, **fields: Any) -> Any:
        return _told(httpx.get(f"{self.url}api/v1/{path}", params=fields))

    def search(self, photograph: Path, box: Box | None = None, **fields: Any) -> Any:
        return self._post("search", photograph, box, fields)

    def tags(self, photograph: Path, box: Box | None = None) -> Any:
        return self._post("tags", photograph, box, {})["tags"]

    def _post(self, path: str, photograph: Path, box: Box | None, fields: dict[str, Any]) -> Any:
        data = photograph.read_bytes()
        if box is not None:
            with Image.open(io.BytesIO(data)) as image:
                width, height = image.size
            left, top = round(box[0] * width), round(box[1] * height)
            size = round((box[2] - box[0]) * width), round((box[3] - box[1]) * height)
            fields = {**fields, "box": f"{left},{top},{size[0]},{size[1]}"}
        return _told(httpx.post(f"{self.url}api/v1/{path}", data=fields, files={"image": ("any.jpg", data)}))


def _told(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


# ---- the server


def make_shop(folder: Path) -> Path:
    """Photographs in `photographs/`, products in `catalogue.sqlite`, an index in `index/`, queries beside them."""
    photographs = folder / "photographs"
    photographs.mkdir(parents=True)
    with Catalogue.open(folder / "catalogue.sqlite", create=True) as catalogue:
        for number, design in enumerate(designs(COUNT)):
            path = photographs / design.file_name
            draw(design).save(path, quality=90)
            digest = sha256(path.read_bytes()).hexdigest()
            kept = FoundPhotograph(
                digest, f"photographs/{path.name}", f"https://pictures.example/{number}", 360, 480, 0
            )
            catalogue.record(_product(number, design), [kept], SEEN_AT)
    draw(Design("shirt", "red", "striped", variation=70)).save(folder / "query.jpg", quality=90)
    outfit = Image.new("RGB", (720, 480), "white")
    outfit.paste(draw(Design("bag", "black", "plain", variation=71)), (0, 0))
    outfit.paste(draw(Design("dress", "blue", "plain", variation=72)), (360, 0))
    outfit.save(folder / "outfit.jpg", quality=90)
    assert main(["index", str(photographs), "-o", str(folder / "index"), "-q"]) == 0
    return folder


def _product(number: int, design: Design) -> FoundProduct:
    hostile = number == 7
    shops = ["one.example", "two.example"] if number % 4 == 0 else ["one.example"]
    price = 9_000 + 3_700 * ((7 * number) % COUNT)
    offers = tuple(
        FoundOffer(
            shop,
            Decimal(price + 1_500 * place),
            "KRW",
            HOSTILE_URL if hostile else f"https://{shop}/item/{number}",
            "OutOfStock" if number % 6 == 5 else "InStock",
        )
        for place, shop in enumerate(shops)
    )
    name = HOSTILE_NAME if hostile else f"{design.colour} {design.pattern} {design.kind} no. {number}".capitalize()
    url = f"https://one.example/item/{number}"
    return FoundProduct(
        f"one.example:{number}", name, url, "one.example", offers, (f"keyword-{number % 5}", "옷"), "Drawn"
    )


@contextmanager
def served(
    folder: Path, *, priced: bool = True, settings: WebSettings | None = None, added: tuple[str, ...] = ()
) -> Iterator[Site]:
    """A shop behind a real server on loopback."""
    metrics = Metrics()
    catalogue = Catalogue.open(folder / "catalogue.sqlite") if priced else None
    items_of = catalogue.items_of_photographs if catalogue else None
    with LiveIndex(
        folder / "index", LookerOptions(InferenceOptions(model="", engine="onnx"), added), metrics, items_of
    ) as live:
        service = SearchService(live, metrics, catalogue)
        app = create_app(service, settings or WebSettings(rate="off"))
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                threading.Event().wait(0.01)
            port = server.servers[0].sockets[0].getsockname()[1]
            hostile = folder / "photographs" / list(designs(COUNT))[7].file_name
            yield Site(f"http://127.0.0.1:{port}/", COUNT, folder / "query.jpg", folder / "outfit.jpg", hostile)
        finally:
            server.should_exit = True
            thread.join()
            service.close()
            if catalogue is not None:
                catalogue.close()


# ---- the page


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
