"""A program as the kernel sees it: whom it contacts, and what it leaves in an empty home directory.

Libraries in C pass none of Python's audit hooks, so `strace` writes down what every thread and child asks of the
kernel.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.required import not_there

# `-yy` shows the kind of socket beside its number. To connect a UDP socket sends nothing: what is sent by it counts.
_CONTACT = re.compile(r"connect\(\d+<TCP|send\w*\(\d+<UDP")
_RESOLVER = re.compile(r'sun_path="(?P<path>[^"]*resolve[^"]*)"')  # names may be looked up by another process
_ADDRESS = re.compile(r'(?:inet_addr\(|AF_INET6, )"(?P<host>[^"]+)"')
_PEER = re.compile(r"->\[?(?P<host>[0-9a-f.:]+?)\]?:\d+\]?>")
_PORT = re.compile(r"sin6?_port=htons\((?P<port>\d+)\)|->\[?[0-9a-f.:]+?\]?:(?P<peer>\d+)\]?>")
_NETWORK = "trace=connect,sendto,sendmsg,sendmmsg"


@dataclass(frozen=True)
class Observed:
    """What a program did.

    Attributes:
        code: Its exit code.
        output: What it printed, on both streams.
        contacts: "host:port" of every TCP connection that was begun and of every UDP packet, such as look-ups of names.
        home: What lies in the home directory that was empty before.
        temporary: The same for the folder of temporary files.
    """

    code: int
    output: str
    contacts: frozenset[str]
    home: tuple[str, ...]
    temporary: tuple[str, ...]


def observe(
    command: Sequence[str | Path], folder: Path, during: Callable[[str, int], None] | None = None, **variables: str
) -> Observed:
    """Run a program with an empty home directory and next to no environment.

    Args:
        command: What to run, in `folder`.
        folder: Where `home`, `temporary` and the protocol are made; they must not be there yet.
        during: Called with each line that it prints, as it comes, and the number of its process.
        variables: Added to its environment.
    """
    if shutil.which("strace") is None:
        not_there("no strace here, which shows what a program contacts: apt-get install strace")
    home, temporary, protocol = (folder / name for name in ("home", "temporary", "protocol"))
    home.mkdir()
    temporary.mkdir()
    # Without CI: where it is set, telemetry holds back by itself.
    kept = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    environment = {**kept, "HOME": str(home), "TMPDIR": str(temporary), **variables}
    observed = ["strace", "-f", "-qq", "--seccomp-bpf", "-yy", "-e", _NETWORK, "-o", protocol, *command]
    with subprocess.Popen(
        observed, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        assert running.stdout is not None
        lines = []
        for line in running.stdout:
            lines.append(line)
            if during is not None:
                during(line, int(Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text()))
    contacts = frozenset(filter(None, map(_contact, protocol.read_text(errors="replace").splitlines())))
    return Observed(running.returncode, "".join(lines), contacts, _content(home), _content(temporary))


def _contact(line: str) -> str:
    """ "host:port" that a line of the protocol tells of; "" for one that reaches nobody outside this process."""
    if resolver := _RESOLVER.search(line):
        return resolver["path"]
    if not _CONTACT.search(line):
        return ""
    host, port = _ADDRESS.search(line) or _PEER.search(line), _PORT.search(line)
    return f"{host['host'] if host else '?'}:{port['port'] or port['peer'] if port else '?'}"


def _content(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(str(each.relative_to(folder)) for each in folder.rglob("*")))
