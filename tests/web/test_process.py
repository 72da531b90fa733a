"""`fashion serve` as people start and end it: a process, its signals, its port, its messages."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from fashion_cli.app import main
from fashion_cli.steps.serve import _listen
from tests.web.shops import COUNT, Shop, draw, make_index, make_shop, png

PHOTOGRAPH = png(draw(1000))
TOKEN = "a-token-of-the-tests"  # noqa: S105


@contextmanager
def process(shop: Shop, *options: str, **variables: str) -> Iterator[tuple[subprocess.Popen[str], str, list[str]]]:
    """The command, where it answers, and what it said on standard error until then."""
    command = [sys.executable, "-m", "fashion_cli", "serve", "--index", str(shop.index), "--port", "0", *options]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FASHION_")} | variables
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=shop.folder
    ) as running:
        said: list[str] = []
        assert running.stderr is not None
        for line in running.stderr:
            said.append(line)
            if address := re.search(r"fashion: (http://\S+/) ", line):
                try:
                    yield running, address.group(1), said
                finally:
                    if running.poll() is None:
                        running.kill()
                return
        raise AssertionError("".join(said))


def rest(running: subprocess.Popen[str]) -> str:
    """What it says until it ends. Nothing ever stands on standard output."""
    assert running.stderr is not None
    assert running.stdout is not None
    err = running.stderr.read()  # not by `communicate`, which passes over what was read ahead
    assert running.stdout.read() == ""
    running.wait(120)
    return err


@pytest.mark.parametrize("ending", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.campaign)])
def test_a_signal_lets_what_is_under_way_finish(drawn_shop: Shop, ending: signal.Signals) -> None:
    with process(drawn_shop) as (running, address, said):
        assert f"{COUNT} photographs, tiny" in said[-1]
        host, port = address.removeprefix("http://").rstrip("/").split(":")
        body = b"--b\r\nContent-Disposition: form-data; name=image; filename=x\r\n\r\n" + PHOTOGRAPH + b"\r\n--b--\r\n"
        head = (
            "POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
            f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
        )
        with socket.create_connection((host, int(port)), timeout=60) as slow:
            slow.sendall(head.encode())
            assert b"100" in slow.recv(1000)  # it has begun
            slow.sendall(body[:50])
            running.send_signal(ending)
            refused = False
            while not refused:  # nobody new is let in
                try:
                    socket.create_connection((host, int(port)), timeout=60).close()
                except OSError:
                    refused = True
            assert running.poll() is None
            slow.sendall(body[50:])
            answer = b""
            while chunk := slow.recv(65536):
                answer += chunk
        assert answer.startswith(b"HTTP/1.1 200")
        assert b'"hits":[{"photograph"' in answer
        assert "ended after 1 request\n" in rest(running)
        assert running.returncode == 0


@pytest.mark.parametrize("first", [pytest.param(signal.SIGTERM, marks=pytest.mark.campaign), signal.SIGINT])
def test_a_second_interrupt_ends_it_at_once(drawn_shop: Shop, first: signal.Signals) -> None:
    with process(drawn_shop) as (running, address, _):
        host, port = address.removeprefix("http://").rstrip("/").split(":")
        head = (
            "POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
            "Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n"
        )
        with socket.create_connection((host, int(port)), timeout=60) as slow:
            slow.sendall(head.encode())
            assert b"100" in slow.recv(1000)  # it has begun, and never ends
            running.send_signal(first)
            refused = False
            while not refused:
                try:
                    socket.create_connection((host, int(port)), timeout=60).close()
                except OSError:
                    refused = True
            running.send_signal(signal.SIGINT)
            assert rest(running) == "fashion: ended before what was under way was done\n"
        assert running.returncode == 130


def test_an_interrupt_after_the_last_request_changes_nothing(drawn_shop: Shop) -> None:
    """The second one comes while the index is closed: all is done by then."""
    program = (
        "import os, signal, sys\n"
        "from fashion_cli.session import live_index\n"
        "close = live_index.LiveIndex.close\n"
        "def interrupted(self):\n"
        "    for each in (signal.SIGTERM, signal.SIGINT): os.kill(os.getpid(), each)\n"
        "    close(self)\n"
        "live_index.LiveIndex.close = interrupted\n"
        "from fashion_cli.entry import run\n"
        "run()\n"
    )
    command = [sys.executable, "-c", program, "serve", "--index", str(drawn_shop.index), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=drawn_shop.folder) as running:
        assert running.stderr is not None
        assert "photographs" in running.stderr.readline()
        running.send_signal(signal.SIGTERM)
        assert running.stderr.read() == "fashion: ended after 0 requests\n"
    assert running.returncode == 0


def test_answers_do_not_wait_for_acknowledgements() -> None:
    with _listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_port_that_is_taken_is_said_before_anything_is_loaded(
    drawn_shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        assert main(["serve", "--index", str(drawn_shop.index), "--port", port]) == 1
    told = capsys.readouterr().err
    assert f"127.0.0.1:{port}" in told
    assert "--port 0" in told


@pytest.mark.parametrize(
    ("options", "code", "word"),
    [
        (["--host", "no.such.host.invalid"], 1, "no such host"),
        (["--token", "short"], 2, "token"),
        (["--rate", "often"], 2, "not a rate"),
        (["--catalog", "nowhere.sqlite"], 1, "nowhere.sqlite"),
        (["--proxy", "*"], 2, "neither an address nor a network"),
        (["--proxy", "0.0.0.0/0"], 2, "neither an address nor a network"),
        (["--proxy", "nginx"], 2, "neither an address nor a network"),
        (["--model", "nowhere"], 1, "nowhere"),
        (["--add", "nowhere"], 1, "nowhere"),
        (["--port", "70000"], 2, "65535"),
    ],
)
def test_what_cannot_be_served_is_said(
    drawn_shop: Shop, capsys: pytest.CaptureFixture[str], options: list[str], code: int, word: str
) -> None:
    assert main(["serve", "--index", str(drawn_shop.index), "--port", "0", *options]) == code
    told = capsys.readouterr().err
    assert word in told
    assert told.count("\n") == 1


def test_without_an_index_the_hint_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["serve"]) == 1
    assert "fashion index" in capsys.readouterr().err


def test_the_token_comes_from_the_environment_and_is_never_logged(drawn_shop: Shop) -> None:
    with process(drawn_shop, "--verbose", FASHION_TOKEN=TOKEN) as (running, address, said):
        assert httpx.get(f"{address}api/v1/groups").status_code == 401
        headers = {"Authorization": f"Bearer {TOKEN}"}
        assert httpx.get(f"{address}api/v1/groups?language=ko", headers=headers).status_code == 200
        httpx.post(f"{address}login", data={"token": TOKEN})
        running.terminate()
        told = "".join(said) + rest(running)
    assert "'GET' '/api/v1/groups' 200" in told
    assert TOKEN not in told
    assert "language" not in told  # nor what was asked


def test_photographs_that_moved_away_are_said_when_it_starts(tiny_model: Path, tmp_path: Path) -> None:
    shop = make_shop(tmp_path / "shop", tiny_model)
    picture = f"api/v1/photographs/{shop.sha256(0)}"
    (shop.folder / "photographs").rename(shop.folder / "images")
    with process(shop) as (running, _, _):
        running.terminate()
        said = rest(running)
    assert f"photographs are not there, as {shop.folder / 'photographs'}/" in said
    assert "--root DIR says where they are now" in said
    with process(shop, "--root", str(shop.folder / "images")) as (running, address, _):
        assert httpx.get(f"{address}{picture}").status_code == 200
        running.terminate()
        assert "not there" not in rest(running)


def test_the_token_may_stand_in_a_file(drawn_shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    with process(drawn_shop, FASHION_TOKEN_FILE=str(tmp_path / "token")) as (running, address, said):
        assert httpx.get(f"{address}api/v1/groups").status_code == 401
        headers = {"Authorization": f"Bearer {TOKEN}"}
        assert httpx.get(f"{address}api/v1/groups", headers=headers).status_code == 200
        running.terminate()
        assert TOKEN not in "".join(said) + rest(running)
    assert running.returncode == 0


@pytest.mark.parametrize(("content", "said"), [(None, "no token can be read there"), ("\n", "there is no token in it")])
def test_a_file_without_a_token_is_no_server_without_one(
    content: str | None, said: str, drawn_shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (tmp_path / "token").write_text(content)
    assert main(["serve", "--index", str(drawn_shop.index), "--token-file", str(tmp_path / "token")]) == 2
    assert said in capsys.readouterr().err


def test_a_token_is_given_once(drawn_shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["serve", "--index", str(drawn_shop.index), "--token", TOKEN, "--token-file", str(tmp_path / "token")]
    assert main(arguments) == 2
    assert "either --token or --token-file" in capsys.readouterr().err


def test_without_a_catalogue_whatever_the_environment_says(drawn_shop: Shop) -> None:
    with process(drawn_shop, "--no-catalog", FASHION_CATALOG=str(drawn_shop.catalogue)) as (running, address, said):
        assert "products of" not in said[-1]
        assert httpx.get(f"{address}api/v1/health").json()["catalogue"] is False
        running.terminate()
        rest(running)


def test_every_network_without_a_token_is_warned_of(drawn_shop: Shop) -> None:
    with process(drawn_shop, "--host", "0.0.0.0") as (running, address, _):  # noqa: S104
        port = address.rstrip("/").rpartition(":")[2]
        answer = httpx.get(f"http://127.0.0.1:{port}/api/v1/health", headers={"Host": "shop.example"})
        assert answer.status_code == 200  # any name, since nobody said which
        running.terminate()
        assert "FASHION_TOKEN" in rest(running)


def test_the_catalogue_of_the_index_is_served_and_a_hangup_takes_up_a_new_index(
    tiny_model: Path, tmp_path: Path
) -> None:
    shop = make_shop(tmp_path / "shop", tiny_model)
    make_index(shop, tiny_model, (shop.folder,))  # finds the catalogue in the folder
    with process(shop) as (running, address, said):
        assert str(shop.catalogue) in said[-1]
        assert httpx.get(f"{address}api/v1/health").json()["catalogue"] is True
        make_index(shop, tiny_model, tuple(shop.photograph(number) for number in range(5)))
        running.send_signal(signal.SIGHUP)
        while httpx.get(f"{address}api/v1/health").json()["rows"] != 5:
            assert running.poll() is None
        running.terminate()
        rest(running)
        assert running.returncode == 0
