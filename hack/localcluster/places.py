"""Where the local cluster keeps things, and which addresses it uses."""

import os
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

SOURCES = Path(__file__).resolve().parent
NODE = "pharos-local"
LINK = "pharos0"
ADDRESSES_VARIABLE = "PHAROS_LOCALCLUSTER_NETS"
DEFAULT_NETS = "10.84.0.0/30 10.85.0.0/16 10.96.0.0/16"


def cache() -> Path:
    """The folder of everything that can be made again: `$PHAROS_CACHE` or `~/.cache/pharos`."""
    return Path(os.environ.get("PHAROS_CACHE", "~/.cache/pharos")).expanduser().absolute()


def home() -> Path:
    """The local cluster's own folder in the cache."""
    return cache() / "localcluster"


@dataclass(frozen=True, slots=True)
class Binaries:
    """The compiled programs."""

    folder: Path

    @property
    def kube(self) -> Path:
        """Every Kubernetes component and kubectl, chosen by the first argument."""
        return self.folder / "kube"

    @property
    def helm(self) -> Path:
        """Helm 3."""
        return self.folder / "helm"

    @property
    def pause(self) -> Path:
        """The program that holds a pod's namespaces."""
        return self.folder / "pause"

    @property
    def pause_image(self) -> Path:
        """The same as an image archive."""
        return self.folder / "pause.tar"


@dataclass(frozen=True, slots=True)
class State:
    """What one running cluster keeps; all but the images is new at every start."""

    root: Path

    @property
    def run(self) -> Path:
        """Everything that `down` deletes."""
        return self.root / "run"

    @property
    def images(self) -> Path:
        """The store of containerd, which survives `down` and ends with `down --purge`."""
        return self.root / "containerd"

    @property
    def pki(self) -> Path:
        """Keys and certificates."""
        return self.run / "pki"

    @property
    def logs(self) -> Path:
        """One file for each component."""
        return self.run / "logs"

    @property
    def audit(self) -> Path:
        """What pods have written through the API server, one JSON object a line."""
        return self.logs / "audit.jsonl"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.run / "admin.conf"

    @property
    def pid(self) -> Path:
        """Holds the process id of the cluster's first process."""
        return self.run / "pid"

    @property
    def held(self) -> Path:
        """A file here, named like a component, keeps that component from being started again."""
        return self.run / "held"

    def log(self, component: str) -> Path:
        """The log of one component."""
        return self.logs / f"{component}.log"

    def config(self, name: str) -> Path:
        """The kubeconfig of one identity."""
        return self.run / f"{name}.conf"


@dataclass(frozen=True, slots=True)
class Addresses:
    """The three networks: the cable between host and cluster, pods, and services."""

    link: IPv4Network
    pods: IPv4Network
    services: IPv4Network

    @property
    def host(self) -> IPv4Address:
        """The host's end of the cable."""
        return self.link[1]

    @property
    def node(self) -> IPv4Address:
        """The cluster's end, where the API server listens."""
        return self.link[2]

    @property
    def api(self) -> IPv4Address:
        """The Service `kubernetes`."""
        return self.services[1]

    @property
    def dns(self) -> IPv4Address:
        """The Service `kube-dns`."""
        return self.services[10]

    @property
    def server(self) -> str:
        """The API server's URL, reachable from the host and from pods."""
        return f"https://{self.node}:6443"


def addresses() -> Addresses:
    """The defaults, or link, pods and services as given in `$PHAROS_LOCALCLUSTER_NETS`."""
    nets = os.environ.get(ADDRESSES_VARIABLE, DEFAULT_NETS).split()
    return Addresses(*(IPv4Network(net) for net in nets))
