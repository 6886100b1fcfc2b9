"""Snapshots for tests: one model, a stable version, and perhaps an experiment."""

from collections.abc import Sequence

from pharos_api.delivery import MissingKey
from pharos_operator.gateway.snapshot import (
    Endpoint,
    Experiment,
    Mirror,
    ModelRoute,
    Snapshot,
    Version,
    pools,
)

NAMESPACE, MODEL = "default", "arxiv"
KEY = f"{NAMESPACE}/{MODEL}"
PATH = f"/models/{NAMESPACE}/{MODEL}/v1/classify"
V1, V2 = Version("arxiv-v1-0-0", "v1.0.0"), Version("arxiv-v1-1-0", "v1.1.0")
SALT = "pepper"
EXPERIMENT = "0d2f7a5c-uid"


def experiment(
    exposure: int,
    candidate: Version = V2,
    salt: str = SALT,
    on_missing_key: MissingKey = MissingKey.CONTROL,
) -> Experiment:
    return Experiment(EXPERIMENT, "rollout", salt, candidate, exposure, on_missing_key)


def route(
    revision: int = 1,
    stable: Version | None = V1,
    exposure: int | None = None,
    mirror: Mirror | None = None,
    model: str = MODEL,
) -> ModelRoute:
    running = None if exposure is None else experiment(exposure)
    return ModelRoute(NAMESPACE, model, revision, stable, running, mirror)


def traffic(
    *routes: ModelRoute, v1: Sequence[Endpoint] = (), v2: Sequence[Endpoint] = ()
) -> Snapshot:
    pods = {(NAMESPACE, V1.name): tuple(v1), (NAMESPACE, V2.name): tuple(v2)}
    return Snapshot(tuple(routes), tuple(p for r in routes for p in pools(r, pods)))
