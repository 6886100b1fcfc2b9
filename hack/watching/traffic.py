"""Alerts about what users get: errors, latency, confidence, and the log of predictions.

The limits are those of rows MON-11 to MON-13, SUC-17 and SUC-19. A window with fewer than 20
requests, or a week with fewer than 50 opinions, says nothing.
"""

from pharos_api import names
from pharos_operator.render.promql import grown
from watching.alert import Alert, Group, Severity
from watching.queries import (
    FAILED,
    MODEL,
    USERS,
    at_gateways,
    at_servers,
    gateway_quantile,
    said_of,
)

MOST_ERRORS_PERCENT = 5
MOST_LATENCY_MS = 200
MOST_UNCERTAIN_PERCENT = 30
LEAST_REQUESTS = 20
LEAST_SATISFIED_PERCENT = 85
LEAST_AGREED_PERCENT = 90
LEAST_OPINIONS = 50

_WHO = "{{ $labels.namespace }}/{{ $labels.model }}"
_ENOUGH = f"{at_gateways(names.ENVOY_REQUESTS, USERS, '5m')} >= {LEAST_REQUESTS}"
_CONFIDENCES = at_servers(f"{names.METRIC_CONFIDENCE}_count", "15m")
_INFO = f"max by (job, instance, {MODEL}) ({names.METRIC_MODEL_INFO})"

HIGH_ERROR_RATE = Alert(
    name="PharosHighErrorRate",
    severity=Severity.CRITICAL,
    expression=(
        f"100 * {at_gateways(names.ENVOY_REQUESTS_BY_CLASS, FAILED, '5m')} / ({_ENOUGH})"
        f" > {MOST_ERRORS_PERCENT}"
    ),
    after="1m",
    summary='⚠️ High error rate: {{ printf "%.1f" $value }}%',
    description=(
        f"More than {MOST_ERRORS_PERCENT} % of the requests to {_WHO} of the last 5 minutes were "
        "answered with a server error. Run `pharos status -n {{ $labels.namespace }}` to see "
        "which version answers, and take a new version back with "
        "`pharos rollback {{ $labels.model }} -n {{ $labels.namespace }}`."
    ),
)
HIGH_LATENCY = Alert(
    name="PharosHighLatency",
    severity=Severity.WARNING,
    expression=f"({gateway_quantile(0.95, '5m')} > {MOST_LATENCY_MS}) and ({_ENOUGH})",
    after="5m",
    summary='⚠️ High latency: {{ printf "%.0f" $value }}ms (p95)',
    description=(
        f"One request in twenty to {_WHO} takes longer than {MOST_LATENCY_MS} ms. See whether "
        "its pods lack processors or replicas: "
        "`kubectl -n {{ $labels.namespace }} get hpa,pods -l "
        f"{names.LABEL_MODEL}={{{{ $labels.model }}}}`."
    ),
)
LOW_CONFIDENCE = Alert(
    name="PharosLowConfidence",
    severity=Severity.WARNING,
    expression=(
        f"100 * {at_servers(names.METRIC_LOW_CONFIDENCE, '15m')}"
        f" / ({_CONFIDENCES} >= {LEAST_REQUESTS}) > {MOST_UNCERTAIN_PERCENT}"
    ),
    after="10m",
    summary='⚠️ High low-confidence rate: {{ printf "%.1f" $value }}%',
    description=(
        f"{_WHO} is less than half sure of more than {MOST_UNCERTAIN_PERCENT} % of its "
        "predictions. Look whether the right version is in production and whether the texts have "
        "changed since it was trained; if they have, train it again."
    ),
)
LOW_SATISFACTION = Alert(
    name="PharosLowSatisfaction",
    severity=Severity.WARNING,
    expression=f"{said_of('satisfied', 'rated', LEAST_OPINIONS)} < {LEAST_SATISFIED_PERCENT}",
    after="15m",
    summary='⚠️ Low satisfaction: {{ printf "%.1f" $value }}%',
    description=(
        f"Of the people who rated predictions of {_WHO} in the last 7 days, less than "
        f"{LEAST_SATISFIED_PERCENT} % were satisfied. Read what they rated with "
        "`pharos label {{ $labels.model }} -n {{ $labels.namespace }}`, disputed ones first, and "
        "train it again on the labels."
    ),
)
LOW_AGREEMENT = Alert(
    name="PharosLowAgreement",
    severity=Severity.WARNING,
    expression=f"{said_of('agreed', 'labelled', LEAST_OPINIONS)} < {LEAST_AGREED_PERCENT}",
    after="15m",
    summary='⚠️ Low agreement with people: {{ printf "%.1f" $value }}%',
    description=(
        f"Of the predictions of {_WHO} in the last 7 days to which people gave a label, less than "
        f"{LEAST_AGREED_PERCENT} % have that label. See `pharos status -n "
        "{{ $labels.namespace }}` for drift, and train it again with `pharos retrain "
        "{{ $labels.model }} -n {{ $labels.namespace }}`."
    ),
)
LOG_DROPS = Alert(
    name="PharosLogDrops",
    severity=Severity.WARNING,
    expression=(
        f"sum by ({MODEL}, reason) (({grown(names.METRIC_LOG_DROPPED, '', '10m')})"
        f" * on (job, instance) group_left ({MODEL}) {_INFO}) > 0"
    ),
    after="0s",
    summary='{{ printf "%.0f" $value }} rows of the prediction log were given up',
    description=(
        f"Servers of {_WHO} gave up rows of the prediction log ({{{{ $labels.reason }}}}). "
        "Requests are answered, but experiments lose evidence. See that the database is there and "
        "takes rows."
    ),
)

GROUP = Group(
    "pharos-traffic",
    (
        HIGH_ERROR_RATE,
        HIGH_LATENCY,
        LOW_CONFIDENCE,
        LOW_SATISFACTION,
        LOW_AGREEMENT,
        LOG_DROPS,
    ),
)
