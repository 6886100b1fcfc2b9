"""Says in sentences what is wrong with the built-in cluster; looks and changes nothing."""

import socket
from ipaddress import IPv4Address
from pathlib import Path

from localcluster import wait
from localcluster.places import State
from machine.command import Options, attempt

NODE_READY = ("-o", 'jsonpath={.status.conditions[?(@.type=="Ready")].status}')
NAME = "kubernetes.default.svc.cluster.local"
COMPONENTS = (
    "containerd",
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "dns",
    "storage",
)


def complaints(kube: Path, state: State, supervisor: int, dns: IPv4Address) -> list[str]:
    """One sentence for each thing that is wrong; an empty list when all is well."""
    alive = running(supervisor)
    found = [_stopped(state, name) for name in COMPONENTS if name not in alive]
    kubectl = (kube, "kubectl", "--kubeconfig", state.kubeconfig, "--request-timeout=5s")
    quick = Options(timeout_s=8)
    if attempt(*kubectl, "get", "--raw=/readyz", options=quick) != "ok":
        found.append(f"The API server does not answer{wait.tail(state.log('kube-apiserver'), 5)}")
        return found
    ready = attempt(*kubectl, "get", "nodes", "--no-headers", options=quick) or ""
    if " Ready " not in f"{ready} ".replace("\n", " "):
        found.append(f"The node is not ready{wait.tail(state.log('kubelet'), 5)}")
    if not resolves(dns):
        found.append(f"Cluster DNS does not answer{wait.tail(state.log('dns'), 5)}")
    found += failing_pods(attempt(*kubectl, "get", "pods", "-A", "--no-headers", options=quick))
    return found


def failing_pods(listing: str | None) -> list[str]:
    """One sentence for each pod of `kubectl get pods -A` that neither runs nor has completed."""
    rows = [line.split() for line in (listing or "").splitlines()]
    fine = {"Running", "Completed", "Succeeded"}
    return [
        f"Pod {row[0]}/{row[1]} is {row[3]}; see: kubectl describe pod -n {row[0]} {row[1]}"
        for row in rows
        if len(row) > 3 and row[3] not in fine
    ]


def running(supervisor: int) -> dict[str, int]:
    """The components that live, with their process ids as the host numbers them."""
    alive = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            if f"PPid:\t{supervisor}\n" not in status.read_text():
                continue
            line = (status.parent / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue  # it ended while we looked
        name = Path(line[0]).name
        alive[line[1] if name == "kube" else name] = int(status.parent.name)
    return alive


def resolves(server: IPv4Address, name: str = NAME) -> bool:
    """Whether the DNS Service answers for a Service, asked as a pod would ask (RFC 1035 §4)."""
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    query = b"\x50\x48\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + labels + b"\0\0\x01\0\x01"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(1)
        try:
            udp.sendto(query, (f"{server}", 53))
            answers = int.from_bytes(udp.recv(512)[6:8], "big")
        except OSError:
            return False
    return answers > 0


def _stopped(state: State, name: str) -> str:
    why = " and is held by a drill" if (state.held / name).exists() else ""
    return f"{name} is not running{why}{wait.tail(state.log(name), 5)}"
