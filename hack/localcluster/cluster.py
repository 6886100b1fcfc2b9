"""One face for all kinds of cluster: up, down, load, what is wrong with it, and its kubeconfig."""

import os
from pathlib import Path
from typing import Protocol

from localcluster import addons, binaries, builtin, health, ladder
from localcluster.ladder import Choice, Kind
from localcluster.places import addresses, home
from machine.command import Options, attempt, output
from machine.problem import Problem

NAME = "pharos"
NO_AUDIT = (
    "only the built-in cluster keeps a record of writes; "
    "PHAROS_CLUSTER=builtin hack/localcluster/cluster up starts it"
)


class Cluster(Protocol):
    """What every kind of cluster can do."""

    def up(self, gpus: int) -> None:
        """Start it, or find that it runs."""

    def down(self, *, purge: bool) -> None:
        """End it."""

    def load(self, archives: list[Path]) -> None:
        """Give it images."""

    def kubeconfig(self) -> Path:
        """The kubeconfig that reaches it."""

    def complaints(self) -> list[str]:
        """What is wrong with it."""

    def audit(self) -> Path:
        """The file in which the API server writes down what pods change."""


def chosen(choice: Choice) -> Cluster:
    """The cluster of a choice."""
    match choice.kind:
        case Kind.BUILTIN:
            return Builtin()
        case Kind.KIND | Kind.K3D:
            return InDocker(choice.kind)
        case Kind.KUBECONFIG:
            return OfOnesOwn(choice.context)


def current() -> Cluster:
    """The cluster of the last `up`.

    Raises:
        Problem: there was none.
    """
    choice = ladder.remembered()
    if choice is None:
        raise Problem("no cluster is running; start one with: hack/localcluster/cluster up")
    return chosen(choice)


class Builtin:
    """The single-node Kubernetes that is compiled here."""

    def up(self, gpus: int) -> None:
        """Compile where needed, start, and wait until DNS answers."""
        builtin.up(gpus)

    def down(self, *, purge: bool) -> None:
        """End it and put the machine back."""
        builtin.down(purge=purge)

    def load(self, archives: list[Path]) -> None:
        """Import into its containerd."""
        builtin.load(archives)

    def kubeconfig(self) -> Path:
        """The administrator's."""
        return builtin.state().kubeconfig

    def complaints(self) -> list[str]:
        """Looks at each component, the API server, the node, DNS and the pods."""
        supervisor = builtin.need_running()
        kube = binaries.build().kube
        return health.complaints(kube, builtin.state(), supervisor, addresses().dns)

    def audit(self) -> Path:
        """Named by its API server's options."""
        return builtin.state().audit


class InDocker:
    """A cluster made by kind or k3d, both of which run nodes as Docker containers."""

    def __init__(self, kind: Kind) -> None:
        self._program = kind

    def up(self, gpus: int) -> None:
        """Create it unless it exists, write its kubeconfig, and offer the GPUs that are numbers."""
        make = {
            Kind.KIND: ("kind", "create", "cluster", "--name", NAME, "--wait", "180s"),
            Kind.K3D: ("k3d", "cluster", "create", NAME, "--wait"),
        }
        existing = {
            Kind.KIND: ("kind", "get", "clusters"),
            Kind.K3D: ("k3d", "cluster", "list", "--no-headers"),
        }
        found = (attempt(*existing[self._program]) or "").splitlines()
        if not any(line.split()[:1] == [NAME] for line in found):
            output(*make[self._program])
        config = self.kubeconfig()
        config.parent.mkdir(parents=True, exist_ok=True)
        show = {
            Kind.KIND: ("kind", "get", "kubeconfig", "--name", NAME),
            Kind.K3D: ("k3d", "kubeconfig", "get", NAME),
        }
        config.touch(mode=0o600)
        config.write_text(output(*show[self._program]))
        patch = ("--subresource=status", "--type=json", "-p", addons.gpu_patch(gpus))
        for node in output(*_kubectl(config), "get", "nodes", "-o", "name").split():
            output(*_kubectl(config), "patch", node, *patch)

    def down(self, *, purge: bool) -> None:
        """Delete it; its images go with it in any case."""
        del purge
        end = {
            Kind.KIND: ("kind", "delete", "cluster", "--name", NAME),
            Kind.K3D: ("k3d", "cluster", "delete", NAME),
        }
        output(*end[self._program])
        self.kubeconfig().unlink(missing_ok=True)

    def load(self, archives: list[Path]) -> None:
        """Hand over archives by the program's own import."""
        put = {
            Kind.KIND: ("kind", "load", "image-archive", "--name", NAME),
            Kind.K3D: ("k3d", "image", "import", "--cluster", NAME),
        }
        for archive in archives:
            output(*put[self._program], archive)

    def kubeconfig(self) -> Path:
        """Its own file, so that a person's kubeconfig is never edited."""
        return home() / f"{self._program}.conf"

    def complaints(self) -> list[str]:
        """What the API server and the pods say."""
        return _complaints(self.kubeconfig())

    def audit(self) -> Path:
        """Its API server keeps none that could be read from here."""
        raise Problem(NO_AUDIT)


class OfOnesOwn:
    """The cluster that a person's kubeconfig names. It is never started, ended or changed."""

    def __init__(self, context: str) -> None:
        self._context = context

    def up(self, gpus: int) -> None:
        """Write a kubeconfig of that context alone, and see that it answers."""
        del gpus
        context = () if self._context == ladder.CURRENT else ("--context", self._context)
        view = ("config", "view", "--minify", "--flatten", "--raw")
        config = self.kubeconfig()
        config.parent.mkdir(parents=True, exist_ok=True)
        config.touch(mode=0o600)
        config.write_text(output(*_program(), *context, *view))
        if not attempt(*_kubectl(config), "get", "--raw=/readyz", options=Options(timeout_s=20)):
            raise Problem(f"the cluster of kubeconfig context {self._context} does not answer")

    def down(self, *, purge: bool) -> None:
        """Forget it; it is not ours to end."""
        del purge
        self.kubeconfig().unlink(missing_ok=True)

    def load(self, archives: list[Path]) -> None:
        """Cannot be done from outside."""
        names = ", ".join(archive.name for archive in archives)
        raise Problem(
            f"images cannot be put into the cluster of context {self._context}; push {names} to "
            "a registry it pulls from and give the chart that registry"
        )

    def kubeconfig(self) -> Path:
        """A copy that holds the one context."""
        return home() / "own.conf"

    def complaints(self) -> list[str]:
        """What the API server and the pods say."""
        return _complaints(self.kubeconfig())

    def audit(self) -> Path:
        """Its API server keeps none that could be read from here."""
        raise Problem(NO_AUDIT)


def _program() -> tuple[str, ...]:
    """The machine's kubectl where there is one, else the one compiled here."""
    found = attempt("kubectl", "version", "--client")
    return ("kubectl",) if found else (f"{binaries.build().kube}", "kubectl")


def _kubectl(config: Path) -> tuple[str, ...]:
    return (*_program(), "--kubeconfig", f"{config}", "--request-timeout=20s")


def _complaints(config: Path) -> list[str]:
    if attempt(*_kubectl(config), "get", "--raw=/readyz", options=Options(timeout_s=25)) is None:
        return [f"The API server of {config} does not answer"]
    return health.failing_pods(attempt(*_kubectl(config), "get", "pods", "-A", "--no-headers"))


def environment(config: Path) -> dict[str, str]:
    """The environment in which kubectl and helm reach the cluster."""
    return {**os.environ, "KUBECONFIG": f"{config}"}
