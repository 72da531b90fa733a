"""Photographs that are sent: what is none, and that neither many nor large ones cost memory or a disk."""

import gzip
import struct
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest

from fashion_cli.web import uploads
from fashion_cli.web.settings import WebSettings
from tests.web.refusals import PHOTOGRAPH, refused
from tests.web.shops import Running, Shop, served


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes whose header is as good as any."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(10**6)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"nothing", "not a photograph"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG cannot be read"),
        (PHOTOGRAPH[:100], "decode"),
        (bomb(30_000, 30_000), "over the limit"),
        (b"\xff\xd8\xff" + bytes(100), "damaged"),
    ],
)
def test_what_is_no_photograph_is_refused(running: Running, data: bytes, word: str) -> None:
    for path in ("tags", "search"):
        assert word in refused(running.post(path, data), 415)["message"]


def test_what_is_no_form_is_refused(running: Running) -> None:
    post = running.client.post
    refused(post("/api/v1/tags", content=PHOTOGRAPH, headers={"Content-Type": "image/png"}), 415)
    refused(post("/api/v1/tags", json={"image": "x"}), 415)
    refused(post("/api/v1/tags", content=b"x", headers={"Content-Type": "multipart/form-data"}), 400)
    refused(post("/api/v1/tags", content=b"x", headers={"Content-Type": "multipart/form-data; boundary=b"}), 400)
    refused(post("/api/v1/tags", data={"image": "text"}, files={"other": b""}), 422)
    refused(post("/api/v1/tags", files={"image": b""}), 422)
    refused(post("/api/v1/tags", files=[("image", PHOTOGRAPH), ("image", PHOTOGRAPH)]), 400)


def test_compressed_requests_are_refused(running: Running) -> None:
    request = running.client.build_request("POST", "/api/v1/tags", files={"image": PHOTOGRAPH})
    squeezed = gzip.compress(request.read())
    headers = {"Content-Type": request.headers["content-type"], "Content-Encoding": "gzip"}
    refused(running.client.post("/api/v1/tags", content=squeezed, headers=headers), 415)


def test_a_photograph_stays_in_memory(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Padding behind a PNG's end makes it several megabytes, which would be a file by default."""

    def no_disk(*_: object, **__: object) -> None:
        raise AssertionError("a temporary file")

    monkeypatch.setattr(tempfile, "TemporaryFile", no_disk)
    assert running.post("tags", PHOTOGRAPH + bytes(5 << 20)).status_code == 200


def test_large_bodies_are_refused(drawn_shop: Shop) -> None:
    with served(drawn_shop, WebSettings(rate="off", max_bytes=100_000)) as running:
        refused(running.post("tags", PHOTOGRAPH + bytes(101_000)), 413)  # announced, read and thrown away
        refused(running.post("tags", PHOTOGRAPH + bytes(200_000)), 413)
        assert running.post("tags", PHOTOGRAPH + bytes(90_000)).status_code == 200

        def endless() -> Iterator[bytes]:
            yield b"--b\r\nContent-Disposition: form-data; name=image; filename=x\r\n\r\n"
            yield from (bytes(10_000) for _ in range(100))

        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        with suppress(httpx.TransportError):  # to be cut off while we write is as good as the answer
            refused(running.client.post("/api/v1/tags", content=endless(), headers=headers), 413)


def test_all_uploads_together_are_bounded(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    assert running.post("tags", PHOTOGRAPH).status_code == 200
    with monkeypatch.context() as little:
        little.setattr(uploads, "AT_ONCE", 0.00001)  # of ten megabytes
        refused(running.post("tags", PHOTOGRAPH + bytes(1000)), 503)
        refused(running.post("tags", b"no photograph" + bytes(1000)), 503)
    monkeypatch.setattr(uploads, "AT_ONCE", 2 * len(PHOTOGRAPH) / (10 << 20))
    for _ in range(5):  # what was held before is free again
        assert running.post("tags", PHOTOGRAPH).status_code == 200
