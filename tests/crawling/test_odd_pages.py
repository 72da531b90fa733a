"""Pages whose data for machines is not what it should be: one crawl of all, compared with the documentation."""

import re
from dataclasses import dataclass

import pytest

from tests.crawling.test_shop import DOCUMENTATION, Crawled, crawl
from tests.shop.odd_pages import ODD_PAGES, PLACE, OddPage, answer
from tests.shop.server import Server

pytestmark = pytest.mark.usefixtures("quick_crawls")


@dataclass(frozen=True)
class Seen:
    """What came of one page, in words."""

    kept: str
    said: str


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    with Server(answer) as shop:
        return crawl(f"{shop.url}/", "--near", "-1", folder=tmp_path_factory.mktemp("odd") / "shop")


@pytest.fixture(scope="module")
def seen(crawled: Crawled) -> dict[str, Seen]:
    products = {each.page.rpartition(PLACE)[2]: each for each in crawled.products()}
    found = {}
    for name in ODD_PAGES:
        kept = "nothing"
        if name in products:
            each = products[name]
            price = f"{each.price} {each.currency}" if each.price is not None else "no price"
            count = len(crawled.photographs(each))
            kept = f"{price}{'' if each.available else ', not available'}, {count} photograph{'s' * (count != 1)}"
        notes = [note for note in crawled.report["notes"] if note.split(": ")[0].endswith(f"{PLACE}{name}")]
        found[name] = Seen(kept, notes[0].partition(f"{PLACE}{name}: ")[2] if notes else "—")
    return found


def row(page: OddPage, seen: Seen) -> str:
    return f"| {page.what} | {seen.kept} | {seen.said} |"


EXPECTED = {
    **dict.fromkeys(ODD_PAGES, "48 EUR, 1 photograph"),
    **dict.fromkeys(("miniatures", "broken-json"), "nothing"),
    **dict.fromkeys(("pumjeol", "shouted", "unknown-word"), "48 EUR, not available, 1 photograph"),
    "bare-price": "no price, 1 photograph",
    "apostrophe": "1248 CHF, 1 photograph",
    "forint": "12490 HUF, 1 photograph",
    "digits": "48000 KRW, 1 photograph",
}
SILENT = set(ODD_PAGES) - {
    *("miniatures", "broken-json", "delivery", "tier", "expired", "bare-price", "unknown-word"),
}


@pytest.mark.parametrize("name", ODD_PAGES)
def test_what_each_page_gives(name: str, seen: dict[str, Seen]) -> None:
    assert seen[name].kept == EXPECTED[name]
    assert (seen[name].said == "—") == (name in SILENT), seen[name].said


def test_each_product_is_there_once(crawled: Crawled) -> None:
    names = [each.name for each in crawled.products()]
    assert sorted(names) == sorted({*ODD_PAGES, "Other"} - {"miniatures", "broken-json", "other"})


def test_a_page_is_read_as_what_it_is_written_in(crawled: Crawled) -> None:
    assert next(each for each in crawled.products() if each.name == "undeclared").description == "따뜻한 겨울 외투"


def test_an_address_that_was_only_claimed_is_named_where_it_fails(crawled: Crawled) -> None:
    assert {re.sub(r"^http://[^/]+", "", each["url"]) for each in crawled.report["failures"]} == {"/nowhere"}


def test_the_documentation_says_what_each_page_gives(seen: dict[str, Seen]) -> None:
    written = DOCUMENTATION.read_text("utf-8")
    missing = [row(page, seen[name]) for name, page in ODD_PAGES.items() if row(page, seen[name]) not in written]
    assert not missing, "\n".join(missing)
