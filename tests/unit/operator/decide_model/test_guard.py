"""The standing guard of production: when the version before it returns, and when it must not."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from decide_builders import (
    NOW,
    PLATFORM,
    after,
    arm,
    experiment,
    gateways,
    looked,
    model,
    name_of,
    pointer,
    sample,
    version,
)

from pharos_analysis.record import agrees, replayed
from pharos_analysis.samples import Sample
from pharos_api.abexperiment import ABExperiment, ExperimentPhase, Verdict
from pharos_api.delivery import ProductionGuard
from pharos_api.model import Model, ModelSpec, PromotionPolicy, Quarantined, Route
from pharos_api.modelversion import ModelVersion
from pharos_api.names import evidence_name
from pharos_api.watched import WatchedWindow
from pharos_operator.decide.decision import Decision, RecordEvidence
from pharos_operator.decide.models.model import decide
from pharos_operator.decide.observation import ModelObservation

OLD, NEW = version("v1.0.0"), version("v1.1.0")
ROUTE = Route(revision=3, stable=name_of("v1.1.0"), stable_version="v1.1.0", verified_revision=3)


def production(requests: float | None, errors: float = 0.0, ms: float = 20.0) -> Sample:
    return sample(arm(None), arm(requests, errors, ms))


FAILING, SLOW, FINE = production(200, 60), production(400, ms=800), production(1000, 5)
BAD_OLD = [Quarantined(version="v1.0.0", sha256=OLD.spec.artifact.sha256)]


def promoted(current: str = "v1.1.0", previous: str = "v1.0.0", **more: Any) -> Model:
    back = {"previous": pointer(previous)} if previous else {}
    return model(current, **({"route": ROUTE} | back | more))


def moving(phase: ExperimentPhase, **more: Any) -> ABExperiment:
    status = {"control": name_of("v1.0.0"), "candidate_version": "v1.1.0", "phase": phase}
    return experiment(**(status | {"verdict": Verdict.PROMOTE} | more))


@dataclass(frozen=True)
class Case:
    seen: Sample | None
    of: Model = field(default_factory=promoted)
    versions: tuple[ModelVersion, ...] = (OLD, NEW)
    experiments: tuple[ABExperiment, ...] = ()
    production: str = "v1.1.0"
    incoming: str = ""
    quarantined: tuple[str, ...] = ()
    says: str = ""

    def observation(self) -> ModelObservation:
        return looked(
            self.of,
            *self.versions,
            experiments=self.experiments,
            gateways=gateways(3),
            production=self.seen,
        )


CASES = {
    "more than 10 % errors take production back": Case(
        FAILING,
        production="v1.0.0",
        quarantined=("v1.1.0",),
        says="Automatic rollback triggered: high error rate",
    ),
    "p95 above 500 ms takes production back": Case(
        SLOW,
        production="v1.0.0",
        quarantined=("v1.1.0",),
        says="Automatic rollback triggered: high latency",
    ),
    "within its limits it stays": Case(FINE, says="production keeps its limits"),
    "the limits are the Model's own": Case(
        FAILING,
        of=promoted(
            spec=ModelSpec(promotion=PromotionPolicy(guard=ProductionGuard(max_error_percent=60)))
        ),
    ),
    "a previous version without pods is started first, and quarantines when it serves": Case(
        FAILING, versions=(version("v1.0.0", ready=0), NEW), incoming="v1.0.0"
    ),
    "nobody looked": Case(None),
    "Prometheus away never rolls back": Case(Sample(error="gone"), says="cannot be read"),
    "no data never rolls back": Case(production(None), says="too little is known"),
    "NaN never rolls back": Case(production(float("nan"))),
    "a few errors at low traffic are not enough": Case(production(6, 3)),
    "with nothing before it there is nothing to go back to": Case(FAILING, promoted(previous="")),
    "a previous version that is gone is nothing to go back to": Case(FAILING, versions=(NEW,)),
    "a quarantined previous version does not return": Case(
        FAILING, promoted(quarantine=BAD_OLD), quarantined=("v1.0.0",)
    ),
    "a rollback does not answer a rollback (argo-cd#9570)": Case(
        FAILING,
        promoted("v1.0.0", "v1.1.0", spec=ModelSpec(promotion=PromotionPolicy(auto=False))),
        production="v1.0.0",
    ),
    "a switch that an experiment watches is the experiment's": Case(
        FAILING, experiments=(moving(ExperimentPhase.WATCHING),)
    ),
    "a promotion that is under way is not crossed": Case(
        FAILING, experiments=(moving(ExperimentPhase.PROMOTING),)
    ),
    "the experiment that brought it is over, and the guard stands": Case(
        FAILING,
        experiments=(moving(ExperimentPhase.SUCCEEDED),),
        production="v1.0.0",
        quarantined=("v1.1.0",),
    ),
}


def decided(case: Case) -> Decision[Any]:
    return decide(case.observation(), PLATFORM, NOW)


@pytest.mark.requirement("RBK-1")
@pytest.mark.requirement("RBK-2")
@pytest.mark.requirement("RBK-3")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_one_look(case: Case) -> None:
    decision = decided(case)
    status = decision.status
    assert status.production.version == case.production
    assert ("" if status.incoming is None else status.incoming.version) == case.incoming
    assert tuple(entry.version for entry in status.quarantine) == case.quarantined
    texts = [c.message for c in status.conditions] + [e.message for e in decision.events]
    assert case.says in " | ".join(texts)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_second_look_at_the_same_things_changes_nothing(case: Case) -> None:
    first = decided(case)
    own = case.of.model_copy(update={"status": first.status})
    again = decided(Case(case.seen, own, case.versions, case.experiments))
    assert again.status == first.status
    assert again.events == ()
    assert not [each for each in again.actions if isinstance(each, RecordEvidence)]


def test_going_back_leaves_one_record_that_is_judged_alike() -> None:
    actions = decided(Case(FAILING)).actions
    (record,) = [each for each in actions if isinstance(each, RecordEvidence)]
    assert record.name == evidence_name("arxiv", 3, "GuardRollback", record.document)
    assert record.at == NOW
    found = json.loads(record.document)
    assert replayed(found).ruling == "Harm"
    assert agrees(found) == []


LOOKS = {
    "each second after a promotion": (599, 1.0),
    "then each ten seconds": (600, 10.0),
    "each minute for good": (86_400, 60.0),
}


@pytest.mark.parametrize(("age_s", "again_s"), LOOKS.values(), ids=LOOKS.keys())
def test_production_is_looked_at(age_s: int, again_s: float) -> None:
    told = WatchedWindow(version="v1.1.0", since=NOW, until=after(86_400))
    obs = Case(FINE, promoted(watched=told)).observation()
    assert decide(obs, PLATFORM, after(age_s)).requeue_after_s == again_s


def test_without_a_way_back_nobody_needs_to_look_before_the_end_of_the_watch() -> None:
    obs = Case(FINE, promoted(previous="")).observation()
    assert decide(obs, PLATFORM, NOW).requeue_after_s == 86_400


def test_thin_traffic_costs_no_writes() -> None:
    fine = decided(Case(FINE)).status
    own = promoted().model_copy(update={"status": fine})
    assert decided(Case(production(3), own)).status == fine
