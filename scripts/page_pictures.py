"""Photograph the page of `fashion serve` for its documentation: the examples' small shop, crawled, indexed, served.

python scripts/page_pictures.py docs        # writes docs/serve-*.png

Needs Debian's chromium and chromium-driver, and for the Korean page a font with its letters, as fonts-nanum.
"""

import argparse
import base64
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from selenium.webdriver import ActionChains, Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))

from PIL import Image

from draw_garments import draw
from drawing.garments import Design
from shop.site import SmallShop

DESK = (1280, 900)
PHONE = (390, 844)
PATIENCE = 60  # seconds


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        make_index(work)
        outfit = draw_outfit(work / "outfit.jpg")
        with served(work) as address:
            for picture in take_pictures(address, outfit, chosen.folder):
                print(picture)


def make_index(work: Path) -> None:
    with SmallShop() as shop:
        thread = threading.Thread(target=shop.serve_forever)
        thread.start()
        try:
            fashion(work, "crawl", f"{shop.url}/", "-o", "shop/", "--allow-private", "--delay", "0")
        finally:
            shop.shutdown()
            thread.join()
    fashion(work, "index", "shop/")


def fashion(work: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "fashion_cli", *arguments], cwd=work, check=True)


def draw_outfit(path: Path) -> Path:
    """Two garments on one photograph, so that there is something to draw a box around."""
    outfit = Image.new("RGB", (720, 480), "white")
    outfit.paste(draw(Design("shirt", "red", "checked", variation=91)), (0, 0))
    outfit.paste(draw(Design("trousers", "navy", "plain", variation=92)), (360, 0))
    outfit.save(path, quality=92)
    return path


@contextmanager
def served(work: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "fashion_cli", "serve", "--port", "0", "--rate", "off"]
    with subprocess.Popen(command, cwd=work, stderr=subprocess.PIPE, text=True) as server:
        try:
            said = server.stderr.readline() if server.stderr else ""
            found = re.search(r"http://\S+/", said)
            if found is None:
                raise SystemExit(f"no server: {said}")
            yield found.group()
        finally:
            server.terminate()


# ---- pictures


def take_pictures(address: str, outfit: Path, folder: Path) -> Iterator[Path]:
    with browser(DESK, dark=False) as desk:
        open_page(desk, address, "en")
        yield keep(desk, folder / "serve-start.png")
        choose(desk, outfit)
        draw_box(desk, (0.03, 0.04), (0.47, 0.97))
        yield keep(desk, folder / "serve-box.png")
        Select(desk.find_element(By.ID, "but-colour")).select_by_value("blue")
        desk.find_element(By.CSS_SELECTOR, "[data-group=pattern] summary").click()
        settle(desk)
        yield keep(desk, folder / "serve-but.png")
    with browser(DESK, dark=True) as dark:
        open_page(dark, f"{address}?keyword=원피스", "ko")
        yield keep(dark, folder / "serve-words-dark.png")
    with browser(PHONE, dark=False) as phone:
        open_page(phone, address, "ko")
        choose(phone, outfit)
        draw_box(phone, (0.53, 0.04), (0.97, 0.97))
        yield keep(phone, folder / "serve-phone.png")
        phone.execute_script("document.querySelector('#results').scrollIntoView()")
        yield keep(phone, folder / "serve-phone-hits.png")


@contextmanager
def browser(size: tuple[int, int], *, dark: bool) -> Iterator[Chrome]:
    options = ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(argument)
    found = Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    try:
        touch = size == PHONE
        metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": touch}
        found.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        found.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": touch})
        media = {"prefers-color-scheme": "dark" if dark else "light", "pointer": "coarse" if touch else "fine"}
        features = [{"name": name, "value": value} for name, value in media.items()]
        found.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        yield found
    finally:
        found.quit()


def open_page(page: Chrome, address: str, language: str) -> None:
    page.get(f"{address}{'&' if '?' in address else '?'}language={language}")
    until(page, "document.documentElement.dataset.ready === 'true'")
    settle(page)


def choose(page: Chrome, photograph: Path) -> None:
    page.find_element(By.ID, "file").send_keys(str(photograph))
    until(page, "!document.querySelector('#workspace').hidden")
    settle(page)


def draw_box(page: Chrome, start: tuple[float, float], end: tuple[float, float]) -> None:
    """With the mouse, in parts of the photograph's width and height."""
    stage = page.find_element(By.ID, "stage")
    area = stage.rect
    places = [(round((x - 0.5) * area["width"]), round((y - 0.5) * area["height"])) for x, y in (start, end)]
    mouse = ActionChains(page).move_to_element_with_offset(stage, *places[0]).click_and_hold()
    mouse.move_to_element_with_offset(stage, *places[1]).release().perform()
    settle(page)
    page.execute_script("document.activeElement.blur(); window.scrollTo(0, 0)")


def settle(page: Chrome) -> None:
    """Nothing is asked for any more, and every picture in view has come."""
    until(page, "!document.querySelector('[aria-busy=true]')")
    until(page, "[...document.images].every((each) => each.complete || each.loading === 'lazy')")


def until(page: Chrome, script: str) -> None:
    WebDriverWait(page, PATIENCE, poll_frequency=0.05).until(lambda _: page.execute_script(f"return {script}"))


def keep(page: Chrome, path: Path) -> Path:
    """What is in view, as a small PNG."""
    taken = page.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    path.write_bytes(base64.b64decode(taken["data"]))
    with Image.open(path) as image:
        image.convert("RGB").quantize(256, dither=Image.Dither.FLOYDSTEINBERG).save(path, optimize=True)
    return path


if __name__ == "__main__":
    main()
