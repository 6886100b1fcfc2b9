"""What every cluster gets on top of the bare API: DNS, storage, and a GPU that is only a number.

Pure: values in, manifests and patches out.
"""

import json

from localcluster.places import Addresses

PROVISIONER = "pharos.neoalexandria.io/directory"
GPU = "nvidia.com/gpu"


def manifests(addresses: Addresses) -> str:
    """The DNS Service with the node as its endpoint, and the default StorageClass."""
    ports = [
        {"name": "dns", "port": 53, "protocol": "UDP"},
        {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
    ]
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "kube-dns",
            "namespace": "kube-system",
            "labels": {"k8s-app": "kube-dns"},
        },
        "spec": {"clusterIP": f"{addresses.dns}", "ports": ports},
    }
    endpoints = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": "kube-dns",
            "namespace": "kube-system",
            "labels": {"kubernetes.io/service-name": "kube-dns"},
        },
        "addressType": "IPv4",
        "endpoints": [{"addresses": [f"{addresses.node}"]}],
        "ports": ports,
    }
    storage = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": "standard",
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": PROVISIONER,
    }
    items = [service, endpoints, storage]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def gpu_patch(count: int) -> str:
    """Makes the node offer GPUs, so that pods that ask for one are scheduled.

    Both fields, because the kubelet derives neither from the other after its start.
    """
    key = GPU.replace("/", "~1")
    fields = ("capacity", "allocatable")
    return json.dumps(
        [{"op": "add", "path": f"/status/{field}/{key}", "value": f"{count}"} for field in fields]
    )
