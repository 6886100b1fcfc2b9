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
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "hack"))

from localcluster import envtest, wait  # noqa: E402  # the path must be there first
from workbench import servers  # noqa: E402

REQUIRED = "PHAROS_REQUIRE_POSTGRES"
LOOPBACK = "127.0.0.1"
OWNER = "pharos"
READY_WITHIN_S = 30


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


@contextmanager
def running(programs: Path) -> Iterator[str]:
    """Start a server from that folder of programs, yield its URL, stop it and delete its data."""
    folder = Path(tempfile.mkdtemp(prefix="pharos-postgres-"))
    user = unprivileged_user()
    shutil.chown(folder, user)
    data, (port,) = folder / "data", envtest.free_ports(1)
    as_user = {"user": user, "cwd": folder, "check": True, "stdout": subprocess.DEVNULL}
    make = ("-D", str(data), "-U", OWNER, "--auth=trust", "--encoding=UTF8", "--no-sync")
    subprocess.run([programs / "initdb", *make, "--locale=C.UTF-8"], **as_user)
    options = f"-p {port} -c listen_addresses={LOOPBACK} -c unix_socket_directories={folder} -F"
    control = [programs / "pg_ctl", "-D", str(data)]
    log = folder / "log"
    start = ["-l", str(log), "-o", options, "-w", "-t", str(READY_WITHIN_S), "start"]
    try:
        subprocess.run([*control, *start], **as_user)
        subprocess.run(
            [programs / "createdb", "-h", LOOPBACK, "-p", str(port), "-U", OWNER, OWNER], **as_user
        )
        yield f"postgresql://{OWNER}@{LOOPBACK}:{port}/{OWNER}"
    except subprocess.CalledProcessError as failed:
        raise RuntimeError(f"PostgreSQL does not start{wait.tail(log)}") from failed
    finally:
        stop = ["-m", "immediate", "-w", "stop"]
        subprocess.run([*control, *stop], **{**as_user, "check": False})
        shutil.rmtree(folder, ignore_errors=True)


def unprivileged_user() -> str:
    """PostgreSQL refuses to run as root; Debian's package brings a user for it."""
    if os.geteuid():
        return getpass.getuser()
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)
