"""What all gateways shall do with all models' traffic, as plain values.

Decides which versions of a model get which arms' requests and where those versions can be reached.
It knows nothing of Envoy, and asks nobody: routes come from ``Model.status.route``, endpoints from
the caller.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from pharos_api import names
from pharos_api.assignment import Arm
from pharos_api.delivery import MissingKey
from pharos_api.model import Model, RouteExperiment, RouteMirror


@dataclass(frozen=True, slots=True, order=True)
class Endpoint:
    """A pod that is ready to answer. ``host`` must be an IP address: gateways resolve no names."""

    host: str
    port: int

    def __post_init__(self) -> None:
        ip_address(self.host)


@dataclass(frozen=True, slots=True)
class Version:
    """A ModelVersion object's name, and the version that people read (``v1.2.0``)."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Experiment:
    """The split of one model's users; ``exposure`` in buckets an arm (0..5000)."""

    uid: str
    name: str
    salt: str
    candidate: Version
    exposure: int
    on_missing_key: MissingKey = MissingKey.CONTROL


@dataclass(frozen=True, slots=True)
class Mirror:
    """A version that gets a copy of some requests and whose answers nobody sees.

    ``uid`` is that of the experiment that compares the two answers.
    """

    uid: str
    version: Version
    percent: float


@dataclass(frozen=True, slots=True)
class ModelRoute:
    """One model's traffic at one revision. Without ``stable`` there is nothing to serve yet."""

    namespace: str
    model: str
    revision: int
    stable: Version | None
    experiment: Experiment | None = None
    mirror: Mirror | None = None

    @property
    def key(self) -> str:
        """``namespace/model``: how a gateway's state names the model."""
        return f"{self.namespace}/{self.model}"

    def cluster(self, version: Version, arm: Arm) -> str:
        """Name of the Envoy cluster that carries ``arm``'s requests to ``version``."""
        return names.cluster_name(self.namespace, self.model, version.version, arm)


@dataclass(frozen=True, slots=True)
class Pool:
    """One Envoy cluster: the pods of one version, for the requests of one arm."""

    cluster: str
    endpoints: tuple[Endpoint, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that the gateways shall do, sorted: equal wishes make equal snapshots."""

    routes: tuple[ModelRoute, ...] = ()
    pools: tuple[Pool, ...] = ()

    def revisions(self) -> dict[str, int]:
        """Model key -> route revision."""
        return {route.key: route.revision for route in self.routes}


VersionKey = tuple[str, str]
Endpoints = Mapping[VersionKey, Sequence[Endpoint]]


def snapshot(models: Iterable[Model], endpoints: Endpoints) -> Snapshot:
    """What the gateways shall do.

    Args:
        models: all Model objects, in any order.
        endpoints: (namespace, name of a ModelVersion object) -> its ready pods. A version that is
            missing here has none, and its clusters answer 503.
    """
    routes = sorted((model_route(model) for model in models), key=lambda route: route.key)
    wanted = (pool for route in routes for pool in pools(route, endpoints))
    return Snapshot(tuple(routes), tuple(dict.fromkeys(wanted)))


def model_route(model: Model) -> ModelRoute:
    """The wanted traffic of one Model object. Without a stable version nothing can be split."""
    route = model.status.route
    stable = Version(route.stable, route.stable_version) if route.stable else None
    running, mirror = (route.experiment, route.mirror) if stable else (None, None)
    return ModelRoute(
        namespace=model.metadata.namespace,
        model=model.metadata.name,
        revision=route.revision,
        stable=stable,
        experiment=_experiment(running) if running else None,
        mirror=_mirror(mirror) if mirror else None,
    )


def pools(route: ModelRoute, endpoints: Endpoints) -> Iterator[Pool]:
    """Every cluster that the model's traffic needs now or at the next change of its route.

    The candidate's ``outside`` cluster carries pinned requests only, and all requests from the
    moment of a promotion: kept warm, so that the switch finds it ready.
    """
    for version, arm in _arms(route):
        ready = endpoints.get((route.namespace, version.name), ())
        yield Pool(route.cluster(version, arm), tuple(sorted(set(ready))))


def _arms(route: ModelRoute) -> Iterator[tuple[Version, Arm]]:
    if route.stable:
        yield route.stable, Arm.OUTSIDE
    if route.stable and route.experiment:
        yield route.stable, Arm.CONTROL
        yield route.experiment.candidate, Arm.CANDIDATE
        yield route.experiment.candidate, Arm.OUTSIDE
    if route.mirror:
        yield route.mirror.version, Arm.SHADOW


def _experiment(running: RouteExperiment) -> Experiment:
    return Experiment(
        uid=running.uid,
        name=running.name,
        salt=running.salt,
        candidate=Version(running.candidate, running.candidate_version),
        exposure=running.exposure,
        on_missing_key=running.on_missing_key,
    )


def _mirror(wanted: RouteMirror) -> Mirror:
    version = Version(wanted.candidate, wanted.candidate_version)
    return Mirror(wanted.uid, version, wanted.percent)
