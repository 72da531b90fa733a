"""Readers on both paths."""

import pytest

from fashion_cli.data.images import ImageReader
from tests.data.images.reading import SPEC


@pytest.fixture(params=[False, True], ids=["pillow", "fast"])
def fast(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def reader(fast: bool) -> ImageReader:
    reader = ImageReader(SPEC, fast=fast)
    assert reader.fast == fast
    return reader
