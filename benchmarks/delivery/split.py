"""The model, the versions and the splits of the benchmark of weight changes. Pure.

Both processes of that benchmark, the control plane and the client, know the split of a revision
from here.
"""

from pharos_api.assignment import HALF
from pharos_operator.gateway.snapshot import (
    Endpoint,
    Experiment,
    ModelRoute,
    Snapshot,
    Version,
    pools,
)

NAMESPACE, MODEL, SALT = "bench", "arxiv", "5f2b9c0d7e814a36"
KEY = f"{NAMESPACE}/{MODEL}"
PATH = f"/models/{NAMESPACE}/{MODEL}/v1/classify"
CONTROL, CANDIDATE = Version("arxiv-v1-0-0", "v1.0.0"), Version("arxiv-v1-1-0", "v1.1.0")


def exposure_at(revision: int) -> int:
    """Up and down over the whole range, and often at its ends; never twice the same in a row."""
    if revision % 5 == 0:
        return HALF if revision % 10 else 0
    return 1 + revision * 1237 % (HALF - 1)


def snapshot_at(revision: int, control_port: int, candidate_port: int) -> Snapshot:
    """What the gateways shall do at a revision."""
    experiment = Experiment("uid", "rollout", SALT, CANDIDATE, exposure_at(revision))
    route = ModelRoute(NAMESPACE, MODEL, revision, CONTROL, experiment)
    pods = {
        (NAMESPACE, CONTROL.name): (Endpoint("127.0.0.1", control_port),),
        (NAMESPACE, CANDIDATE.name): (Endpoint("127.0.0.1", candidate_port),),
    }
    return Snapshot((route,), tuple(pools(route, pods)))
