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
    programs = servers.postgres_folder()
    if programs is None:
        reason = "no PostgreSQL server: run hack/workbench/setup, or apt-get install postgresql"
        if os.environ.get(REQUIRED) == "1":
            raise RuntimeError(reason)
        pytest.skip(reason)
    with running(programs) as url:
        yield url


@dataclass(frozen=True, slots=True)
class Server:
    """One data folder, the programs that serve it, and the user they run as."""

    programs: Path
    folder: Path
    user: str

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs, which refuse to run as root."""
        subprocess.run(
            [self.programs / program, *arguments],
            user=self.user,
            cwd=self.folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def control(self, *arguments: str) -> None:
        """Start or stop it, and wait until that is done."""
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-w", *arguments)


@contextmanager
def running(programs: Path) -> Iterator[str]:
    """Start a server from that folder of programs, yield its URL, stop it and delete its data."""
    folder = Path(tempfile.mkdtemp(prefix="pharos-postgres-"))
    server = Server(programs, folder, unprivileged_user())
    shutil.chown(folder, server.user)
    port = envtest.free_ports(1)[0]
    log = folder / "log"
    make = ("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
    options = f"-p {port} -c listen_addresses={LOOPBACK} -c unix_socket_directories={folder} -F"
    try:
        server.run("initdb", "-D", f"{folder}/data", "-U", OWNER, *make)
        server.control("-l", f"{log}", "-o", options, "-t", f"{START_WITHIN_S}", "start")
    except subprocess.CalledProcessError as failed:
        raise RuntimeError(f"PostgreSQL does not start{wait.tail(log)}") from failed
    try:
        server.run("createdb", "-h", LOOPBACK, "-p", f"{port}", "-U", OWNER, OWNER)
        yield f"postgresql://{OWNER}@{LOOPBACK}:{port}/{OWNER}"
    finally:
        server.control("-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def unprivileged_user() -> str:
    """Debian's package brings a user for it; elsewhere nobody will do."""
    if os.geteuid():
        return getpass.getuser()
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)
