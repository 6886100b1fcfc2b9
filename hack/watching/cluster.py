"""Alerts about what the cluster gives: volumes and certificates.

Pharos exports none of these metrics. The kubelet, cert-manager and the blackbox exporter do, where
a cluster's Prometheus scrapes them; elsewhere these two rules see nothing and stay silent.
"""

from watching.alert import NAMESPACES, Alert, Group, Severity

LEAST_FREE_PERCENT = 10
LEAST_DAYS = 14

# Names of metrics that others export, with the exporter
FOREIGN = {
    "kubelet_volume_stats_available_bytes": "the kubelet",
    "kubelet_volume_stats_capacity_bytes": "the kubelet",
    "certmanager_certificate_expiration_timestamp_seconds": "cert-manager",
    "probe_ssl_earliest_cert_expiry": "the blackbox exporter",
}

_DAY_S = 86_400
_OURS = f'namespace=~"{NAMESPACES}"'
# Where cert-manager's labels do not win over the scrape's own, they are renamed.
_ISSUED = (
    f'certmanager_certificate_expiration_timestamp_seconds{{exported_namespace=~"{NAMESPACES}"}}'
    f' or certmanager_certificate_expiration_timestamp_seconds{{exported_namespace="",{_OURS}}}'
)
_PROBED = 'probe_ssl_earliest_cert_expiry{job=~"pharos.*"}'

VOLUME_FULL = Alert(
    name="PharosVolumeFull",
    severity=Severity.WARNING,
    expression=(
        "100 * max by (namespace, persistentvolumeclaim)"
        f" (kubelet_volume_stats_available_bytes{{{_OURS}}}"
        f" / kubelet_volume_stats_capacity_bytes{{{_OURS}}}) < {LEAST_FREE_PERCENT}"
    ),
    after="5m",
    summary='The volume {{ $labels.persistentvolumeclaim }} has {{ printf "%.1f" $value }}% left',
    description=(
        "The claim {{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} is almost full. "
        "Full, it stops training (artifacts), the prediction log (database) or the metrics "
        "(Prometheus). Enlarge it, or remove what is no longer needed."
    ),
)
CERTIFICATE_EXPIRES = Alert(
    name="PharosCertificateExpires",
    severity=Severity.WARNING,
    expression=f"(({_ISSUED} or {_PROBED}) - time()) / {_DAY_S} < {LEAST_DAYS}",
    after="1h",
    summary='A certificate expires in {{ printf "%.0f" $value }} days',
    description=(
        "The certificate {{ $labels.name }}{{ $labels.instance }} in front of the gateway has not "
        "been renewed. Callers will refuse the connection when it has expired. See why its issuer "
        "does not renew it."
    ),
)

GROUP = Group("pharos-cluster", (VOLUME_FULL, CERTIFICATE_EXPIRES))
