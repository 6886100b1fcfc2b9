"""What the gateways have confirmed, read from the Model's route; and pods sized for a share."""

from math import ceil

from pharos_api.model import Model
from pharos_api.modelversion import ModelVersion, ModelVersionPhase


def confirmed(model: Model, uid: str, exposure: int) -> bool:
    """Whether every gateway follows a route that gives experiment ``uid`` this exposure."""
    route = model.status.route
    if route.verified_revision != route.revision:
        return False
    running = route.experiment if route.experiment and route.experiment.uid == uid else None
    return (0 if running is None else running.exposure) == exposure


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
