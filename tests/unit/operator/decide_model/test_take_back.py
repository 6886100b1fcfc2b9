"""What a Model does with a version that its own experiment brought to production and gave up."""

from dataclasses import dataclass
from typing import Any

import pytest
from decide_builders import (
    NOW,
    PLATFORM,
    experiment,
    gateways,
    looked,
    model,
    name_of,
    pointer,
    version,
)

from pharos_api.abexperiment import ABExperiment, ExperimentPhase, Verdict
from pharos_api.model import Incoming, IncomingCause, Model, Route
from pharos_api.modelversion import ModelVersion
from pharos_operator.decide.decision import Decision
from pharos_operator.decide.models.model import decide

OLD, COLD, NEW = version("v1.0.0"), version("v1.0.0", ready=0), version("v1.1.0")
ROUTE = Route(revision=3, stable=name_of("v1.1.0"), stable_version="v1.1.0", verified_revision=3)


def given_up(verdict: Verdict) -> ABExperiment:
    return experiment(
        phase=ExperimentPhase.ROLLING_BACK,
        verdict=verdict,
        reason="error-rate 0.3",
        control=name_of("v1.0.0"),
        candidate_version="v1.1.0",
    )


def promoted(by: str = "uid-x", **status: Any) -> Model:
    of = model(route=ROUTE, previous=pointer("v1.0.0"), **status)
    won = of.status.model_copy(update={"production": pointer("v1.1.0", promoted_by=by)})
    return of.model_copy(update={"status": won})


@dataclass(frozen=True)
class Case:
    verdict: Verdict
    of: Model
    old: ModelVersion = OLD
    production: str = "v1.1.0"
    incoming: str = ""
    quarantined: tuple[str, ...] = ()


BY_HAND = Incoming(name=name_of("v0.9.0"), version="v0.9.0", cause=IncomingCause.ROLLBACK)
CASES = {
    "rolled back while it was watched: at once, and quarantined (flagger#616)": Case(
        Verdict.ROLLBACK, promoted(), production="v1.0.0", quarantined=("v1.1.0",)
    ),
    "aborted while it was watched: at once, and not quarantined": Case(
        Verdict.ABORT, promoted(), production="v1.0.0"
    ),
    "an old version without pods is started first (kserve#5983)": Case(
        Verdict.ROLLBACK, promoted(), COLD, incoming="v1.0.0", quarantined=("v1.1.0",)
    ),
    "so after an abort": Case(Verdict.ABORT, promoted(), COLD, incoming="v1.0.0"),
    "it is taken back once": Case(Verdict.ROLLBACK, promoted(judged=["uid-x"])),
    "what somebody else promoted stays": Case(Verdict.ABORT, promoted(by="uid-other")),
    "what a person asked for goes before": Case(
        Verdict.ROLLBACK, promoted(incoming=BY_HAND), incoming="v0.9.0", quarantined=("v1.1.0",)
    ),
    "what was superseded stays": Case(Verdict.SUPERSEDED, promoted()),
}


def decided(case: Case, of: Model) -> Decision[Any]:
    versions = (version("v0.9.0", ready=0), case.old, NEW)
    experiments = (given_up(case.verdict),)
    obs = looked(of, *versions, experiments=experiments, gateways=gateways(3))
    return decide(obs, PLATFORM, NOW)


@pytest.mark.requirement("DEP-8")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_one_look(case: Case) -> None:
    status = decided(case, case.of).status
    assert status.production.version == case.production
    assert ("" if status.incoming is None else status.incoming.version) == case.incoming
    assert tuple(entry.version for entry in status.quarantine) == case.quarantined


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_second_look_at_the_same_things_changes_nothing(case: Case) -> None:
    first = decided(case, case.of)
    again = decided(case, case.of.model_copy(update={"status": first.status}))
    assert (again.status, again.events) == (first.status, ())


def test_nobody_is_sent_to_a_control_without_pods_argo_rollouts_1292() -> None:
    case = Case(Verdict.ROLLBACK, promoted(), COLD)
    assert decided(case, case.of).status.route.stable_version == "v1.1.0"
