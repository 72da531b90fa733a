"""The small shop of the examples: what its pages say, and that a crawl of it brings all of that home."""

import io
import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from PIL import Image

from drawing.garments import KINDS
from fashion_cli.app import main
from fashion_cli.products.catalogue import Catalogue
from shop.goods import COLOURS, COUNT, garments
from shop.goods import KINDS as NAMES
from shop.site import SmallShop

ROOT = Path(__file__).parents[2]


@pytest.fixture
def shop() -> Iterator[str]:
    """The address of an open shop, without a slash at its end."""
    with SmallShop() as opened:
        thread = Thread(target=opened.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield opened.url
        opened.shutdown()
        thread.join()


def get(url: str) -> bytes:
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - the shop's own addresses
        found: bytes = answer.read()
    return found


def test_sixty_garments_of_every_kind_with_names_keywords_and_prices() -> None:
    goods = list(garments())
    assert len(goods) == COUNT == len({each.sku for each in goods})
    assert {each.category for each in goods} == set(KINDS) == set(NAMES)
    assert {len(each.photographs) for each in goods} == {2, 3}
    assert len({view.file_name for each in goods for view in each.photographs}) == sum(
        len(g.photographs) for g in goods
    )
    for each in goods:
        assert each.price >= 5_000
        assert COLOURS[each.design.colour] in each.name
        assert each.design.colour in each.keywords


def test_a_product_page_describes_the_product_in_words_of_schema_org(shop: str) -> None:
    page = get(f"{shop}/product/SM-012").decode()
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page)
    assert found
    told: dict[str, Any] = json.loads(found[1])
    (garment,) = (each for each in garments() if each.sku == "SM-012")
    assert (told["@type"], told["name"], told["sku"]) == ("Product", garment.name, "SM-012")
    assert told["offers"]["price"] == str(garment.price)
    assert len(told["image"]) == len(garment.photographs)
    for url in told["image"]:
        with Image.open(io.BytesIO(get(url))) as photograph:
            assert (photograph.format, photograph.size) == ("JPEG", (360, 480))


def test_every_garment_can_be_reached_by_links_and_by_the_sitemap(shop: str) -> None:
    expected = {f"/product/{each.sku}" for each in garments()}
    reached, waiting = {"/"}, ["/"]
    for path in waiting:
        links = set(re.findall(r'href="(/[^"]*)"', get(shop + path).decode())) - reached
        waiting += [each for each in links if not each.startswith("/basket")]
        reached |= links
    assert {each for each in reached if each.startswith("/product/")} == expected
    assert set(re.findall(rf"<loc>{shop}(.*?)</loc>", get(f"{shop}/sitemap.xml").decode())) == expected
    assert "Disallow: /basket/" in get(f"{shop}/robots.txt").decode()


@pytest.mark.parametrize("path", ["/product/SM-999", "/photographs/../run_shop.py", "/category/nothing", "/nowhere"])
def test_what_is_not_there(shop: str, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(shop + path)


def test_a_crawl_brings_a_product_home(shop: str, tmp_path: Path) -> None:
    (garment,) = (each for each in garments() if each.sku == "SM-011")  # sold out
    where = [f"{shop}/product/SM-011", "-o", str(tmp_path / "shop"), "--allow-private", "--delay", "0", "--quiet"]
    assert main(["crawl", *where, "--max-depth", "0"]) == 0
    with Catalogue.open(tmp_path / "shop" / "catalogue.sqlite") as catalogue:
        (shown,) = catalogue.products()
        photographs = catalogue.photographs(shown.item_id)
    assert (shown.name, shown.price, shown.currency) == (garment.name, Decimal(garment.price), "KRW")
    assert set(shown.keywords) == set(garment.keywords)
    assert (shown.brand, shown.shop, shown.available) == (garment.brand, "The small shop", False)
    assert len(photographs) == len(garment.photographs)


def test_the_command_says_its_address_and_ends_when_told(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "examples" / "run_shop.py"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        address = process.stdout.readline().strip()
        assert b"The small shop" in get(address)
        process.terminate()
        assert process.wait(20) == 0


def test_the_script_is_whole() -> None:
    subprocess.run(["bash", "-n", str(ROOT / "examples" / "shop.sh")], check=True)
