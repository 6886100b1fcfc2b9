"""Whether a version serves, as what, and what its row says."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from run_builders import NOW, PLATFORM, SHA, at, make_version

from pharos_api.abexperiment import ABExperiment
from pharos_api.meta import ConditionStatus
from pharos_api.model import Model
from pharos_api.modelversion import ModelVersion, ModelVersionPhase, ModelVersionStatus, Stage
from pharos_operator.decide.conditions import find
from pharos_operator.decide.decision import Decision, EnsureServing, RecordVersion, RemoveServing
from pharos_operator.decide.observation import DeploymentView, VersionObservation
from pharos_operator.decide.versions.modelversion import decide
from pharos_operator.decide.versions.stages import row_status, stage

NEW = {"name": "arxiv-v1-1-0", "version": "v1.1.0", "since": NOW.isoformat()}
OLD = {"name": "arxiv-v1-0-0", "version": "v1.0.0", "since": NOW.isoformat()}
READY = DeploymentView("arxiv-v1-0-0", "uid-d", wanted=1, ready=1, updated=1)


def model(**status: Any) -> Model:
    return Model.model_validate(
        {
            "metadata": {"name": "arxiv", "namespace": "default", "uid": "uid-model"},
            "status": status,
        }
    )


def experiment(phase: str, candidate: str = "arxiv-v1-0-0", **status: Any) -> ABExperiment:
    return ABExperiment.model_validate(
        {
            "metadata": {"name": "rollout", "namespace": "default", "uid": "uid-x"},
            "spec": {"modelRef": {"name": "arxiv"}, "candidateRef": {"name": candidate}},
            "status": {"phase": phase, "control": "arxiv-v0-9-0", **status},
        }
    )


@dataclass(frozen=True)
class Case:
    model: Model | None
    stage: Stage
    serves: bool
    experiments: tuple[ABExperiment, ...] = ()
    now_s: float = 0


QUARANTINE = [{"version": "v1.0.0", "sha256": SHA}]
DAY_S = timedelta(days=1).total_seconds()
CASES = {
    "a version that nothing asks for has no pods": Case(model(), Stage.REGISTERED, False),
    "production serves": Case(model(production=OLD), Stage.PRODUCTION, True),
    "production serves even when its digest is quarantined": Case(
        model(production=OLD, quarantine=QUARANTINE), Stage.PRODUCTION, True
    ),
    "the one before stays warm for the rollback window": Case(
        model(production=NEW, previous=OLD), Stage.PREVIOUS, True, now_s=DAY_S - 1
    ),
    "after the rollback window the one before rests": Case(
        model(production=NEW, previous=OLD), Stage.PREVIOUS, False, now_s=DAY_S
    ),
    "an older version is archived": Case(model(production=NEW), Stage.ARCHIVED, False),
    "the candidate of a live experiment is in staging and serves": Case(
        model(), Stage.STAGING, True, (experiment("Progressing"),)
    ),
    "the control of a live experiment serves": Case(
        model(),
        Stage.REGISTERED,
        True,
        (experiment("Progressing", "arxiv-v2-0-0", control="arxiv-v1-0-0"),),
    ),
    "the candidate of a finished experiment rests": Case(
        model(), Stage.REGISTERED, False, (experiment("Failed"),)
    ),
    "a quarantined version rests": Case(
        model(production=NEW, quarantine=QUARANTINE), Stage.QUARANTINED, False
    ),
    "whatever the route names serves": Case(
        model(production=NEW, route={"stable": "arxiv-v1-0-0", "revision": 3}),
        Stage.ARCHIVED,
        True,
    ),
    "a version on its way into production is in staging and serves": Case(
        model(incoming=OLD | {"cause": "First"}), Stage.STAGING, True
    ),
    "without its Model nothing serves": Case(None, Stage.REGISTERED, False),
}


def made(**status: Any) -> ModelVersion:
    """A version of which it is settled what its pods are asked to take: nothing in particular."""
    known = ModelVersionStatus(**{"preferred_engine": ""} | status)
    return make_version().model_copy(update={"status": known})


def look(case: Case, **fields: Any) -> Decision[ModelVersionStatus]:
    obs = VersionObservation(made(), case.model, case.experiments, **fields)
    return decide(obs, PLATFORM, at(case.now_s))


@pytest.mark.requirement("VER-18")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_stage_and_serving(case: Case) -> None:
    decision = look(case)
    assert decision.status.stage is case.stage
    kind = EnsureServing if case.serves else RemoveServing
    assert isinstance(decision.actions[0], kind)


PRODUCTION = Case(model(production=OLD), Stage.PRODUCTION, True)


@dataclass(frozen=True)
class Pods:
    deployment: DeploymentView | None
    status: ConditionStatus
    reason: str
    phase: ModelVersionPhase
    says: str = ""


def pods(ready: int, updated: int = 1, **fields: Any) -> DeploymentView:
    return DeploymentView("arxiv-v1-0-0", "uid-d", 2, ready, updated, **fields)


PODS = {
    "no Deployment yet": Pods(None, ConditionStatus.FALSE, "Starting", ModelVersionPhase.STARTING),
    "no pod is ready yet": Pods(
        pods(0), ConditionStatus.FALSE, "Starting", ModelVersionPhase.STARTING, "0 of 2"
    ),
    "one ready pod can serve": Pods(
        pods(1), ConditionStatus.TRUE, "Serving", ModelVersionPhase.READY, "1 of 2 pods are ready."
    ),
    "a ready pod of an older Deployment does not count": Pods(
        pods(1, updated=0), ConditionStatus.FALSE, "Starting", ModelVersionPhase.STARTING
    ),
    "pods that cannot load the model say why": Pods(
        pods(0, failure="The digest of model.safetensors differs."),
        ConditionStatus.FALSE,
        "LoadFailed",
        ModelVersionPhase.FAILED,
        "The digest of model.safetensors differs.",
    ),
}


@pytest.mark.requirement("ERR-11")
@pytest.mark.parametrize("case", PODS.values(), ids=PODS.keys())
def test_readiness(case: Pods) -> None:
    status = look(PRODUCTION, deployment=case.deployment).status
    ready = find(status.conditions, "Ready")
    assert ready is not None
    assert (ready.status, ready.reason, status.phase) == (case.status, case.reason, case.phase)
    assert case.says in ready.message


def test_a_resting_version_is_idle_and_not_failed() -> None:
    case = CASES["a version that nothing asks for has no pods"]
    status = look(case).status
    assert status.phase is ModelVersionPhase.IDLE


def test_replicas_come_from_the_models_template_and_the_experiments_wish() -> None:
    arriving = experiment("Progressing", candidateReplicas=3)
    case = Case(model(), Stage.STAGING, True, (arriving,))
    assert look(case).actions[0] == EnsureServing("arxiv-v1-0-0", 3, 4)
    assert look(PRODUCTION).actions[0] == EnsureServing("arxiv-v1-0-0", 1, 4)


def test_a_warm_version_is_looked_at_again_when_its_window_ends() -> None:
    case = CASES["the one before stays warm for the rollback window"]
    assert look(case).requeue_after_s == 1


def test_becoming_ready_is_told_once() -> None:
    first = look(PRODUCTION, deployment=READY)
    assert [each.reason for each in first.events] == ["Serving"]
    version = make_version().model_copy(update={"status": first.status})
    again = decide(VersionObservation(version, PRODUCTION.model, (), READY), PLATFORM, at(9))
    assert not again.events
    assert again.status == first.status


class TestRow:
    def row(self, version: ModelVersion, model_: Model) -> RecordVersion | None:
        decision = decide(VersionObservation(version, model_), PLATFORM, NOW)
        rows = [each for each in decision.actions if isinstance(each, RecordVersion)]
        return rows[0] if rows else None

    def known(self, model_: Model) -> ModelVersion:
        decision = decide(VersionObservation(make_version(), model_), PLATFORM, NOW)
        return make_version().model_copy(update={"status": decision.status})

    @pytest.mark.requirement("DBM-5")
    def test_it_says_what_the_table_asks_for(self) -> None:
        row = self.row(make_version(metrics={"macroF1": "0.9"}), model(production=OLD))
        assert row is not None
        assert (row.uid, row.version, row.status) == ("uid-arxiv-v1-0-0", "v1.0.0", "production")
        assert row.path == "file:///artifacts/models/default/arxiv/v1.0.0"
        assert (row.created_at, row.promoted_at) == (NOW, NOW)
        assert row.metrics == (("macroF1", "0.9"),)
        assert ("baseModel", "distilbert-base-uncased") in row.metadata

    def test_it_is_written_once(self) -> None:
        assert self.row(self.known(model()), model()) is None

    def test_it_is_written_again_when_the_version_is_promoted(self) -> None:
        row = self.row(self.known(model()), model(production=OLD))
        assert row is not None
        assert row.status == "production"

    def test_the_time_of_promotion_outlives_production(self) -> None:
        row = self.row(self.known(model(production=OLD)), model(production=NEW))
        assert row is not None
        assert (row.status, row.promoted_at) == ("archived", NOW)


@pytest.mark.requirement("DBM-6")
@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (Stage.REGISTERED, "testing"),
        (Stage.STAGING, "testing"),
        (Stage.PRODUCTION, "production"),
        (Stage.PREVIOUS, "archived"),
        (Stage.ARCHIVED, "archived"),
        (Stage.QUARANTINED, "archived"),
    ],
)
def test_rows_name_stages_as_the_requirement_does(given: Stage, stored: str) -> None:
    assert row_status(given) == stored


def test_without_its_model_a_version_keeps_its_stage() -> None:
    archived = ModelVersionStatus(stage=Stage.ARCHIVED)
    version = make_version().model_copy(update={"status": archived})
    assert stage(VersionObservation(version, None)) is Stage.ARCHIVED


def test_a_version_on_its_way_out_is_left_alone() -> None:
    version = make_version()
    metadata = version.metadata.model_copy(update={"deletion_timestamp": NOW})
    gone = version.model_copy(update={"metadata": metadata})
    assert not decide(VersionObservation(gone, model(production=OLD)), PLATFORM, NOW).actions


def test_a_version_that_is_not_stored_yet_has_no_row() -> None:
    version = make_version()
    metadata = version.metadata.model_copy(update={"creation_timestamp": None})
    fresh = version.model_copy(update={"metadata": metadata})
    decision = decide(VersionObservation(fresh, model()), PLATFORM, NOW)
    assert not [each for each in decision.actions if isinstance(each, RecordVersion)]
    assert decision.status.recorded_digest == ""


BEFORE = {"name": "arxiv-v0-9-0", "version": "v0.9.0", "since": NOW.isoformat()}
GIVEN_UP = {
    "rolled back": ("Rollback", Stage.ARCHIVED),
    "ended without a decision": ("Abort", Stage.ARCHIVED),
    "passed over for a newer one": ("Superseded", Stage.REGISTERED),
    "passed a shadow": ("Passed", Stage.REGISTERED),
}


@pytest.mark.requirement("RET-21")
@pytest.mark.parametrize("name", GIVEN_UP)
def test_a_version_that_its_experiment_gave_up_is_archived_with_the_reason(name: str) -> None:
    verdict, wanted = GIVEN_UP[name]
    over = experiment("Failed", verdict=verdict, reason="0.3 points worse", finishedAt=at(60))
    look = VersionObservation(make_version(), model(production=BEFORE), (over,))
    decision = decide(look, PLATFORM, NOW)
    assert decision.status.stage is wanted
    found = find(decision.status.conditions, "NotBetter")
    said = None if found is None else (found.status, found.reason, found.message)
    gave_up = (ConditionStatus.TRUE, "GivenUp", "rollout gave it up: 0.3 points worse")
    assert said == (gave_up if wanted is Stage.ARCHIVED else None)


def test_a_version_that_is_tried_again_is_no_longer_given_up() -> None:
    over = experiment("Failed", verdict="Rollback", reason="worse", finishedAt=at(60))
    first = decide(
        VersionObservation(make_version(), model(production=BEFORE), (over,)), PLATFORM, NOW
    )
    again = experiment("Succeeded", verdict="Promote", finishedAt=at(7200))
    named = again.metadata.model_copy(update={"uid": "uid-y", "name": "again"})
    won = again.model_copy(update={"metadata": named})
    version = make_version().model_copy(update={"status": first.status})
    second = decide(
        VersionObservation(version, model(production=BEFORE), (over, won)), PLATFORM, NOW
    )
    found = find(second.status.conditions, "NotBetter")
    assert found is not None
    assert (found.status, found.reason) == (ConditionStatus.FALSE, "TriedAgain")
    assert second.status.stage is Stage.REGISTERED
