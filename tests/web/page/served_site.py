"""A served shop of drawn garments, and the plain client that says what the page has to show."""

import io
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from PIL import Image

from draw_garments import designs, draw
from drawing.garments import Design
from fashion_cli.app import main
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.products.catalogue import Catalogue
from fashion_cli.products.records import FoundOffer, FoundPhotograph, FoundProduct
from fashion_cli.session.live_index import LiveIndex
from fashion_cli.session.query_encoder import QueryEncoderOptions
from fashion_cli.web.app import create_app
from fashion_cli.web.metrics import Metrics
from fashion_cli.web.service import SearchService
from fashion_cli.web.settings import WebSettings

COUNT = 30
HOSTILE_NAME = '<img src="x" onerror="window.hacked=1"> & <b>sale</b>'
HOSTILE_URL = "javascript:window.hacked=1"
SEEN_AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
Box = Sequence[float]  # left, top, right, bottom as parts of width and height


@dataclass(frozen=True)
class Site:
    """A server, and what it serves.

    Attributes:
        url: Of the page, with a slash at its end.
        rows: Photographs in the index.
        query: A photograph that is not in it.
        outfit: Two garments side by side.
        hostile: The photograph of a product whose name and address mean harm.
    """

    url: str
    rows: int
    query: Path
    outfit: Path
    hostile: Path

    def get(self, path: str, **fields: Any) -> Any:
        return _told(httpx.get(f"{self.url}api/v1/{path}", params=fields))

    def search(self, photograph: Path, box: Box | None = None, **fields: Any) -> Any:
        return self._post("search", photograph, box, fields)

    def tags(self, photograph: Path, box: Box | None = None) -> Any:
        return self._post("tags", photograph, box, {})["tags"]

    def _post(self, path: str, photograph: Path, box: Box | None, fields: dict[str, Any]) -> Any:
        data = photograph.read_bytes()
        if box is not None:
            with Image.open(io.BytesIO(data)) as image:
                width, height = image.size
            left, top = round(box[0] * width), round(box[1] * height)
            size = round((box[2] - box[0]) * width), round((box[3] - box[1]) * height)
            fields = {**fields, "box": f"{left},{top},{size[0]},{size[1]}"}
        return _told(httpx.post(f"{self.url}api/v1/{path}", data=fields, files={"image": ("any.jpg", data)}))


def _told(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


def make_shop(folder: Path) -> Path:
    """Photographs in `photographs/`, products in `catalogue.sqlite`, an index in `index/`, queries beside them."""
    photographs = folder / "photographs"
    photographs.mkdir(parents=True)
    with Catalogue.open(folder / "catalogue.sqlite", create=True) as catalogue:
        for number, design in enumerate(designs(COUNT)):
            path = photographs / design.file_name
            draw(design).save(path, quality=90)
            digest = sha256(path.read_bytes()).hexdigest()
            kept = FoundPhotograph(
                digest, f"photographs/{path.name}", f"https://pictures.example/{number}", 360, 480, 0
            )
            catalogue.record(_product(number, design), [kept], SEEN_AT)
    draw(Design("shirt", "red", "striped", variation=70)).save(folder / "query.jpg", quality=90)
    outfit = Image.new("RGB", (720, 480), "white")
    outfit.paste(draw(Design("bag", "black", "plain", variation=71)), (0, 0))
    outfit.paste(draw(Design("dress", "blue", "plain", variation=72)), (360, 0))
    outfit.save(folder / "outfit.jpg", quality=90)
    assert main(["index", str(photographs), "-o", str(folder / "index"), "-q"]) == 0
    return folder


def _product(number: int, design: Design) -> FoundProduct:
    hostile = number == 7
    shops = ["one.example", "two.example"] if number % 4 == 0 else ["one.example"]
    price = 9_000 + 3_700 * ((7 * number) % COUNT)
    offers = tuple(
        FoundOffer(
            shop,
            Decimal(price + 1_500 * place),
            "KRW",
            HOSTILE_URL if hostile else f"https://{shop}/item/{number}",
            "OutOfStock" if number % 6 == 5 else "InStock",
        )
        for place, shop in enumerate(shops)
    )
    name = HOSTILE_NAME if hostile else f"{design.colour} {design.pattern} {design.kind} no. {number}".capitalize()
    url = f"https://one.example/item/{number}"
    keywords = (f"keyword-{number % 5}", "옷")
    item_id, sku = f"one.example:{number}", f"SKU-{number:03}"
    return FoundProduct(item_id, name, url, "one.example", offers, keywords, "Drawn", sku=sku)


@contextmanager
def served(
    folder: Path, *, priced: bool = True, settings: WebSettings | None = None, added: tuple[str, ...] = ()
) -> Iterator[Site]:
    """A shop behind a real server on loopback."""
    metrics = Metrics()
    catalogue = Catalogue.open(folder / "catalogue.sqlite") if priced else None
    items_of = catalogue.item_ids_by_photograph if catalogue else None
    with LiveIndex(
        folder / "index", QueryEncoderOptions(InferenceOptions(model="", engine="onnx"), added), metrics, items_of
    ) as live:
        service = SearchService(live, metrics, catalogue)
        app = create_app(service, settings or WebSettings(rate="off"))
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                threading.Event().wait(0.01)
            port = server.servers[0].sockets[0].getsockname()[1]
            hostile = folder / "photographs" / list(designs(COUNT))[7].file_name
            yield Site(f"http://127.0.0.1:{port}/", COUNT, folder / "query.jpg", folder / "outfit.jpg", hostile)
        finally:
            server.should_exit = True
            thread.join()
            service.close()
            if catalogue is not None:
                catalogue.close()
