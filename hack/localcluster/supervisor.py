"""The first process inside the namespaces: prepares them and keeps the components running.

Because it is process 1 of its own process namespace, its death ends every component and every pod
and takes their mounts and interfaces along. It decides nothing else.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from localcluster import commands, wait
from localcluster.commands import Command, ControlPlane
from localcluster.places import Addresses, Binaries, State
from machine.command import Options, attempt, output

# Components insist on writing here; inside, each is a file system that ends with the cluster.
SCRATCH = (
    "/run/netns",
    "/run/containerd",
    "/var/lib/cni",
    "/var/log/containers",
    "/var/lib/kubelet",
)
RESTART_AFTER_S = 1.0
HELD_POLL_S = 0.1


class Supervisor:
    """Starts components, writes their logs, and starts again what ended and is not held."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._running: dict[int, tuple[str, Command]] = {}

    def start(self, name: str, command: Command) -> int:
        """Start one component; returns its process id."""
        with self._lock, self._state.log(name).open("ab") as log:
            process = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True, cwd=self._state.run
            )
            self._running[process.pid] = (name, command)
            process.returncode = 0  # reaped by `keep_running`, not by this object
        (self._state.run / f"{name}.pid").write_text(f"{process.pid}")
        return process.pid

    def stop(self, pid: int) -> None:
        """End one component for good."""
        with self._lock:
            del self._running[pid]
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    def keep_running(self) -> None:
        """Never returns. Also reaps what containers leave behind."""
        while True:
            pid, status = os.wait()
            with self._lock:
                ended = self._running.pop(pid, None)
            if ended:
                code = os.waitstatus_to_exitcode(status)
                print(f"{ended[0]} ended with status {code}", flush=True)
                threading.Thread(target=self._start_again, args=ended, daemon=True).start()

    def _start_again(self, name: str, command: Command) -> None:
        time.sleep(RESTART_AFTER_S)
        while (self._state.held / name).exists():
            time.sleep(HELD_POLL_S)
        print(f"starting {name} again", flush=True)
        self.start(name, command)


def main(binaries: Binaries, state: State, addresses: Addresses) -> None:
    """Prepare the namespaces, start everything in order, and stay."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # it is a text stream
    _mount_scratch(state)
    _join_network(addresses)
    supervisor = Supervisor(state)
    plane = control_plane(binaries, state, addresses)
    supervisor.start("etcd", commands.etcd(plane))
    supervisor.start("kube-apiserver", commands.cluster_api_server(plane, state))
    _start_containerd(supervisor, binaries, state)
    wait.until("the API server", lambda: _api_ready(binaries, state), 60)
    for name, command in commands.agents(binaries.kube, state, addresses).items():
        supervisor.start(name, command)
    supervisor.keep_running()


def control_plane(binaries: Binaries, state: State, addresses: Addresses) -> ControlPlane:
    """Fixed ports: the network namespace is the cluster's own."""
    return ControlPlane(
        kube=binaries.kube,
        pki=state.pki,
        data=state.run / "etcd",
        etcd_port=2379,
        etcd_peer_port=2380,
        api_port=6443,
        api_address=f"{addresses.node}",
        service_net=f"{addresses.services}",
    )


def _api_ready(binaries: Binaries, state: State) -> bool:
    line = (binaries.kube, "kubectl", "--kubeconfig", state.kubeconfig, "get", "--raw=/readyz")
    return attempt(*line) == "ok"


def _mount_scratch(state: State) -> None:
    output("mount", "--make-rshared", "/")
    for folder in SCRATCH:
        Path(folder).mkdir(parents=True, exist_ok=True)
        output("mount", "-t", "tmpfs", "pharos-local", folder)
    # Volumes may be large, so the kubelet's folder lies on the disk.
    output("mount", "--bind", state.run / "kubelet", "/var/lib/kubelet")
    output("mount", "--make-rshared", "/var/lib/kubelet")


def _join_network(addresses: Addresses) -> None:
    cable = Path("/sys/class/net/eth0")
    wait.until("the cable to the host", lambda: "eth0" in _interfaces() or cable.exists(), 10)
    output("ip", "link", "set", "lo", "up")
    output("ip", "address", "add", f"{addresses.node}/{addresses.link.prefixlen}", "dev", "eth0")
    output("ip", "link", "set", "eth0", "up")
    output("ip", "route", "add", "default", "via", f"{addresses.host}")
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def _interfaces() -> str:
    return Path("/proc/net/dev").read_text()


def _start_containerd(supervisor: Supervisor, binaries: Binaries, state: State) -> None:
    """Start it, forget the containers of the cluster before this one, and load the pause image.

    Its image store survives `down`, and with it the records of containers that died there; removed
    only after a restart do they vanish from what the kubelet is told.
    """
    pid = supervisor.start("containerd", commands.containerd(state))
    wait.until("containerd", lambda: _ctr("version") is not None, 30, state.log("containerd"))
    old = (_ctr("containers", "ls", "-q") or "").split()
    if old:
        _ctr("containers", "rm", *old)
        supervisor.stop(pid)
        supervisor.start("containerd", commands.containerd(state))
        wait.until("containerd", lambda: _ctr("version") is not None, 30, state.log("containerd"))
    with binaries.pause_image.open("rb") as archive:
        output(*CTR, "images", "import", "-", options=Options(stdin=archive))


CTR = ("ctr", "--namespace", "k8s.io")


def _ctr(*arguments: str) -> str | None:
    return attempt(*CTR, *arguments)
