"""Whether a retrained version came out better than production on the same texts (rows RET-20, 21).

Its evaluation measured both; the promotion policy says by how much it must win. A version that no
retraining made, or that was not compared, is judged by its experiment alone.
"""

from pharos_api.meta import decimal
from pharos_api.model import PromotionPolicy
from pharos_api.modelversion import ModelVersion


def not_better(version: ModelVersion, policy: PromotionPolicy) -> str:
    """Why the version is not tried on users; empty where it may be."""
    metrics, gained = version.spec.metrics, version.spec.metrics.improvement
    if version.spec.lineage.trigger is None or gained is None:
        return ""
    if decimal(gained) > decimal(policy.min_improvement):
        return ""
    known = metrics.production_accuracy
    beside = f" ({known} in production)" if known else ""
    return (
        f"New model {version.spec.version} not promoted ({decimal(gained):+.1%}): it gained "
        f"{gained} in accuracy on the same texts{beside}, and minImprovement asks for more than "
        f"{policy.min_improvement}"
    )
