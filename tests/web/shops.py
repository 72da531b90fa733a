"""A small drawn shop: photographs, their index, a catalogue of products with prices; and a server of it to ask."""

import hashlib
import io
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import uvicorn
from fastapi import FastAPI
from PIL import Image

from fashion_cli.inference.options import InferenceOptions
from fashion_cli.products.catalogue import Catalogue
from fashion_cli.products.records import FoundOffer, FoundPhotograph, FoundProduct
from fashion_cli.session.live_index import LiveIndex
from fashion_cli.session.query_encoder import QueryEncoderOptions
from fashion_cli.steps.index import IndexConfig, build_index
from fashion_cli.web.app import create_app
from fashion_cli.web.metrics import Metrics
from fashion_cli.web.service import SearchService
from fashion_cli.web.settings import WebSettings

COUNT = 36
PER_ITEM = 2
SEEN = datetime(2026, 5, 1, tzinfo=UTC)
ONNX = InferenceOptions(model="", engine="onnx")


def draw(seed: int, size: tuple[int, int] = (48, 64)) -> Image.Image:
    """Coloured blotches."""
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 255, (4, 3, 3), np.uint8)).resize(size)


def png(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


@dataclass(frozen=True)
class Shop:
    """Where it all lies. Photograph n shows item n // 2; the last four photographs show no product."""

    folder: Path

    @property
    def index(self) -> Path:
        return self.folder / "index"

    @property
    def catalogue(self) -> Path:
        return self.folder / "catalogue.sqlite"

    def photograph(self, number: int) -> Path:
        return self.folder / "photographs" / f"{number:02}.png"

    def sha256(self, number: int) -> str:
        return hashlib.sha256(self.photograph(number).read_bytes()).hexdigest()

    def number(self, sha256: str) -> int:
        return next(number for number in range(COUNT) if self.sha256(number) == sha256)


def item(number: int) -> str:
    return f"shop.example:{number}"


def price(number: int) -> Decimal:
    """Of an item."""
    return Decimal(10_000 + 1_000 * number)


def available(number: int) -> bool:
    return number % 3 != 0


def make_shop(folder: Path, model: Path) -> Shop:
    """Draw, record, index."""
    shop = Shop(folder)
    (folder / "photographs").mkdir(parents=True)
    for number in range(COUNT):
        draw(number).save(shop.photograph(number))
    with Catalogue.open(shop.catalogue, create=True) as catalogue:
        for number in range((COUNT - 4) // PER_ITEM):
            catalogue.record(_product(number), _photographs(shop, number), SEEN)
    make_index(shop, model)
    return shop


def make_index(shop: Shop, model: Path, sources: tuple[Path, ...] = (), out: Path | None = None) -> None:
    options = InferenceOptions(model=str(model), engine="onnx")
    config = IndexConfig(sources or (shop.folder / "photographs",), out or shop.index, options)
    build_index(config, lambda done, total: None)


def _product(number: int) -> FoundProduct:
    state = "InStock" if available(number) else "OutOfStock"
    offers = tuple(
        FoundOffer(name, price(number) + more, "KRW", f"https://{name}.example/{number}", state)
        for name, more in (("dear", 500), ("cheap", 0))
    )
    keywords = ("테크웨어", "techwear") if number % 2 else ("dandy",)
    return FoundProduct(
        item(number), f"Linen shirt {number}", "https://shop.example/p", "Shop", offers, keywords, "Nähwerk"
    )


def _photographs(shop: Shop, number: int) -> list[FoundPhotograph]:
    return [
        FoundPhotograph(shop.sha256(PER_ITEM * number + k), f"photographs/{k}.png", "https://shop.example/i", 48, 64, k)
        for k in range(PER_ITEM)
    ]


@dataclass
class Running:
    """A server on loopback, in this process, and a client of it."""

    address: str
    client: httpx.Client
    service: SearchService
    live: LiveIndex

    def post(self, path: str, data: bytes, **fields: object) -> httpx.Response:
        return self.client.post(f"/api/v1/{path}", files={"image": ("x", data)}, data=fields)

    def hits(self, data: bytes, **fields: object) -> list[dict[str, Any]]:
        answer = self.post("search", data, **fields)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["hits"]
        return found


@contextmanager
def served(
    shop: Shop, settings: WebSettings | None = None, *, priced: bool = True, added: tuple[str, ...] = ()
) -> Iterator[Running]:
    """Serve a shop; without limits on the rate where no settings are given."""
    settings = settings or WebSettings(rate="off")
    metrics = Metrics()
    with ExitStack() as stack:
        catalogue = stack.enter_context(Catalogue.open(shop.catalogue)) if priced else None
        looking = QueryEncoderOptions(ONNX, added, settings.max_pixels, settings.queue)
        items_of = catalogue.item_ids_by_photograph if catalogue is not None else None
        live = stack.enter_context(LiveIndex(shop.index, looking, metrics, items_of))
        options = {"show_paths": settings.show_paths, "keep_metadata": settings.keep_metadata}
        service = SearchService(live, metrics, catalogue, queue=settings.queue, **options)
        stack.enter_context(closing(service))
        live.watch()
        address = stack.enter_context(listening(create_app(service, settings)))
        client = stack.enter_context(httpx.Client(base_url=address, timeout=30))
        yield Running(address, client, service, live)


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """uvicorn in a thread, on a port that is free."""
    config = uvicorn.Config(
        app, port=0, http="h11", ws="none", lifespan="off", log_config=None, access_log=False, server_header=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
