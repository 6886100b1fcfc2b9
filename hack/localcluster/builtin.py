"""The built-in cluster: starts it, finds it, ends it.

Everything runs in process, mount and network namespaces of its own below one process, the
supervisor. `up` may be repeated; `down` leaves the machine as it was, but for the images, which
`down --purge` deletes too.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from localcluster import (
    addons,
    binaries,
    certificates,
    configuration,
    containers,
    health,
    host,
    supervisor,
    wait,
)
from localcluster.places import NODE, SOURCES, Addresses, Binaries, State, addresses, home
from machine.apt import ensure_packages
from machine.command import Options, attempt, output
from machine.problem import Problem
from machine.progress import Progress

PACKAGES = {
    "containerd": "containerd",
    "runc": "runc",
    "/usr/lib/cni/ptp": "containernetworking-plugins",
    "nft": "nftables",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "openssl": "openssl",
    "nsenter": "util-linux",
}
RUN_MIB = 4 * 1024
IDENTITIES = {
    "admin": certificates.ADMIN,
    "front-proxy": "/CN=front-proxy",
    "kubelet": f"/O=system:nodes/CN=system:node:{NODE}",
    "kube-controller-manager": "/CN=system:kube-controller-manager",
    "kube-scheduler": "/CN=system:kube-scheduler",
    "kube-proxy": "/CN=system:kube-proxy",
}
API_NAMES = (
    "DNS:localhost",
    "DNS:kubernetes",
    "DNS:kubernetes.default",
    "DNS:kubernetes.default.svc",
    "DNS:kubernetes.default.svc.cluster.local",
    "IP:127.0.0.1",
)
UPSTREAM_RESOLVER = Path("/run/systemd/resolve/resolv.conf")


def state() -> State:
    """Where the one built-in cluster of this machine keeps its files."""
    return State(home())


def pid() -> int | None:
    """The supervisor's process id as the host numbers it, or None when no cluster runs."""
    with contextlib.suppress(OSError, ValueError):
        number = int(state().pid.read_text())
        if b"supervise" in Path(f"/proc/{number}/cmdline").read_bytes():
            return number
    return None


def up(gpus: int) -> None:
    """Start the cluster, or complete the start of one that runs.

    Raises:
        Problem: not root, packages or Go missing, addresses in use, or a component does not start.
    """
    if os.geteuid():
        raise Problem("the built-in cluster runs containers, which needs root: use sudo")
    ensure_packages(PACKAGES)
    programs = binaries.build()
    if pid() is None:
        down(purge=False)  # what a crash or a reboot left
        binaries.need_disk(home(), RUN_MIB)
        host.need_free(addresses())
        with Progress("starting the cluster"):
            _start(programs, state(), addresses())
            _finish(gpus)
    else:
        _finish(gpus)


def down(*, purge: bool) -> None:
    """End the cluster and put the machine back; `purge` deletes the loaded images as well."""
    number = pid()
    if number:
        os.kill(number, signal.SIGKILL)
        wait.until("the cluster's end", lambda: not Path(f"/proc/{number}").exists(), 30)
    if not state().run.exists() and not purge:
        return
    host.disconnect()
    host.remove_control_groups()
    host.restore_settings(state())
    for folder in supervisor.SCRATCH:
        with contextlib.suppress(OSError):  # goes only where it is empty: made for the cluster
            Path(folder).rmdir()
    shutil.rmtree(state().run, ignore_errors=True)
    if purge:
        shutil.rmtree(state().images, ignore_errors=True)


def kubectl(*arguments: str, text: str | None = None) -> str:
    """Run the built-in kubectl as the administrator."""
    return output(*_kubectl(), *arguments, options=Options(text=text))


def _kubectl() -> tuple[str, ...]:
    return (f"{binaries.build().kube}", "kubectl", "--kubeconfig", f"{state().kubeconfig}")


def _start(programs: Binaries, place: State, nets: Addresses) -> None:
    for folder in ("logs", "etcd", "kubelet", "volumes", "cni", "held", "pki"):
        (place.run / folder).mkdir(parents=True)
    place.images.mkdir(parents=True, exist_ok=True)
    host.remember_settings(place)
    _write_credentials(place, nets)
    for name, text in configuration.files(place, nets).items():
        (place.run / name).write_text(text)
    # A resolver on loopback cannot be reached from the namespaces; its upstreams can.
    resolver = UPSTREAM_RESOLVER if UPSTREAM_RESOLVER.exists() else Path("/etc/resolv.conf")
    shutil.copyfile(resolver, place.run / "resolv.conf")
    host.make_control_groups()
    number = _spawn_supervisor(programs, place)
    place.pid.write_text(f"{number}")
    host.connect(number, nets)


def _write_credentials(place: State, nets: Addresses) -> None:
    pki = place.pki
    certificates.make_authority(pki)
    names = (*API_NAMES, f"IP:{nets.api}", f"IP:{nets.node}")
    certificates.issue(pki, "apiserver", "/CN=kube-apiserver", names)
    certificates.issue_all(pki, IDENTITIES)
    for name in IDENTITIES:
        certificates.write_kubeconfig(pki, name, nets.server, place.config(name))


def _spawn_supervisor(programs: Binaries, place: State) -> int:
    """Start it in new namespaces; returns its process id as the host numbers it."""
    namespaces = ("--fork", "--pid", "--mount", "--net", "--mount-proc", "--kill-child")
    itself = (sys.executable, "-m", "localcluster", "supervise", f"{programs.folder}")
    log = place.log("supervisor")
    with log.open("wb") as out:
        outer = subprocess.Popen(
            ("unshare", *namespaces, *itself),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            cwd=place.run,
            env={**os.environ, "PYTHONPATH": f"{SOURCES.parent}"},
        )
    children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children")

    def born() -> bool:
        return outer.poll() is None and bool(children.read_text().strip())

    wait.until("the cluster's namespaces", born, 10, log)
    number = int(children.read_text())
    outer.returncode = 0  # it lives on without us
    return number


def _finish(gpus: int) -> None:
    """Wait for each part in the order in which they depend on each other."""
    place = state()

    def try_kubectl(*arguments: str) -> str | None:
        if pid() is None:
            raise Problem(f"the cluster ended{wait.tail(place.log('supervisor'))}")
        return attempt(*_kubectl(), *arguments, options=Options(timeout_s=5))

    def waits(what: str, log: str, *arguments: str, answer: str = "") -> None:
        def answered() -> bool:
            printed = try_kubectl(*arguments)
            return printed is not None and answer in printed

        wait.until(what, answered, 60, place.log(log))

    waits("the API server", "kube-apiserver", "get", "--raw=/readyz", answer="ok")
    waits("the node", "kubelet", "get", "node", NODE, *health.NODE_READY, answer="True")
    kubectl("apply", "-f", "-", text=addons.manifests(addresses()))
    account = ("get", "serviceaccount", "default")
    waits("the default service account", "kube-controller-manager", *account)
    wait.until("cluster DNS", lambda: health.resolves(addresses().dns), 30, place.log("dns"))
    patch = ("--subresource=status", "--type=json", "-p", addons.gpu_patch(gpus))
    kubectl("patch", "node", NODE, *patch)


def load(archives: list[Path]) -> None:
    """Import image archives (docker-archive or OCI, as tar) or OCI layout folders."""
    containers.load(need_running(), archives)


def need_running() -> int:
    """The supervisor's process id.

    Raises:
        Problem: no built-in cluster runs.
    """
    number = pid()
    if number is None:
        raise Problem("no local cluster is running; start one with: hack/localcluster/cluster up")
    return number
