"""Install, upgrade, uninstall and install again, by the real Helm on a real API server.

There is no node, so hooks are left out: what they would do is what the cluster tests see.
"""

import json
import subprocess
from collections.abc import Callable, Iterator

import helm_chart
import pytest

from localcluster.envtest import Environment

Kubectl = Callable[..., "subprocess.CompletedProcess[str]"]
Helm = Callable[..., "subprocess.CompletedProcess[str]"]
NAMESPACE = "release"
SECRET = ("get", "secret", "pharos-database", "-n", NAMESPACE, "-o", "jsonpath={.data}")
EXPERIMENT = {
    "apiVersion": "pharos.neoalexandria.io/v1alpha1",
    "kind": "ABExperiment",
    "metadata": {"name": "running"},
    "spec": {"modelRef": {"name": "arxiv"}, "candidateRef": {"name": "arxiv-v1-1-0"}},
}


@pytest.fixture(scope="module")
def helm(api_server: Environment, kubectl: Kubectl, crds: None) -> Iterator[Helm]:
    def call(verb: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        where = ("--kubeconfig", str(api_server.kubeconfig), "-n", NAMESPACE, "--no-hooks")
        return helm_chart.helm(verb, "pharos", *arguments, *where)

    kubectl("create", "namespace", NAMESPACE)
    yield call
    call("uninstall")
    kubectl("delete", "namespace", NAMESPACE, "--wait=false")


@pytest.fixture
def installed(helm: Helm) -> None:
    # The kinds are on this server already, without Helm's marks.
    chart = (str(helm_chart.CHART), "--take-ownership")
    done = helm("upgrade", *chart, "--install", "--reset-values")
    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("installed")
def test_an_upgrade_keeps_the_passwords_that_were_drawn(helm: Helm, kubectl: Kubectl) -> None:
    before = json.loads(kubectl(*SECRET).stdout)
    done = helm("upgrade", str(helm_chart.CHART), "--set", "gateway.replicas=3")
    assert done.returncode == 0, done.stderr
    after = json.loads(kubectl(*SECRET).stdout)
    assert set(before) == {"url", "user-hash-key", "password"}
    assert before == after


@pytest.mark.usefixtures("installed")
def test_an_upgrade_changes_what_was_asked_and_nothing_else(helm: Helm, kubectl: Kubectl) -> None:
    def generations() -> dict[str, int]:
        listed = kubectl("get", "deployments,statefulsets", "-n", NAMESPACE, "-o", "json")
        items = json.loads(listed.stdout)["items"]
        return {one["metadata"]["name"]: one["metadata"]["generation"] for one in items}

    before = generations()
    helm("upgrade", str(helm_chart.CHART), "--set", "operator.logLevel=DEBUG")
    changed = {name for name, generation in generations().items() if generation != before[name]}
    assert changed == {"pharos-operator"}


@pytest.mark.usefixtures("installed")
def test_an_uninstall_while_an_experiment_runs_ends_and_keeps_what_is_yours(
    helm: Helm, kubectl: Kubectl
) -> None:
    applied = kubectl("apply", "-n", NAMESPACE, "-f", "-", text=json.dumps(EXPERIMENT))
    assert applied.returncode == 0, applied.stderr
    before = kubectl(*SECRET).stdout

    done = helm("uninstall", "--wait", "--timeout", "30s")
    assert done.returncode == 0, done.stderr

    left = kubectl("get", "abx,deployments,secrets,pvc", "-n", NAMESPACE, "-o", "name").stdout
    assert set(left.split()) == {
        "abexperiment.pharos.neoalexandria.io/running",
        "persistentvolumeclaim/pharos-artifacts",
        "secret/pharos-database",
    }
    again = helm("install", str(helm_chart.CHART))
    assert again.returncode == 0, again.stderr
    assert kubectl(*SECRET).stdout == before
