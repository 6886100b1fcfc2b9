"""The chart as tests see it: rendered by the real Helm with one of the value sets."""

import functools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
CHART = ROOT / "helm" / "pharos"
VALUES = ROOT / "tests" / "golden" / "helm" / "values"
VALUE_SETS = tuple(sorted(path.stem for path in VALUES.glob("*.yaml")))
NAMESPACE = "pharos-system"
KUBE_VERSION = "1.31.0"
MISSING = (
    "no Helm: set PHAROS_HELM, install helm 3, or compile it by hack/localcluster/cluster build"
)

Manifest = dict[str, Any]


@functools.cache
def helm_program() -> str | None:
    """Helm 3: that of $PHAROS_HELM, that on PATH, or that of the local cluster's programs."""
    named = os.environ.get("PHAROS_HELM") or shutil.which("helm")
    if named:
        return named
    asked = [sys.executable, "-m", "localcluster", "path"]
    done = subprocess.run(asked, cwd=ROOT / "hack", capture_output=True, text=True, check=False)
    compiled = Path(done.stdout.strip(), "helm")
    return str(compiled) if done.returncode == 0 and compiled.is_file() else None


def helm(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run Helm; skips the test where there is none."""
    program = helm_program()
    if program is None:
        pytest.skip(MISSING)
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)


def template(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run `helm template` over the chart as release `pharos`."""
    fixed = ("template", "pharos", str(CHART), "-n", NAMESPACE, "--kube-version", KUBE_VERSION)
    return helm(*fixed, *arguments)


@functools.cache
def rendered(values: str) -> str:
    """The chart's text for one value set, with what Helm draws at random masked."""
    done = template("-f", str(VALUES / f"{values}.yaml"))
    assert done.returncode == 0, done.stderr
    return re.sub(r'(user-hash-key: )"\w{32}"', r'\1"drawn at random"', done.stdout)


def manifests(values: str) -> tuple[Manifest, ...]:
    """The objects of one value set."""
    return tuple(one for one in yaml.safe_load_all(rendered(values)) if one)


def of_kind(values: str, *kinds: str) -> list[Manifest]:
    """The objects of some kinds."""
    return [one for one in manifests(values) if one["kind"] in kinds]


def named(values: str, kind: str, name: str) -> Manifest:
    """The one object of a kind and a name."""
    (found,) = (one for one in of_kind(values, kind) if one["metadata"]["name"] == name)
    return found


def workloads(values: str) -> list[Manifest]:
    """Everything that has a pod template."""
    return of_kind(values, "Deployment", "StatefulSet", "Job")


def pods(values: str) -> Iterator[tuple[str, Manifest]]:
    """The name and the pod template of every workload."""
    for one in workloads(values):
        yield one["metadata"]["name"], one["spec"]["template"]


def containers(values: str) -> Iterator[tuple[str, Manifest]]:
    """The name and the container of every pod; init containers too."""
    for name, pod in pods(values):
        for container in [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]:
            yield f"{name}/{container['name']}", container
