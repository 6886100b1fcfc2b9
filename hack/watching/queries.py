"""Parts of PromQL that alerts and dashboards share. Pure: text in, text out.

What users meet is read at the gateways: a request that no server answered is counted there alone.
Copies to a shadow are nobody's requests and are left out.
"""

from pharos_api import names
from pharos_api.trainingrun import TrainingRunPhase
from pharos_operator.render.promql import grown

MODEL = "namespace, model"
RUN = f"{MODEL}, training_run"
USERS = (
    f'{names.ENVOY_LABEL_CLUSTER}=~"[^/]+/[^/]+/[^/]+/[^/]+",'
    f'{names.ENVOY_LABEL_CLUSTER}!~".+/shadow"'
)
FAILED = f'{USERS},{names.ENVOY_LABEL_CLASS}="5"'
NOT_SHADOW = 'arm!="shadow"'
_PARTS = {
    "namespace": "([^/]+)/.+",
    "model": "[^/]+/([^/]+)/.+",
    "version": "[^/]+/[^/]+/([^/]+)/.+",
    "arm": ".+/([^/]+)",
}


def labelled(expression: str, *labels: str) -> str:
    """The series with labels read from the name of their Envoy cluster (``names.cluster_name``)."""
    for label in labels:
        place = f'"{label}", "$1", "{names.ENVOY_LABEL_CLUSTER}", "{_PARTS[label]}"'
        expression = f"label_replace({expression}, {place})"
    return expression


def at_gateways(metric: str, chosen: str, window: str, by: str = MODEL) -> str:
    """By how much a gateway counter has grown over the window, exactly, summed by labels."""
    parts = [label for label in by.split(", ") if label in _PARTS]
    return f"sum by ({by}) ({labelled(grown(metric, chosen, window), *parts)})"


def gateway_rate(metric: str, chosen: str, window: str, by: str = MODEL) -> str:
    """The same a second, as Prometheus' ``rate`` has it: for curves and quantiles."""
    parts = [label for label in by.split(", ") if label in _PARTS]
    return f"sum by ({by}) ({labelled(f'rate({metric}{{{chosen}}}[{window}])', *parts)})"


def gateway_quantile(share: float, window: str, by: str = MODEL, chosen: str = USERS) -> str:
    """A quantile of the latencies that gateways saw, in milliseconds."""
    rates = gateway_rate(names.ENVOY_LATENCY_BUCKET, chosen, window, f"{by}, le")
    return f"histogram_quantile({share}, {rates})"


def at_servers(metric: str, window: str, by: str = MODEL) -> str:
    """By how much a counter of the serving pods has grown over the window, without shadows."""
    return f"sum by ({by}) ({grown(metric, NOT_SHADOW, window)})"


def ended(phase: TrainingRunPhase, by: str = MODEL) -> str:
    """When the last run ended in a phase, in Unix seconds."""
    return f'max by ({by}) ({names.METRIC_RUN_FINISHED}{{phase="{phase}"}})'


def holds(condition: str, matchers: str) -> str:
    """1 for each Model with a condition of that status or reason."""
    return (
        f'max by ({MODEL}) ({names.METRIC_MODEL_CONDITION}{{type="{condition}",{matchers}}}) == 1'
    )


def said_of(part: str, whole: str, at_least: int, chosen: str = "", by: str = MODEL) -> str:
    """What share of the opinions on production, in percent, was that; none of too few.

    The leader alone tells them; the largest of several is that of a leader who has just begun.
    """
    both = (
        f'max by ({by}) ({names.METRIC_OPINIONS}{{{chosen}opinion="{opinion}"}})'
        for opinion in (part, whole)
    )
    good, all_ = both
    return f"100 * {good} / ({all_} >= {at_least})"
