"""A real cluster with Pharos installed from the chart, torn down at the end.

Nothing here is mocked: images are the built ones, pods run, traffic goes through Envoy. The tests
of this tier tell one story in order: a trained model is what the next chapter starts from.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from pharos_console.cluster import Cluster
from pharos_console.demo.display import Display
from pharos_console.demo.ingredients import (
    NEWS_LABELS,
    PACKAGED_CORPUS,
    PACKAGED_MODEL,
    Ingredients,
)
from pharos_console.demo.scenario import Scenario
from pharos_console.demo.stage import NAMESPACE, Stage

ROOT = Path(__file__).resolve().parents[2]


class Kubectl:
    """kubectl and helm of the cluster under test, in the namespace of Pharos."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def __call__(self, *words: str, check: bool = True) -> str:
        return self.run(self._stage.cluster_tool, "kubectl", "-n", NAMESPACE, *words, check=check)

    def helm(self, *words: str) -> str:
        return self.run(self._stage.cluster_tool, "helm", "-n", NAMESPACE, *words)

    def drill(self, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([self._stage.cluster_tool, "drill", *words])

    def json(self, *words: str) -> dict:
        return json.loads(self(*words, "-o", "json"))

    def run(self, *command: str, check: bool = True) -> str:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
        if check and done.returncode:
            pytest.fail(f"{' '.join(command[:6])}: {done.stderr or done.stdout}")
        return done.stdout


@pytest.fixture(scope="session")
def stage() -> Stage:
    return Stage(ROOT)


@pytest.fixture(scope="session")
def kubectl(stage: Stage) -> Kubectl:
    return Kubectl(stage)


@pytest.fixture(scope="session")
def installed(stage: Stage) -> Iterator[Cluster]:
    """Pharos, freshly installed; what an earlier run left is removed first."""
    stage.clear()
    stage.install()
    yield Cluster(NAMESPACE, stage.kubeconfig())
    stage.clear()


@pytest.fixture(scope="session")
def ingredients() -> Ingredients:
    return Ingredients(NEWS_LABELS, PACKAGED_MODEL, "packaged", "packaged", uri=PACKAGED_CORPUS)


@pytest.fixture(scope="session")
def scenario(installed: Cluster, ingredients: Ingredients) -> Scenario:
    return Scenario(installed, Display(Console(highlight=False)), ingredients, None)
