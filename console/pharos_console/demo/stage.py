"""Builds the stage: cluster, images, chart. Calls the checkout's own tools, decides nothing."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from pharos_console.demo.display import Display
from pharos_console.errors import UsageError

RELEASE = "pharos"
# Its own, so that it may be cleared: nobody's work is in it.
NAMESPACE = "pharos-demo"


@dataclass(frozen=True, slots=True)
class Stage:
    """A checkout of Pharos with its ``hack`` tools."""

    checkout: Path

    @property
    def cluster_tool(self) -> str:
        """The program that starts, reaches and ends the local cluster."""
        return str(self.checkout / "hack" / "localcluster" / "cluster")

    @property
    def images_tool(self) -> str:
        """The program that builds and loads images."""
        return str(self.checkout / "hack" / "images" / "images")

    def build(self, display: Display) -> None:
        """Bring up the cluster, build and load the images, install the chart. Idempotent."""
        display.say("cluster: starting (compiled once, on the first run)")
        self.call(self.cluster_tool, "up")
        display.say("images: building what has changed, loading what is missing")
        self.call(self.images_tool, "build")
        self.call(self.images_tool, "load")
        self.clear(display)
        display.say("helm: installing Pharos")
        self.install()

    def clear(self, display: Display | None = None) -> None:
        """Remove the demonstration's namespace and release, if an earlier one left them."""
        kubectl = (self.cluster_tool, "kubectl")
        left = self.output(*kubectl, "get", "namespace", NAMESPACE, "--ignore-not-found", "-o=name")
        if not left.strip():
            return
        if display:
            display.say("clearing what an earlier demonstration left")
        helm = (self.cluster_tool, "helm", "--namespace", NAMESPACE)
        self.output(*helm, "uninstall", RELEASE, "--ignore-not-found", "--wait")
        self.output(*kubectl, "delete", "namespace", NAMESPACE, "--timeout=180s")

    def kubeconfig(self) -> str:
        """Path of the cluster's kubeconfig."""
        for line in self.output(self.cluster_tool, "env").splitlines():
            name, _, value = line.removeprefix("export ").partition("=")
            if name == "KUBECONFIG":
                return value.strip("'\"")
        raise UsageError("the local cluster tool names no KUBECONFIG")

    def install(self, *settings: str) -> None:
        """``helm upgrade --install`` with the images that were just built."""
        values = self.checkout / "build" / "demo" / "values.json"
        values.parent.mkdir(parents=True, exist_ok=True)
        values.write_text(json.dumps(self._values(), indent=2))
        chart = self.checkout / "helm" / "pharos"
        self.call(
            *(self.cluster_tool, "helm", "upgrade", "--install", RELEASE, str(chart)),
            *("--namespace", NAMESPACE, "--create-namespace", "--wait", "--timeout", "5m"),
            *("--values", str(values), *settings),
        )

    def _values(self) -> dict[str, object]:
        index = json.loads((self.checkout / "build" / "images" / "index.json").read_text())
        tags = {name: {"tag": built["tag"].rsplit(":", 1)[1]} for name, built in index.items()}
        tags.pop("console", None)
        return {"images": tags, "prometheus": {"embedded": {"scrapeInterval": "1s"}}}

    def call(self, *command: str) -> None:
        """Run a tool with its output shown. Raises UsageError when it fails."""
        done = subprocess.run(command, cwd=self.checkout, env=self._environment(), check=False)  # noqa: S603 - our own tools
        if done.returncode:
            raise UsageError(f"`{' '.join(command[:4])} …` failed with status {done.returncode}")

    def output(self, *command: str) -> str:
        """Run a tool and return what it prints."""
        done = subprocess.run(  # noqa: S603 - our own tools
            command,
            cwd=self.checkout,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise UsageError(f"`{' '.join(command[:4])} …` failed: {done.stderr.strip()}")
        return done.stdout

    def _environment(self) -> dict[str, str]:
        return os.environ | {"PYTHON": sys.executable}
