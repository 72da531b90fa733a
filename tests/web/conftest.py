"""One drawn shop, and one server of it, for all tests that change neither."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.shops import Running, Shop, make_shop, served


@pytest.fixture(scope="session")
def drawn_shop(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return make_shop(tmp_path_factory.mktemp("web") / "shop", tiny_model)


@pytest.fixture(scope="session")
def running(drawn_shop: Shop) -> Iterator[Running]:
    with served(drawn_shop) as server:
        yield server
