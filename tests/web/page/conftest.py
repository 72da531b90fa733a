"""One browser and the sites that it looks at, for all tests of the page of `fashion serve`."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from tests.browsers import open_chromium
from tests.web.page.opened_page import Page
from tests.web.page.screens import DESK
from tests.web.page.served_site import Site, make_shop, served


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_shop(tmp_path_factory.mktemp("page") / "shop")


@pytest.fixture(scope="session")
def site(shop: Path) -> Iterator[Site]:
    with served(shop) as found:
        yield found


@pytest.fixture(scope="session")
def bare_site(shop: Path) -> Iterator[Site]:
    with served(shop, priced=False) as found:
        yield found


@pytest.fixture(scope="session")
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
