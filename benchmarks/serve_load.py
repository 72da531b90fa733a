"""`fashion serve` under load from a second process: requests/s, p50 and p99 at 1, 8 and 64 clients, errors, memory.

    python benchmarks/serve_load.py --index .fashion --photographs FOLDER [--seconds 20] [--minutes 10]

Each client has a connection of its own and sends the next photograph when it has the answer to the last one. `ratio` is
the requests/s of the server to what one process does that holds the decoded photographs already and only runs the
model and the scan, one photograph after another; `ratio_decoding` also lets that process decode. With `--minutes` the
most clients go on for so long, and the server's memory is read every ten seconds.
"""

import argparse
import http.client
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from fashion_cli.data.images import find_images
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.retrieval.gallery import Gallery
from fashion_cli.session.query_encoder import QueryEncoder, QueryEncoderOptions, features_of
from fashion_cli.web.metrics import Metrics

TOPK = 24  # hits, as the page asks for
PHOTOGRAPHS = 256  # different ones
SAMPLE_SECONDS = 10.0
BOUNDARY = "fashion"
PAGE = 4096  # bytes, of /proc/PID/statm


def main() -> None:
    """Print one JSON line per measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--photographs", type=Path, required=True)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--minutes", type=float, default=0.0)
    parser.add_argument("--options", nargs="*", default=[], help="further options of `fashion serve`")
    parser.add_argument("--load", metavar="ADDRESS", help=argparse.SUPPRESS)  # this is the second process
    arguments = parser.parse_args()
    photographs = list(islice(find_images([arguments.photographs]), PHOTOGRAPHS))
    if arguments.load:
        report(_load(arguments.load, photographs, arguments.clients[0], arguments.seconds))
        return
    bare, decoding = _bare(arguments.index, photographs)
    report({"what": "one process", "model_and_scan_per_s": bare, "with_decoding_per_s": decoding})
    with _server(arguments.index, arguments.options) as (address, process):
        _run(address, arguments.photographs, 1, 2.0)  # warms up
        for clients in arguments.clients:
            found = _run(address, arguments.photographs, clients, arguments.seconds)
            ratios = {"ratio": found["per_s"] / bare, "ratio_decoding": found["per_s"] / decoding}
            report({"what": "server", **found, **ratios})
        if arguments.minutes:
            report(_memory(address, process, arguments))


def report(line: dict[str, object]) -> None:
    rounded = {key: round(value, 4) if isinstance(value, float) else value for key, value in line.items()}
    print(json.dumps(rounded), flush=True)


def _bare(index: Path, photographs: Sequence[Path]) -> tuple[float, float]:
    """Photographs a second through model and scan alone, and with decoding."""
    with Gallery.open(index) as gallery:
        encoder = QueryEncoder(gallery, QueryEncoderOptions(InferenceOptions(model="")), Metrics())
        encoder.hold()
        files = [path.read_bytes() for path in photographs]
        start = time.perf_counter()
        decoded = [encoder.decode(data, None) for data in files]
        reading = time.perf_counter() - start
        for warm in (True, False):  # twice, and the second time counts
            start = time.perf_counter()
            for photograph in decoded[:16] if warm else decoded:
                features = features_of(encoder.predict(photograph).result())
                gallery.nearest(features.vector[None], TOPK)
            seconds = time.perf_counter() - start
        encoder.release()
    return len(files) / seconds, len(files) / (seconds + reading)


@contextmanager
def _server(index: Path, options: Sequence[str]) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    command = [sys.executable, "-m", "fashion_cli", "serve", "--index", str(index), "--port", "0", "--rate", "off"]
    with subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True) as process:
        said = ""
        for line in process.stderr or ():
            said += line
            if address := re.search(r"http://\S+", line):
                drain = threading.Thread(target=lambda: list(process.stderr or ()))  # what it says fills no pipe
                drain.start()
                yield address.group(), process
                process.terminate()
                drain.join()
                return
        raise SystemExit(said)


def _run(address: str, photographs: Path, clients: int, seconds: float) -> dict[str, float]:
    """Ask from a second process."""
    command = [sys.executable, __file__, "--load", address, "--index", "-", "--photographs", str(photographs)]
    options = ["--clients", str(clients), "--seconds", str(seconds)]
    done = subprocess.run([*command, *options], stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _load(address: str, photographs: Sequence[Path], clients: int, seconds: float) -> dict[str, object]:
    bodies = [_body(path.read_bytes()) for path in photographs]
    until = time.monotonic() + seconds
    taken: list[float] = []
    errors: dict[str, int] = {}
    lock = threading.Lock()

    def ask(first: int) -> None:
        with _connection(address) as ask_one:
            for body in cycle(bodies[first:] + bodies[:first]):
                if time.monotonic() >= until:
                    return
                start = time.perf_counter()
                fault = ask_one(body)
                with lock:
                    if fault:
                        errors[fault] = errors.get(fault, 0) + 1
                    else:
                        taken.append(time.perf_counter() - start)

    threads = [threading.Thread(target=ask, args=(number * 7 % len(bodies),)) for number in range(clients)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    per_second = len(taken) / (time.perf_counter() - start)
    p50, p99 = (1000 * float(value) for value in np.percentile(taken or [float("nan")], [50, 99]))
    return {
        "clients": clients,
        "per_s": per_second,
        "p50_ms": p50,
        "p99_ms": p99,
        "requests": len(taken),
        "errors": errors,
    }


@contextmanager
def _connection(address: str) -> Iterator[Callable[[bytes], str]]:
    place = urlsplit(address)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}

    def ask_one(body: bytes) -> str:
        """What went wrong; empty if nothing did."""
        try:
            connection.request("POST", "/api/v1/search", body, headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            return type(error).__name__
        return "" if answer.status == 200 else str(answer.status)

    yield ask_one
    connection.close()


def _body(data: bytes) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="x"\r\n\r\n'.encode()
    field = f'\r\n--{BOUNDARY}\r\nContent-Disposition: form-data; name="topk"\r\n\r\n{TOPK}\r\n--{BOUNDARY}--\r\n'
    return head + data + field.encode()


def _memory(address: str, process: "subprocess.Popen[str]", arguments: argparse.Namespace) -> dict[str, object]:
    """Load for minutes, and the server's resident megabytes meanwhile."""
    found: list[dict[str, float]] = []
    seconds, clients = 60 * arguments.minutes, max(arguments.clients)
    run = threading.Thread(target=lambda: found.append(_run(address, arguments.photographs, clients, seconds)))
    run.start()
    samples = []
    while run.is_alive():
        samples.append(_resident(process.pid))
        run.join(SAMPLE_SECONDS)
    figures = {"first_mb": samples[0], "last_mb": samples[-1], "most_mb": max(samples), "mb": samples}
    return {"what": "memory", **found[0], **figures}


def _resident(process: int) -> float:
    return int(Path(f"/proc/{process}/statm").read_text(encoding="utf-8").split()[1]) * PAGE / 1e6


if __name__ == "__main__":
    main()
