"""Pages that only a browser can render: Debian's chromium, whose only way out is the crawler."""

import asyncio
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import HtmlResponse, Response, TextResponse

from fashion_cli.app import main
from fashion_cli.crawling.browser import chromium as chromium_module
from fashion_cli.crawling.browser.chromium import find_programs
from fashion_cli.crawling.browser.proxy import InterceptingProxy, ProxyRequest, ProxyResponse
from fashion_cli.crawling.browser.session import BrowserSession
from fashion_cli.crawling.fetch.errors import BrowserError, BrowserStuckError
from fashion_cli.products.catalogue import Catalogue
from tests.required import not_there
from tests.shop import scripted
from tests.shop.goods import Product
from tests.shop.server import Reply, Server, Visit
from tests.shop.site import Shop

pytestmark = pytest.mark.usefixtures("quick_crawls")

AGENT = "fashion-cli/test (+https://example.org)"
PATIENCE = 30  # seconds until something that was asked for has to be there


@pytest.fixture(scope="module")
def chromium() -> None:
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        not_there("no chromium with its driver here: apt-get install chromium chromium-driver")


class Engine:
    """In the place of the crawler: answers a page's scripts from a dict, and remembers what they asked for."""

    def __init__(self, parts: dict[str, Response | Exception]) -> None:
        self.parts = parts
        self.asked: list[Request] = []

    async def download_async(self, request: Request) -> Response:
        self.asked.append(request)
        part = self.parts.get(request.url) or Response(request.url, status=404)
        if isinstance(part, Exception):
            raise part
        return part


def part(url: str, body: str, kind: str = "text/javascript", **headers: str) -> Response:
    return TextResponse(url, headers={"Content-Type": kind, **headers}, body=body, encoding="utf-8")


def document(url: str, body: str) -> HtmlResponse:
    return HtmlResponse(url, headers={"Content-Type": "text/html; charset=utf-8"}, body=body, encoding="utf-8")


def render(engine: Engine, *pages: HtmlResponse) -> list[tuple[str, str]]:
    """Each page's HTML after its scripts, and where they want to go."""

    async def all_pages() -> list[tuple[str, str]]:
        session = await BrowserSession.start(engine, AGENT)  # type: ignore[arg-type]
        try:
            return [await session.render(page) for page in pages]
        finally:
            await session.close()

    return asyncio.run(all_pages())


def processes(word: str) -> list[int]:
    """Processes whose command line has this word in it."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            found += [int(entry.name)] if word.encode() in command else []
    return found


def until(holds: Callable[[], Any]) -> Any:
    end = time.monotonic() + PATIENCE
    while not (found := holds()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)
    return found


@pytest.mark.usefixtures("chromium")
def test_an_encrypted_page_is_given_to_the_browser_and_its_scripts_fetch_through_the_crawler() -> None:
    site, other = "https://shop.example", "https://api.shop.example"
    engine = Engine(
        {
            f"{site}/app.js": part(
                f"{site}/app.js",
                f"fetch('{other}/data.json', {{ headers: {{ 'X-Requested-With': 'app' }} }})"
                ".then(answer => answer.json()).then(data => document.body.append(data.name))"
                ".catch(error => document.body.append('refused'))",
            ),
            f"{other}/data.json": part(
                f"{other}/data.json",
                json.dumps({"name": "코트 42"}),
                "application/json",
                **{"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*"},
            ),
            f"{site}/forbidden.js": IgnoreRequest("robots.txt"),
            f"{site}/broken.js": OSError("no route"),
        }
    )
    body = "<script src=/forbidden.js></script><script src=/broken.js></script><body><script src=/app.js></script>"
    pages = [document(f"{site}/{number}?q=ä%20b", f"<title>{number}</title>{body}") for number in range(2)]
    (first, moved), (second, _) = render(engine, *pages)
    assert moved == ""
    assert "<title>0</title>" in first
    assert "<title>1</title>" in second
    assert "코트 42" in first
    assert "코트 42" in second
    counts = {url: sum(each.url == url for each in engine.asked) for url in engine.parts}
    assert counts[f"{site}/app.js"] == 1  # pages share scripts
    assert counts[f"{other}/data.json"] >= 2
    for each in engine.asked:
        assert set(each.headers) & {b"User-Agent", b"Cookie", b"Host"} == set()  # the crawler's own hold


@pytest.mark.usefixtures("chromium")
def test_where_scripts_want_to_go_is_told_and_not_gone_to() -> None:
    engine = Engine({})
    ((_, moved),) = render(engine, document("http://shop.example/old", "<script>location = '/new?a=1'</script>"))
    assert moved == "http://shop.example/new?a=1"
    assert engine.asked == []


@pytest.mark.usefixtures("chromium")
def test_a_page_without_end_is_given_up_and_leaves_no_browser(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(chromium_module, "SCRIPT_TIMEOUT", 1.0)
    monkeypatch.setattr("fashion_cli.crawling.browser.session.RENDER_TIMEOUT", 4.0)
    with pytest.raises(BrowserStuckError):
        render(Engine({}), document("http://shop.example/", "<script>for (;;);</script>"))
    until(lambda: not processes(str(tmp_path)))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("chromium")
def test_a_browser_that_died_is_an_error_that_asks_for_another(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    async def die_in_between() -> None:
        session = await BrowserSession.start(Engine({}), AGENT)  # type: ignore[arg-type]
        try:
            await session.render(document("http://shop.example/", "one"))
            for process in processes(str(tmp_path)):
                os.kill(process, signal.SIGKILL)
            with pytest.raises(BrowserError) as caught:
                await session.render(document("http://shop.example/", "two"))
            assert not isinstance(caught.value, BrowserStuckError)
        finally:
            await session.close()

    asyncio.run(die_in_between())


def test_missing_programs_are_named_with_their_packages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BrowserError, match="chromium") as caught:
        find_programs()
    assert "apt-get install chromium chromium-driver" in caught.value.hint


def call_proxy(visitor: Callable[[InterceptingProxy, list[ProxyRequest]], Awaitable[Any]], tmp_path: Path) -> Any:
    """What the visitor returns, of an open gate that answers "body of URL" to everything."""
    asked: list[ProxyRequest] = []

    async def fetch(request: ProxyRequest) -> ProxyResponse:
        asked.append(request)
        headers = (("Content-Type", "text/plain"), ("Content-Encoding", "gzip"), ("X-Site", "yes"))
        return ProxyResponse(200, headers, f"body of {request.url}".encode())

    async def opened() -> Any:
        gate = InterceptingProxy(fetch, tmp_path)
        await gate.open()
        try:
            return await visitor(gate, asked)
        finally:
            await gate.close()

    return asyncio.run(opened())


async def exchange(gate: InterceptingProxy, sent: bytes) -> bytes:
    host, _, port = gate.address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(sent)
    try:
        received = await asyncio.wait_for(reader.read(), PATIENCE)
    except ConnectionResetError:
        received = b""
    writer.close()
    return received


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /etc HTTP/1.1\r\nHost: a.example\r\n\r\n",  # a request to the gate itself
        b"POST http://a.example/basket HTTP/1.1\r\nContent-Length: 1\r\n\r\nx",
        b"DELETE http://a.example/ HTTP/1.1\r\n\r\n",
        b"GET file:///etc/passwd HTTP/1.1\r\n\r\n",
        b"GET http://a.example/w.js HTTP/1.1\r\nService-Worker: script\r\n\r\n",
        b"GET http://a.example/ HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
    ],
)
def test_the_proxy_refuses(sent: bytes, tmp_path: Path) -> None:
    async def visitor(gate: InterceptingProxy, asked: list[ProxyRequest]) -> tuple[bytes, list[ProxyRequest]]:
        return await exchange(gate, sent), asked

    received, asked = call_proxy(visitor, tmp_path)
    assert received.startswith(b"HTTP/1.1 403 ")
    assert asked == []


@pytest.mark.parametrize("sent", [b"\x16\x03\x01\x02\r\n\r\n", b"GET\r\n\r\n", b"x" * 200_000])
def test_the_proxy_hangs_up_on_what_is_no_http(sent: bytes, tmp_path: Path) -> None:
    async def visitor(gate: InterceptingProxy, asked: list[ProxyRequest]) -> tuple[bytes, list[ProxyRequest]]:
        return await exchange(gate, sent), asked

    assert call_proxy(visitor, tmp_path) == (b"", [])


def test_the_proxy_takes_one_request_of_a_connection_and_no_second(tmp_path: Path) -> None:
    one = b"GET http://a.example/%s HTTP/1.1\r\nHost: a.example\r\n\r\n"

    async def visitor(gate: InterceptingProxy, asked: list[ProxyRequest]) -> tuple[bytes, list[ProxyRequest]]:
        return await exchange(gate, one % b"1" + one % b"2"), asked

    received, asked = call_proxy(visitor, tmp_path)
    head, _, body = received.partition(b"\r\n\r\n")
    assert body == b"body of http://a.example/1"
    assert [each.url for each in asked] == ["http://a.example/1"]
    assert b"X-Site: yes" in head
    assert b"Content-Encoding" not in head  # the body is unpacked already
    assert b"Content-Length: 26" in head


def test_the_proxy_ends_encryption_and_keeps_no_key_on_disk(tmp_path: Path) -> None:
    async def visitor(gate: InterceptingProxy, asked: list[ProxyRequest]) -> bytes:
        host, _, port = gate.address.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"CONNECT a.example:8443 HTTP/1.1\r\n\r\n")
        assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        await writer.start_tls(trusting, server_hostname="a.example")
        writer.write(b"GET /x?y HTTP/1.1\r\nHost: a.example\r\n\r\n")
        received = await asyncio.wait_for(reader.read(), PATIENCE)
        writer.close()
        return received

    assert call_proxy(visitor, tmp_path).endswith(b"body of https://a.example:8443/x?y")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop(products=0) as opened:
        yield opened


def crawl(shop: Shop, path: str, folder: Path, *options: str) -> int:
    where = [f"{shop.url}{path}", "-o", str(folder), "--allow-private", "--delay", "0"]
    return main(["crawl", *where, *options])


def found(folder: Path) -> dict[str, str]:
    with Catalogue.open(folder / "catalogue.sqlite") as catalogue:
        return {each.sku: each.name for each in catalogue.products()}


@pytest.mark.usefixtures("chromium")
def test_products_that_scripts_put_on_a_page(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(home))
    expected = {each.sku: each.name for each in map(Product, range(scripted.PRODUCTS))}
    assert crawl(shop, "/scripted/", tmp_path / "with", "--browser") == 0
    assert found(tmp_path / "with") == expected
    assert list(home.iterdir()) == []  # keys, settings, crash reports: the browser has a home of its own
    assert shop.counts("/scripted/app.js") == {"/scripted/app.js": 1}
    assert all(
        count == 1 for count in shop.counts("/scripted/").values()
    )  # a page is not fetched for the browser again
    agents = {each.agent for each in shop.log}
    assert len(agents) == 1
    assert "Mozilla" not in agents.pop()


@pytest.mark.usefixtures("chromium")
def test_a_script_gets_an_error_answer_at_once(tmp_path: Path) -> None:
    """It decides for itself whether to ask again, as in any browser; the crawler does not do so behind its back."""
    script = """<body><script>fetch("/data").then(answer => {
      const found = document.createElement("script")
      found.type = "application/ld+json"
      found.append(JSON.stringify({ "@type": "Product", sku: "1", name: "status " + answer.status }))
      document.body.append(found)
    })</script>"""

    def site(visit: Visit) -> Reply | None:
        if visit.path == "/data":
            return Reply(500)
        return Reply(body=script.encode()) if visit.path == "/" else None

    with Server(site) as server:
        options = ["--allow-private", "--delay", "0", "--browser", "--max-depth", "0", "-q"]
        assert main(["crawl", f"{server.url}/", "-o", str(tmp_path / "shop"), *options]) == 0
        assert server.counts("/data") == {"/data": 1}
    assert found(tmp_path / "shop") == {"1": "status 500"}


@pytest.mark.usefixtures("chromium")
def test_curious_scripts_reach_nothing_but_what_the_crawler_may_fetch(shop: Shop, tmp_path: Path) -> None:
    with Server(lambda _: Reply()) as canary, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("127.0.0.1", canary.port))
        datagrams.setblocking(False)
        shop.canary = canary.port
        assert crawl(shop, "/scripted/curious", tmp_path / "shop", "--browser", "--max-depth", "0") == 0
        reached = {each.path for each in canary.log}
        with pytest.raises(BlockingIOError):
            datagrams.recv(100)
    assert found(tmp_path / "shop") == {Product(1).sku: Product(1).name}
    assert reached <= {"/robots.txt", "/fetched", "/events"}  # this computer is allowed here, by the crawler's rules
    assert not shop.asked("/private/")
    assert {each.method for each in [*shop.log, *canary.log]} <= {"GET", "OPTIONS"}


@pytest.mark.usefixtures("chromium")
def test_a_redirect_by_script_is_followed_by_the_crawlers_rules(
    shop: Shop, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert crawl(shop, "/scripted/moves", tmp_path / "moves", "--browser", "--max-depth", "0") == 0
    assert found(tmp_path / "moves") == {Product(0).sku: Product(0).name}
    crawl(shop, "/scripted/runs", tmp_path / "runs", "--browser", "--max-depth", "0")
    assert "redirect" in capfd.readouterr().err
    assert len(shop.asked("/scripted/runs")) < 25


@pytest.mark.usefixtures("chromium")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_crawl_that_is_ended_takes_its_browser_along(shop: Shop, tmp_path: Path, how: signal.Signals) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    where = [f"{shop.url}/scripted/stuck", "-o", str(tmp_path / "shop"), "--allow-private", "--browser"]
    command = [sys.executable, "-m", "fashion_cli", "crawl", *where]
    environment = {**os.environ, "TMPDIR": str(scratch)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as crawling:
        until(lambda: shop.asked("/scripted/stuck"))
        until(lambda: processes(str(scratch)))
        crawling.send_signal(how)
        crawling.wait(PATIENCE)
    until(lambda: not processes(str(scratch)))
