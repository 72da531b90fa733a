"""A photograph comes in, by any way, of any size, and shows its tags and hits."""

import base64
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from fashion_cli.app import main
from tests.web.page.conftest import opened
from tests.web.page.opened_page import Page
from tests.web.page.screens import DESK, PHONE
from tests.web.page.served_site import Site, served


def test_a_chosen_photograph_shows_its_tags_and_the_hits_of_the_api(page: Page, site: Site) -> None:
    page.choose(site.query)
    answer = site.search(site.query)
    page.expect_hits(answer)
    page.expect_tags(answer["query"]["tags"])
    assert page.find("#picture").get_attribute("naturalWidth") == str(answer["query"]["width"])
    shown, total, searched = len(answer["hits"]), answer["total"], answer["searched"]
    assert page.find("#status").text == f"{shown} of {total} items among {searched} photographs"
    for card, hit in zip(page.all(".hit"), answer["hits"], strict=True):
        product = hit["product"]
        assert card.find_element(By.CSS_SELECTOR, ".name span").text == product["name"]
        assert f"₩{int(product['price']):,}" in card.find_element(By.CSS_SELECTOR, ".offer").text
        assert product["shop"] in card.find_element(By.CSS_SELECTOR, ".offer").text
        assert card.find_element(By.CSS_SELECTOR, ".sku").text == product["sku"] != ""
        assert "%" not in card.text  # a cosine of 0.3 is a good one, and 30 % sounds like a bad one
        shared = card.find_elements(By.CSS_SELECTOR, ".shared > span:not(.unseen)")
        assert [each.text for each in shared] == [tag["title"] for tag in hit["shared_tags"]]
        titles = ", ".join(tag["title"] for tag in hit["tags"])
        assert card.find_element(By.CSS_SELECTOR, "img").get_attribute("alt") == (titles or product["name"])


@pytest.mark.parametrize(("language", "words"), [("en", "3 copies"), ("ko", "같은 사진 3장")])
def test_the_same_picture_is_one_card_that_says_how_often_it_is_there(
    browser: Chrome, copied: Site, language: str, words: str
) -> None:
    for page in opened(browser, copied):
        page.open(f"?language={language}")
        page.choose(copied.query)
        hits = page.expect_hits(copied.search(copied.query, language=language))
        (several,) = (hit for hit in hits if hit["copies"])
        card = page.card(several)
        assert card.find_element(By.CSS_SELECTOR, ".copies").text == words
        assert len(page.all(".copies")) == 1
        for size in (DESK, PHONE):
            page.resize(size)
            assert page.offenders("tooWide") == page.offenders("lowContrast") == []


@pytest.fixture(scope="module")
def copied(shop: Path, site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The shop with three files of the photograph that is most like the query."""
    folder = tmp_path_factory.mktemp("copied") / "shop"
    shutil.copytree(shop, folder)
    best = site.search(site.query)["hits"][0]["photograph"]
    photographs = list((folder / "photographs").iterdir())
    (picture,) = (path for path in photographs if sha256(path.read_bytes()).hexdigest() == best)
    for number in range(2):
        shutil.copy(picture, folder / "photographs" / f"copy-{number}.jpg")
    assert main(["index", str(folder / "photographs"), "-o", str(folder / "index"), "-q"]) == 0
    with served(folder) as found:
        yield found


FABRICS = ("linen", "", "wool", "<b>silk</b>")


@pytest.fixture(scope="module")
def described(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Four photographs of the shop, with a table about them."""
    folder = tmp_path_factory.mktemp("described")
    photographs = sorted((shop / "photographs").iterdir())[: len(FABRICS)]
    rows = [
        f"{path},{number},{fabric},summer,{number},slim\n"
        for number, (path, fabric) in enumerate(zip(photographs, FABRICS, strict=True))
    ]
    (folder / "table.csv").write_text("".join(["path,item_id,fabric,season,price,fit\n", *rows]))
    assert main(["index", "--manifest", str(folder / "table.csv"), "-o", str(folder / "index"), "-q"]) == 0
    shutil.copy(shop / "query.jpg", folder)
    with served(folder, priced=False) as found:
        yield found


def test_what_a_table_says_is_on_the_card(browser: Chrome, described: Site) -> None:
    for page in opened(browser, described):
        page.choose(described.query)
        hits = page.expect_hits(described.search(described.query))
        assert {hit["columns"]["fabric"] for hit in hits} == set(FABRICS)
        for hit in hits:
            card = page.card(hit)
            filled = [(name, value) for name, value in hit["columns"].items() if value]
            expected = [pair for pair in filled if pair[0] != "item_id"]
            cells = [card.find_elements(By.CSS_SELECTOR, f".columns {each}") for each in ("dt", "dd")]
            written = [[str(cell.get_attribute("textContent")) for cell in each] for each in cells]
            assert list(zip(*written, strict=True)) == expected
            assert [cell.is_displayed() for cell in cells[1]] == [place < 3 for place in range(len(expected))]


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
