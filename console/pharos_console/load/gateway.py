"""Where the gateway can be reached from here.

On the built-in cluster the Service's own address is routed to the host; elsewhere a person names a
URL (an ingress, a load balancer, or ``kubectl port-forward``).
"""

import socket

from pharos_api import names
from pharos_console.cluster import Cluster, JsonObject
from pharos_console.errors import UsageError


def gateway_url(cluster: Cluster) -> str:
    """URL of the gateway Service. Raises UsageError with what to type when it is out of reach."""
    selector = f"{names.LABEL_COMPONENT}={names.COMPONENT_GATEWAY}"
    found = cluster.services(selector)
    if not found:
        raise UsageError(
            f"there is no gateway in namespace {cluster.namespace!r}: name the one where Pharos is "
            "installed with --namespace, or the gateway's address with --url"
        )
    for service in found:
        url = _reachable(service)
        if url:
            return url
    name, port = found[0]["metadata"]["name"], found[0]["spec"]["ports"][0]["port"]
    raise UsageError(
        "the gateway is not reachable from here; in another terminal run "
        f"`kubectl -n {cluster.namespace} port-forward service/{name} 8080:{port}` "
        "and pass --url http://127.0.0.1:8080"
    )


def _reachable(service: JsonObject) -> str | None:
    address, port = service["spec"].get("clusterIP"), service["spec"]["ports"][0]["port"]
    if address in (None, "None"):
        return None
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return None
    return f"http://{address}:{port}"
