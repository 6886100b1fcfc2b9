"""Routes of models and ready pods become one snapshot."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from gateway_builders import EXPERIMENT, V1, V2, experiment, route
from hypothesis import given
from hypothesis import strategies as st

from pharos_api.delivery import MissingKey
from pharos_api.meta import Metadata
from pharos_api.model import Model, ModelStatus, Route, RouteExperiment, RouteMirror
from pharos_operator.gateway.snapshot import Endpoint, Mirror, ModelRoute, Snapshot, snapshot

POD, OTHER = Endpoint("10.0.0.1", 8080), Endpoint("10.0.0.2", 8080)
RUNNING = RouteExperiment(
    name="rollout",
    uid="0d2f7a5c-uid",
    salt="pepper",
    candidate=V2.name,
    candidate_version=V2.version,
    exposure=500,
)
GIVING = RUNNING.model_copy(update={"on_missing_key": MissingKey.COOKIE})
COPIED = RouteMirror(
    name="rollout",
    uid=EXPERIMENT,
    candidate=V2.name,
    candidate_version=V2.version,
    percent=40,
)


def model(name: str = "arxiv", namespace: str = "default", **status: Any) -> Model:
    return Model(
        metadata=Metadata(name=name, namespace=namespace),
        status=ModelStatus(route=Route(revision=3, **status)),
    )


STABLE = {"stable": V1.name, "stable_version": V1.version}


@dataclass(frozen=True)
class Case:
    model: Model
    route: ModelRoute
    clusters: list[str]


CASES = {
    "a model that never had a version has a route and no cluster": Case(
        model(), route(3, stable=None), []
    ),
    "a model in production has one cluster, outside of any experiment": Case(
        model(**STABLE), route(3), ["default/arxiv/v1-0-0/outside"]
    ),
    "an experiment has a cluster per arm, and a warm one for its promotion": Case(
        model(**STABLE, experiment=RUNNING),
        route(3, exposure=500),
        [
            "default/arxiv/v1-0-0/outside",
            "default/arxiv/v1-0-0/control",
            "default/arxiv/v1-1-0/candidate",
            "default/arxiv/v1-1-0/outside",
        ],
    ),
    "an experiment's policy for users without an id goes with it": Case(
        model(**STABLE, experiment=GIVING),
        replace(route(3), experiment=experiment(500, on_missing_key=MissingKey.COOKIE)),
        [
            "default/arxiv/v1-0-0/outside",
            "default/arxiv/v1-0-0/control",
            "default/arxiv/v1-1-0/candidate",
            "default/arxiv/v1-1-0/outside",
        ],
    ),
    "a mirrored version has a cluster of its own": Case(
        model(**STABLE, mirror=COPIED),
        route(3, mirror=Mirror(EXPERIMENT, V2, 40)),
        ["default/arxiv/v1-0-0/outside", "default/arxiv/v1-1-0/shadow"],
    ),
    "a mirror without a stable version copies nothing": Case(
        model(mirror=COPIED), route(3, stable=None), []
    ),
    "an experiment without a stable version splits nothing": Case(
        model(experiment=RUNNING), route(3, stable=None), []
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_one_model(case: Case) -> None:
    built = snapshot([case.model], {})
    assert built.routes == (case.route,)
    assert [pool.cluster for pool in built.pools] == case.clusters


def test_every_arm_of_a_version_has_the_same_pods_sorted_and_once() -> None:
    pods = {("default", V1.name): [OTHER, POD, OTHER], ("elsewhere", V1.name): [OTHER]}
    built = snapshot([model(**STABLE, experiment=RUNNING)], pods)
    found = {pool.cluster.rsplit("/", 1)[1]: pool.endpoints for pool in built.pools}
    assert found["control"] == (POD, OTHER)
    assert found["candidate"] == ()


def test_a_candidate_that_became_stable_already_has_each_cluster_once() -> None:
    status: dict[str, Any] = {
        "stable": V2.name,
        "stable_version": V2.version,
        "experiment": RUNNING,
    }
    clusters = [pool.cluster for pool in snapshot([model(**status)], {}).pools]
    assert sorted(clusters) == sorted(set(clusters))


@given(st.permutations(["a", "b", "c", "d"]))
def test_the_order_of_models_does_not_matter(order: list[str]) -> None:
    def build(names: list[str]) -> Snapshot:
        return snapshot([model(name, **STABLE) for name in names], {})

    assert build(order) == build(sorted(order))


def test_revisions_are_told_by_namespace_and_name() -> None:
    models = [model("b", "x"), model("a", "y")]
    assert snapshot(models, {}).revisions() == {"x/b": 3, "y/a": 3}


def test_a_pod_without_an_ip_address_is_refused() -> None:
    with pytest.raises(ValueError, match=r"serving\.example"):
        Endpoint("serving.example", 8080)


def test_the_builders_speak_of_the_same_experiment() -> None:
    assert experiment(500) == route(exposure=500).experiment
