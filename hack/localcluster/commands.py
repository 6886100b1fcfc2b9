"""The command line of each component. Pure: values in, words out."""

from dataclasses import dataclass
from pathlib import Path

from localcluster.places import NODE, Addresses, State

Command = tuple[str, ...]
ISSUER = "https://kubernetes.default.svc.cluster.local"
# There is one of each, yet as in any installation they give up when they cannot renew their lease.
# One that stays through an outage of the API server ends by calling the silent node not ready.
ELECTED = "--leader-elect=true"


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """The two programs that make an API: where they listen and where their files are."""

    kube: Path
    pki: Path
    data: Path
    etcd_port: int
    etcd_peer_port: int
    api_port: int
    api_address: str
    service_net: str


def etcd(plane: ControlPlane) -> Command:
    """One member, on loopback, that does not wait for the disk: its data never outlives a crash."""
    client = f"http://127.0.0.1:{plane.etcd_port}"
    peer = f"http://127.0.0.1:{plane.etcd_peer_port}"
    return (
        f"{plane.kube}",
        "etcd",
        f"--data-dir={plane.data}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    )


def api_server(plane: ControlPlane) -> Command:
    """The API server with RBAC, and with the keys that service-account tokens need."""
    pki = plane.pki
    return (
        f"{plane.kube}",
        "kube-apiserver",
        f"--etcd-servers=http://127.0.0.1:{plane.etcd_port}",
        f"--secure-port={plane.api_port}",
        f"--advertise-address={plane.api_address}",
        f"--service-cluster-ip-range={plane.service_net}",
        f"--client-ca-file={pki}/ca.crt",
        f"--tls-cert-file={pki}/apiserver.crt",
        f"--tls-private-key-file={pki}/apiserver.key",
        f"--service-account-key-file={pki}/service-account.key",
        f"--service-account-signing-key-file={pki}/service-account.key",
        f"--service-account-issuer={ISSUER}",
        "--allow-privileged",
        "--profiling=false",
    )


def cluster_api_server(plane: ControlPlane, state: State) -> Command:
    """The same with what only a whole cluster has: nodes, aggregated APIs, a record of writes."""
    pki = plane.pki
    return (
        *api_server(plane),
        f"--audit-policy-file={state.run}/audit.json",
        f"--audit-log-path={state.audit}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--kubelet-preferred-address-types=InternalIP",  # its name resolves nowhere
        f"--kubelet-client-certificate={pki}/admin.crt",
        f"--kubelet-client-key={pki}/admin.key",
        f"--requestheader-client-ca-file={pki}/ca.crt",
        "--requestheader-allowed-names=front-proxy",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={pki}/front-proxy.crt",
        f"--proxy-client-key-file={pki}/front-proxy.key",
    )


def lone_api_server(plane: ControlPlane) -> Command:
    """The same without a controller manager, so nobody creates default service accounts."""
    return (
        *api_server(plane),
        "--bind-address=127.0.0.1",
        "--authorization-mode=RBAC",
        "--disable-admission-plugins=ServiceAccount",
    )


def agents(kube: Path, state: State, addresses: Addresses) -> dict[str, Command]:
    """Everything that talks to the API server, by name, in the order of starting."""
    program = f"{kube}"
    return {
        "kube-controller-manager": (
            program,
            "kube-controller-manager",
            f"--kubeconfig={state.config('kube-controller-manager')}",
            f"--root-ca-file={state.pki}/ca.crt",
            f"--service-account-private-key-file={state.pki}/service-account.key",
            f"--cluster-signing-cert-file={state.pki}/ca.crt",
            f"--cluster-signing-key-file={state.pki}/ca.key",
            "--use-service-account-credentials",
            ELECTED,
        ),
        "kube-scheduler": (
            program,
            "kube-scheduler",
            f"--kubeconfig={state.config('kube-scheduler')}",
            ELECTED,
        ),
        "kubelet": (
            program,
            "kubelet",
            f"--config={state.run}/kubelet.json",
            f"--kubeconfig={state.config('kubelet')}",
            f"--hostname-override={NODE}",
            f"--node-ip={addresses.node}",
        ),
        "kube-proxy": (program, "kube-proxy", f"--config={state.run}/kube-proxy.json"),
        "dns": (program, "dns", f"{state.run}/Corefile"),
        "storage": (program, "storage", f"{state.kubeconfig}", f"{state.run}/volumes"),
    }


def containerd(state: State) -> Command:
    """Debian's containerd with our configuration."""
    return ("containerd", "--config", f"{state.run}/containerd.toml")
