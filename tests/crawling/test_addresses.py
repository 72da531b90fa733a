"""Which addresses may be fetched, and that nothing else is connected to."""

import http.server
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scrapy import Request
from twisted.internet.address import IPv4Address, IPv6Address

from fashion_cli.app import main
from fashion_cli.crawling.fetch.addresses import check_host, check_url, filter_addresses, parse_ip_literal
from fashion_cli.crawling.fetch.errors import RefusedError
from fashion_cli.crawling.fetch.middlewares import UrlPolicyMiddleware
from fashion_cli.crawling.fetch.resolver import PublicResolver, refused_hosts

LOOPBACK = (
    *("127.0.0.1", "127.1", "127.0.1", "0x7f.1", "0x7f000001", "017700000001", "2130706433", "0177.0.0.1"),
    *(
        "[::1]",
        "::1",
        "0:0:0:0:0:0:0:1",
        "::ffff:127.0.0.1",
        "[::ffff:7f00:1]",
        "64:ff9b::7f00:1",
        "::ffff:0:127.0.0.1",
    ),
    *("2002:7f00:1::", "::127.0.0.1", "１２７.0.0.1", "127。0。0。1", "⑫7.0.0.1", "127.0.0.1.", "127.255.255.254"),
)
OTHERS = (
    *("0.0.0.0", "0", "[::]", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254"),  # noqa: S104
    *("100.64.0.1", "100.100.100.200", "192.0.0.192", "168.63.129.16", "198.18.0.1", "224.0.0.1", "239.255.255.250"),
    *("255.255.255.255", "240.0.0.1", "192.0.2.1", "198.51.100.7", "203.0.113.9", "192.88.99.1", "64:ff9b:1::1"),
    *("fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1", "3fff::1", "2001:0:7f00:1::"),
    *("::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "fec0::1", "4000::1"),
)
NAMES = ("localhost", "LOCALHOST.", "a.localhost", "printer.local", "metadata.google.internal", "nas.home.arpa", "")
PUBLIC = (
    *("8.8.8.8", "134744072", "example.com", "shop.co.kr", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::"),
    *("1e100.net", "::ffff:8.8.8.8", "localhost.example.com", "100.63.255.255", "172.32.0.1"),
)


@pytest.mark.parametrize("host", [*LOOPBACK, *OTHERS, *NAMES])
def test_addresses_of_this_computer_and_its_network_are_refused(host: str) -> None:
    assert check_host(host)


@pytest.mark.parametrize("host", PUBLIC)
def test_public_addresses_are_not(host: str) -> None:
    assert check_host(host) == ""


@pytest.mark.parametrize("host", [each for each in LOOPBACK if ":" not in each and each.isascii()])
def test_every_spelling_means_what_the_c_library_takes_it_for(host: str) -> None:
    assert str(parse_ip_literal(host)) == socket.inet_ntoa(socket.inet_aton(host.removesuffix(".")))


@pytest.mark.parametrize(
    "url",
    [
        *("file:///etc/passwd", "ftp://shop.example/", "data:image/png;base64,AA==", "javascript:alert(1)", "//shop/"),
        *("http:///x", "http://", "http://a:99999/", "http://[::1/", "gopher://shop.example/"),
    ],
)
def test_only_http_is_fetched_even_if_private_addresses_are_allowed(url: str) -> None:
    assert check_url(url, allow_private=True)


def test_private_addresses_may_be_allowed() -> None:
    assert check_url("http://127.0.0.1:8000/", allow_private=True) == ""
    assert check_url("http://127.0.0.1:8000/")
    assert check_url("http://user@127.1/")


def test_a_name_with_one_private_address_is_not_trusted_with_the_others() -> None:
    assert filter_addresses(["8.8.8.8", "2606:4700::1111"]) == (["8.8.8.8", "2606:4700::1111"], "")
    assert filter_addresses(["8.8.8.8", "10.0.0.1"]) == ([], "10.0.0.1 is private")


class Receiver:
    """What Twisted gives a resolver to hand addresses to."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.complete = False

    def resolutionBegan(self, resolution: object) -> None:  # noqa: N802  # Twisted's name
        pass

    def addressResolved(self, address: Any) -> None:  # noqa: N802  # Twisted's name
        self.addresses.append(address.host)

    def resolutionComplete(self) -> None:  # noqa: N802  # Twisted's name
        self.complete = True


class Rebinding:
    """A name server whose answers change with every question, as in DNS rebinding."""

    def __init__(self, *answers: list[str]) -> None:
        self.nameResolver = self
        self.answers = list(answers)

    def resolveHostName(self, receiver: Any, _name: str, port: int, *_: object) -> object:  # noqa: N802
        receiver.resolutionBegan(self)
        for each in self.answers.pop(0):
            kind = IPv6Address if ":" in each else IPv4Address
            receiver.addressResolved(kind("TCP", each, port))
        receiver.resolutionComplete()
        return self


def asked(resolver: PublicResolver, host: str) -> list[str]:
    receiver: Any = Receiver()
    resolver.resolveHostName(receiver, host, 80)
    assert receiver.complete
    return list(receiver.addresses)


def test_what_a_name_resolves_to_is_what_is_connected_to() -> None:
    resolver = PublicResolver(Rebinding(["93.184.216.34"], ["127.0.0.1"]), 0, allow_private=False)  # type: ignore[arg-type]
    assert asked(resolver, "rebound.example") == ["93.184.216.34"]
    assert asked(resolver, "rebound.example") == []
    assert refused_hosts.pop("rebound.example") == "127.0.0.1 is this computer"


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["::1"], ["8.8.8.8", "10.0.0.1"], ["fe80::1"], ["169.254.169.254"]]
)
def test_private_addresses_do_not_come_out_of_the_resolver(addresses: list[str]) -> None:
    assert asked(PublicResolver(Rebinding(addresses), 0, allow_private=False), "a.example") == []  # type: ignore[arg-type]
    assert asked(PublicResolver(Rebinding(addresses), 0, allow_private=True), "a.example") == addresses  # type: ignore[arg-type]
    refused_hosts.clear()


def test_redirects_are_judged_as_addresses_are() -> None:
    middleware = UrlPolicyMiddleware(allow_private=False)
    middleware.process_request(Request("http://shop.example/"))
    for url in ("http://127.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://[::ffff:127.0.0.1]/"):
        with pytest.raises(RefusedError):
            middleware.process_request(Request(url, meta={"redirect_urls": ["http://shop.example/"]}))


def test_pages_of_a_site_do_not_lead_to_another_one_by_redirect() -> None:
    middleware = UrlPolicyMiddleware(allow_private=False)
    been = {"redirect_urls": ["http://shop.com/a"], "site": "shop.com"}
    middleware.process_request(Request("https://www.shop.com/b", meta=been))
    with pytest.raises(RefusedError, match="another site"):
        middleware.process_request(Request("https://m.shop.com/b", meta=been))
    middleware.process_request(Request("https://m.shop.com/b", meta={**been, "start": True}))
    with pytest.raises(RefusedError, match="another site"):
        middleware.process_request(Request("https://other.example/", meta={**been, "start": True}))


@pytest.fixture
def listener() -> Iterator[tuple[int, list[str]]]:
    """A server of this computer that no crawl may reach."""
    reached: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            reached.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("0.0.0.0", 0), Handler) as server:  # noqa: S104  # reached by its name too
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1], reached
        server.shutdown()
        thread.join()


@pytest.mark.usefixtures("quick_crawls")
def test_a_real_crawl_reaches_nothing_of_this_computer(
    listener: tuple[int, list[str]], tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    port, reached = listener
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")  # not used either
    hosts = [*(f"[{each}]" if ":" in each and "[" not in each else each for each in LOOPBACK), socket.gethostname()]
    urls = [f"http://{host}:{port}/{place}.jpg" for place, host in enumerate(hosts)]
    (tmp_path / "images.txt").write_text("\n".join(urls), encoding="utf-8")
    code = main(["crawl", str(tmp_path / "images.txt"), "-o", str(tmp_path / "shop"), "--format", "json", "-q"])
    out, err = capfd.readouterr()
    report = json.loads(out)
    assert code == 1
    assert reached == []
    assert report["photographs"] == 0
    assert report["refused"]["address"] >= len(LOOPBACK) - 2  # some spellings are one address
    assert "http_proxy not used" in err


@pytest.mark.usefixtures("quick_crawls")
def test_a_source_at_this_computer_is_refused_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["crawl", "http://127.0.0.1/", "-o", str(tmp_path / "shop")]) == 2
    assert "--allow-private" in capsys.readouterr().err
    assert main(["crawl", "file:///etc/passwd", "-o", str(tmp_path / "shop")]) == 2
    assert main(["crawl", "https://me:secret@shop.example/", "-o", str(tmp_path / "shop")]) == 2
    assert "secret" not in capsys.readouterr().err
