"""What is refused: each error by its number, and that refusing costs neither memory nor a disk."""

import gzip
import io
import json
import socket
import struct
import tempfile
import threading
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

from fashion_cli.errors import UsageError
from fashion_cli.web import uploads
from fashion_cli.web.settings import WebSettings
from tests.web.shops import Running, Shop, draw, png, served

PHOTOGRAPH = png(draw(1000))
TOKEN = "a-token-of-the-tests"  # noqa: S105


def refused(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error"}
    error: dict[str, Any] = answer.json()["error"]
    assert set(error) == {"message", "hint"}
    assert error["message"]
    assert "content-security-policy" in answer.headers
    return error


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


# ---- what is sent


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"nothing", "not a photograph"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a photograph"),
        (PHOTOGRAPH[:100], "decode"),
        (bomb(30_000, 30_000), "over the limit"),
        (b"\xff\xd8\xff" + bytes(100), "damaged"),
    ],
)
def test_what_is_no_photograph_is_refused(running: Running, data: bytes, word: str) -> None:
    for path in ("tags", "search"):
        assert word in refused(running.post(path, data), 415)["message"]


@pytest.mark.parametrize(
    "fields",
    [
        {"box": "1,2,3"},
        {"box": "1,2,3,-4"},
        {"box": "0,0,4000,4000"},
        {"box": "0,0,0,10"},
        {"topk": 0},
        {"topk": 201},
        {"topk": "many"},
        {"where": "colour"},
        {"where": "shape=round"},
        {"where": "colour=purple"},
        {"but": "colour=red,blue"},
        {"but": ["colour=red", "colour=blue"]},
        {"but": "colour=purple"},
        {"min_price": "-1"},
        {"min_price": "1", "currency": "won"},
        {"max_price": "NaN"},
        {"available": "perhaps"},
        {"unknown": "1"},
        {"language": "<script>"},
        {"topk": ["1", "2"]},
    ],
)
def test_fields_that_mean_nothing_are_refused(running: Running, fields: dict[str, Any]) -> None:
    refused(running.post("search", PHOTOGRAPH, **fields), 422)


@pytest.mark.parametrize(
    "address",
    [
        "search",
        "search?keyword=",
        "search?keyword=x&topk=0",
        "search?keyword=x&unknown=1",
        "search?keyword=x&but=colour%3Dred",
        "photographs/short",
        "photographs/..%2F..%2Fetc%2Fpasswd",
        f"photographs/{'0' * 64}?size=5",
        f"photographs/{'0' * 64}/similar?where=xyz",
        "groups?language=%00",
    ],
)
def test_questions_that_mean_nothing_are_refused(running: Running, address: str) -> None:
    answer = running.client.get(f"/api/v1/{address}")
    refused(answer, 404 if ("%2F" in address or "where=xyz" in address) else 422)


def test_what_is_not_there_is_not_found(running: Running) -> None:
    for path in ("/api/v1/nothing", f"/api/v1/photographs/{'0' * 64}", "/static/../app.py", "/static/%2e%2e/app.py"):
        refused(running.client.get(path), 404)
    refused(running.client.delete("/api/v1/search"), 405)
    refused(running.client.get("/api/v1/tags"), 405)


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


# ---- how much


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


def test_fifty_megabytes_are_not_read(running: Running) -> None:
    head = (
        "POST /api/v1/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        f"Content-Length: {50 << 20}\r\n\r\n"
    )
    with _connected(running) as raw:
        raw.sendall(head.encode())  # and nothing more: the answer does not wait for it
        answer = _read(raw)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"connection: close" in answer.lower()


def test_other_requests_have_no_large_body(running: Running) -> None:
    refused(running.client.post("/login", content=b"token=" + b"x" * 20_000), 413)
    refused(running.client.request("GET", "/api/v1/groups", content=b"x" * 20_000), 413)


def test_headers_are_bounded(running: Running) -> None:
    with _connected(running) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: " + b"x" * (128 << 10) + b"\r\n\r\n")
        assert _read(raw).startswith(b"HTTP/1.1 400")


def test_a_body_that_takes_too_long_is_given_up(drawn_shop: Shop) -> None:
    with served(drawn_shop, WebSettings(rate="off", body_seconds=0.3)) as running, _connected(running) as raw:
        raw.sendall(
            b"POST /api/v1/tags HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=b\r\n"
            b"Content-Length: 1000\r\n\r\n--b\r\n"
        )
        assert _read(raw).startswith(b"HTTP/1.1 408")


def test_who_hangs_up_in_the_middle_leaves_nothing_behind(drawn_shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    with served(drawn_shop) as running:
        with _connected(running) as raw:
            raw.sendall(
                b"POST /api/v1/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=b\r\n"
                b"Content-Length: 9000\r\nExpect: 100-continue\r\n\r\n"
            )
            assert b"100" in raw.recv(1000)  # it is being read
            raw.sendall(b"--b\r\n")
        gone = 'fashion_http_requests_total{method="POST",route="/api/v1/search",status="400"} 1.0'
        for _ in range(500):
            if gone in (figures := running.client.get("/metrics").text):
                break
            threading.Event().wait(0.02)
        assert gone in figures
        assert 'status="500"' not in figures
        assert "Traceback" not in caplog.text


def test_a_bug_is_an_answer_like_all_others(drawn_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(drawn_shop) as running:

        async def groups(_: str) -> bytes:
            raise RuntimeError("a bug")

        monkeypatch.setattr(running.service, "groups", groups)
        answer = running.client.get("/api/v1/groups")
        assert "a bug" not in refused(answer, 500)["message"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        figures = httpx.get(f"{running.address}/metrics").text  # uvicorn closes the other connection
        assert 'fashion_http_requests_total{method="GET",route="/api/v1/groups",status="500"} 1.0' in figures


def test_more_than_the_queue_holds_is_refused(drawn_shop: Shop) -> None:
    with served(drawn_shop, WebSettings(rate="off", queue=1)) as running:
        running.service._under_way = 1  # a search that does not end
        answer = running.post("tags", PHOTOGRAPH)
        refused(answer, 503)
        assert answer.headers["retry-after"] == "1"
        running.service._under_way = 0
        assert running.post("tags", PHOTOGRAPH).status_code == 200


def test_all_uploads_together_are_bounded(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    assert running.post("tags", PHOTOGRAPH).status_code == 200
    with monkeypatch.context() as little:
        little.setattr(uploads, "AT_ONCE", 0.00001)  # of ten megabytes
        refused(running.post("tags", PHOTOGRAPH + bytes(1000)), 503)
        refused(running.post("tags", b"no photograph" + bytes(1000)), 503)
    monkeypatch.setattr(uploads, "AT_ONCE", 2 * len(PHOTOGRAPH) / (10 << 20))
    for _ in range(5):  # what was held before is free again
        assert running.post("tags", PHOTOGRAPH).status_code == 200


def test_searches_of_one_client_are_counted(drawn_shop: Shop) -> None:
    with served(drawn_shop, WebSettings(rate="3/hour")) as running:
        address = f"/api/v1/photographs/{drawn_shop.sha256(0)}"
        assert running.post("search", PHOTOGRAPH).status_code == 200
        assert running.client.get("/api/v1/search?keyword=red").status_code == 200
        assert running.client.get(f"{address}/similar").status_code == 200
        answer = running.post("search", PHOTOGRAPH)
        refused(answer, 429)
        assert 0 < int(answer.headers["retry-after"]) <= 3602
        looks = [running.post("tags", PHOTOGRAPH).status_code for _ in range(4)]
        assert looks == [200] * 3 + [429]  # a box costs one search and one look
        pictures = [running.client.get(f"{address}?size=64").status_code for _ in range(61)]
        assert pictures == [200] * 60 + [429]
        assert running.client.get("/api/v1/health").status_code == 200
        assert 'fashion_refused_total{reason="rate"} 3.0' in running.client.get("/metrics").text


# ---- who


def test_only_the_servers_own_names_are_answered_to(running: Running) -> None:
    for host in ("evil.example", "127.0.0.1.evil.example", "", "[::2]"):
        answer = running.client.get("/api/v1/health", headers={"Host": host})
        refused(answer, 400)
    for host in ("localhost:8765", "LOCALHOST", "[::1]:80", "127.0.0.1"):
        assert running.client.get("/api/v1/health", headers={"Host": host}).status_code == 200


def test_every_answer_has_the_headers(running: Running) -> None:
    for path in ("/", "/docs", "/api/v1/health", "/static/page.js", "/nothing", "/metrics"):
        headers = running.client.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "server" not in headers
        assert "access-control-allow-origin" not in headers


def test_nothing_is_kept_but_pictures_and_what_is_asked_for_anew(running: Running, drawn_shop: Shop) -> None:
    sha256 = drawn_shop.sha256(0)
    for path in ("/api/v1/health", "/api/v1/groups", "/api/v1/search?keyword=red", "/metrics", "/nothing"):
        assert running.client.get(path).headers["cache-control"] == "no-store"
    assert running.client.get(f"/api/v1/photographs/{sha256}").headers["cache-control"] == "private, max-age=86400"
    script = running.client.get("/static/page.js")
    assert script.headers["cache-control"] == "no-cache"
    again = running.client.get("/static/page.js", headers={"If-None-Match": script.headers["etag"]})
    assert (again.status_code, again.headers["cache-control"]) == (304, "no-cache")


def test_other_sites_may_ask_only_where_that_is_allowed(drawn_shop: Shop) -> None:
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    with served(drawn_shop, WebSettings(rate="off", token=TOKEN, origins=("https://shop.example",))) as running:
        beforehand = running.client.options("/api/v1/search", headers=asked)
        assert beforehand.headers["access-control-allow-origin"] == "https://shop.example"
        stranger = running.client.options("/api/v1/search", headers={**asked, "Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in stranger.headers
        refused(running.client.get("/api/v1/groups", headers={"Origin": "https://shop.example"}), 401)
        headers = {"Origin": "https://shop.example", "Authorization": f"Bearer {TOKEN}"}
        answer = running.client.get("/api/v1/groups", headers=headers)
        assert answer.headers["access-control-allow-origin"] == "https://shop.example"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"


def test_a_token_is_asked_for_everywhere(drawn_shop: Shop) -> None:
    with served(drawn_shop, WebSettings(rate="off", token=TOKEN)) as running:
        for path in ("/api/v1/groups", f"/api/v1/photographs/{drawn_shop.sha256(0)}", "/metrics", "/docs", "/nothing"):
            answer = running.client.get(path)
            refused(answer, 401)
            assert answer.headers["www-authenticate"] == "Bearer"
        refused(running.post("search", PHOTOGRAPH), 401)
        health = running.client.get("/api/v1/health").json()
        assert health == {"status": "ok", "model": None, "rows": None, "generation": None, "catalogue": None}
        page = running.client.get("/", headers={"Accept": "text/html"})
        assert (page.status_code, page.headers["location"]) == (303, "/login")
        bearer = {"Authorization": f"bearer {TOKEN}"}
        assert running.client.get("/api/v1/groups", headers=bearer).status_code == 200
        assert running.client.get("/api/v1/health", headers=bearer).json()["model"] == "tiny"
        document = running.client.get("/api/v1/openapi.json", headers=bearer).json()
        assert document["security"] == [{"token": []}]


def test_a_browser_signs_in_with_a_cookie_that_is_not_the_token(drawn_shop: Shop) -> None:
    with served(drawn_shop, WebSettings(rate="off", token=TOKEN)) as running:
        wrong = running.client.post("/login", data={"token": "wrong-token"})
        assert (wrong.status_code, "set-cookie" in wrong.headers) == (401, False)
        right = running.client.post("/login", data={"token": TOKEN})
        cookie = right.headers["set-cookie"]
        assert right.status_code == 303
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert TOKEN not in cookie
        assert running.client.get("/api/v1/groups").status_code == 200  # the client keeps the cookie
        running.client.post("/logout")
        refused(running.client.get("/api/v1/groups"), 401)
        running.client.cookies.set("fashion", "0" * 64)
        refused(running.client.get("/api/v1/groups"), 401)


def test_guessing_tokens_ends(drawn_shop: Shop) -> None:
    with served(drawn_shop, WebSettings(rate="off", token=TOKEN)) as running:
        guesses = [
            running.client.get("/api/v1/groups", headers={"Authorization": f"Bearer guess-{number}"}).status_code
            for number in range(12)
        ]
        assert guesses == [401] * 10 + [429] * 2
        right = running.client.get("/api/v1/groups", headers={"Authorization": f"Bearer {TOKEN}"})
        refused(right, 429)
        assert running.client.post("/login", data={"token": TOKEN}).status_code == 429


def test_a_wrong_token_in_any_letters_is_only_wrong(drawn_shop: Shop) -> None:
    with served(drawn_shop, WebSettings(rate="off", token=TOKEN)) as running:
        for value in ("Bearer \xff\xfe", "Basic abc", "Bearer"):
            headers = {b"Authorization": value.encode("latin-1")}
            refused(running.client.get("/api/v1/groups", headers=headers), 401)
        refused(running.client.get("/api/v1/groups", headers={"Cookie": 'fashion="\\777"; a=b; ;='}), 401)


@pytest.mark.parametrize(
    "settings",
    [
        {"token": "short"},
        {"token": "with a space in it"},
        {"token": "토큰토큰토큰토큰"},
        {"rate": "often"},
        {"rate": ""},
    ],
)
def test_settings_that_mean_nothing_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        WebSettings(**settings)


def test_secrets_are_not_shown() -> None:
    assert TOKEN not in repr(WebSettings(token=TOKEN))


def test_errors_are_the_same_whoever_asks(running: Running) -> None:
    answer = running.client.get("/api/v1/nothing", headers={"Accept": "text/html"})
    assert json.loads(answer.text)["error"]["message"]
    assert io.BytesIO(answer.content).read()


# ---- by hand


def _connected(running: Running) -> socket.socket:
    host, port = running.address.removeprefix("http://").split(":")
    raw = socket.create_connection((host, int(port)))
    raw.settimeout(20)
    return raw


def _read(raw: socket.socket) -> bytes:
    """All that comes until the server closes the connection, which it may do while we still write."""
    answer = b""
    with suppress(ConnectionResetError):
        while chunk := raw.recv(65536):
            answer += chunk
    return answer
