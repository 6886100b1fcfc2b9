"""What the gateways have confirmed, read from the Model's route; and pods sized for a share."""

from math import ceil

from pharos_api.model import Model
from pharos_api.modelversion import ModelVersion, ModelVersionPhase


def confirmed(model: Model, uid: str, exposure: int, mirror: int = 0) -> bool:
    """Whether every gateway gives experiment ``uid`` this exposure and this share of copies."""
    route = model.status.route
    if route.verified_revision != route.revision:
        return False
    running = route.experiment if route.experiment and route.experiment.uid == uid else None
    copied = route.mirror if route.mirror and route.mirror.uid == uid else None
    return (0 if running is None else running.exposure) == exposure and (
        0 if copied is None else copied.percent
    ) == mirror


def given_back(model: Model, uid: str) -> bool:
    """Whether production is not what experiment ``uid`` brought there, or cannot be given back."""
    production = model.status.production
    if production is None or production.promoted_by != uid:
        return True
    return uid in model.status.judged and model.status.incoming is None


def serves(version: ModelVersion | None, replicas: int = 1) -> bool:
    """Whether a version has at least ``replicas`` (and one) pods that answer."""
    if version is None or version.metadata.deletion_timestamp is not None:
        return False
    ready = version.status.phase is ModelVersionPhase.READY
    return ready and version.status.ready_replicas >= max(1, replicas)


def replicas_for(share: float, control: ModelVersion | None, model: Model) -> int:
    """Pods that carry ``share`` (0..1) of what the control's pods carry now, at least 1."""
    carrying = 1 if control is None else max(1, control.status.ready_replicas)
    return min(model.spec.serving.max_replicas, max(1, ceil(share * carrying)))
