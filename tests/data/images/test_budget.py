"""Pixels that threads hold at once, against a count of them."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from time import sleep

import pytest
from PIL import Image

from fashion_cli.data.images import ImageReader, decoding, reader, thumbnail, thumbnails, upright
from fashion_cli.data.images.budget import PixelBudget
from fashion_cli.data.images.decoding import Decoded
from fashion_cli.data.images.opening import OpenedImage
from fashion_cli.model_cards import InputSpec


def test_threads_never_hold_more_than_the_budget() -> None:
    budget, lock = PixelBudget(100), Lock()
    held, most = 0, []

    def decode(pixels: int) -> None:
        nonlocal held
        with budget.hold(pixels):
            with lock:
                held += pixels
                most.append(held)
            sleep(0.001)
            with lock:
                held -= pixels

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(decode, [30, 90, 20, 50, 250, 10, 40, 60] * 5))
    assert len(most) == 40
    assert max(most) == 250  # the one that is larger than the budget, alone
    assert all(count <= 100 or count == 250 for count in most)


def test_what_fails_gives_its_pixels_back() -> None:
    budget = PixelBudget(100)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), budget.hold(100):
            raise ZeroDivisionError


class RecordingBudget(PixelBudget):
    """Remembers how many pixels were held, and when they were given back."""

    def __init__(self) -> None:
        super().__init__(100_000_000)
        self.held: list[int] = []

    @contextmanager
    def hold(self, pixels: int) -> Iterator[None]:
        with super().hold(pixels):
            self.held.append(pixels)
            yield
            self.held.append(-pixels)


DECODINGS: dict[str, Callable[[Path], object]] = {
    "for a model": lambda path: ImageReader(InputSpec(32, 24)).read(path),
    "for a model, fast": lambda path: ImageReader(InputSpec(32, 24), fast=True).read(path),
    "a small picture": lambda path: thumbnail(path, 20),
    "whole": lambda path: upright(path.read_bytes(), path),
}


@pytest.mark.parametrize("decode", DECODINGS.values(), ids=DECODINGS)
def test_nothing_is_decoded_outside_the_budget(
    decode: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = RecordingBudget()
    meanwhile: list[int] = []

    def observed(opened: OpenedImage) -> Decoded:
        meanwhile.append(sum(budget.held))
        return whole(opened)

    whole = decoding.decode
    for module in (reader, thumbnails):
        monkeypatch.setattr(module, "DECODING", budget)
        monkeypatch.setattr(module, "decode", observed)
    Image.new("RGB", (60, 50), "red").save(tmp_path / "red.jpg")
    decode(tmp_path / "red.jpg")
    assert budget.held == [3000, -3000]
    assert meanwhile in ([3000], [])  # the fast path has a decoder of its own
