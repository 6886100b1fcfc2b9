"""PromQL of dashboards that several of them share. Pure: text in, text out."""

from pharos_api import names
from watching.boards.board import CHOSEN, CLUSTERS, RATE
from watching.queries import NOT_SHADOW, gateway_quantile, gateway_rate

_INFO = f"max by (job, instance) ({names.METRIC_MODEL_INFO}{{{CHOSEN}}})"
_CONFIDENCES = f"{names.METRIC_CONFIDENCE}_count"


def requests(chosen: str, by: str) -> str:
    """Answered requests a second."""
    return gateway_rate(names.ENVOY_REQUESTS, chosen, RATE, by)


def error_share(chosen: str, by: str) -> str:
    """Share of the answers that were server errors; 0 where none was ever counted."""
    failed = f'{chosen},{names.ENVOY_LABEL_CLASS}="5"'
    every = requests(chosen, by)
    errors = gateway_rate(names.ENVOY_REQUESTS_BY_CLASS, failed, RATE, by)
    return f"({errors} or 0 * {every}) / {every}"


def latency(share: float, chosen: str, by: str) -> str:
    """A quantile at the gateways, in milliseconds."""
    return gateway_quantile(share, RATE, by, chosen)


def low_confidence(chosen: str, by: str) -> str:
    """Share of predictions under 0.5."""
    made = f"sum by ({by}) (rate({_CONFIDENCES}{{{chosen}}}[{RATE}]))"
    low = f"sum by ({by}) (rate({names.METRIC_LOW_CONFIDENCE}{{{chosen}}}[{RATE}]))"
    return f"({low} or 0 * {made}) / {made}"


def of_servers(expression: str) -> str:
    """Only the series of pods that serve the chosen model: most of their metrics do not name it."""
    return f"{expression} * on (job, instance) group_left () {_INFO}"


USERS_OF_MODEL = f'{CLUSTERS},{names.ENVOY_LABEL_CLUSTER}!~".+/shadow"'
PREDICTIONS_OF_MODEL = f"{CHOSEN},{NOT_SHADOW}"
