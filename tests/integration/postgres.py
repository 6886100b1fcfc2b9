"""A PostgreSQL of the session's own: a fresh data folder, a free port, gone at the end.

Use it by importing the fixture in a conftest: `from integration.postgres import postgres_url`.
"""

import getpass
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "hack"))

from localcluster import envtest, wait
from workbench import servers

REQUIRED = "PHAROS_REQUIRE_POSTGRES"
LOOPBACK = "127.0.0.1"
OWNER = "pharos"
START_WITHIN_S = 30


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A `postgresql://` URL of an empty database whose owner may do everything."""
    with running(_programs()) as server:
        yield server.url


@pytest.fixture
def own_postgres() -> Iterator["Server"]:
    """A server of the test's own, which it may take away and bring back."""
    with running(_programs()) as server:
        yield server


def _programs() -> Path:
    programs = servers.postgres_folder()
    if programs is None:
        reason = "no PostgreSQL server: run hack/workbench/setup, or apt-get install postgresql"
        if os.environ.get(REQUIRED) == "1":
            raise RuntimeError(reason)
        pytest.skip(reason)
    return programs


@dataclass(frozen=True, slots=True)
class Server:
    """One data folder, the programs that serve it, the user they run as, and the port."""

    programs: Path
    folder: Path
    user: str
    port: int

    @property
    def url(self) -> str:
        """Where the owner's database is."""
        return f"postgresql://{OWNER}@{LOOPBACK}:{self.port}/{OWNER}"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.folder / "log"

    def start(self) -> None:
        """Bring it up, also after a stop, and wait until it answers."""
        places = f"-c listen_addresses={LOOPBACK} -c unix_socket_directories={self.folder}"
        options = f"-p {self.port} {places} -F"
        self._control("-l", f"{self.log}", "-o", options, "-t", f"{START_WITHIN_S}", "start")

    def stop(self) -> None:
        """End it as a crash would: what was committed stays, connections break."""
        self._control("-m", "immediate", "stop")

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs, which refuse to run as root."""
        subprocess.run(
            [self.programs / program, *arguments],
            user=self.user,
            cwd=self.folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def _control(self, *arguments: str) -> None:
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-w", *arguments)


@contextmanager
def running(programs: Path) -> Iterator[Server]:
    """Start a server from that folder of programs; at the end stop it and delete its data."""
    folder = Path(tempfile.mkdtemp(prefix="pharos-postgres-"))
    server = Server(programs, folder, unprivileged_user(), envtest.free_ports(1)[0])
    shutil.chown(folder, server.user)
    make = ("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
    try:
        server.run("initdb", "-D", f"{folder}/data", "-U", OWNER, *make)
        server.start()
    except subprocess.CalledProcessError as failed:
        raise RuntimeError(f"PostgreSQL does not start{wait.tail(server.log)}") from failed
    try:
        server.run("createdb", "-h", LOOPBACK, "-p", f"{server.port}", "-U", OWNER, OWNER)
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def unprivileged_user() -> str:
    """Debian's package brings a user for it; elsewhere nobody will do."""
    if os.geteuid():
        return getpass.getuser()
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)
