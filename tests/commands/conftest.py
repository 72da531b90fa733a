"""A small gallery on disk, a search made by hand, and a shell without settings."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashion_cli.data.tags import Tag
from fashion_cli.steps.search import Hit, QueryPart, QueryResult, SearchReport

RED, DRESS, FLORAL = Tag("colour", "red", 0.91), Tag("category", "dress", 0.8), Tag("pattern", "floral", 0.6)


@pytest.fixture(autouse=True)
def _no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No `fashion.toml` and no variable of the person who runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in [each for each in os.environ if each.startswith("FASHION_")]:
        monkeypatch.delenv(name)


def draw(path: Path, seed: int = 0, size: tuple[int, int] = (60, 80)) -> Path:
    """A photograph of coloured blotches."""
    rng = np.random.default_rng(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rng.integers(0, 255, (4, 3, 3), np.uint8)).resize(size).save(path)
    return path


@pytest.fixture
def drawn() -> Callable[..., Path]:
    return draw


@pytest.fixture
def report(tmp_path: Path) -> SearchReport:
    """Two queries. The second hit of the first query was third before; its photograph is gone."""
    query = draw(tmp_path / "query [1].png")
    here = draw(tmp_path / "shop" / "[red] <b>å.png", seed=1)
    hits = (
        Hit(str(here), 1, 1, 0.98765, 2.0, (RED, DRESS), (DRESS, RED), {"item_id": "17", "note": "a,b"}),
        Hit("/gone/a\nb.jpg", 2, 3, 0.5, -4.0, (), (FLORAL,), {"item_id": "18"}),
    )
    alone = QueryResult((QueryPart(query),), (DRESS, RED), hits)
    combined = QueryResult(
        (QueryPart(query), QueryPart(here, -0.5)),
        (),
        (Hit(str(here), 1, 1, 0.25, float("nan"), (), (DRESS,)),),
    )
    return SearchReport((alone, combined), (), 1234, tmp_path / ".fashion", "annoy", "", 0.4)
