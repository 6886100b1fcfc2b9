"""The objects that people and Kubernetes' own controllers would make. Pure."""

import hashlib
from typing import Any

from pharos_api import names

Body = dict[str, Any]
OURS = {names.LABEL_PART_OF: names.PART_OF}
API_VERSION = f"{names.GROUP}/v1alpha1"


def model(name: str) -> Body:
    """A Model with one pod a version, whose experiments are started by hand."""
    spec = {
        "serving": {"minReplicas": 1, "maxReplicas": 1},
        "promotion": {"strategy": "Manual", "auto": False},
    }
    return _custom("Model", name, spec)


def version(model_name: str, number: str) -> Body:
    """A ModelVersion that was trained elsewhere."""
    digest = hashlib.sha256(f"{model_name} {number}".encode()).hexdigest()
    artifact = {"uri": f"s3://models/{model_name}/{number}", "sha256": digest}
    spec = {"modelRef": {"name": model_name}, "version": number, "artifact": artifact}
    return _custom("ModelVersion", names.version_object_name(model_name, number), spec)


def canary(model_name: str, number: str, percent: int, hold_for: str) -> Body:
    """One step, held for so long that only a failing guardrail can end it; all else by default.

    Nothing runs on this API server, so there is no pod whose answers staging could try.
    """
    spec = {
        "modelRef": {"name": model_name},
        "candidateRef": {"name": names.version_object_name(model_name, number)},
        "strategy": "Canary",
        "steps": [{"percent": percent, "holdFor": hold_for}],
        "staging": {"mode": "Skip"},
    }
    return _custom("ABExperiment", f"{model_name}-canary", spec)


def pod(name: str, component: str) -> Body:
    """A pod of Pharos itself."""
    return {
        "metadata": {"name": name, "labels": {**OURS, names.LABEL_COMPONENT: component}},
        "spec": {"containers": [{"name": "x", "image": "none"}]},
    }


def pod_status(address: str) -> Body:
    """What a kubelet writes of a pod that is ready."""
    ready = {"type": "Ready", "status": "True"}
    return {
        "status": {"podIP": address, "podIPs": [{"ip": address}], "conditions": [ready]},
    }


def deployment_status(replicas: int) -> Body:
    """What the Deployment's controller writes once all pods are ready, now and after any change."""
    counted = ("replicas", "readyReplicas", "updatedReplicas", "availableReplicas")
    return {"status": {**dict.fromkeys(counted, replicas), "observedGeneration": 1_000_000}}


def endpoint_slice(version_name: str, host: str, port: int) -> Body:
    """Where the one pod of a version answers; Kubernetes refuses addresses of the loopback."""
    labels = {**OURS, names.LABEL_VERSION_NAME: version_name}
    labels["kubernetes.io/service-name"] = version_name
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": f"{version_name}-x", "labels": labels},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [host], "conditions": {"ready": True}}],
        "ports": [{"name": "http", "port": port}],
    }


def _custom(kind: str, name: str, spec: Body) -> Body:
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}
