"""Crawls in a network of their own, where public addresses and names are this computer's. Prints JSON.

Run as `unshare --map-root-user --net --mount python -m tests.crawling.isolated_network FOLDER CRAWLS`, where CRAWLS is
JSON: the options of each crawl by its name. Nothing that happens here can reach another network, and a shop on a public
address can be crawled without --allow-private.
"""

import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path

from fashion_cli.app import main
from fashion_cli.steps import crawl
from tests.crawling.quick_crawls import forking_crawls
from tests.shop import scripted
from tests.shop.goods import page
from tests.shop.photographs import photograph
from tests.shop.server import Reply, Server, Visit
from tests.shop.traps import page_of

PUBLIC, OUTSIDE, INSIDE, BOTH = (
    "93.184.216.34",
    "www.shop-for-tests.com",
    "inside.shop-for-tests.com",
    "both.shop-for-tests.com",
)
ADDRESSES = (PUBLIC, "10.0.0.1", "169.254.169.254", "192.168.1.1")
HOSTS = f"127.0.0.1 localhost\n{PUBLIC} {OUTSIDE} {BOTH}\n10.0.0.1 {INSIDE} {BOTH}\n"
# Where a page sends a crawler: this computer, the network around it, the metadata of a cloud, by number and by name.
TARGETS = ("127.0.0.1", "localhost", "10.0.0.1", "192.168.1.1", "169.254.169.254", "0x7f.1", "2130706433", INSIDE, BOTH)


class Site:
    """A shop that sends its visitors to other addresses: by redirects of pages and photographs, and by photographs."""

    def __init__(self, canary: int) -> None:
        self.targets = [f"http://{host}:{canary}" for host in TARGETS]

    def __call__(self, visit: Visit) -> Reply | None:
        kind, _, number = visit.path.lstrip("/").partition("/")
        if kind == "scripted":
            return scripted.answer(visit, int(self.targets[0].rpartition(":")[2]))
        if kind == "":
            links = [f'<a href="/{kind}/{each}">x</a>' for kind in ("moved", "fine") for each in range(len(TARGETS))]
            return Reply(body=page("shop", "".join(links)).encode())
        if kind == "fine":
            target = self.targets[int(number)]
            images = json.dumps([f"{target}/direct.jpg", f"{visit.base}/away/{number}", f"{visit.base}/photo/{number}"])
            told = page_of(f"product {number}", visit.base, "IMAGE").replace('"IMAGE"', images)
            return Reply(body=told.encode())
        if kind == "photo":
            return Reply(kind="image/jpeg", body=photograph(int(number)))
        if kind in ("moved", "away"):
            return Reply(302, headers=(("Location", f"{self.targets[int(number)]}/{kind}"),))
        return None


def prepare() -> None:
    for address in ADDRESSES:
        subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    hosts = Path(sys.argv[1]) / "hosts"
    hosts.write_text(HOSTS)
    subprocess.run(["mount", "--bind", str(hosts), "/etc/hosts"], check=True)


def run(folder: Path, options: list[str]) -> dict[str, object]:
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    canary = Server(lambda _: Reply(body=b"a secret"), "0.0.0.0")  # noqa: S104 - every address of this network
    with canary, Server(Site(canary.port), PUBLIC) as site:
        start = f"http://{OUTSIDE}:{site.port}/" + ("scripted/curious" if "--browser" in options else "")
        where = ["-o", f"{folder}", "--delay", "0", "--format", "json"]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(["crawl", start, *where, *options])
            out.flush()
        reached = [f"{each.headers.get('host')} {each.path}" for each in canary.log]
        asked = sorted({each.path for each in site.log})
    report = json.loads(out.buffer.getvalue() or "{}")
    return {"code": int(code), "reached": reached, "asked": asked, "said": err.getvalue(), "report": report}


if __name__ == "__main__":
    prepare()
    folder, crawls = Path(sys.argv[1]), json.loads(sys.argv[2])
    with forking_crawls(folder / "socket") as crawl.PROGRAM:
        found = {name: run(folder / name, options) for name, options in crawls.items()}
    print(json.dumps(found))  # noqa: T201 - what the test reads
