"""Whose pods run, and how many."""

from dataclasses import dataclass
from typing import Any

import pytest
from decide_builders import after, experiment, model, name_of, pointer, version

from pharos_api.abexperiment import ExperimentPhase
from pharos_api.model import (
    Incoming,
    IncomingCause,
    Model,
    Quarantined,
    Route,
    RouteExperiment,
    RouteMirror,
)
from pharos_operator.decide.versions.serving_need import (
    Need,
    replicas_floor,
    serving_need,
    warm_until,
)

TWO = version("v1.1.0")
LIVE: dict[str, Any] = {"phase": ExperimentPhase.STARTING, "control": name_of("v1.0.0")}
WATCHED: dict[str, Any] = {"phase": ExperimentPhase.WATCHING, "control": name_of("v1.1.0")}
ON_TWO = RouteExperiment(
    name="x", uid="x", salt="s", candidate=name_of("v1.1.0"), candidate_version="v1.1.0"
)
COPIED = RouteMirror(
    name="x", uid="x", candidate=name_of("v1.1.0"), candidate_version="v1.1.0", percent=10
)


@dataclass(frozen=True)
class Case:
    of: Model | None
    need: Need
    experiments: tuple[Any, ...] = ()
    at_s: float = 0.0


CASES = {
    "production serves": Case(model("v1.1.0"), Need.PRODUCTION),
    "an incoming version is started": Case(
        model(
            incoming=Incoming(name=name_of("v1.1.0"), version="v1.1.0", cause=IncomingCause.FIRST)
        ),
        Need.INCOMING,
    ),
    "a candidate is started with its experiment": Case(
        model("v1.0.0"), Need.EXPERIMENT, (experiment(**LIVE),)
    ),
    "the old version keeps serving while its successor is watched": Case(
        model("v1.2.0"), Need.EXPERIMENT, (experiment("v1.2.0", **WATCHED),)
    ),
    "a pending experiment starts nobody": Case(model("v1.0.0"), Need.NONE, (experiment(),)),
    "a candidate of an ended experiment stops": Case(
        model("v1.0.0"), Need.NONE, (experiment(phase=ExperimentPhase.FAILED),)
    ),
    "a version that is in the route keeps serving": Case(
        model("v1.0.0", route=Route(revision=2, verified_revision=2, experiment=ON_TWO)),
        Need.ROUTED,
    ),
    "a version that still gets copies keeps serving": Case(
        model("v1.0.0", route=Route(revision=2, verified_revision=2, mirror=COPIED)),
        Need.ROUTED,
    ),
    "the previous version serves until every gateway has moved on": Case(
        model("v1.2.0", previous=pointer("v1.1.0"), route=Route(revision=2)),
        Need.ROUTED,
        at_s=30 * 86400,
    ),
    "the previous version stays warm for the rollback window": Case(
        model("v1.2.0", previous=pointer("v1.1.0")), Need.WARM, at_s=86399
    ),
    "and not longer": Case(model("v1.2.0", previous=pointer("v1.1.0")), Need.NONE, at_s=86400),
    "a version that was rolled back is not kept warm": Case(
        model(
            "v1.0.0",
            previous=pointer("v1.1.0"),
            quarantine=[Quarantined(version="v1.1.0", sha256=TWO.spec.artifact.sha256)],
        ),
        Need.NONE,
    ),
    "nobody needs a version without its Model": Case(None, Need.NONE),
    "nobody needs any other version": Case(model("v1.0.0"), Need.NONE),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_need(case: Case) -> None:
    assert serving_need(TWO, case.of, case.experiments, after(case.at_s)) is case.need


def test_the_standby_ends_with_the_rollback_window() -> None:
    assert warm_until(TWO, model("v1.2.0", previous=pointer("v1.1.0"))) == after(86400)
    assert warm_until(TWO, model("v1.2.0")) is None


def test_an_experiment_asks_for_the_pods_of_its_next_step_within_the_maximum() -> None:
    of = model("v1.0.0")
    assert replicas_floor(TWO, of, ()) == 1
    assert replicas_floor(TWO, of, (experiment(**LIVE, candidate_replicas=3),)) == 3
    assert replicas_floor(TWO, of, (experiment(**LIVE, candidate_replicas=9),)) == 4


def test_while_a_switch_is_watched_the_old_version_keeps_the_pods_of_the_way_back() -> None:
    watched = experiment("v1.2.0", **WATCHED, candidate_replicas=3)
    assert replicas_floor(TWO, model("v1.2.0"), (watched,)) == 3
