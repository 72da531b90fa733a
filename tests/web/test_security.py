"""What the guard lets through: how much of a request, how long, how often, for which names, with which headers."""

import socket
import threading
from contextlib import suppress

import pytest

from fashion_cli.web.settings import WebSettings
from tests.web.refusals import PHOTOGRAPH, TOKEN, refused
from tests.web.shops import Running, Shop, served


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
