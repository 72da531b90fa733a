"""Crawls that start at once: each is forked from a process that has imported Scrapy, instead of importing it anew.

As a program it is what starts a crawl: `python crawl_server.py SOCKET` has the same standard streams, environment,
working directory and end as `python -m fashion_cli.crawling`, whose `main` runs in a fork of the server at the socket.
"""

import array
import importlib
import json
import os
import signal
import socket
import sys
from pathlib import Path

STREAMS = (0, 1, 2)
FIRST_BACKOFF = 0.2  # seconds before a crawl of a test tries again; a fifth of what it is for users
IMPORTED = (  # what all crawls have in common, and most of them import only when they need it
    "fashion_cli.crawling.runner",
    "alembic.command",
    "protego",
    "scipy.fftpack",
    "scrapy.extensions.logstats",
    *(f"scrapy.downloadermiddlewares.{each}" for each in ("cookies", "httpcache", "httpcompression", "redirect")),
    *(f"scrapy.spidermiddlewares.{each}" for each in ("metacopy", "referer", "start", "urllength")),
    "sqlalchemy.dialects.sqlite",
    "sqlite3",
    "zoneinfo",
)


def serve(address: Path) -> None:
    """Fork for each crawl that is asked for, until this process is ended."""
    for name in IMPORTED:
        importlib.import_module(name)
    from fashion_cli.crawling.__main__ import main
    from fashion_cli.crawling.fetch import middlewares

    middlewares.FIRST_BACKOFF = FIRST_BACKOFF

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    with socket.socket(socket.AF_UNIX) as listener:
        draft = address.with_suffix(".draft")
        listener.bind(str(draft))
        listener.listen()
        draft.rename(address)  # who sees it can connect
        while True:
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                break
            connection.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _take_over(connection)
    code = main()
    sys.stderr.flush()
    connection.sendall(bytes([code]))
    os._exit(code)


def _take_over(connection: socket.socket) -> None:
    """Be the process that asks: its streams, environment and working directory; in a session of its own."""
    message, streams, _, _ = socket.recv_fds(connection, 2**20, len(STREAMS))
    asked = json.loads(message)
    os.setsid()
    for number, stream in zip(STREAMS, streams, strict=True):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(asked["directory"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    connection.sendall(array.array("i", [os.getpid()]).tobytes())


def start(address: str) -> int:
    """Exit code of a crawl with the streams of this process, which passes signals on."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)
        message = json.dumps({"directory": os.getcwd(), "environment": dict(os.environ)})  # noqa: PTH109
        socket.send_fds(connection, [message.encode()], STREAMS)
        for stream in STREAMS:
            os.close(stream)  # they are the crawl's: their other ends see when it closes them
        (process,) = array.array("i", connection.recv(4))
        signal.signal(signal.SIGTERM, lambda number, _: os.kill(process, number))
        code = connection.recv(1)
        return code[0] if code else 1


if __name__ == "__main__":
    raise SystemExit(start(sys.argv[1]))
