"""Alerts about the platform's own parts: who steers the gateways, and who leads."""

from pharos_api import names
from watching.alert import Alert, Group, Severity
from watching.queries import MODEL

_WANTED = f"max by ({MODEL}) ({names.METRIC_ROUTE_REVISION})"
_WANTED_BEFORE = f"max by ({MODEL}) ({names.METRIC_ROUTE_REVISION} offset 5m)"
_VERIFIED = f"max by ({MODEL}) ({names.METRIC_ROUTE_VERIFIED})"

GATEWAY_WITHOUT_OPERATOR = Alert(
    name="PharosGatewayWithoutOperator",
    severity=Severity.WARNING,
    expression=f"max by (job, instance) ({names.ENVOY_CONNECTED}) == 0",
    after="2m",
    summary="The gateway {{ $labels.instance }} has no connection to the operator",
    description=(
        "The gateway {{ $labels.instance }} goes on with what it was told last, but follows no "
        "change of a route, and no rollback. See that the operator's pods are ready and that the "
        "gateway may reach their port 18000."
    ),
)
GATEWAY_STALE = Alert(
    name="PharosGatewayStale",
    severity=Severity.CRITICAL,
    # The second half is about a Model that was deleted and made anew within these minutes.
    expression=f"{_WANTED_BEFORE} > {_VERIFIED} and {_WANTED} > {_VERIFIED}",
    after="1m",
    summary="Gateways have not taken the route of {{ $labels.model }}",
    description=(
        "For five minutes a gateway has not acknowledged the newest route of "
        "{{ $labels.namespace }}/{{ $labels.model }}: some users may still meet a version that was "
        "taken back. The condition RouteVerified in `kubectl -n {{ $labels.namespace }} describe "
        "pmodel {{ $labels.model }}` names the gateway and what it refused."
    ),
)
WITHOUT_LEADER = Alert(
    name="PharosOperatorWithoutLeader",
    severity=Severity.CRITICAL,
    expression=(
        f"max by (job, namespace) ({names.METRIC_LEADING}) == 0 or absent({names.METRIC_LEADING})"
    ),
    after="1m",
    summary="No replica of the operator leads",
    description=(
        "Nothing is reconciled: no training starts, no experiment moves, and a bad version is not "
        "taken back by itself. Requests go on being answered. See why no operator is ready, and "
        "whether the API server takes its Lease."
    ),
)

GROUP = Group("pharos-platform", (GATEWAY_WITHOUT_OPERATOR, GATEWAY_STALE, WITHOUT_LEADER))
