"""The API server of the integration tier really stores, authorises and signs."""

import json
import subprocess
from collections.abc import Callable, Iterator

import pytest

from localcluster.envtest import Environment

Kubectl = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def kubectl(api_server: Environment) -> Kubectl:
    def call(*arguments: str, text: str = "") -> "subprocess.CompletedProcess[str]":
        line = [
            f"{api_server.kube}",
            "kubectl",
            f"--kubeconfig={api_server.kubeconfig}",
            *arguments,
        ]
        return subprocess.run(line, input=text, text=True, capture_output=True, check=False)

    return call


@pytest.fixture(scope="module")
def namespace(kubectl: Kubectl) -> Iterator[str]:
    assert kubectl("create", "namespace", "envtest").returncode == 0
    yield "envtest"
    kubectl("delete", "namespace", "envtest", "--wait=false")


@pytest.fixture(scope="module")
def account(kubectl: Kubectl, namespace: str) -> str:
    assert kubectl("create", "serviceaccount", "reader", "-n", namespace).returncode == 0
    role = ("--verb=get,list", "--resource=configmaps", "-n", namespace)
    assert kubectl("create", "role", "reader", *role).returncode == 0
    binding = ("--role=reader", f"--serviceaccount={namespace}:reader", "-n", namespace)
    assert kubectl("create", "rolebinding", "reader", *binding).returncode == 0
    return f"system:serviceaccount:{namespace}:reader"


def test_a_role_allows_what_it_names_and_nothing_else(
    kubectl: Kubectl, namespace: str, account: str
) -> None:
    def may(verb: str, resource: str) -> str:
        asked = ("auth", "can-i", verb, resource, "-n", namespace, f"--as={account}")
        return kubectl(*asked).stdout.strip()

    assert may("list", "configmaps") == "yes"
    assert may("delete", "configmaps") == "no"
    assert may("list", "secrets") == "no"


def test_a_service_account_gets_a_token_that_a_review_accepts(
    kubectl: Kubectl, namespace: str, account: str
) -> None:
    token = kubectl("create", "token", "reader", "-n", namespace, "--audience=pharos").stdout
    review = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "spec": {"token": token.strip(), "audiences": ["pharos"]},
    }
    answer = kubectl("create", "-f", "-", "-o", "json", text=json.dumps(review))
    status = json.loads(answer.stdout)["status"]
    assert status["authenticated"] is True
    assert status["user"]["username"] == account
    assert status["audiences"] == ["pharos"]


def test_a_custom_resource_is_checked_by_its_schema(kubectl: Kubectl) -> None:
    schema = {
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}},
    }
    names = {"plural": "lamps", "singular": "lamp", "kind": "Lamp"}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
    }
    spec = {"group": "envtest.io", "scope": "Namespaced", "names": names, "versions": [version]}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "lamps.envtest.io"},
        "spec": spec,
    }
    assert kubectl("apply", "-f", "-", text=json.dumps(definition)).returncode == 0
    kubectl("wait", "--for=condition=Established", "crd/lamps.envtest.io", "--timeout=20s")
    lamp = {
        "apiVersion": "envtest.io/v1",
        "kind": "Lamp",
        "metadata": {"name": "one", "namespace": "default"},
        "spec": {"size": "large"},
    }
    refused = kubectl("create", "-f", "-", "--validate=false", text=json.dumps(lamp))
    assert refused.returncode == 1
    assert "spec.size" in refused.stderr


def test_writes_are_counted_by_the_metrics_of_the_api_server(kubectl: Kubectl) -> None:
    metrics = kubectl("get", "--raw", "/metrics").stdout
    assert "apiserver_request_total{" in metrics
    assert 'verb="POST"' in metrics
