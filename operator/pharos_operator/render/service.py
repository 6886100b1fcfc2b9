"""The Service of one ModelVersion: its name in the cluster, and its endpoints for the gateway."""

from pharos_api.modelversion import ModelVersion
from pharos_api.names import PORT_SERVING
from pharos_operator.decide.decision import Manifest
from pharos_operator.render.deployment import PORT_NAME, selector, serving_labels
from pharos_operator.render.metadata import owned


def service(version: ModelVersion) -> Manifest:
    """The Service of a version."""
    port = {
        "name": PORT_NAME,
        "port": PORT_SERVING,
        "targetPort": PORT_NAME,
        "protocol": "TCP",
        "appProtocol": "http",
    }
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": owned(version.metadata.name, version, serving_labels(version)),
        "spec": {"type": "ClusterIP", "selector": selector(version), "ports": [port]},
    }
