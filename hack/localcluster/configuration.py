"""The configuration files of the components. Pure: values in, text out."""

import json

from localcluster import pause_image
from localcluster.places import NODE, Addresses, State


def files(state: State, addresses: Addresses) -> dict[str, str]:
    """Every file by its path below the run folder."""
    return {
        "audit.json": audit(),
        "Corefile": corefile(state, addresses),
        "cni/10-pods.conflist": pod_network(state, addresses),
        "kubelet.json": kubelet(state, addresses),
        "kube-proxy.json": kube_proxy(state, addresses),
        "containerd.toml": containerd(state),
    }


def audit() -> str:
    """Which requests the API server writes down: what pods change, by name, without the bodies."""
    system = {"level": "None", "userGroups": ["system:serviceaccounts:kube-system"]}
    pods = {
        "level": "Metadata",
        "userGroups": ["system:serviceaccounts"],
        "verbs": ["create", "update", "patch", "delete", "deletecollection"],
    }
    return json.dumps(
        {
            "apiVersion": "audit.k8s.io/v1",
            "kind": "Policy",
            "omitStages": ["RequestReceived"],
            "omitManagedFields": True,
            "rules": [system, pods, {"level": "None"}],
        }
    )


def corefile(state: State, addresses: Addresses) -> str:
    """CoreDNS: the cluster's names from the API server, all others from the host's resolver."""
    return f""".:53 {{
    bind {addresses.node}
    errors
    ready {addresses.node}:8181
    kubernetes cluster.local in-addr.arpa {{
        kubeconfig {state.kubeconfig}
    }}
    forward . {state.run}/resolv.conf
    cache 30
}}
"""


def pod_network(state: State, addresses: Addresses) -> str:
    """A cable from the node to each pod.

    No bridge: traffic between pods is then routed, so that Services work between them on a kernel
    without br_netfilter.
    """
    addressing = {
        "type": "host-local",
        "dataDir": f"{state.run}/cni/leases",
        "ranges": [[{"subnet": f"{addresses.pods}"}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    plugins = [{"type": "ptp", "ipam": addressing}]
    return json.dumps({"cniVersion": "0.4.0", "name": "pods", "plugins": plugins})


def kubelet(state: State, addresses: Addresses) -> str:
    """The kubelet, on control groups of version 1 or 2, on a disk that it shares with a person."""
    return json.dumps(
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": f"{state.pki}/ca.crt"},
            },
            "authorization": {"mode": "Webhook"},
            "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
            "clusterDNS": [f"{addresses.dns}"],
            "clusterDomain": "cluster.local",
            "resolvConf": f"{state.run}/resolv.conf",
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{NODE}",
            "failCgroupV1": False,
            "failSwapOn": False,
            "enforceNodeAllocatable": [],
            "evictionHard": {
                "memory.available": "100Mi",
                "nodefs.available": "1%",
                "imagefs.available": "1%",
            },
            "imageGCHighThresholdPercent": 100,
            "podLogsDir": f"{state.logs}/pods",
            "shutdownGracePeriod": "0s",
        }
    )


def kube_proxy(state: State, addresses: Addresses) -> str:
    """Services by nftables. The conntrack limits belong to the host, so zeros leave them alone."""
    return json.dumps(
        {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "mode": "nftables",
            "clientConnection": {"kubeconfig": f"{state.config('kube-proxy')}"},
            "clusterCIDR": f"{addresses.pods}",
            "hostnameOverride": NODE,
            "conntrack": {
                "maxPerCore": 0,
                "min": 0,
                "tcpEstablishedTimeout": "0s",
                "tcpCloseWaitTimeout": "0s",
            },
        }
    )


def containerd(state: State) -> str:
    """The container runtime, its images in the cache; some machines lack CAP_SYS_RESOURCE."""
    return f"""version = 2
root = "{state.images}"
state = "/run/containerd"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause_image.NAME}"
  restrict_oom_score_adj = true

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{state.run}/cni"
"""
