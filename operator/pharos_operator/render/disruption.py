"""The PodDisruptionBudget of one ModelVersion.

With one pod alone a budget of "one available" would block every drain for ever; then the drain may
take it, and the Deployment's surge brings the next one up.
"""

from pharos_api.modelversion import ModelVersion
from pharos_operator.decide.decision import EnsureServing, Manifest
from pharos_operator.render.deployment import selector, serving_labels
from pharos_operator.render.metadata import owned


def disruption_budget(action: EnsureServing, version: ModelVersion) -> Manifest:
    """The budget of a version's pods."""
    bound = {"minAvailable": 1} if action.min_replicas > 1 else {"maxUnavailable": 1}
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": owned(version.metadata.name, version, serving_labels(version)),
        "spec": {
            **bound,
            "selector": {"matchLabels": selector(version)},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }
