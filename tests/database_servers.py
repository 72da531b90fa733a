"""MariaDB and PostgreSQL of one's own: from Debian's packages, in a temporary folder, stopped at the end of the tests.

Nothing of an installed server is touched: no service, no port that is known, no folder of the system.
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path

import pytest
from sqlalchemy import URL, Engine, create_engine, text
from sqlalchemy.exc import OperationalError

PASSWORD = "sécret/p@ss:word"  # noqa: S105  # every character that a URL has to escape
USER = "shop"
START = 120  # seconds until a server has to answer

CHEAP = (  # InnoDB, small, and with nothing to survive a loss of power
    "--innodb-buffer-pool-size=16M",
    "--innodb-log-file-size=8M",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync",
    "--innodb-doublewrite=OFF",
)


class Server(ABC):
    """A running database server.

    Attributes:
        folder: All that it writes.
        port: On 127.0.0.1.
    """

    account: str  # whom the package runs it as: both refuse to be root
    drivername: str
    stop_signal: signal.Signals  # the fastest: nothing that it holds is needed again

    def __init__(self) -> None:
        # Not pytest's folder: the way to it is closed to other users, and a socket's path ends at 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="fashion-test-"))
        self.port = _free_port()
        self.folder.chmod(0o755)
        if os.geteuid() == 0:
            shutil.chown(self.folder, self.account, self.account)
        try:
            self._initialise()
            with (self.folder / "log").open("wb") as log:
                self._process = subprocess.Popen(self._as_user(self._server(), dies=True), stdout=log, stderr=log)
            self._wait()
            self._add_user()
        except BaseException:
            self.stop()
            raise

    @abstractmethod
    def _initialise(self) -> None: ...
    @abstractmethod
    def _server(self) -> list[str]: ...
    @abstractmethod
    def _add_user(self) -> None: ...
    @abstractmethod
    def administrator(self) -> URL: ...
    @abstractmethod
    def socket(self) -> Path: ...
    @abstractmethod
    def own(self, database: str) -> None:
        """Make a database that the user may do anything in."""

    def url(self, database: str) -> str:
        """A URL as a user writes it, with a password, without a driver."""
        url = URL.create(self.drivername, USER, PASSWORD, "127.0.0.1", self.port, database)
        return url.render_as_string(hide_password=False)

    def new_database(self) -> str:
        """The URL of a database that nobody else has."""
        name = f"shop_{secrets.token_hex(6)}"
        self.own(name)
        return self.url(name)

    def stop(self) -> None:
        process = getattr(self, "_process", None)
        if process is not None and process.poll() is None:
            process.send_signal(self.stop_signal)
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def statement(self, *statements: str) -> None:
        engine = self._engine()
        with engine.connect() as connection:
            for each in statements:
                connection.execute(text(each))
        engine.dispose()

    def _engine(self) -> Engine:
        return create_engine(self.administrator(), isolation_level="AUTOCOMMIT")

    def _wait(self) -> None:
        end = time.monotonic() + START
        while True:
            try:
                if self.socket().exists():  # a connection that is refused leaves PyMySQL's own end open
                    self.statement("SELECT 1")
                    return
            except OperationalError:
                pass
            if self._process.poll() is not None or time.monotonic() > end:
                log = (self.folder / "log").read_text(errors="replace")
                pytest.fail(f"{type(self).__name__} does not start:\n{log[-4000:]}")
            time.sleep(0.05)

    def _run(self, *command: str) -> None:
        done = subprocess.run(self._as_user(list(command)), capture_output=True, text=True, check=False, cwd="/")
        if done.returncode:
            pytest.fail(f"{command[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}")

    def _as_user(self, command: list[str], *, dies: bool = False) -> list[str]:
        """A command as the package's own user; with `dies`, it ends when the tests are killed."""
        options = ["--pdeathsig", "TERM"] if dies else []
        if os.geteuid() == 0:
            account = pwd.getpwnam(self.account)
            options += ["--reuid", str(account.pw_uid), "--regid", str(account.pw_gid), "--clear-groups"]
        return ["setpriv", *options, *command] if options else command


class MariaDB(Server):
    account = "mysql"
    drivername = "mysql"
    stop_signal = signal.SIGKILL

    def _initialise(self) -> None:
        self._run(
            _program("mariadb-install-db"),
            "--no-defaults",
            f"--datadir={self.folder / 'data'}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--skip-name-resolve",
            *CHEAP,
        )

    def _server(self) -> list[str]:
        return [
            _program("mariadbd"),
            "--no-defaults",
            f"--datadir={self.folder / 'data'}",
            f"--socket={self.socket()}",
            f"--pid-file={self.folder / 'pid'}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            "--performance-schema=OFF",
            *CHEAP,
            "--innodb-lock-wait-timeout=10",
            # A server as somebody may have set it up: the catalogue says itself what it needs.
            "--character-set-server=latin1",
            "--collation-server=latin1_swedish_ci",
        ]

    def _add_user(self) -> None:
        self.statement(f"CREATE USER '{USER}'@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'".replace(":", r"\:"))

    def administrator(self) -> URL:
        return URL.create("mysql+pymysql", "root", host="localhost", query={"unix_socket": str(self.socket())})

    def socket(self) -> Path:
        return self.folder / "socket"

    def own(self, database: str) -> None:
        self.statement(f"CREATE DATABASE {database}", f"GRANT ALL ON {database}.* TO '{USER}'@'127.0.0.1'")


class PostgreSQL(Server):
    account = "postgres"
    drivername = "postgresql"
    stop_signal = signal.SIGQUIT  # takes its children along

    def _initialise(self) -> None:
        self._run(
            _program("initdb"),
            f"--pgdata={self.folder / 'data'}",
            "--username=root",
            "--encoding=UTF8",
            "--locale=C",
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            "--no-sync",
            "--no-instructions",
        )

    def _server(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "shared_buffers": "16MB",
            "max_connections": "40",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [_program("postgres"), "-D", str(self.folder / "data"), *options]

    def _add_user(self) -> None:
        self.statement(f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'".replace(":", r"\:"))

    def administrator(self) -> URL:
        query = {"host": str(self.folder)}
        return URL.create("postgresql+psycopg", "root", port=self.port, database="postgres", query=query)

    def socket(self) -> Path:
        return self.folder / f".s.PGSQL.{self.port}"

    def own(self, database: str) -> None:
        self.statement(f"CREATE DATABASE {database} OWNER {USER}")


def missing_programs(server: type[Server]) -> list[str]:
    wanted = ("mariadb-install-db", "mariadbd") if server is MariaDB else ("initdb", "postgres")
    return [name for name in wanted if not _find(name)]


def _program(name: str) -> str:
    found = _find(name)
    assert found, name
    return found


def _find(name: str) -> str | None:
    """A program of Debian's packages, which keep some of them out of everyone's way."""
    folders = [*map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), "/usr/sbin"]
    return shutil.which(name, path=os.pathsep.join([*folders, os.environ.get("PATH", "")]))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
