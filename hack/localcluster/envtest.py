"""A bare API for tests: etcd and kube-apiserver on loopback, in a temporary folder, without a node.

Objects are stored, validated, watched and authorised as in any cluster; nothing runs, nothing is
scheduled and nothing is garbage-collected, because no controller is there. Needs no root.
"""

import contextlib
import shutil
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from ssl import create_default_context

from localcluster import binaries, certificates, commands, wait
from localcluster.commands import ControlPlane
from localcluster.places import Binaries
from machine.problem import Problem

LOOPBACK = "127.0.0.1"
READY_WITHIN_S = 60
STOP_WITHIN_S = 10


@dataclass(frozen=True, slots=True)
class Environment:
    """A running API: its URL, its administrator's kubeconfig and kubectl, and its folder."""

    server: str
    kubeconfig: Path
    kube: Path
    folder: Path


@contextlib.contextmanager
def environment(programs: Binaries | None = None) -> Iterator[Environment]:
    """Start, wait until ready, and stop at the end whatever happens.

    Raises:
        Problem: the programs are not compiled, or one of them does not start.
    """
    programs = programs or need_binaries()
    folder = Path(tempfile.mkdtemp(prefix="pharos-envtest-"))
    running: list[subprocess.Popen[bytes]] = []
    try:
        yield _start(programs, folder, running)
    finally:
        for process in reversed(running):
            _stop(process)
        shutil.rmtree(folder, ignore_errors=True)


def need_binaries() -> Binaries:
    """The compiled programs, never compiling them: that takes minutes and is asked for by name.

    Raises:
        Problem: they are not there.
    """
    found = binaries.find()
    if found is None:
        raise Problem(
            "kube-apiserver and etcd are not compiled; run: hack/localcluster/cluster build"
        )
    return found


def _start(programs: Binaries, folder: Path, running: list[subprocess.Popen[bytes]]) -> Environment:
    client, peer, api = free_ports(3)
    plane = ControlPlane(
        kube=programs.kube,
        pki=folder / "pki",
        data=folder / "etcd",
        etcd_port=client,
        etcd_peer_port=peer,
        api_port=api,
        api_address=LOOPBACK,
        service_net="10.0.0.0/24",
    )
    _write_credentials(plane, folder)
    for name, command in (
        ("etcd", commands.etcd(plane)),
        ("kube-apiserver", commands.lone_api_server(plane)),
    ):
        with (folder / f"{name}.log").open("wb") as out:
            running.append(subprocess.Popen(command, stdout=out, stderr=out, cwd=folder))
    server = f"https://{LOOPBACK}:{api}"
    log = folder / "kube-apiserver.log"
    wait.until(
        "the API server", lambda: _ready(server, plane.pki, running, log), READY_WITHIN_S, log
    )
    return Environment(server, folder / "admin.conf", programs.kube, folder)


def _write_credentials(plane: ControlPlane, folder: Path) -> None:
    certificates.make_authority(plane.pki)
    names = ("DNS:localhost", "DNS:kubernetes.default.svc", f"IP:{LOOPBACK}", "IP:10.0.0.1")
    certificates.issue(plane.pki, "apiserver", "/CN=kube-apiserver", names)
    certificates.issue(plane.pki, "admin", certificates.ADMIN)
    server = f"https://{LOOPBACK}:{plane.api_port}"
    certificates.write_kubeconfig(plane.pki, "admin", server, folder / "admin.conf")


def _ready(server: str, pki: Path, running: list[subprocess.Popen[bytes]], log: Path) -> bool:
    """Asked over HTTP: a kubectl for each question would cost more than the server's start."""
    if any(process.poll() is not None for process in running):
        raise Problem(f"the API server or etcd ended at its start{wait.tail(log)}")
    context = create_default_context(cafile=f"{pki / 'ca.crt'}")
    context.load_cert_chain(f"{pki / 'admin.crt'}", f"{pki / 'admin.key'}")
    try:
        with urllib.request.urlopen(f"{server}/readyz", timeout=2, context=context) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_ports(count: int) -> list[int]:
    """Distinct loopback ports that nobody listens on now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for listening in sockets:
            listening.bind((LOOPBACK, 0))
        return [listening.getsockname()[1] for listening in sockets]
