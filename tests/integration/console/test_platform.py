"""What the console reads of an installation: the operator's settings and the gateway's address."""

from typing import Any

import pytest
from kubernetes import client

from pharos_api import names
from pharos_console.cluster import Cluster
from pharos_console.errors import UsageError
from pharos_console.load.gateway import gateway_url
from pharos_console.platform import read_platform


def operator(cluster: Cluster, **settings: str) -> None:
    """A Deployment like the chart's, with some settings."""
    labels = {names.LABEL_COMPONENT: names.COMPONENT_OPERATOR}
    env = [{"name": f"PHAROS_OPERATOR_{key}", "value": value} for key, value in settings.items()]
    secret = {"secretKeyRef": {"name": "pharos-database", "key": "url"}}
    container: dict[str, Any] = {
        "name": "operator",
        "image": "operator:1",
        "env": [*env, {"name": "PHAROS_OPERATOR_DATABASE_URL", "valueFrom": secret}],
    }
    body = {
        "metadata": {"name": "pharos-operator", "labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }
    client.AppsV1Api().create_namespaced_deployment(cluster.namespace, body)


def test_the_platform_is_what_the_operator_was_told(cluster: Cluster) -> None:
    operator(
        cluster,
        JOBS_IMAGE="jobs:1",
        ARTIFACT_ROOT="s3://models/pharos/",
        ARTIFACT_SECRET="models-s3",
        JOB_SERVICE_ACCOUNT="trainer",
    )
    found = read_platform(cluster)
    assert (found.jobs_image, found.artifact_root) == ("jobs:1", "s3://models/pharos")
    assert (found.artifact_claim, found.artifact_secret) == ("", "models-s3")
    assert found.job_service_account == "trainer"


def test_no_operator_says_how_to_install_one(cluster: Cluster) -> None:
    with pytest.raises(UsageError, match="run `helm install pharos helm/pharos`, or pass --names"):
        read_platform(cluster)


def gateway(cluster: Cluster, name: str, port: int) -> None:
    labels = {names.LABEL_COMPONENT: names.COMPONENT_GATEWAY}
    # Without an address of its own it is reachable from nowhere, whatever network a test runs in.
    spec = {"clusterIP": "None", "ports": [{"port": port}], "selector": labels}
    body = {"metadata": {"name": name, "labels": labels}, "spec": spec}
    client.CoreV1Api().create_namespaced_service(cluster.namespace, body)


def test_a_gateway_out_of_reach_says_what_to_type(cluster: Cluster) -> None:
    gateway(cluster, "papers-gateway", 8081)
    command = f"kubectl -n {cluster.namespace} port-forward service/papers-gateway 8080:8081"
    with pytest.raises(UsageError, match=command):
        gateway_url(cluster)
