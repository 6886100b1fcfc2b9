"""A real API server takes the chart's objects where Pod Security `restricted` is enforced."""

import json
import subprocess
from collections.abc import Callable, Iterator

import helm_chart
import pytest
import yaml
from helm_chart import Manifest

Kubectl = Callable[..., "subprocess.CompletedProcess[str]"]
NAMESPACES = (helm_chart.NAMESPACE, "papers", "patents")
RESTRICTED = [f"pod-security.kubernetes.io/{mode}=restricted" for mode in ("enforce", "warn")]
FOREIGN = ("ServiceMonitor", "PodMonitor", "PrometheusRule")  # kinds of the Prometheus operator
OPERATOR = f"system:serviceaccount:{helm_chart.NAMESPACE}:pharos-operator"


@pytest.fixture(scope="module", autouse=True)
def restricted(kubectl: Kubectl) -> Iterator[None]:
    for name in NAMESPACES:
        kubectl("create", "namespace", name)
        kubectl("label", "--overwrite", "namespace", name, *RESTRICTED)
    yield
    kubectl("delete", "namespace", *NAMESPACES, "--wait=false")


def own_objects(values: str) -> str:
    kept = [one for one in helm_chart.manifests(values) if one["kind"] not in FOREIGN]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": kept})


@pytest.mark.parametrize("values", helm_chart.VALUE_SETS)
def test_every_object_is_taken_without_a_warning(kubectl: Kubectl, values: str) -> None:
    ways = ("apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-")
    taken = kubectl(*ways, text=own_objects(values))
    assert taken.returncode == 0, taken.stderr
    assert not [line for line in taken.stderr.splitlines() if "last-applied" not in line]


MAY = {
    "steer experiments": ("patch", "abexperiments.pharos.neoalexandria.io/status", "yes"),
    "run jobs": ("create", "jobs.batch", "yes"),
    "serve": ("patch", "deployments.apps", "yes"),
    "hold the lease": ("update", "leases.coordination.k8s.io", "yes"),
    "read Secrets": ("get", "secrets", "no"),
    "enter a pod": ("create", "pods/exec", "no"),
    "grant rights": ("create", "rolebindings.rbac.authorization.k8s.io", "no"),
    "make pods itself": ("create", "pods", "no"),
}


@pytest.fixture(scope="module")
def rights(kubectl: Kubectl) -> None:
    kinds = ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "ServiceAccount")
    text = yaml.safe_dump_all(helm_chart.of_kind("default", *kinds))
    assert kubectl("apply", "-f", "-", text=text).returncode == 0


@pytest.mark.parametrize(("verb", "resource", "answer"), MAY.values(), ids=MAY)
@pytest.mark.usefixtures("rights", "crds")
def test_the_operator_may(kubectl: Kubectl, verb: str, resource: str, answer: str) -> None:
    asked = ("auth", "can-i", verb, resource, "-n", helm_chart.NAMESPACE, f"--as={OPERATOR}")
    assert kubectl(*asked).stdout.strip() == answer


@pytest.mark.usefixtures("rights")
def test_the_operator_may_nothing_in_a_namespace_that_it_does_not_watch(kubectl: Kubectl) -> None:
    asked = ("auth", "can-i", "get", "pods", "-n", "patents", f"--as={OPERATOR}")
    assert kubectl(*asked).stdout.strip() == "no"


def as_pod(name: str, template: Manifest) -> Manifest:
    """A pod as its controller would make it; claims become empty folders."""
    spec = {**template["spec"], "serviceAccountName": "default"}
    there = {volume["name"] for volume in spec["volumes"]}
    mounted = {mount["name"] for one in spec["containers"] for mount in one["volumeMounts"]}
    spec["volumes"] = [*spec["volumes"], *({"name": n, "emptyDir": {}} for n in mounted - there)]
    metadata = {"name": f"try-{name}", "namespace": helm_chart.NAMESPACE}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def test_a_pod_of_each_workload_is_admitted(kubectl: Kubectl) -> None:
    kubectl("create", "serviceaccount", "default", "-n", helm_chart.NAMESPACE)
    for name, template in helm_chart.pods("default"):
        body = json.dumps(as_pod(name, template))
        admitted = kubectl("create", "--dry-run=server", "-f", "-", text=body)
        assert admitted.returncode == 0, admitted.stderr
