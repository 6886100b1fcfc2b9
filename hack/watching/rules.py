"""All alerts, in their groups."""

from watching import cluster, platform, retraining, traffic, training
from watching.alert import Alert, Group, rule_file

GROUPS: tuple[Group, ...] = (
    traffic.GROUP,
    training.GROUP,
    retraining.GROUP,
    platform.GROUP,
    cluster.GROUP,
)
ALERTS: tuple[Alert, ...] = tuple(alert for group in GROUPS for alert in group.alerts)


def text() -> str:
    """The chart's files/rules.yaml."""
    return rule_file(GROUPS)
