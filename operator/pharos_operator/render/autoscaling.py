"""The HorizontalPodAutoscaler of one ModelVersion, where it may have more than one pod.

It stays even while an experiment raises the least number to the most: whoever owns the number of
pods must not change with every step.
"""

from pharos_api.modelversion import ModelVersion
from pharos_operator.decide.decision import EnsureServing, Manifest
from pharos_operator.render.metadata import owned

_CPU_PERCENT = 70


def is_scaled(action: EnsureServing) -> bool:
    """Whether an autoscaler owns the number of pods."""
    return action.max_replicas > 1


def autoscaler(action: EnsureServing, version: ModelVersion, labels: dict[str, str]) -> Manifest:
    """The autoscaler of a version's Deployment."""
    name = version.metadata.name
    target = {"type": "Utilization", "averageUtilization": _CPU_PERCENT}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": owned(name, version, labels),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicas": action.min_replicas,
            "maxReplicas": action.max_replicas,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        },
    }
