"""A new index is taken up between two requests: no error, and no answer made of both."""

import shutil
import threading
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from fashion_cli.retrieval.manifest import MANIFEST_FILE, Manifest
from fashion_cli.session.live_index import LiveIndex
from fashion_cli.session.open_index import OpenIndex
from fashion_cli.session.query_encoder import QueryEncoder, QueryEncoderOptions
from fashion_cli.web.metrics import Metrics
from tests.web.shops import COUNT, ONNX, Running, Shop, draw, make_index, make_shop, png, served

PHOTOGRAPH = png(draw(1000))
CLIENTS = 4


@pytest.fixture
def shop(tiny_model: Path, tmp_path: Path) -> Shop:
    return make_shop(tmp_path / "shop", tiny_model)


def half(shop: Shop) -> tuple[Path, ...]:
    return tuple(shop.photograph(number) for number in range(COUNT // 2))


def opened(shop: Shop) -> LiveIndex:
    return LiveIndex(shop.index, QueryEncoderOptions(ONNX), Metrics())


class Asking(threading.Thread):
    """Searches again and again, with a connection of its own, until told to stop; keeps what came."""

    def __init__(self, running: Running) -> None:
        super().__init__()
        self.running = running
        self.answers: list[dict[str, Any]] = []
        self.failures: list[dict[str, Any]] = []
        self.ending = threading.Event()

    def run(self) -> None:
        with httpx.Client(base_url=self.running.address, timeout=60) as client:
            while not self.ending.is_set():
                fields = {"topk": COUNT, "one_per_item": False}
                answer = client.post("/api/v1/search", files={"image": PHOTOGRAPH}, data=fields)
                (self.answers if answer.status_code == 200 else self.failures).append(answer.json())


@pytest.mark.campaign
def test_reloads_under_load_drop_and_mix_nothing(shop: Shop, tiny_model: Path) -> None:
    with served(shop) as running:
        asking = [Asking(running) for _ in range(CLIENTS)]
        for each in asking:
            each.start()
        for generation in range(2, 6):
            make_index(shop, tiny_model, half(shop) if generation % 2 == 0 else ())
            wait_for_generation(running, generation)
        for each in asking:
            each.ending.set()
            each.join()
    assert [each.failures for each in asking] == [[]] * CLIENTS
    answers = [answer for each in asking for answer in each.answers]
    assert len({answer["generation"] for answer in answers}) > 1
    by_size = {answer["searched"]: answer["hits"] for answer in answers}
    assert set(by_size) <= {COUNT, COUNT // 2}
    for answer in answers:  # each as of one generation: the even ones have half of the photographs
        assert answer["searched"] == (COUNT // 2 if answer["generation"] % 2 == 0 else COUNT)
        assert len(answer["hits"]) == answer["searched"]
        assert [hit["photograph"] for hit in answer["hits"]] == [
            hit["photograph"] for hit in by_size[answer["searched"]]
        ]


def wait_for_generation(running: Running, generation: int) -> None:
    """The server looks by itself; what is waited for is its answer, not a time."""
    for _ in range(3000):
        if running.client.get("/api/v1/health").json()["generation"] == generation:
            return
        threading.Event().wait(0.02)
    raise AssertionError(f"generation {generation} was not taken up")


def test_the_old_index_closes_after_its_last_request(shop: Shop, tiny_model: Path) -> None:
    with opened(shop) as live:
        with live.lease() as old:
            make_index(shop, tiny_model, half(shop))
            assert live.reload()
            assert len(old.gallery.features.paths()) == COUNT  # still open
            with live.lease() as new:
                assert len(new) == COUNT // 2
                assert new.encoder is old.encoder  # the same models look
        with pytest.raises(Exception, match=r"."):
            old.gallery.features.paths()
        assert not live.reload()  # nothing new


def test_an_index_that_cannot_be_opened_leaves_the_old_one(
    shop: Shop, tiny_model: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(shop) as live:
        whole = (shop.index / MANIFEST_FILE).read_text()
        (shop.index / MANIFEST_FILE).write_text("{")
        assert not live.reload()
        assert not live.reload()
        assert [record.getMessage().count("is not used") for record in caplog.records] == [1]  # said once
        with live.lease() as index:
            assert len(index) == COUNT
        (shop.index / MANIFEST_FILE).unlink()
        assert not live.reload()
        (shop.index / MANIFEST_FILE).write_text(whole)
        assert live.reload()
        make_index(shop, tiny_model, half(shop))
        assert live.reload()


def test_an_index_that_cannot_be_opened_is_tried_less_and_less_often(
    shop: Shop, tiny_model: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """However often searches ask for it: each of them would wait for the attempt."""
    clock, tried = [1000.0], list[float]()
    with opened(shop) as live:
        whole = (shop.index / MANIFEST_FILE).read_text()
        (shop.index / MANIFEST_FILE).write_text("{")
        attempt = live._open

        def open_and_count(old: OpenIndex | None) -> OpenIndex:
            tried.append(clock[0])
            return attempt(old)

        monkeypatch.setattr(live, "_open", open_and_count)
        monkeypatch.setattr("fashion_cli.session.live_index.monotonic", lambda: clock[0])
        for _ in range(2000):
            assert not live.reload()
            clock[0] += 0.25
        pauses = [after - before for before, after in pairwise(tried)]
        assert pauses == [1, 2, 4, 8, 16, 32, *[60] * (len(pauses) - 6)]
        assert [record.getMessage().count("is not used") for record in caplog.records] == [1]
        live.check_now()  # somebody says that it is whole now
        count = len(tried)
        assert not live.reload()
        assert len(tried) == count + 1
        (shop.index / MANIFEST_FILE).write_text(whole)  # and another state is taken up at once
        assert live.reload()


def test_an_index_of_another_model_brings_its_own(shop: Shop, style_model: Path) -> None:
    with opened(shop) as live:
        with live.lease() as old:
            shutil.rmtree(shop.index)
            make_index(shop, style_model)
            assert live.reload()
            with live.lease() as new:
                assert (old.encoder.model, new.encoder.model) == ("tiny", "styles")
                for index in (old, new):  # the first one's model works as long as somebody uses it
                    photograph = index.encoder.decode(PHOTOGRAPH, None)
                    said = index.encoder.predict(photograph).result(60)
                    assert said.scores.shape == (1, len(index.gallery.features.header.vocabulary))
        assert not old.encoder._batcher._thread.is_alive()


def test_an_index_made_anew_in_place_is_taken_up(shop: Shop, tiny_model: Path) -> None:
    """Its generation is the same number: what counts is the file."""
    with opened(shop) as live:
        shutil.rmtree(shop.index)
        make_index(shop, tiny_model, half(shop))
        assert Manifest.read(shop.index).generation == 1
        assert live.reload()
        with live.lease() as index:
            assert len(index) == COUNT // 2


def test_models_are_closed_with_the_index(shop: Shop) -> None:
    live = opened(shop)
    with live.lease() as index:
        encoder: QueryEncoder = index.encoder
    live.close()
    assert not encoder._batcher._thread.is_alive()
