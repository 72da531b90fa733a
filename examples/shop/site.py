"""The small shop on loopback: http.server, drawing each photograph when it is first asked for."""

import io
from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any
from urllib.parse import parse_qs, urlsplit

from draw_garments import draw
from drawing.garments import Design
from shop import pages
from shop.goods import KINDS, garments

GOODS = tuple(garments())
BY_SKU = {each.sku: each for each in GOODS}
VIEWS = {view.file_name: view for each in GOODS for view in each.photographs}
_DRAWING = Lock()


class SmallShop(ThreadingHTTPServer):
    """The shop. `port` 0 takes any free one."""

    daemon_threads = True

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__((host, port), _Visitor)
        self.url = f"http://{host}:{self.server_port}"


class _Visitor(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60  # seconds after which a silent visitor's connection is closed
    server: SmallShop

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        place, _, rest = address.path.lstrip("/").partition("/")
        answer = _PLACES.get(place, _nothing)(self.server.url, rest, parse_qs(address.query))
        kind, body = answer or (HTML, pages.not_found().encode())
        self.send_response(HTTPStatus.OK if answer else HTTPStatus.NOT_FOUND)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the name in http.server
        """Say nothing: the shop runs beside the commands of an example."""


HTML = "text/html; charset=utf-8"
Answer = tuple[str, bytes] | None
Query = dict[str, list[str]]


def _html(text: str) -> Answer:
    return HTML, text.encode()


def _nothing(_base: str, _rest: str, _query: Query) -> Answer:
    return None


def _home(_base: str, rest: str, _query: Query) -> Answer:
    return None if rest else _html(pages.home())


def _products(_base: str, rest: str, query: Query) -> Answer:
    return None if rest else _html(pages.listing("All garments", "/products", GOODS, _page_number(query)))


def _category(_base: str, kind: str, query: Query) -> Answer:
    if kind not in KINDS:
        return None
    shown = [each for each in GOODS if each.category == kind]
    return _html(pages.listing(KINDS[kind][2], f"/category/{kind}", shown, _page_number(query)))


def _product(base: str, sku: str, _query: Query) -> Answer:
    return _html(pages.product_page(BY_SKU[sku], base)) if sku in BY_SKU else None


def _photograph(_base: str, name: str, _query: Query) -> Answer:
    return ("image/jpeg", _drawn(VIEWS[name])) if name in VIEWS else None


def _robots(base: str, _rest: str, _query: Query) -> Answer:
    return "text/plain; charset=utf-8", pages.robots(base).encode()


def _sitemap(base: str, _rest: str, _query: Query) -> Answer:
    return "application/xml", pages.sitemap(GOODS, base).encode()


_PLACES: dict[str, Callable[[str, str, Query], Answer]] = {
    "": _home,
    "products": _products,
    "category": _category,
    "product": _product,
    "photographs": _photograph,
    "robots.txt": _robots,
    "sitemap.xml": _sitemap,
}


def _page_number(query: Query) -> int:
    text = query.get("page", ["1"])[0]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 1


def _drawn(view: Design) -> bytes:
    """The photograph as a JPEG file; drawn once, and one at a time."""
    with _DRAWING:
        return _draw(view)


@cache
def _draw(view: Design) -> bytes:
    file = io.BytesIO()
    draw(view).save(file, "JPEG", quality=92)
    return file.getvalue()
